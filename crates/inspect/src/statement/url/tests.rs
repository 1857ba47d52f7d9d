use super::{Flag, URL_BYTES_MAX, read};

#[track_caller]
fn check(text: &str, host: &str, flags: &[Flag]) {
    let facts = read(text);
    assert_eq!(facts.host, host, "{text}: {facts:?}");
    for flag in flags {
        assert!(facts.has(*flag), "{text} lacks {flag:?}: {facts:?}");
    }
}

#[test]
fn every_spelling_of_this_machine_is_loopback() {
    for text in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://localhost/",
        "http://LOCALHOST:8080/",
        "http://localhost./",
        "http://a.localhost/",
        "http://0/",
        "http://0.0.0.0/",
        "http://[::]/",
        "127.0.0.1:80/x",
        "http://①②⑦.⓪.⓪.①/",
        "http://user@127.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "http://%31%32%37.0.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "localhost:3000",
        "//127.0.0.1/x",
    ] {
        assert!(read(text).has(Flag::Loopback), "{text}: {:?}", read(text));
    }
    for text in [
        "http://example.com/",
        "http://128.0.0.1/",
        "http://notlocalhost.com/",
        "http://localhost.example.com/",
    ] {
        assert!(!read(text).has(Flag::Loopback), "{text}: {:?}", read(text));
    }
}

#[test]
fn every_spelling_of_the_metadata_service_is_seen() {
    for text in [
        "http://169.254.169.254/latest/meta-data/",
        "169.254.169.254/x",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://metadata.google.internal/",
        "http://METADATA.google.internal./",
        "http://100.100.100.200/",
    ] {
        assert!(read(text).has(Flag::Metadata), "{text}: {:?}", read(text));
    }
}

#[test]
fn hosts_say_what_they_are() {
    check("https://example.com/a/../b?q#f", "example.com", &[]);
    check("https://example.com:8443/", "example.com", &[Flag::Port]);
    check("https://user:pw@example.com/", "example.com", &[Flag::Userinfo]);
    check("https://good.example@evil.example/", "evil.example", &[Flag::Userinfo]);
    check("https://good.example\\@evil.example/", "good.example", &[Flag::Ambiguous]);
    check("http://10.0.0.1/", "10.0.0.1", &[Flag::Private, Flag::IpLiteral]);
    check("http://192.168.1/", "192.168.0.1", &[Flag::Private, Flag::OddAddress]);
    check("http://[fe80::1]/", "[fe80::1]", &[Flag::LinkLocal]);
    check("http://[fd00::1]/", "[fd00::1]", &[Flag::Private]);
    check("http://0300.0250.1.1/", "192.168.1.1", &[Flag::OddAddress, Flag::Private]);
    check("https://bücher.example/", "xn--bcher-kva.example", &[Flag::Punycode]);
    check("https://аpple.com/", "xn--pple-43d.com", &[Flag::Punycode, Flag::MixedScript]);
    check("https://xn--pple-43d.com/", "xn--pple-43d.com", &[Flag::MixedScript]);
    check("https://аррӏе.com/", "xn--80ak6aa92e.com", &[Flag::MixedScript]);
    check("ftp://example.com/", "example.com", &[Flag::OtherScheme]);
    check("javascript:alert(1)", "", &[Flag::OtherScheme]);
    check("file:///etc/passwd", "", &[Flag::OtherScheme]);
    check("example.com/x", "example.com", &[Flag::NoScheme]);
    check("http://127.0.0.1.nip.io/", "127.0.0.1.nip.io", &[Flag::Rebinding]);
    check("http://printer.local/", "printer.local", &[Flag::LocalName]);
    check("http://intranet/", "intranet", &[Flag::LocalName]);
    check("http://example.com/../../x", "example.com", &[Flag::Traversal]);
    check("http://example.com/%2e%2e/x", "example.com", &[Flag::Traversal]);
    check("http://ex\tample.com/", "example.com", &[Flag::Ambiguous]);
    check("http://ex%61mple.com/", "example.com", &[Flag::EncodedHost]);
    assert!(!read("https://日本語カタカナ.jp/").has(Flag::MixedScript));
    assert!(!read("https://bücher.example/").has(Flag::MixedScript));
}

#[test]
fn ports_and_paths_are_in_their_one_spelling() {
    let facts = read("HTTPS://EXAMPLE.com/a/./b/../c");
    assert_eq!((facts.scheme.as_str(), facts.port, facts.path.as_str()), ("https", Some(443), "/a/c"));
    assert!(!facts.has(Flag::Traversal) && !facts.has(Flag::Port));
}

#[test]
fn what_is_no_url_is_invalid() {
    for text in [
        "",
        "http://",
        "http://[::1",
        "http://a b/",
        "http://999.999.999.999/",
        &"a".repeat(URL_BYTES_MAX + 1),
    ] {
        assert!(read(text).has(Flag::Invalid), "{text}: {:?}", read(text));
    }
}
