//! Text that only looks different: full-width digits, letters in other styles, characters without width.
//!
//! Of NFKC only what ends in ASCII matters, since detectors look for ASCII. Each character is folded alone, so that
//! every place in the folded text has one in the original.

use unicode_normalization::char::decompose_compatible;

use crate::walk::Span;

/// A text in which characters were replaced by their ASCII meaning.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) text: String,
    /// Where the two texts lose step: offsets in the folded and in the original text, from there on.
    steps: Vec<(usize, usize)>,
}

/// `text` folded; `None` when it stays the same.
pub(super) fn fold(text: &str) -> Option<Folded> {
    let first = text.char_indices().find(|(_, c)| !c.is_ascii() && meaning(*c).is_some())?.0;
    let mut folded = Folded { text: String::with_capacity(text.len()), steps: vec![(0, 0)] };
    folded.text.push_str(&text[..first]);
    for (at, c) in text[first..].char_indices() {
        match meaning(c).filter(|_| !c.is_ascii()) {
            None => folded.text.push(c),
            Some(ascii) => {
                // A character that became more is one place; after it the texts run alongside again.
                let at = first + at;
                folded.steps.push((folded.text.len(), at));
                folded.text.push_str(&ascii);
                folded.steps.push((folded.text.len(), at + c.len_utf8()));
            }
        }
    }
    Some(folded)
}

impl Folded {
    /// Where a part of the folded text stands in the original, in whole characters.
    pub(super) fn original(&self, text: &str, span: Span) -> Span {
        let start = text.floor_char_boundary(self.at(span.start, text));
        let end = text.ceil_char_boundary(self.at(span.end, text));
        // The end of a folded character is past all of it.
        Span::new(start, end.max(start))
    }

    fn at(&self, offset: usize, text: &str) -> usize {
        let step = self.steps.partition_point(|step| step.0 <= offset).saturating_sub(1);
        let (folded, original) = self.steps[step];
        let limit = self.steps.get(step + 1).map_or(text.len(), |next| next.1);
        (original + (offset - folded)).min(limit)
    }
}

/// The ASCII text that stands for `c`; empty when it has no width; `None` when it stands for itself.
fn meaning(c: char) -> Option<String> {
    match c {
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => {
            return Some(String::new());
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' => return Some("-".to_owned()),
        // Decimal digits of scripts in wide use begin at these places.
        '\u{660}'..='\u{669}' => return digit(c, 0x660),
        '\u{6f0}'..='\u{6f9}' => return digit(c, 0x6f0),
        '\u{966}'..='\u{96f}' => return digit(c, 0x966),
        // Accented letters and other scripts: nothing to fold.
        '\u{c0}'..='\u{1fff}' | '\u{3400}'..='\u{f8ff}' => return None,
        _ => {}
    }
    let mut ascii = String::new();
    let mut same = false;
    decompose_compatible(c, |part| {
        same |= !part.is_ascii();
        ascii.push(part);
    });
    (!same).then_some(ascii)
}

fn digit(c: char, zero: u32) -> Option<String> {
    char::from_digit(u32::from(c) - zero, 10).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_text_leads_back_to_the_original() {
        let check = |text: &str, folded: &str, part: &str, original: &str| {
            let result = fold(text).expect("something to fold");
            assert_eq!(result.text, folded, "{text}");
            let start = folded.find(part).expect("a part");
            let span = result.original(text, Span::new(start, start + part.len()));
            assert_eq!(span.of(text), original, "{text}");
        };
        check("x ４１１１ y", "x 4111 y", "4111", "４１１１");
        check(
            "a\u{200b}lice@example.com",
            "alice@example.com",
            "alice@example.com",
            "a\u{200b}lice@example.com",
        );
        check("é alice＠example．com é", "é alice@example.com é", "alice@example.com", "alice＠example．com");
        check("219‑09‑9998", "219-09-9998", "219-09-9998", "219‑09‑9998");
        check("①② 12", "12 12", "12", "①②");
        check("㏒x", "logx", "logx", "㏒x");
        check("٤١١١", "4111", "4111", "٤١١١");
    }

    #[test]
    fn ordinary_text_stays_the_same() {
        for text in ["", "plain", "Jürgen café", "日本語 한국어 русский", "emoji 😀"] {
            assert!(fold(text).is_none(), "{text}");
        }
    }
}
