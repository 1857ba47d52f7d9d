//! What one command hands to the next by a pipe, as far as it matters: could a shell run it, and is it known?

use super::escape::{self, Style};
use super::word::{has_hole, is_known};

/// What stands at the end of a pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flow {
    /// No pipe: the terminal, or nothing.
    Nothing,
    /// Exactly this text; it may have holes.
    Text(String),
    /// Something that came from the network.
    Network,
    /// The content of a file.
    File,
    /// Names of files that this pattern matches.
    Names(String),
    /// Not known.
    Unknown,
}

impl Flow {
    /// Whether nothing comes: no pipe, or an empty text.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The flow behind a filter that changes its input in a way that is not followed.
    pub(super) fn filtered(self) -> Self {
        match self {
            Self::Network => Self::Network,
            Self::File => Self::File,
            _ => Self::Unknown,
        }
    }

    /// The flow behind a filter that lets whole lines through or not.
    pub(super) fn selected(self) -> Self {
        match self {
            Self::Names(pattern) => Self::Names(pattern),
            other => other.filtered(),
        }
    }

    /// The flow behind a filter of which the effect on a known text is known.
    pub(super) fn mapped(self, map: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::Text(text) if !has_hole(&text) => map(&text).map_or(Self::Unknown, Self::Text),
            other => other.filtered(),
        }
    }

    /// What two flows give one after the other.
    pub(super) fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Nothing, flow) | (flow, Self::Nothing) => flow,
            (Self::Network, _) | (_, Self::Network) => Self::Network,
            _ => Self::Unknown,
        }
    }
}

/// What `echo` prints.
pub(super) fn echo(arguments: &[String]) -> Flow {
    let mut words = arguments;
    let mut escapes = false;
    while let Some(first) = words.first() {
        let letters = first.strip_prefix('-').unwrap_or("");
        if letters.is_empty() || !letters.chars().all(|c| "neE".contains(c)) {
            break;
        }
        escapes |= letters.contains('e');
        words = &words[1..];
    }
    let text = words.join(" ");
    if !text.contains('\\') {
        return Flow::Text(text + "\n");
    }
    let decoded = escape::decode(text.as_bytes(), Style::Echo).filter(|_| is_known(&text));
    match decoded {
        Some(decoded) if escapes || decoded == text => Flow::Text(decoded + "\n"),
        // Without an option some shells decode, and others do not.
        _ => Flow::Unknown,
    }
}

/// What `printf` prints, for formats of text and `%s`.
pub(super) fn printf(arguments: &[String]) -> Flow {
    let arguments =
        if arguments.first().is_some_and(|first| first == "--") { &arguments[1..] } else { arguments };
    let Some((format, mut values)) = arguments.split_first() else { return Flow::Nothing };
    if !arguments.iter().all(|argument| is_known(argument)) {
        return Flow::Unknown;
    }
    let mut out = String::new();
    for _ in 0..=values.len() {
        let mut rest = format.as_str();
        let mut used = 0;
        while let Some(at) = rest.find('%') {
            let Some(text) = escape::decode(&rest.as_bytes()[..at], Style::Ansi) else {
                return Flow::Unknown;
            };
            out.push_str(&text);
            let value = values.get(used).map_or("", String::as_str);
            match rest.as_bytes().get(at + 1) {
                Some(b'%') => out.push('%'),
                Some(b's' | b'd') => {
                    out.push_str(value);
                    used += 1;
                }
                Some(b'b') => {
                    let Some(text) = escape::decode(value.as_bytes(), Style::Echo) else {
                        return Flow::Unknown;
                    };
                    out.push_str(&text);
                    used += 1;
                }
                _ => return Flow::Unknown,
            }
            rest = &rest[at + 2..];
        }
        let Some(text) = escape::decode(rest.as_bytes(), Style::Ansi) else { return Flow::Unknown };
        out.push_str(&text);
        values = &values[used.min(values.len())..];
        if used == 0 || values.is_empty() || out.len() > super::limit::FIELD_BYTES_MAX {
            break;
        }
    }
    Flow::Text(out)
}
