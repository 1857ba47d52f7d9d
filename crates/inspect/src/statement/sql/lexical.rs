//! What can be told, and must be, before there is a syntax tree: odd characters, comments, depth.

use sqlparser::tokenizer::{Token, Word};

use crate::statement::Dialect;
use crate::statement::limits::{BRACKETS_DEPTH_MAX, CHAIN_TOKENS_MAX, NAME_PARTS_MAX};

use super::fact::{Class, Facts, Flag};
use super::grammar::Tokens;

/// Words that begin statements, or that turn a query into something else. Two readings of a text agree when neither
/// shows one that the other hides in a string or a comment.
pub(super) const RISKY: [&str; 48] = [
    "alter",
    "analyze",
    "attach",
    "backup",
    "bulk",
    "call",
    "checkpoint",
    "comment",
    "copy",
    "create",
    "dbcc",
    "deny",
    "delete",
    "detach",
    "do",
    "drop",
    "dumpfile",
    "exec",
    "execute",
    "export",
    "grant",
    "handler",
    "insert",
    "into",
    "kill",
    "load",
    "lock",
    "merge",
    "openrowset",
    "outfile",
    "pragma",
    "prepare",
    "reconfigure",
    "reindex",
    "rename",
    "replace",
    "restore",
    "revoke",
    "set",
    "shutdown",
    "truncate",
    "unload",
    "update",
    "use",
    "vacuum",
    "waitfor",
    "with",
    "writetext",
];

/// Words that begin a statement of T-SQL, which needs no separator before it, and that stand nowhere else.
pub(super) const TRANSACT_STARTS: [&str; 25] = [
    "backup",
    "break",
    "checkpoint",
    "commit",
    "continue",
    "dbcc",
    "deny",
    "dump",
    "exec",
    "execute",
    "grant",
    "kill",
    "print",
    "raiserror",
    "readtext",
    "reconfigure",
    "restore",
    "return",
    "revert",
    "revoke",
    "rollback",
    "setuser",
    "shutdown",
    "updatetext",
    "writetext",
];

/// Why a text must not be parsed at all.
pub(super) fn oddity(text: &str) -> Option<&'static str> {
    let odd = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || *byte == 0x7f;
    if text.bytes().any(|byte| byte == 0) {
        return Some("the text holds a null character");
    }
    if text.bytes().any(|byte| odd(&byte)) {
        return Some("the text holds a control character");
    }
    if text.starts_with('\u{feff}') {
        return Some("the text begins with a byte order mark");
    }
    None
}

/// Whether there is a `/*!` or `/*M!` anywhere.
pub(super) fn has_vendor_comment(text: &str) -> bool {
    text.contains("/*!") || text.contains("/*M!") || text.contains("/*m!")
}

/// The text with MariaDB's own comments, `/*M! */`, written as MySQL's; `None` when there are none. No longer than it
/// was. What changes inside a string stays inside it.
pub(super) fn as_mariadb(text: &str) -> Option<String> {
    let other = text.replace("/*M!", " /*!").replace("/*m!", " /*!");
    (other != text).then_some(other)
}

/// Why a text must not be given to the parser: how deep it could recurse, or how deep a tree it could build.
pub(super) fn excess(tokens: &Tokens) -> Option<&'static str> {
    let mut depth = 0_usize;
    let mut chain = 0_usize;
    let mut dots = 0_usize;
    let mut after_dot = false;
    for token in tokens.words() {
        dots = match token {
            Token::Period => dots + 1,
            Token::Word(_) if after_dot => dots,
            _ => 0,
        };
        after_dot = matches!(token, Token::Period);
        if dots >= NAME_PARTS_MAX {
            return Some("a name has too many parts");
        }
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                depth += 1;
                if depth > BRACKETS_DEPTH_MAX {
                    return Some("brackets are nested too deeply");
                }
            }
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            Token::Comma | Token::Period | Token::SemiColon | Token::Number(..) => {}
            Token::Word(word) => chain += usize::from(deepens(word)),
            _ => chain += usize::from(!is_literal(token)),
        }
    }
    (chain > CHAIN_TOKENS_MAX).then_some("too many operators")
}

/// What the tokens alone say: comments, hints, letters, statements without a separator.
pub(super) fn note(tokens: &Tokens, text: &str, dialect: Dialect, facts: &mut Facts) {
    if !text.is_ascii() {
        note_letters(tokens, text, facts);
    }
    for comment in tokens.comments() {
        note_comment(comment, dialect, facts);
    }
    if dialect == Dialect::Mssql && hides_start(tokens) {
        facts.raise("a word begins a statement without a separator before it");
    }
}

/// Statement words and separators outside strings and comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Glance {
    words: u64,
    separators: usize,
}

impl Glance {
    pub(super) fn of(tokens: &Tokens) -> Self {
        let mut glance = Self::default();
        for token in tokens.words() {
            match token {
                Token::SemiColon => glance.separators += 1,
                Token::Word(word) => {
                    glance.words |= risk(word).map_or(0, |index| 1 << index);
                }
                _ => {}
            }
        }
        glance
    }

    /// What nothing covers.
    pub(super) fn worst() -> Self {
        Self { words: u64::MAX, separators: usize::MAX }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.words |= other.words;
        self.separators = self.separators.max(other.separators);
    }

    /// Whether the other shows nothing that this one does not.
    pub(super) fn covers(self, other: Self) -> bool {
        other.words & !self.words == 0 && other.separators <= self.separators
    }
}

/// Which statement word it is, if it is one.
fn risk(word: &Word) -> Option<usize> {
    let unquoted = word.quote_style.is_none();
    RISKY.iter().position(|risky| unquoted && word.value.eq_ignore_ascii_case(risky))
}

/// What stands outside ASCII: in names, letters; in literals and comments, anything; elsewhere nothing. Parsers take
/// more characters for white space than databases do.
fn note_letters(tokens: &Tokens, text: &str, facts: &mut Facts) {
    let foreign = |text: &str| text.chars().filter(|character| !character.is_ascii()).count();
    let mut accounted = 0;
    for token in tokens.iter() {
        accounted += match token {
            Token::Whitespace(_) => continue,
            Token::Word(word) => {
                let count = foreign(&word.value);
                if count > 0 {
                    facts.flags.insert(Flag::NonAsciiName);
                }
                if word.quote_style.is_none() && !word.value.chars().all(is_plain) {
                    facts.raise("a name holds characters that only look like letters");
                }
                count
            }
            token if is_literal(token) => foreign(&token.to_string()),
            _ => 0,
        };
    }
    accounted += tokens.comments().map(foreign).sum::<usize>();
    if accounted != foreign(text) {
        facts.raise("a character outside ASCII stands where only signs may");
    }
}

fn note_comment(comment: &str, dialect: Dialect, facts: &mut Facts) {
    facts.flags.insert(Flag::Comment);
    if let Some(hint) = comment.strip_prefix('+') {
        facts.flags.insert(Flag::OptimizerHint);
        // `SET_VAR(...)` of MySQL and `Set(...)` of pg_hint_plan change settings for the statement.
        if hint.to_ascii_lowercase().contains("set") {
            facts.add(Class::Session);
        }
    }
    if comment.starts_with('!') || comment.starts_with("M!") || comment.starts_with("m!") {
        facts.flags.insert(Flag::VendorComment);
        // The tokenizer expands `/*! */` itself where it knows the dialect to do so.
        if dialect == Dialect::Mysql && !comment.starts_with('!') {
            facts.raise("a vendor comment cannot be read");
        }
    }
    let nested = comment.contains("/*");
    let words = comment.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let statement =
        words.filter(|word| RISKY.iter().any(|risky| word.eq_ignore_ascii_case(risky))).count() > 0;
    if nested || comment.contains(';') || statement {
        facts.flags.insert(Flag::CommentHidesText);
    }
    if nested && matches!(dialect, Dialect::Snowflake | Dialect::Bigquery) {
        facts.raise("a comment inside a comment");
    }
}

/// Whether T-SQL would begin another statement where the parser saw a name.
fn hides_start(tokens: &Tokens) -> bool {
    let mut fresh = true;
    let mut dot = false;
    for token in tokens.words() {
        if let Token::Word(word) = token {
            let start = word.quote_style.is_none()
                && TRANSACT_STARTS.iter().any(|start| word.value.eq_ignore_ascii_case(start));
            if start && !fresh && !dot {
                return true;
            }
        }
        let opens = |word: &Word| {
            ["begin", "else", "as", "then", "try", "catch"]
                .iter()
                .any(|opener| word.value.eq_ignore_ascii_case(opener))
        };
        fresh = matches!(token, Token::SemiColon) || matches!(token, Token::Word(word) if opens(word));
        dot = matches!(token, Token::Period);
    }
    false
}

/// Whether a word can make the tree one deeper. Names and most keywords cannot.
fn deepens(word: &Word) -> bool {
    const DEEPENERS: [&str; 24] = [
        "and",
        "or",
        "not",
        "xor",
        "is",
        "like",
        "ilike",
        "rlike",
        "regexp",
        "similar",
        "between",
        "in",
        "collate",
        "div",
        "mod",
        "at",
        "join",
        "union",
        "except",
        "intersect",
        "minus",
        "case",
        "prior",
        "explain",
    ];
    word.quote_style.is_none() && DEEPENERS.iter().any(|deepener| word.value.eq_ignore_ascii_case(deepener))
}

/// A letter or digit that databases take for one, and no look-alike of another: no full-width form, no mathematical
/// letter, none that folds to ASCII.
fn is_plain(character: char) -> bool {
    let folds = matches!(character, 'ſ' | 'ı' | 'İ');
    let range = matches!(character, '\u{c0}'..='\u{1fff}' | '\u{3040}'..='\u{d7ff}');
    character.is_ascii() || range && !folds && character.is_alphanumeric()
}

fn is_literal(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::TripleSingleQuotedString(_)
            | Token::TripleDoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::DoubleQuotedByteStringLiteral(_)
            | Token::TripleSingleQuotedByteStringLiteral(_)
            | Token::TripleDoubleQuotedByteStringLiteral(_)
            | Token::SingleQuotedRawStringLiteral(_)
            | Token::DoubleQuotedRawStringLiteral(_)
            | Token::TripleSingleQuotedRawStringLiteral(_)
            | Token::TripleDoubleQuotedRawStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::CopyData { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::{RISKY, is_plain};

    #[test]
    fn statement_words_fit_a_glance() {
        assert!(RISKY.len() <= 64);
    }

    #[test]
    fn look_alikes_are_not_letters() {
        for character in ['ſ', 'ı', 'Ｓ', '\u{200b}', '\u{a0}', '𝐒', '\u{212a}', '’'] {
            assert!(!is_plain(character), "{character:?}");
        }
        for character in ['é', 'ß', 'я', '表', 'a'] {
            assert!(is_plain(character), "{character:?}");
        }
    }
}
