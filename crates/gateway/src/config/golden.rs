//! What an operator reads when the file is wrong. Each text is kept in `snapshots/`; read it as they would.

use std::path::Path;

use super::{Config, ConfigError, EnvironmentValue, parse};
use crate::secret::SecretSource;

const FILE: &str = "/etc/countersign/countersign.yaml";

/// The smallest configuration, without `servers`.
const HEAD: &str = "\
deployment: test
listen:
  address: 127.0.0.1:8080
  public_url: http://127.0.0.1:8080
storage:
  directory: data
identity:
  service_keys: accepted
policy:
  directory: policies
";

const SERVERS: &str = "\
servers:
  - name: orders
    http:
      url: https://orders.internal/mcp
";

fn accepted(text: &str) -> Config {
    parse(Path::new(FILE), text).unwrap_or_else(|error| panic!("refused:\n{error}"))
}

fn refused(text: &str) -> String {
    match parse(Path::new(FILE), text) {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(ConfigError::Invalid { problems }) => problems.join("\n"),
        Err(error) => panic!("{error}"),
    }
}

/// What is said about `servers` when the rest is right.
fn refused_servers(servers: &str) -> String {
    refused(&format!("{HEAD}servers:\n{servers}"))
}

#[test]
fn smallest_configuration_is_accepted_with_defaults() {
    let config = accepted(&format!("{HEAD}{SERVERS}"));
    assert_eq!(config.servers[0].timeout_ms, crate::limits::UPSTREAM_TIMEOUT_MS);
    assert!(config.admin.is_none());
    assert!(config.log.level.is_none());
    assert!(config.servers[0].http.as_ref().is_some_and(|http| http.credential.is_none()));
}

#[test]
fn relative_paths_become_relative_to_the_file() {
    let config = accepted(&format!(
        "{HEAD}servers:\n  - name: files\n    stdio:\n      command: [bin/files, data]\n      directory: work\n      \
         environment: {{ TOKEN: {{ file: token }}, MODE: quiet }}\n"
    ));
    assert_eq!(config.storage.directory, Path::new("/etc/countersign/data"));
    assert_eq!(config.policy.directory, Path::new("/etc/countersign/policies"));
    let stdio = config.servers[0].stdio.as_ref().expect("a stdio server");
    assert_eq!(stdio.command, ["/etc/countersign/bin/files", "data"]);
    assert_eq!(stdio.directory.as_deref(), Some(Path::new("/etc/countersign/work")));
    let EnvironmentValue::Secret(SecretSource::File(token)) = &stdio.environment["TOKEN"] else {
        panic!("not a secret from a file")
    };
    assert_eq!(token, Path::new("/etc/countersign/token"));
    assert!(matches!(&stdio.environment["MODE"], EnvironmentValue::Literal(text) if text == "quiet"));
}

#[test]
fn programs_without_a_slash_are_left_to_the_search_path() {
    let config = accepted(&format!("{HEAD}servers:\n  - name: files\n    stdio: {{ command: [npx, x] }}\n"));
    assert_eq!(config.servers[0].stdio.as_ref().expect("a stdio server").command, ["npx", "x"]);
}

#[test]
fn group_whose_fields_are_all_commented_out_takes_its_defaults() {
    let config = accepted(&format!("{HEAD}log:\n{SERVERS}"));
    assert!(config.log.format.is_none());
}

#[test]
fn text_that_is_not_yaml_is_refused_without_repeating_values() {
    let text = refused(&format!("{HEAD}servers:\n  - name: orders\n    value: [hunter2\n"));
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn empty_file_names_every_missing_field() {
    insta::assert_snapshot!(refused(""));
}

#[test]
fn unknown_fields_are_named_with_what_was_meant() {
    let text =
        format!("{HEAD}{SERVERS}    timeout: 5\n    credential: x\nlogs: {{}}\nmetrics_exporter: on\n")
            .replace("address:", "adress:")
            .replace("directory: data", "directory: data\n  public_url: x");
    insta::assert_snapshot!(refused(&text));
}

#[test]
fn duplicate_fields_are_refused() {
    insta::assert_snapshot!(refused(&format!("{HEAD}{SERVERS}deployment: other\n")));
}

#[test]
fn every_problem_of_shape_is_reported_at_once() {
    let text = "\
deployment: 7
listen:
  address: everywhere
  public_url: not a url
  behind_proxy: yes
storage: data
identity:
  issuers: corporate
  service_keys: allowed
policy: { directory: [a] }
log: { format: jsn }
servers:
  - name: orders
    http: { url: https://orders.internal/mcp }
    timeout_ms: soon
  - http: {}
    scopes: read
    timeout_ms: -1
";
    insta::assert_snapshot!(refused(text));
}

#[test]
fn problems_of_shape_do_not_hide_problems_of_meaning() {
    let text = format!("{HEAD}{SERVERS}")
        .replace("deployment: test", "deployment: '../x'\nadmin: { adress: 127.0.0.1:8080 }")
        .replace("name: orders", "name: Orders");
    insta::assert_snapshot!(refused(&text));
}

#[test]
fn public_url_and_address_must_promise_what_is_true() {
    let listen = |address: &str, url: &str, more: &str| {
        refused(
            &format!("{HEAD}{SERVERS}")
                .replace("address: 127.0.0.1:8080", &format!("address: {address}"))
                .replace("public_url: http://127.0.0.1:8080", &format!("public_url: {url}{more}")),
        )
    };
    let texts = [
        listen("127.0.0.1:1", "https://gateway.example.com/mcp?x=1#y", "\n  behind_proxy: true"),
        listen("127.0.0.1:1", "http://gateway.example.com", "\n  behind_proxy: true"),
        listen("127.0.0.1:1", "https://127.0.0.1:1", ""),
        listen("0.0.0.0:443", "http://127.0.0.1", ""),
        listen(
            "127.0.0.1:1",
            "http://127.0.0.1",
            "\n  tls: { certificate: a, key: b, client_certificate: optional }",
        ),
        listen("127.0.0.1:1", "http://127.0.0.1", "\n  allowed_hosts: ['*', 'http://a', 'a:b', ok.example]"),
        listen(
            "127.0.0.1:1",
            "http://127.0.0.1",
            "\n  allowed_origins: ['*', 'null', 'https://a/', 'https://ok.example']",
        ),
        listen("127.0.0.1:1", "ftp://127.0.0.1", ""),
    ];
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn configuration_nobody_could_sign_in_to_is_refused() {
    let text = format!("{HEAD}{SERVERS}").replace("service_keys: accepted", "issuers: []");
    insta::assert_snapshot!(refused(&text));
}

#[test]
fn issuers_that_prove_nothing_are_refused() {
    let issuers = "\
issuers:
    - name: corporate
      url: http://id.example.com
      algorithms: [HS256, none, rs256, RSA, EdDSA]
      claims: { name: '', groups: [realm..roles, '/a~2', ok.path, '/https:~1~1x'], agent: { claim: azp, values: [] } }
    - name: corporate
      url: https://id.example.com/?tenant=1
      audiences: ['']
    - name: Third Party
      url: https://id.example.com/?tenant=1
";
    let text = format!("{HEAD}{SERVERS}").replace("service_keys: accepted\n", issuers);
    insta::assert_snapshot!(refused(&text));
}

#[test]
fn servers_are_checked_one_by_one() {
    insta::assert_snapshot!(refused_servers(
        "  - { name: both, http: { url: 'https://a/mcp' }, stdio: { command: [b] } }
  - { name: both, timeout_ms: 0 }
  - { name: '', http: { url: 'ws://a/mcp#x' }, scopes: ['a b', ok], audiences: [''] }
  - { name: late, http: { url: 'https://a/mcp' }, timeout_ms: 3600001 }
  - { name: program, stdio: { command: [] } }
  - { name: blank, stdio: { command: [''], directory: '' } }
"
    ));
    insta::assert_snapshot!("no_server", refused_servers("  []\n"));
}

#[test]
fn credential_headers_are_ones_a_credential_can_live_in() {
    let of = |header: &str| {
        refused_servers(&format!(
            "  - name: a\n    http:\n      url: https://a/mcp\n      credential:\n        header: '{header}'\n        \
             value: {{ env: TOKEN }}\n"
        ))
    };
    let texts = ["Connection", "x api key", "Mcp-Name", "Host", ""].map(of);
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn no_secret_is_ever_repeated() {
    const SECRET: &str = "hunter2-hunter2";
    let servers = "  - name: a
    http:
      url: https://user:hunter2-hunter2@a/mcp
      credential:
        value: hunter2-hunter2
  - name: b
    http:
      url: 'a:b@hunter2-hunter2:x'
      credential: { header: 'bad header', value: { envv: hunter2-hunter2 } }
  - name: c
    http:
      url: https://c/mcp
      credential: { value: { env: hunter2-hunter2 }, prefx: hunter2-hunter2 }
  - name: d
    stdio:
      command: [d]
      environment:
        LITERAL: hunter2-hunter2
        1BAD: hunter2-hunter2
        LIST: [hunter2-hunter2]
        NUMBER: 22
        TWO: { env: hunter2-hunter2, file: hunter2-hunter2 }
        TEXT: |
          hunter2-hunter2
          hunter2-hunter2
      credentail: hunter2-hunter2
";
    let text = refused_servers(servers);
    assert!(!text.contains(SECRET), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn database_that_would_be_reached_unsafely_is_refused() {
    let with = |postgres: &str| {
        let head =
            HEAD.replace("  directory: data\n", &format!("  directory: data\n  postgres:\n{postgres}"));
        parse(Path::new(FILE), &format!("{head}{SERVERS}"))
    };
    for (postgres, said) in [
        ("    url: mysql://gateway@db/audit\n", "does not begin with `postgresql:`"),
        ("    url: postgresql://gateway:hunter2@db/audit\n", "holds a password"),
        ("    url: postgresql://gateway@db/audit?password=hunter2\n", "holds a password"),
        ("    url: postgresql://db/audit\n", "names no role"),
        ("    url: postgresql://gateway@db\n", "names no database"),
        ("    url: postgresql://gateway@db/audit?sslmode=disable\n", "read and change evidence"),
        ("    url: postgresql://gateway@db/audit\n    silence_ms: 10\n", "`10` is not a usable time"),
    ] {
        let error = with(postgres).expect_err(postgres).to_string();
        assert!(error.contains(said), "{postgres}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for (postgres, local) in [
        ("    url: postgresql://gateway@127.0.0.1/audit?sslmode=disable\n", true),
        ("    url: postgresql:///audit?host=/run/postgresql&user=gateway\n", true),
        ("    url: postgresql://gateway@db.internal/audit\n", false),
        ("    url: postgresql://gateway@db.internal/audit?sslmode=verify-full\n", false),
        ("    url: postgresql://gateway@127.0.0.1.example/audit\n", false),
    ] {
        let config = with(postgres).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.storage.postgres.expect(postgres).is_local(), local, "{postgres}");
    }
}

#[test]
fn anchors_and_signers_that_could_not_work_are_refused() {
    let secret = "{ env: S }";
    let s3 = |more: &str| {
        format!(
            "anchors:\n  places:\n  - name: b\n    s3: {{ bucket: b, region: r, access_key_id: {secret}, \
             secret_access_key: {secret}, {more} }}\n"
        )
    };
    let gcs = s3("").replace("s3:", "gcs:").replace("region: r, ", "");
    let azure = |access: &str| {
        format!(
            "anchors:\n  places: [{{ name: b, azure: {{ account: a, container: c, access: {access} }} }}]\n"
        )
    };
    let key = "test/audit/1+c0ffee00+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    for (anchors, said) in [
        ("anchors:\n  places: [{ name: a }]\n".to_owned(), "neither a directory nor a bucket"),
        ("anchors:\n  places: [{ name: a, directory: d, interval_ms: 1 }]\n".to_owned(), "1000 to 3600000"),
        (s3("endpoint: 'http://bucket.internal/'"), "reached by `https`"),
        (s3("endpoint: 'https://bucket.internal/path'"), "it has a path"),
        (s3("prefix: a//b"), "cannot begin the names of objects"),
        (s3("retain_days: 0"), "1 to 36500"),
        (gcs.replace("bucket: b", "bucket: b, endpoint: 'http://b.internal'"), "reached by `https`"),
        (gcs.replace("bucket: b", "bucket: b, retain_days: 36501"), "1 to 36500"),
        (gcs.replace("bucket: b", "bucket: b/c"), "cannot be the name of one"),
        (format!("{gcs}    directory: d\n"), "write one of `directory`, `s3`, `gcs` and `azure`"),
        (azure("{}"), "access"),
        (azure("{ key: { env: S }, sas: { env: S } }"), "access"),
        (azure("{ key: { env: S } }").replace("account: a", "account: a.b"), "cannot be the name of one"),
        (azure("{ key: { env: S } }").replace("container: c", "container: c, prefix: ../x"), "cannot begin"),
        ("anchors:\n  witnesses: [{ url: 'https://w', key: x }]\n".to_owned(), "not the key of a witness"),
        ("anchors:\n  authorities: [{ name: t, url: 'ftp://t' }]\n".to_owned(), "`http` or `https`"),
        (
            format!("signer: {{ keys: ['{key}'], by: {{ command: [sign] }} }}\n"),
            "not the public key of a log",
        ),
        ("signer: { keys: [], by: { command: [] } }\n".to_owned(), "no program is given"),
        ("signer: { keys: [], by: { url: 'http://kms.internal/' } }\n".to_owned(), "reached by `https`"),
    ] {
        let text = refused(&format!("{HEAD}{SERVERS}{anchors}"));
        assert!(text.contains(said), "{anchors}: {text}");
    }
    accepted(&format!("{HEAD}{SERVERS}{}", s3("prefix: a/b, retain_days: 400")));
    accepted(&format!("{HEAD}{SERVERS}{gcs}"));
    accepted(&format!("{HEAD}{SERVERS}{}", azure("{ key: { env: S } }")));
    accepted(&format!("{HEAD}{SERVERS}{}", azure("{ sas: { env: S } }")));
    let works = "anchors:\n  places: [{ name: a, directory: d }]\n";
    let config = accepted(&format!("{HEAD}{SERVERS}{works}"));
    assert_eq!(config.anchors.places[0].directory.as_deref(), Some(Path::new("/etc/countersign/d")));
}

#[test]
fn literal_environment_is_not_in_debug_output() {
    let config = accepted(&format!(
        "{HEAD}servers:\n  - name: a\n    stdio: {{ command: [a], environment: {{ KEY: hunter2 }} }}\n"
    ));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn unreadable_and_oversized_files_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("countersign.yaml");
    let error = super::load(&path).expect_err("there is no file");
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    let size = usize::try_from(crate::limits::CONFIG_BYTES_MAX).expect("a usize") + 1;
    std::fs::write(&path, vec![b'#'; size]).expect("written");
    let error = super::load(&path).expect_err("too large");
    assert!(matches!(error, ConfigError::TooLarge { .. }), "{error}");
}

#[test]
fn alias_bombs_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(refused(&text).contains("not YAML"));
}

#[test]
fn mail_goes_encrypted_from_and_to_addresses_that_are_some() {
    let mail = |fields: &str| {
        format!(
            "{HEAD}{SERVERS}approvals:\n  email: {{ from: a@example.com, to: [b@example.com], {fields} }}\n"
        )
    };
    let config = accepted(&mail("host: mail.example.com"));
    let email = config.approvals.email.expect("configured");
    assert_eq!((email.port, email.tls), (587, super::MailTls::Starttls));
    accepted(&mail("host: localhost, port: 25, tls: none"));
    for (fields, said) in [
        ("host: mail.example.com, tls: none", "in the clear"),
        ("host: mail.example.com, username: a", "a user needs a `password`"),
        ("host: mail.example.com, password: { env: A }", "a password needs a `username`"),
        ("host: 'a b'", "not the name of a mail server"),
    ] {
        assert!(refused(&mail(fields)).contains(said), "{fields}");
    }
    for address in ["a", "a@b@c", "a b@c", "<a@b>", "a@b\\r\\nBcc: c@d", "@b", "a@"] {
        let text = format!(
            "{HEAD}{SERVERS}approvals:\n  email: {{ host: localhost, from: \"{address}\", to: [] }}\n"
        );
        let said = refused(&text);
        assert!(said.contains("no address of mail") && said.contains("1 to 32 addresses"), "{said}");
    }
}
