//! Programs that read files or a pipe and print: harmless but for what their options and small languages
//! allow.

mod script;

use super::super::escape;
use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::survey::Survey;
use super::super::word::has_hole;
use super::super::{Class, Flag};

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    let flow = match name {
        "cat" | "gcat" | "tac" | "nl" | "bat" | "batcat" | "pv" => cat(survey, arguments, input),
        "tee" | "sponge" => {
            let options = Options::read(arguments, Valued::default());
            options
                .operands
                .iter()
                .filter(|path| **path != "/dev/null")
                .for_each(|path| write_out(survey, path));
            input.clone()
        }
        "base64" | "base32" | "gbase64" => base64(survey, name, arguments, input),
        "xxd" | "hexdump" | "od" => dump(survey, name, arguments, input),
        "rev" => {
            read_all(survey, arguments);
            input.clone().mapped(|text| {
                Some(text.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect())
            })
        }
        "tr" => input.clone().filtered(),
        "sed" | "gsed" | "ssed" => script::sed(survey, arguments, input),
        "awk" | "gawk" | "mawk" | "nawk" | "original-awk" => script::awk(survey, arguments, input),
        "sort" | "gsort" => sort(survey, arguments, input),
        "uniq" => {
            let options = Options::read(arguments, Valued { short: "fsw", long: &[] });
            options.operands.iter().take(1).for_each(|path| survey.read(path));
            options.operands.iter().skip(1).for_each(|path| survey.write(path));
            if options.has(&["c", "count"]) { input.clone().filtered() } else { input.clone().selected() }
        }
        "dd" => dd(survey, arguments, input),
        "tar" | "bsdtar" | "gtar" => tar(survey, arguments),
        "openssl" => openssl(survey, arguments, input),
        "gzip" | "gunzip" | "zcat" | "bzip2" | "bunzip2" | "bzcat" | "xz" | "unxz" | "xzcat" | "zstd"
        | "unzstd" | "zstdcat" | "gzcat" | "lz4" | "lzma" => compress(survey, name, arguments, input),
        "less" | "zless" | "more" | "most" | "man" => pager(survey, name, arguments, input),
        "jq" | "yq" | "gojq" => query(survey, name, arguments, input),
        _ => return None,
    };
    Some(flow)
}

/// Writes the input of a pipe; into a process substitution it would be run there, and has been judged there.
fn write_out(survey: &mut Survey, path: &str) {
    if path != super::super::word::PROCESS_PATH {
        survey.write(path);
    }
}

fn read_all(survey: &mut Survey, arguments: &[String]) -> usize {
    let options = Options::read(arguments, Valued::default());
    options.operands.iter().for_each(|path| survey.read(path));
    options.operands.len()
}

fn cat(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    let options = Options::read(arguments, Valued { short: "", long: &["language", "pager"] });
    if options.has(&["pager"]) {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    options.operands.iter().filter(|path| **path != "-").for_each(|path| survey.read(path));
    match options.operands.as_slice() {
        [] | ["-" | "/dev/stdin"] => input.clone(),
        [path] if *path == super::super::word::PROCESS_PATH => survey.process.clone(),
        _ => Flow::File,
    }
}

fn base64(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Flow {
    let options = Options::read(arguments, Valued { short: "wiob", long: &["wrap", "input", "output"] });
    options
        .operands
        .iter()
        .chain(options.values(&["i", "input"]).collect::<Vec<_>>().iter())
        .for_each(|path| survey.read(path));
    options.values(&["o", "output"]).for_each(|path| survey.write(path));
    if !options.has(&["d", "D", "decode"]) {
        return input.clone().filtered();
    }
    survey.flag(Flag::Encoded);
    if name == "base32" || !options.operands.is_empty() {
        return Flow::Unknown;
    }
    input.clone().mapped(escape::base64)
}

fn dump(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Flow {
    let valued = match name {
        "od" => Valued {
            short: "AjNtS",
            long: &["address-radix", "skip-bytes", "read-bytes", "format", "endian"],
        },
        "hexdump" => Valued { short: "ens", long: &["format", "length", "skip"] },
        _ => Valued { short: "cglonsR", long: &["cols", "groupsize", "len", "offset", "name", "seek"] },
    };
    let files: &[&str] = if name == "hexdump" { &["f", "format-file"] } else { &[] };
    let options = Options::read_with(arguments, valued, &[files]);
    options.values(files).for_each(|path| survey.read(path));
    let back = name == "xxd" && options.has(&["r", "revert"]);
    let (read, written) =
        options.operands.split_at(options.operands.len().min(if name == "xxd" { 1 } else { usize::MAX }));
    read.iter().for_each(|path| survey.read(path));
    written.iter().for_each(|path| survey.write(path));
    if !back {
        return input.clone().filtered();
    }
    survey.flag(Flag::Encoded);
    if options.has(&["p", "ps", "plain"]) { input.clone().mapped(escape::hex) } else { Flow::Unknown }
}

fn sort(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    const LONG: &[&str] = &[
        "output",
        "compress-program",
        "files0-from",
        "key",
        "field-separator",
        "temporary-directory",
        "buffer-size",
        "parallel",
        "batch-size",
    ];
    let options = Options::read(arguments, Valued { short: "okStT", long: LONG });
    if may_hide_options(arguments) {
        survey.note(Class::Dynamic, "a word may become options that the text does not show");
    }
    options.values(&["o", "output"]).for_each(|path| survey.write(path));
    options.values(&["files0-from"]).for_each(|path| survey.read(path));
    if options.has(&["compress-program"]) {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    options.operands.iter().for_each(|path| survey.read(path));
    if options.operands.is_empty() { input.clone().selected() } else { Flow::Unknown }
}

fn dd(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    let mut flow = input.clone();
    let mut writes = false;
    for argument in arguments {
        match argument.split_once('=') {
            Some(("if", path)) => {
                survey.read(path);
                flow = Flow::File;
            }
            Some(("of", path)) if !matches!(path, "/dev/null" | "/dev/stdout") => {
                survey.note(Class::FsDestructive, "deletes or overwrites files");
                survey.write(path);
                writes = true;
            }
            _ if has_hole(argument) => {
                survey.note(Class::Dynamic, "writes a file that is decided when it runs");
            }
            _ => {}
        }
    }
    if writes { Flow::Nothing } else { flow }
}

fn tar(survey: &mut Survey, arguments: &[String]) -> Flow {
    const RUNS: &[&str] = &[
        "to-command",
        "checkpoint-action",
        "use-compress-program",
        "rsh-command",
        "info-script",
        "new-volume-script",
        "rmt-command",
        "I",
        "F",
    ];
    const LONG: &[&str] = &[
        "file",
        "directory",
        "exclude",
        "files-from",
        "exclude-from",
        "to-command",
        "checkpoint-action",
        "use-compress-program",
        "rsh-command",
        "transform",
        "strip-components",
    ];
    let mut spelt = arguments.to_vec();
    // The old spelling has no dash: `tar xzf file`.
    if let Some(first) = spelt.first_mut()
        && !first.starts_with('-')
    {
        first.insert(0, '-');
    }
    let options = Options::read(&spelt, Valued { short: "fCTXIFbgKNVL", long: LONG });
    if may_hide_options(arguments) {
        survey.note(Class::Dynamic, "a word may become options that the text does not show");
    }
    if options.has(RUNS) {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    if options.has(&["remove-files"]) {
        survey.note(Class::FsDestructive, "deletes or overwrites files");
    }
    options
        .values(&["T", "files-from", "X", "exclude-from"])
        .filter(|path| *path != "-")
        .for_each(|path| survey.read(path));
    let archives: Vec<&str> = options.values(&["f", "file"]).collect();
    if options.has(&["x", "extract", "get"]) {
        survey.note(Class::FsWrite, "writes a file");
        if options.has(&["P", "absolute-names", "overwrite", "recursive-unlink"]) {
            survey.note(Class::FsDestructive, "deletes or overwrites files");
        }
        options.values(&["C", "directory"]).for_each(|path| survey.write(path));
        archives.iter().filter(|path| **path != "-").for_each(|path| survey.read(path));
    } else if options.has(&["c", "create", "r", "append", "u", "update", "A", "delete"]) {
        archives
            .iter()
            .filter(|path| **path != "-" && **path != "/dev/null")
            .for_each(|path| survey.write(path));
        options.operands.iter().for_each(|path| survey.read_tree(path));
    } else {
        archives.iter().filter(|path| **path != "-").for_each(|path| survey.read(path));
    }
    Flow::Unknown
}

fn openssl(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    const VALUED: &[&str] = &[
        "in",
        "out",
        "inkey",
        "key",
        "cert",
        "engine",
        "provider",
        "provider-path",
        "config",
        "passin",
        "passout",
        "connect",
        "servername",
        "CAfile",
        "k",
        "pass",
        "days",
        "subj",
        "newkey",
        "keyout",
        "rand",
        "kfile",
    ];
    let options = Options::read(arguments, Valued { short: "", long: VALUED });
    options.values(&["inkey", "key", "cert", "kfile"]).for_each(|path| survey.read(path));
    // What these print is public, whatever else the file holds.
    let public = matches!(options.operands.first(), Some(&("x509" | "req" | "verify" | "crl")));
    for path in options.values(&["in"]) {
        if public { survey.read_certificate(path) } else { survey.read(path) }
    }
    options.values(&["out", "keyout"]).for_each(|path| survey.write(path));
    if options.has(&["engine", "provider", "provider-path", "config"]) {
        survey.note(Class::RemoteExec, "loads code that the text does not show");
    }
    match options.operands.first().copied() {
        Some(
            "version" | "x509" | "dgst" | "rand" | "list" | "ciphers" | "verify" | "asn1parse" | "crl"
            | "sha256" | "md5" | "sha1" | "sha512" | "prime" | "passwd" | "req" | "errstr" | "ec" | "rsa"
            | "pkey" | "genrsa" | "genpkey" | "pkcs12" | "pkcs8" | "smime" | "cms" | "s_time" | "ocsp"
            | "help" | "pkeyutl" | "rsautl",
        ) => Flow::Unknown,
        Some("s_client") => {
            survey.flag(Flag::Network);
            super::note_told(survey, arguments.iter().map(String::as_str));
            if !input.is_nothing() {
                survey.note(Class::RemoteExec, "sends data to another machine");
            }
            Flow::Network
        }
        Some("enc" | "base64" | "aes-256-cbc") => {
            survey.flag(Flag::Encoded);
            let decodes = options.has(&["d"]) && options.has(&["base64", "a"])
                || options.operands.first() == Some(&"base64") && options.has(&["d"]);
            if decodes { input.clone().mapped(escape::base64) } else { input.clone().filtered() }
        }
        _ => {
            survey.note(Class::Unknown, "a command of the program is not known");
            Flow::Unknown
        }
    }
}

fn compress(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Flow {
    let options = Options::read(arguments, Valued { short: "STDMo", long: &["suffix", "threads"] });
    let prints =
        name.ends_with("cat") || options.has(&["c", "stdout", "to-stdout", "t", "test", "l", "list"]);
    for path in &options.operands {
        survey.read(path);
        if !prints {
            // The original is replaced.
            survey.write(path);
        }
    }
    input.clone().filtered()
}

fn pager(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Flow {
    let options = Options::read(
        arguments,
        Valued { short: if name == "man" { "PHMCLE" } else { "oOkPtTxyzjbh" }, long: &[] },
    );
    let runs = arguments.iter().any(|word| word.starts_with('+') && word.contains('!'));
    if runs
        || name == "man" && options.has(&["P", "pager", "H", "html", "C", "config-file", "preprocessor"])
        || options.has(&["lesskey-src", "lesskey-file", "lesskey-content", "k"]) && name == "less"
    {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    if name != "man" {
        options.values(&["o", "O", "log-file", "LOG-FILE"]).for_each(|path| survey.write(path));
        options.operands.iter().for_each(|path| survey.read(path));
    }
    input.clone().filtered()
}

fn query(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Flow {
    let options =
        Options::read(arguments, Valued { short: "fL", long: &["from-file", "indent", "library-path"] });
    options.values(&["f", "from-file", "L", "library-path"]).for_each(|path| survey.read(path));
    let mut operands = options.operands.iter();
    if !options.has(&["f", "from-file"]) {
        let program = operands.next().copied().unwrap_or("");
        if program.contains("env") || program.contains("$ENV") {
            survey.note(Class::SecretRead, "prints the environment");
        }
        if name == "yq" && (program.contains("load") || program.contains("system")) {
            survey.note(Class::RemoteExec, "runs a command by way of another program");
        }
    }
    let in_place = name == "yq" && options.has(&["i", "inplace", "in-place", "s", "split-exp"]);
    for path in operands {
        survey.read(path);
        if in_place {
            survey.write(path);
        }
    }
    input.clone().filtered()
}
