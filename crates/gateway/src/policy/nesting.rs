//! How deep a policy's text nests, before Cedar reads it.
//!
//! Cedar's parser and what walks its trees go down by recursion, and an overflow of the stack ends the process. So a text
//! is looked through once, linearly, and one that would go too deep is refused. Strings and comments do not count.

use crate::limits;

/// Where a text goes too deep, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooDeep {
    /// Offset in bytes.
    pub(super) offset: usize,
    pub(super) message: String,
}

/// What has been seen since the last `;` outside brackets.
#[derive(Default)]
struct Depth {
    brackets: usize,
    /// Signs in a row: `!!!x`, `--1`.
    signs: usize,
    branches: usize,
    /// Chains such as `a && b && c` become trees as deep as they are long.
    operators: usize,
}

/// Whether Cedar can read the text without going too deep.
///
/// # Errors
/// [`TooDeep`].
pub(super) fn check(text: &str) -> Result<(), TooDeep> {
    let bytes = text.as_bytes();
    let mut depth = Depth::default();
    let mut at = 0;
    while at < bytes.len() {
        let next = match bytes[at] {
            b'"' => end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => end_of_line(bytes, at),
            byte if is_word(byte) => end_of_word(bytes, at),
            _ => at + 1,
        };
        depth.take(&bytes[at..next]);
        if let Some(message) = depth.excess() {
            return Err(TooDeep { offset: at, message });
        }
        at = next;
    }
    Ok(())
}

impl Depth {
    fn take(&mut self, token: &[u8]) {
        match token {
            [byte] if byte.is_ascii_whitespace() => return,
            [b'!' | b'-'] => {
                self.signs += 1;
                self.operators += 1;
                return;
            }
            [b'(' | b'[' | b'{'] => self.brackets += 1,
            [b')' | b']' | b'}'] => self.brackets = self.brackets.saturating_sub(1),
            [b';'] if self.brackets == 0 => *self = Self::default(),
            [b'&' | b'|' | b'+' | b'*' | b'.'] => self.operators += 1,
            b"if" => self.branches += 1,
            _ => {}
        }
        self.signs = 0;
    }

    fn excess(&self) -> Option<String> {
        let most = limits::POLICY_NESTING_MAX;
        if self.brackets > most || self.signs > most || self.branches > most {
            return Some(format!("this goes more than {most} levels deep"));
        }
        let most = limits::POLICY_OPERATORS_MAX;
        (self.operators > most).then(|| format!("more than {most} operators in one policy"))
    }
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_line(bytes: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start..].iter().position(|byte| !is_word(*byte));
    length.map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PolicySet, Source};

    fn policy(condition: &str) -> String {
        format!("@id(\"a\") permit (principal, action, resource) when {{ {condition} }};")
    }

    fn is_read(text: String) -> bool {
        PolicySet::parse(&[Source { file: "a.cedar".to_owned(), text }]).is_ok()
    }

    #[test]
    fn text_that_would_overflow_the_stack_is_refused_before_it_is_read() {
        for (open, close) in
            [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("if true then true else ", ""), ("{a:", "}")]
        {
            let text = policy(&format!("{}true{}", open.repeat(5000), close.repeat(5000)));
            assert!(check(&text).is_err(), "{open}");
            assert!(!is_read(text), "{open}");
        }
        for link in [" && true", " || true", "+1", ".a", "*1", " - 1"] {
            let text = policy(&format!("true{}", link.repeat(5000)));
            assert!(check(&text).is_err(), "{link}");
        }
    }

    #[test]
    fn text_at_the_limit_is_read() {
        let deep = limits::POLICY_NESTING_MAX - 2;
        assert!(is_read(policy(&format!("{}true{}", "(".repeat(deep), ")".repeat(deep)))));
        assert!(is_read(policy(&format!("true{}", " && true".repeat(limits::POLICY_OPERATORS_MAX / 2)))));
    }

    #[test]
    fn strings_and_comments_do_not_count_and_each_policy_begins_anew() {
        let brackets = "(".repeat(200);
        assert_eq!(
            check(&format!("// {brackets}\n{}", policy(&format!("\"\\\"{brackets}\" == \"\"")))),
            Ok(())
        );
        assert_eq!(check(&policy("1 == 1 && (true)").repeat(3000)), Ok(()));
    }
}
