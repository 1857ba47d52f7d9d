//! Facts about an argument that is a path: where it would lead, and by which tricks.
//!
//! Lexical only: nothing is looked up, symbolic links are not followed. The text is read as the most trusting
//! server
//! would read it (percent-encoding decoded more than once, backslashes as separators), so that no spelling
//! hides
//! where a path leads.

pub mod secret;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use self::secret::is_secret;

/// Longest path that is read, in bytes; of a longer one only this much is normalised.
pub const PATH_BYTES_MAX: usize = 4096;
/// How often percent-encoding is undone.
const DECODINGS_MAX: usize = 3;

/// What is to be known about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Begins at a root: `/`, a drive, a share, a home directory.
    Absolute,
    /// Uses `\` as a separator.
    Backslash,
    /// Contains control characters.
    Control,
    /// Names a device (`/dev/sda`, `NUL`, `\\.\PhysicalDrive0`).
    Device,
    /// Begins with the letter of a drive.
    Drive,
    /// Some of it is percent-encoded.
    Encoded,
    /// A pattern that may match other names.
    Glob,
    /// A component begins with a dot.
    Hidden,
    /// Begins with `~`.
    Home,
    /// Uses characters that only look like `.` or `/`, or longer encodings of them than UTF-8 allows.
    Lookalike,
    /// Contains NUL, at which some programs stop reading.
    Nul,
    /// Contains `..`, inside or outside of its root.
    Parent,
    /// Leads into `/proc`.
    Process,
    /// A well-known place of credentials.
    Secret,
    /// Names a stream of a file on Windows (`file.txt:stream`).
    Stream,
    /// Below a directory of the operating system.
    System,
    /// Longer than [`PATH_BYTES_MAX`].
    TooLong,
    /// Leaves the directory or root it starts in by `..`, in any spelling.
    Traversal,
    /// A share of another machine (`\\host\share`, `//host/share`).
    Unc,
    /// Contains `$name`, `${name}` or `%name%`, which some programs expand.
    Variable,
}

/// What is to be known about a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Decoded, with `/` as separator, without `.`, `..` and empty components. A `..` that leaves the start
    /// stays.
    pub normalised: String,
    /// The last component.
    pub name: String,
    /// What is to be known.
    pub flags: BTreeSet<Flag>,
}

impl Facts {
    /// Whether the path has this property.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }
}

/// Reads a path. Never panics; linear in the length of `text`.
pub fn read(text: &str) -> Facts {
    let mut flags = BTreeSet::new();
    let cut = floor(text, PATH_BYTES_MAX);
    if cut.len() < text.len() {
        flags.insert(Flag::TooLong);
    }
    note_variables(cut, &mut flags);
    let decoded = decode(cut, &mut flags);
    let plain = plain(&decoded, &mut flags);
    let plain =
        plain.strip_prefix("file://").map_or(plain.as_str(), |rest| rest.trim_start_matches("localhost"));
    let (root, rest) = root(plain, &mut flags);
    let components = components(rest, !root.is_empty(), &mut flags);
    let name = components.last().map_or_else(String::new, |last| (*last).to_owned());
    let normalised = match (root.as_str(), components.as_slice()) {
        ("", []) => ".".to_owned(),
        (root, components) if root.is_empty() || root.ends_with('/') => {
            format!("{root}{}", components.join("/"))
        }
        (root, []) => root.to_owned(),
        (root, components) => format!("{root}/{}", components.join("/")),
    };
    note_places(&normalised, &name, &mut flags);
    Facts { normalised, name, flags }
}

/// `path` without `.`, `..` and empty components, as far as it can be said without looking; for paths that
/// are known
/// to be written plainly.
pub fn normalise(path: &str) -> Cow<'_, str> {
    let odd = path.contains("//") || path.contains("./") || path.ends_with("/.") || path.ends_with("/..");
    if !odd {
        return Cow::Borrowed(path);
    }
    let mut flags = BTreeSet::new();
    let rest = path.trim_start_matches('/');
    let components = components(rest, path.starts_with('/'), &mut flags).join("/");
    if path.starts_with('/') {
        Cow::Owned(format!("/{components}"))
    } else if components.is_empty() {
        Cow::Borrowed(".")
    } else {
        Cow::Owned(components)
    }
}

/// Whether the normalised path lies in a directory that belongs to the operating system or to its
/// administrator.
pub fn is_system(path: &str) -> bool {
    const DIRECTORIES: &[&str] = &[
        "/etc",
        "/boot",
        "/bin",
        "/sbin",
        "/usr",
        "/lib",
        "/lib64",
        "/sys",
        "/proc",
        "/root",
        "/var/spool/cron",
        "/var/lib",
        "/Library",
        "/System",
        "/private/etc",
        "C:/Windows",
        "C:/Program Files",
        "/opt",
        "/run",
        "/var/run",
    ];
    DIRECTORIES.iter().any(|directory| is_below(path, directory))
}

/// Whether the normalised path names a device that holds or is more than what programs write into it.
pub fn is_device(path: &str) -> bool {
    const HARMLESS: &[&str] = &[
        "null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "tty", "fd", "shm", "ptmx",
        "pts",
    ];
    let Some(name) = path.strip_prefix("/dev/") else { return false };
    let first = name.split('/').next().unwrap_or(name);
    !HARMLESS.contains(&first)
}

/// Whether `path` is `directory` or below it.
pub(super) fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn floor(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn note_variables(text: &str, flags: &mut BTreeSet<Flag>) {
    let names = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '{' || c == '(';
    let dollar = text.match_indices('$').any(|(at, _)| text[at + 1..].starts_with(names));
    let percent = text.split('%').skip(1).step_by(2);
    let enclosed = text.matches('%').count() >= 2
        && percent.into_iter().any(|inside| {
            inside.len() > 2 && inside.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        });
    if dollar || enclosed {
        flags.insert(Flag::Variable);
    }
    if text.contains(['*', '?', '[']) {
        flags.insert(Flag::Glob);
    }
}

/// Undoes percent-encoding, including the overlong forms of `.`, `/` and `\`.
fn decode(text: &str, flags: &mut BTreeSet<Flag>) -> String {
    let mut text = text.to_owned();
    for _ in 0..DECODINGS_MAX {
        let Some(decoded) = decode_once(&text, flags) else { break };
        flags.insert(Flag::Encoded);
        text = decoded;
    }
    text
}

fn decode_once(text: &str, flags: &mut BTreeSet<Flag>) -> Option<String> {
    let bytes = text.as_bytes();
    memchr::memchr(b'%', bytes)?;
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut changed) = (0, false);
    while at < bytes.len() {
        let pair = (bytes[at] == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?)).flatten();
        if let Some(value) = pair {
            out.push(u8::try_from(value).unwrap_or(b'?'));
            at += 3;
            changed = true;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    for (overlong, plain) in
        [(&b"\xc0\xae"[..], b'.'), (b"\xe0\x80\xae", b'.'), (b"\xc0\xaf", b'/'), (b"\xc1\x9c", b'\\')]
    {
        while let Some(found) = memchr::memmem::find(&out, overlong) {
            out.splice(found..found + overlong.len(), [plain]);
            flags.insert(Flag::Lookalike);
        }
    }
    changed.then(|| String::from_utf8_lossy(&out).into_owned())
}

/// With `/` for every separator and `.` for every dot that a server could take for one.
fn plain(text: &str, flags: &mut BTreeSet<Flag>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => {
                flags.insert(Flag::Nul);
                // What follows is not seen by programs written in C; what comes before is the path.
                out.push('\0');
            }
            c if c.is_control() => {
                flags.insert(Flag::Control);
                out.push(c);
            }
            '\\' => {
                flags.insert(Flag::Backslash);
                out.push('/');
            }
            '\u{ff0e}' | '\u{2024}' | '\u{fe52}' => {
                flags.insert(Flag::Lookalike);
                out.push('.');
            }
            '\u{2025}' => {
                flags.insert(Flag::Lookalike);
                out.push_str("..");
            }
            '\u{ff0f}' | '\u{2215}' | '\u{2044}' | '\u{ff3c}' | '\u{29f8}' => {
                flags.insert(Flag::Lookalike);
                out.push('/');
            }
            c => out.push(c),
        }
    }
    match out.find('\0') {
        Some(nul) => out[..nul].to_owned(),
        None => out,
    }
}

/// The root that a path begins with, if any, and the rest.
fn root<'t>(path: &'t str, flags: &mut BTreeSet<Flag>) -> (String, &'t str) {
    let bytes = path.as_bytes();
    if let Some(rest) = path.strip_prefix("//") {
        flags.extend([Flag::Absolute, Flag::Unc]);
        if rest.starts_with("./") || rest.starts_with("?/") {
            flags.insert(Flag::Device);
        }
        return ("//".to_owned(), rest);
    }
    if let Some(rest) = path.strip_prefix('/') {
        flags.insert(Flag::Absolute);
        return ("/".to_owned(), rest);
    }
    if path.starts_with('~') {
        flags.extend([Flag::Absolute, Flag::Home]);
        let end = path.find('/').unwrap_or(path.len());
        return (path[..end].to_owned(), &path[end..]);
    }
    if bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' {
        flags.extend([Flag::Absolute, Flag::Drive]);
        return (format!("{}:/", path[..1].to_ascii_uppercase()), &path[2..]);
    }
    (String::new(), path)
}

fn components<'t>(rest: &'t str, rooted: bool, flags: &mut BTreeSet<Flag>) -> Vec<&'t str> {
    let mut kept: Vec<&str> = Vec::new();
    for component in rest.split('/') {
        // Servlet containers cut `;parameters`, Windows cuts blanks and dots at the end.
        let bare = component.split(';').next().unwrap_or(component).trim_end_matches(' ');
        match bare {
            "" | "." => {}
            ".." => {
                flags.insert(Flag::Parent);
                if kept.last().is_none_or(|last| *last == "..") {
                    flags.insert(Flag::Traversal);
                    if !rooted {
                        kept.push("..");
                    }
                } else {
                    kept.pop();
                }
            }
            _ => {
                // `....//` becomes `../` where somebody removes `../` once.
                if component.len() > 2 && component.bytes().all(|byte| byte == b'.') {
                    flags.insert(Flag::Traversal);
                }
                if component.starts_with('.') {
                    flags.insert(Flag::Hidden);
                }
                kept.push(component);
            }
        }
    }
    kept
}

fn note_places(path: &str, name: &str, flags: &mut BTreeSet<Flag>) {
    const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let port = stem.len() == 4
        && (stem.starts_with("com") || stem.starts_with("lpt"))
        && stem.ends_with(|c: char| c.is_ascii_digit());
    if is_device(path) || DEVICES.contains(&stem.as_str()) || port {
        flags.insert(Flag::Device);
    }
    if is_below(path, "/proc") {
        flags.insert(Flag::Process);
    }
    if is_system(path) {
        flags.insert(Flag::System);
    }
    if name.contains(':') {
        flags.insert(Flag::Stream);
    }
    // However many directories up it starts: what it names is what counts.
    let landed = path.trim_start_matches("../");
    if is_secret(path) || (landed.len() < path.len() && is_secret(&format!("/{landed}"))) {
        flags.insert(Flag::Secret);
    }
}

#[cfg(test)]
mod tests;
