//! Programs that read the files they are given and print, each with its own options: a letter that takes a value
//! here is a switch there, and the file after a switch must not vanish. A letter that is not listed takes none: its
//! value is then looked at as a file, which errs on the safe side.

use super::{Operands, Program, program};
use crate::statement::shell::Class;

const fn reader(
    names: &'static [&'static str],
    short: &'static str,
    long: &'static [&'static str],
) -> Program {
    program(names, Class::Safe, Operands::Read).with(short).named(long)
}

const DIFF: &[&str] = &[
    "ifdef",
    "show-function-line",
    "ignore-matching-lines",
    "label",
    "starting-file",
    "width",
    "exclude",
    "horizon-lines",
    "tabsize",
    "palette",
    "line-format",
];

pub(super) const READERS: &[Program] = &[
    reader(&["head"], "nc", &["lines", "bytes"]),
    reader(&["tail"], "ncs", &["lines", "bytes", "sleep-interval", "pid", "max-unchanged-stats"]),
    reader(&["wc"], "", &[]).reading(&["files0-from"]),
    reader(&["cut"], "bcdf", &["bytes", "characters", "delimiter", "fields", "output-delimiter"]),
    reader(&["paste"], "d", &["delimiters"]),
    reader(&["join"], "12aejotv", &[]),
    reader(&["comm"], "", &["output-delimiter"]),
    reader(&["cmp", "zcmp"], "in", &["ignore-initial", "bytes"]),
    reader(&["diff", "colordiff", "zdiff"], "CDFILSUWx", DIFF).reading(&[
        "X",
        "exclude-from",
        "from-file",
        "to-file",
    ]),
    reader(&["diff3"], "L", &["label"]).but(&["diff-program"], Class::RemoteExec),
    reader(&["sdiff"], "Iw", &["ignore-matching-lines", "width", "tabsize"])
        .writing(&["o", "output"])
        .but(&["diff-program"], Class::RemoteExec),
    reader(&["wdiff"], "wxyz", &["start-delete", "end-delete", "start-insert", "end-insert"]),
    reader(&["fold"], "w", &["width"]),
    reader(&["fmt"], "gpw", &["goal", "prefix", "width"]),
    reader(&["expand", "unexpand"], "t", &["tabs"]),
    reader(&["pr"], "DNhlowW", &["date-format", "header", "length", "indent", "first-line-number", "width"]),
    reader(&["strings"], "neTtU", &["bytes", "radix", "encoding", "target", "output-separator", "unicode"]),
    reader(&["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "sum"], "", &[]),
    reader(&["md5"], "s", &[]),
    reader(&["shasum"], "a", &["algorithm"]),
    reader(&["b2sum"], "l", &["length"]),
    reader(&["cksum"], "al", &["algorithm", "length"]),
    reader(
        &["column"],
        "scoNRTHWEOnipr",
        &[
            "separator",
            "output-separator",
            "output-width",
            "table-columns",
            "table-right",
            "table-truncate",
            "table-hide",
            "table-wrap",
            "table-order",
            "table-name",
        ],
    ),
    reader(
        &["csvlook", "csvcut", "csvstat"],
        "CKcdepquz",
        &["delimiter", "quotechar", "encoding", "columns", "not-columns", "skip-lines", "max-rows"],
    ),
    reader(&["xmllint"], "", &["xpath", "encode", "path", "pattern", "maxmem", "pretty"])
        .reading(&["schema", "relaxng", "schematron", "dtdvalid"])
        .writing(&["o", "output"]),
    reader(&["xmlstarlet"], "", &[]).but(&["L", "inplace"], Class::FsWrite),
    reader(&["nm"], "ft", &["format", "radix", "target"]).but(&["plugin"], Class::RemoteExec),
    reader(&["objdump"], "bjmM", &["target", "section", "architecture", "disassembler-options"]),
    reader(&["readelf"], "jpRxz", &["hex-dump", "string-dump", "relocated-dump", "decompress"]),
    reader(&["size", "zipinfo", "tsort", "gron", "checkbashisms", "look"], "", &[]),
    reader(
        &["ptx"],
        "FMSWgw",
        &["flag-truncation", "macro-name", "sentence-regexp", "word-regexp", "gap-size"],
    )
    .reading(&["b", "i", "o", "break-file", "ignore-file", "only-file"]),
    reader(&["iconv"], "ft", &["from-code", "to-code"]).writing(&["o", "output"]),
    reader(&["hd"], "ens", &["format", "length", "skip"]).reading(&["f", "format-file"]),
    reader(&["delta"], "", &["theme", "syntax-theme", "width", "features", "paging", "tabs"])
        .reading(&["config"])
        .but(&["pager"], Class::RemoteExec),
    reader(&["glow", "mdcat"], "sw", &["style", "width", "columns"]).reading(&["config"]),
    reader(&["ffprobe"], "vf", &["of", "print_format", "show_entries", "select_streams", "loglevel"])
        .reading(&["i"]),
    reader(&["identify"], "", &["format", "size", "depth", "density", "list"]),
    reader(&["pdfinfo"], "fl", &["enc", "opw", "upw"]),
    reader(&["htmlq"], "abr", &["attribute", "base", "remove-nodes"])
        .reading(&["f", "filename"])
        .writing(&["o", "output"]),
    reader(&["pup"], "i", &["indent"]).reading(&["f", "file"]),
    reader(&["xsv", "qsv"], "d", &["delimiter", "select"]).writing(&["o", "output"]),
    reader(
        &["hexyl"],
        "ns",
        &["length", "skip", "bytes", "block-size", "display-offset", "border", "color", "panels"],
    ),
    reader(&["shellcheck"], "CPSWefios", &["shell", "exclude", "include", "format", "severity", "enable"])
        .reading(&["rcfile"]),
    reader(&["hadolint"], "ft", &["format", "ignore", "failure-threshold"]).reading(&["c", "config"]),
    reader(&["yamllint"], "df", &["config-data", "format"]).reading(&["c", "config-file"]),
    reader(&["jsonlint"], "te", &["indent", "environment"])
        .reading(&["V", "validate"])
        .but(&["i", "in-place"], Class::FsWrite),
    program(&["df"], Class::Safe, Operands::None),
    program(&["du"], Class::Safe, Operands::None).reading(&["X", "exclude-from", "files0-from"]),
    program(&["file"], Class::Safe, Operands::None).reading(&["f", "files-from", "m", "magic-file"]),
    program(&["date"], Class::Safe, Operands::None)
        .but(&["s", "set"], Class::Privilege)
        .with("drs")
        .named(&["date", "reference", "set"])
        .reading(&["f", "file"]),
    program(&["shuf"], Class::Safe, Operands::Read)
        .but(&["o", "output", "random-source"], Class::FsWrite)
        .with("ni")
        .named(&["head-count", "input-range"])
        .reading(&["random-source"])
        .writing(&["o", "output"]),
];
