//! Programs that talk to other machines.

use super::super::Class;
use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::place::is_root;
use super::super::survey::Survey;
use super::super::word::{display, names_files, tells};
use super::{note_network, note_told};
use crate::statement::path::{normalise, secret};
use crate::statement::url;

const SENDS: &str = "sends data to another machine";

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    match name {
        "curl" => Some(curl(survey, arguments)),
        "wget" | "wget2" => Some(wget(survey, arguments)),
        "http" | "https" | "xh" | "aria2c" | "lynx" | "w3m" | "links" | "ftp" | "lftp" | "tftp" | "sftp" => {
            note_network(survey);
            survey.note(Class::RemoteExec, SENDS);
            Some(Flow::Network)
        }
        "nc" | "ncat" | "netcat" | "socat" | "telnet" | "websocat" | "cryptcat" | "openvpn" | "ngrok"
        | "cloudflared" | "chisel" => {
            note_network(survey);
            note_told(survey, arguments.iter().map(String::as_str));
            let probes = arguments
                .iter()
                .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('z'));
            let runs = arguments.iter().any(|word| word.starts_with('-') && word.contains(['e', 'c', 'l']));
            if probes && !runs && input.is_nothing() {
                return Some(Flow::Network);
            }
            survey.note(Class::RemoteExec, "opens a connection that others may use");
            Some(Flow::Network)
        }
        "scp" | "rsync" | "rclone" => Some(copy(survey, name, arguments)),
        "ping" | "ping6" | "dig" | "nslookup" | "host" | "traceroute" | "tracepath" | "mtr" | "whois"
        | "arping" | "drill" | "ssh-keyscan" => {
            note_network(survey);
            // A name that is looked up tells its servers what is in it.
            note_told(survey, arguments.iter().map(String::as_str));
            if matches!(name, "dig" | "ssh-keyscan") {
                let options = Options::read(arguments, Valued { short: "Tbcfkpqtxy", long: &[] });
                options.values(&["f"]).for_each(|path| send_file(survey, path));
            }
            Some(Flow::Network)
        }
        _ => None,
    }
}

/// A file of which the content goes to another machine.
fn send_file(survey: &mut Survey, path: &str) {
    survey.read(path);
    survey.note(Class::RemoteExec, SENDS);
}

fn note_url(survey: &mut Survey, text: &str) {
    if tells(text) || names_files(text) {
        survey.note(Class::Dynamic, "asks the network for an address that is decided when it runs");
    }
    let facts = url::read(&display(text));
    if facts.has(url::Flag::Metadata) {
        survey.note(Class::SecretRead, "asks the metadata service of a cloud, which gives credentials");
    }
    if let Some(path) = text.strip_prefix("file://") {
        survey.read(path);
    }
    let plain = ["http", "https", ""].contains(&facts.scheme.as_str()) || !text.contains("://");
    if !plain && !text.starts_with("file://") {
        survey.note(Class::RemoteExec, "speaks another protocol than HTTP");
    }
}

/// Options of `curl` that take a value.
const CURL_LONG: &[&str] = &[
    "request",
    "header",
    "data",
    "data-raw",
    "data-binary",
    "data-urlencode",
    "data-ascii",
    "json",
    "form",
    "form-string",
    "upload-file",
    "output",
    "output-dir",
    "user",
    "user-agent",
    "referer",
    "cookie",
    "cookie-jar",
    "max-time",
    "connect-timeout",
    "retry",
    "retry-delay",
    "proxy",
    "cacert",
    "cert",
    "key",
    "config",
    "write-out",
    "url",
    "resolve",
    "connect-to",
    "range",
    "dump-header",
    "interface",
    "limit-rate",
    "netrc-file",
    "trace",
    "trace-ascii",
    "unix-socket",
    "abstract-unix-socket",
    "stderr",
    "max-redirs",
    "retry-max-time",
    "tls-max",
    "ciphers",
    "engine",
    "quote",
    "ftp-port",
    "mail-from",
    "mail-rcpt",
    "proxy-user",
    "oauth2-bearer",
    "aws-sigv4",
    "hsts",
    "etag-save",
    "etag-compare",
    "libcurl",
    "variable",
    "expand-data",
    "expand-url",
    "socks5",
    "socks5-hostname",
    "noproxy",
    "preproxy",
];
/// Options of `curl` that send something.
const CURL_SENDS: &[&str] = &[
    "d",
    "data",
    "data-raw",
    "data-binary",
    "data-urlencode",
    "data-ascii",
    "json",
    "F",
    "form",
    "form-string",
    "T",
    "upload-file",
    "Q",
    "quote",
    "mail-from",
    "expand-data",
];

fn curl(survey: &mut Survey, arguments: &[String]) -> Flow {
    note_network(survey);
    let options = Options::read(arguments, Valued { short: "XHdFTouAebcmxEKwrDPyYzCtQU", long: CURL_LONG });
    let sends = options.has(CURL_SENDS) && !curl_asks(&options);
    if sends {
        survey.note(Class::RemoteExec, SENDS);
    }
    curl_reads(survey, &options);
    if options.has(&["K", "config", "engine", "variable"]) {
        survey.note(Class::RemoteExec, "takes options from a place that the text does not show");
    }
    if options.has(&["n", "netrc", "netrc-file"]) {
        survey.note(Class::SecretRead, "reads a well-known place of credentials");
    }
    curl_request(survey, &options);
    curl_told(survey, &options);
    if options.has(&["unix-socket", "abstract-unix-socket"]) {
        survey.note(Class::RemoteExec, "commands a service of this machine");
    }
    options
        .operands
        .iter()
        .chain(&options.values(&["url", "expand-url", "x", "proxy"]).collect::<Vec<_>>())
        .for_each(|url| note_url(survey, url));
    curl_writes(survey, &options);
    if options.has(&["O", "remote-name", "J", "remote-name-all"]) {
        survey.note(Class::FsWrite, "writes a file");
    }
    Flow::Network
}

/// Whether what would be sent is written into the address instead (`-G`), and is known.
fn curl_asks(options: &Options<'_>) -> bool {
    const DATA: &[&str] = &["d", "data", "data-ascii", "data-raw", "data-urlencode"];
    let others: Vec<&str> = CURL_SENDS.iter().copied().filter(|name| !DATA.contains(name)).collect();
    options.has(&["G", "get"])
        && !options.has(&others)
        && options.values(DATA).all(|value| !value.contains('@') && !tells(value))
}

/// Everything of a request that is sent beside its address and its body.
fn curl_told(survey: &mut Survey, options: &Options<'_>) {
    // Where credentials belong: one in a variable that is called so is a use of a secret, and noted as that.
    const CREDENTIALS: &[&str] = &["H", "header", "u", "user", "U", "proxy-user", "oauth2-bearer"];
    // What stays on this machine, or is judged by itself.
    const OTHERS: &[&str] = &[
        "o",
        "output",
        "output-dir",
        "D",
        "dump-header",
        "c",
        "cookie-jar",
        "w",
        "write-out",
        "m",
        "max-time",
        "connect-timeout",
        "retry",
        "retry-delay",
        "retry-max-time",
        "limit-rate",
        "max-redirs",
        "trace",
        "trace-ascii",
        "stderr",
        "X",
        "request",
    ];
    let apart = [CREDENTIALS, OTHERS, CURL_SENDS].concat();
    note_told(survey, options.words_but(&apart));
    if !survey.scope.used_secret {
        note_told(survey, options.values(CREDENTIALS));
    }
}

/// The headers and the method of a request.
fn curl_request(survey: &mut Survey, options: &Options<'_>) {
    for header in options.values(&["H", "header"]) {
        if let Some(path) = header.strip_prefix('@') {
            send_file(survey, path);
        }
    }
    for method in options.values(&["X", "request"]) {
        match method.to_ascii_uppercase().as_str() {
            "GET" | "HEAD" | "OPTIONS" => {}
            "DELETE" => {
                survey.note(Class::InfraDestructive, "asks another machine to delete something");
                survey.note(Class::RemoteExec, SENDS);
            }
            _ => survey.note(Class::RemoteExec, SENDS),
        }
    }
}

/// The files that a request takes from this machine.
fn curl_reads(survey: &mut Survey, options: &Options<'_>) {
    for value in options.values(CURL_SENDS) {
        if let Some((_, path)) =
            value.split_once(['@', '<']).filter(|(head, _)| head.is_empty() || head.ends_with('='))
        {
            survey.read(path);
        }
    }
    options
        .values(&["T", "upload-file", "K", "config", "netrc-file", "E", "cert", "key"])
        .filter(|path| *path != "-" && !path.contains('='))
        .for_each(|path| survey.read(path));
    // Without `=` it is a file of cookies.
    options
        .values(&["b", "cookie"])
        .filter(|path| !matches!(*path, "" | "-" | "/dev/null") && !path.contains('='))
        .for_each(|path| send_file(survey, path));
}

/// The files that an answer goes to.
fn curl_writes(survey: &mut Survey, options: &Options<'_>) {
    let outputs: Vec<&str> = options
        .values(&[
            "o",
            "output",
            "D",
            "dump-header",
            "c",
            "cookie-jar",
            "trace",
            "trace-ascii",
            "stderr",
            "hsts",
            "etag-save",
            "libcurl",
            "output-dir",
        ])
        .filter(|path| *path != "-" && *path != "/dev/null")
        .collect();
    outputs.iter().for_each(|path| survey.write(path));
}

/// Options of `wget` of which the value stays here, or is judged by itself.
const WGET_OTHERS: &[&str] = &[
    "O",
    "output-document",
    "P",
    "directory-prefix",
    "o",
    "output-file",
    "a",
    "append-output",
    "t",
    "tries",
    "T",
    "timeout",
    "post-data",
    "body-data",
    "method",
];

fn wget(survey: &mut Survey, arguments: &[String]) -> Flow {
    const LONG: &[&str] = &[
        "output-document",
        "directory-prefix",
        "warc-file",
        "rejected-log",
        "output-file",
        "append-output",
        "input-file",
        "header",
        "user-agent",
        "tries",
        "timeout",
        "post-data",
        "post-file",
        "body-data",
        "body-file",
        "method",
        "user",
        "password",
        "execute",
        "use-askpass",
        "config",
        "load-cookies",
        "save-cookies",
        "level",
        "accept",
        "reject",
        "domains",
    ];
    note_network(survey);
    let options = Options::read(arguments, Valued { short: "OPoaiUtTeQlARDwB", long: LONG });
    if options.has(&["post-data", "post-file", "body-data", "body-file", "method"]) {
        survey.note(Class::RemoteExec, SENDS);
    }
    if options.has(&["e", "execute", "use-askpass", "config"]) {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    options
        .values(&["post-file", "body-file", "i", "input-file", "load-cookies"])
        .filter(|path| *path != "-")
        .for_each(|path| survey.read(path));
    note_told(survey, options.words_but(WGET_OTHERS));
    options.operands.iter().for_each(|url| note_url(survey, url));
    options
        .values(&[
            "o",
            "output-file",
            "a",
            "append-output",
            "save-cookies",
            "P",
            "directory-prefix",
            "warc-file",
            "rejected-log",
        ])
        .filter(|path| *path != "/dev/null")
        .for_each(|path| survey.write(path));
    // Below a root or a home an address names any file.
    if options.values(&["P", "directory-prefix"]).any(|path| is_root(path) && !matches!(path, "." | "./")) {
        survey.note(Class::Privilege, "writes a file that decides what runs or who may log in");
    }
    let documents: Vec<&str> = options.values(&["O", "output-document"]).collect();
    // `-qO-` prints.
    let prints = documents.contains(&"-") || options.has(&["spider"]);
    documents
        .iter()
        .filter(|path| **path != "-" && **path != "/dev/null")
        .for_each(|path| survey.write(path));
    if !prints && documents.is_empty() {
        survey.note(Class::FsWrite, "writes a file");
    }
    Flow::Network
}

fn copy(survey: &mut Survey, name: &str, arguments: &[String]) -> Flow {
    const LONG: &[&str] = &[
        "rsh",
        "rsync-path",
        "exclude",
        "include",
        "exclude-from",
        "include-from",
        "files-from",
        "password-file",
        "log-file",
        "bwlimit",
        "port",
        "backup-dir",
        "partial-dir",
        "max-size",
        "config",
        "transfers",
    ];
    let short = if name == "scp" { "cDFiJloPSX" } else { "eTBfM" };
    let options = Options::read(arguments, Valued { short, long: LONG });
    if options.has(&["S", "rsh", "rsync-path", "D"])
        || name == "rsync" && options.has(&["e"]) && !options.values(&["e"]).all(|value| value == "ssh")
    {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    if name == "rsync" && only_rehearses(&options, arguments) {
        note_network(survey);
        note_told(survey, options.operands.iter().copied());
        return Flow::Unknown;
    }
    for value in options.values(&["o"]) {
        if value.to_ascii_lowercase().contains("command") {
            survey.note(Class::RemoteExec, "runs a command by way of another program");
        }
    }
    options
        .values(&["i", "password-file", "files-from", "exclude-from", "include-from"])
        .for_each(|path| survey.read(path));
    if options
        .names()
        .any(|option| option.starts_with("delete") || option == "del" || option == "remove-source-files")
    {
        survey.delete("./");
    }
    if name == "rclone" {
        return rclone(survey, &options);
    }
    let Some((last, sources)) = options.operands.split_last() else { return Flow::Nothing };
    for source in sources {
        if is_remote(source) {
            note_network(survey);
            note_taken(survey, source);
        } else {
            survey.read_tree(source);
        }
    }
    if is_remote(last) {
        note_network(survey);
        survey.note(Class::RemoteExec, SENDS);
    } else {
        survey.write(last);
    }
    Flow::Nothing
}

fn rclone(survey: &mut Survey, options: &Options<'_>) -> Flow {
    note_network(survey);
    let class = match options.operands.first().copied() {
        Some(
            "ls" | "lsd" | "lsl" | "lsf" | "lsjson" | "size" | "version" | "listremotes" | "check" | "about",
        ) => Class::Safe,
        Some("delete" | "purge" | "deletefile" | "sync" | "move" | "rmdir" | "rmdirs" | "cleanup") => {
            Class::InfraDestructive
        }
        Some("config") => Class::SecretRead,
        _ => Class::RemoteExec,
    };
    survey.note(class, SENDS);
    Flow::Network
}

/// Whether `rsync` only says what it would copy.
fn only_rehearses(options: &Options<'_>, arguments: &[String]) -> bool {
    options.has(&["n", "dry-run"])
        && !options.has(&["log-file", "write-batch", "only-write-batch"])
        && !arguments.iter().any(|word| word.starts_with("--no-"))
        && !may_hide_options(arguments)
}

/// A file of another machine is a secret as one of this.
pub(super) fn note_taken(survey: &mut Survey, source: &str) {
    let path = source.split_once(':').map_or(source, |(_, path)| path);
    if secret::is_secret(&normalise(&display(path))) {
        survey.read(path);
    }
}

/// `host:path`, as `scp` and `rsync` tell it from a path.
fn is_remote(path: &str) -> bool {
    path.contains("://") || path.split('/').next().is_some_and(|first| first.contains(':'))
}
