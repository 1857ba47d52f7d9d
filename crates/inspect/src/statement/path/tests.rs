use super::{Flag, PATH_BYTES_MAX, normalise, read};

#[track_caller]
fn check(text: &str, normalised: &str, flags: &[Flag]) {
    let facts = read(text);
    assert_eq!(facts.normalised, normalised, "{text}: {facts:?}");
    for flag in flags {
        assert!(facts.has(*flag), "{text} lacks {flag:?}: {facts:?}");
    }
}

#[test]
fn every_spelling_of_leaving_is_traversal() {
    for text in [
        "../x",
        "a/../../x",
        "/../x",
        "..",
        "%2e%2e/x",
        "%2e%2e%2fx",
        "%252e%252e%252fx",
        "..\\x",
        "a\\..\\..\\x",
        "..%5cx",
        "..;/x",
        "%c0%ae%c0%ae/x",
        "..%c0%afx",
        "\u{ff0e}\u{ff0e}/x",
        "..\u{ff0f}x",
        "....//x",
        "\u{2025}/x",
        "./../x",
        "a/./../../x",
        ".. /x",
        "C:\\..\\x",
        "~/../x",
        "file:///../x",
    ] {
        assert!(read(text).has(Flag::Traversal), "{text}: {:?}", read(text));
    }
    for text in ["a/../x", "a/..b/x", "x", "/a/b", "a..b", "...", "a/b/../c", "%2e/x"] {
        assert_eq!(read(text).has(Flag::Traversal), text == "...", "{text}: {:?}", read(text));
    }
}

#[test]
fn paths_are_normalised_and_say_what_they_are() {
    check("a//b/./c/", "a/b/c", &[]);
    check("/a/b/../c", "/a/c", &[Flag::Absolute, Flag::Parent]);
    check("", ".", &[]);
    check("/", "/", &[Flag::Absolute]);
    check("C:\\Windows\\win.ini", "C:/Windows/win.ini", &[Flag::Drive, Flag::Backslash, Flag::System]);
    check("\\\\host\\share\\x", "//host/share/x", &[Flag::Unc]);
    check("\\\\.\\PhysicalDrive0", "//PhysicalDrive0", &[Flag::Unc, Flag::Device]);
    check("/dev/sda", "/dev/sda", &[Flag::Device]);
    check("logs/NUL.txt", "logs/NUL.txt", &[Flag::Device]);
    check("/proc/self/environ", "/proc/self/environ", &[Flag::Process, Flag::Secret]);
    check("a/.hidden", "a/.hidden", &[Flag::Hidden]);
    check("x.txt\0.png", "x.txt", &[Flag::Nul]);
    check("x%00.png", "x", &[Flag::Nul, Flag::Encoded]);
    check("file.txt::$DATA", "file.txt::$DATA", &[Flag::Stream]);
    check("$HOME/x", "$HOME/x", &[Flag::Variable]);
    check("%APPDATA%\\x", "%APPDATA%/x", &[Flag::Variable]);
    check("*.txt", "*.txt", &[Flag::Glob]);
    check("~alice/x", "~alice/x", &[Flag::Home]);
}

#[test]
fn places_of_credentials_are_known_in_every_spelling() {
    for text in [
        "~/.ssh/id_rsa",
        "/etc/shadow",
        "/ETC/Shadow",
        "../../../etc/shadow",
        "%2e%2e/%2e%2e/etc/shadow",
        ".env",
        "config/.env.production",
        "/home/alice/.aws/credentials",
        "server.key",
        "a/b.pem",
        "/run/secrets/db",
        "~/.kube/config",
        "/proc/1/environ",
        "file:///etc/shadow",
        "/etc//shadow",
        "/etc/./shadow",
        "~/.docker/config.json",
        "id_ed25519",
        ".git/config",
        "backup/.env.bak",
    ] {
        assert!(read(text).has(Flag::Secret), "{text}: {:?}", read(text));
    }
    for text in [
        "~/.ssh/known_hosts",
        "~/.ssh/id_rsa.pub",
        ".env.example",
        "/etc/hosts",
        "src/main.rs",
        "shadow.rs",
        "environment.md",
        "README",
    ] {
        assert!(!read(text).has(Flag::Secret), "{text}: {:?}", read(text));
    }
}

#[test]
fn long_paths_are_cut_and_say_so() {
    let facts = read(&"é/".repeat(PATH_BYTES_MAX));
    assert!(facts.has(Flag::TooLong) && facts.normalised.len() <= PATH_BYTES_MAX);
}

#[test]
fn plain_paths_are_normalised_without_decoding() {
    for (path, expected) in
        [("/a/../b", "/b"), ("a/b", "a/b"), ("./a", "a"), ("//a//b", "/a/b"), ("./", "."), ("/..", "/")]
    {
        assert_eq!(normalise(path), expected);
    }
}
