//! Forms of programs that only show something, although the program does more: `unzip -l`, `mount` alone.

use super::super::super::option::{Options, Valued};
use super::super::super::survey::Survey;

/// One program, and what of it only shows.
struct Show {
    names: &'static [&'static str],
    /// Options of which one has to be given; when there is none, none need be.
    shows: &'static [&'static str],
    /// Every other option that may be given.
    with: &'static [&'static str],
    /// Options among them that take a value.
    valued: &'static str,
    /// First words of which one has to be given; when there is none, any will do.
    words: &'static [&'static str],
    operands: Operands,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    /// There are none.
    No,
    /// They are no files of which the content is shown.
    Any,
    /// Read.
    Read,
}

const fn show(names: &'static [&'static str], shows: &'static [&'static str], operands: Operands) -> Show {
    Show { names, shows, with: &[], valued: "", words: &[], operands }
}

impl Show {
    const fn with(self, with: &'static [&'static str], valued: &'static str) -> Self {
        Self { with, valued, ..self }
    }

    const fn words(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }
}

const SHOWS: &[Show] = &[
    show(&["unzip"], &["l", "v", "t", "p", "c", "Z"], Operands::Read)
        .with(&["q", "a", "C", "1", "h", "m", "s", "P"], "P"),
    show(&["7z", "7za"], &[], Operands::Read).with(&["slt", "ba", "r"], "").words(&["l", "t"]),
    show(&["ar"], &[], Operands::Read).words(&["t", "tv", "p", "-t", "-tv"]),
    show(&["ar"], &["t"], Operands::Read).with(&["v", "O"], ""),
    show(&["cpio"], &["t", "list"], Operands::Any).with(&["i", "v", "n", "F", "I", "verbose", "quiet"], "FI"),
    show(&["fdisk", "sfdisk"], &["l", "list"], Operands::Any).with(&["u", "x", "o", "units"], "o"),
    show(&["parted"], &["l", "list"], Operands::No).with(&["s", "m"], ""),
    show(&["mount"], &[], Operands::No).with(&["l", "t", "v"], "t"),
    show(&["swapon"], &["show", "s", "summary"], Operands::No).with(&["noheadings", "bytes", "raw"], ""),
    show(&["fuser"], &[], Operands::Any).with(&["v", "m", "n", "a", "u", "4", "6", "c", "f", "l"], "n"),
    show(&["ssh-keygen"], &["l", "F", "B"], Operands::No).with(&["f", "E", "v"], "fEF"),
    show(&["ssh-add"], &["l", "L"], Operands::No).with(&["E"], "E"),
    show(&["gpg", "gpg2"], &["k", "list-keys", "list-public-keys", "fingerprint"], Operands::Any)
        .with(GPG, ""),
    show(&["gpg", "gpg2"], &["verify"], Operands::Read).with(GPG, ""),
    show(&["black"], &["check", "diff"], Operands::Read).with(&["q", "v", "S", "l", "color"], "l"),
];

const GPG: &[&str] = &["with-colons", "with-fingerprint", "batch", "no-tty", "q", "v", "quiet", "verbose"];

/// Whether the command is one of these forms; its files are then noted.
pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String]) -> bool {
    let forms = SHOWS.iter().filter(|show| show.names.contains(&name));
    for show in forms {
        let options = Options::read(arguments, Valued { short: show.valued, long: &[] });
        if !fits(show, &options) {
            continue;
        }
        if show.operands == Operands::Read {
            let skip = usize::from(!show.words.is_empty());
            options.operands.iter().skip(skip).for_each(|path| survey.read(path));
        }
        return true;
    }
    false
}

fn fits(show: &Show, options: &Options<'_>) -> bool {
    let listed = |name: &str| show.shows.contains(&name) || show.with.contains(&name);
    // Letters in one word are given one by one, and once more together.
    let allowed =
        |name: &str| listed(name) || name.chars().all(|letter| listed(letter.encode_utf8(&mut [0; 4])));
    let mut operands = options.operands.iter();
    (show.shows.is_empty() || options.names().any(|name| show.shows.contains(&name)))
        && options.names().all(allowed)
        && (show.words.is_empty() || operands.next().is_some_and(|word| show.words.contains(word)))
        && (show.operands != Operands::No || operands.next().is_none())
}
