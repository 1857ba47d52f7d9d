//! What something outside found in the texts of a message: a recognizer of names and free text, which no pattern knows.
//!
//! The texts are those that a scan looks into, in the order of the message; one that is JSON counts as its own texts, and
//! one that is encoded is there once more, decoded.

use std::sync::Arc;

use super::Fault;
use super::finding::Origin;
use super::marked;
use super::rules::{Fields, Owner, RECOGNIZED, Rules};
use super::search::{Here, Search, Seek};
use super::surface::Surface;
use crate::walk::Span;

/// A part of one of the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which text, counted from 0.
    pub text: usize,
    /// In it, in bytes. One that does not lie on its characters stands for the whole text.
    pub span: Span,
    /// What it is, in `kebab-case`, as policies and receipts know it.
    pub name: Arc<str>,
    /// From 0 to 100.
    pub confidence: u8,
}

/// The texts of a message in which words may stand: what was found by its place already is not among them.
///
/// # Errors
/// [`Fault`], as [`super::scan`].
pub fn texts(message: &str, surface: &Surface, rules: &Rules, fields: &Fields) -> Result<Vec<String>, Fault> {
    let mut search = Search::new(rules, fields, surface, Seek::Texts, message.len());
    search.message(message)?;
    Ok(search.texts)
}

/// Whether words may stand in a text.
fn speaks(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).nth(1).is_some()
}

impl Search<'_> {
    /// One text: collected, or marked.
    pub(super) fn outside(&mut self, here: &Here<'_>, text: &str) -> Result<(), Fault> {
        if !speaks(text) {
            return Ok(());
        }
        let Seek::Marks(marks) = self.seek else {
            self.texts.push(text.to_owned());
            return Ok(());
        };
        let number = self.passed;
        self.passed += 1;
        for mark in marks.iter().filter(|mark| mark.text == number) {
            let fits = text.get(mark.span.start..mark.span.end).is_some_and(|part| !part.is_empty());
            let span = if fits { mark.span } else { Span::new(0, text.len()) };
            if self.rules.allows(span.of(text)) || marked::holds_mask(text, span, self.rules, self.fields) {
                continue;
            }
            let custom = Some(mark.name.clone());
            let owner = Owner { detector: &RECOGNIZED, custom, threshold: 0, copies: false };
            self.report(here, text, span, &owner, mark.confidence, Origin::Content)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Form;
    use crate::mask::{Keys, Settings, scan_with};

    #[test]
    fn marks_are_masked_where_their_text_stands_and_join_what_was_found() {
        let rules = Rules::new(&Settings::default()).expect("settings");
        let fields = Fields::default();
        let surface = Surface::everything();
        let message = r#"{"a":"ask H\u00e9l\u00e8ne at once","n":5,"password":"Hélène","b":"{\"c\":\"jo@x-mail.com Hélène\"}"}"#;
        let found = texts(message, &surface, &rules, &fields).expect("JSON");
        assert_eq!(found, ["ask Hélène at once", "jo@x-mail.com Hélène"]);
        let mark = |text: usize, start, end| {
            let name = "recognizer-person".into();
            Mark { text, span: Span::new(start, end), name, confidence: 85 }
        };
        let marks = [mark(0, 4, 12), mark(1, 14, 22), mark(7, 0, 1)];
        let findings = scan_with(message, &surface, &rules, &fields, &marks).expect("JSON");
        let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
        let masked = findings.apply(message, &keys, |_| Form::Label);
        assert_eq!(
            masked.splice(message),
            r#"{"a":"ask [recognizer-person] at once","n":5,"password":"[password]","b":"{\"c\":\"[email] [recognizer-person]\"}"}"#
        );
        // In the middle of a character: all of the text.
        let odd = scan_with(message, &surface, &rules, &fields, &[mark(0, 5, 6)]).expect("JSON");
        assert!(
            odd.apply(message, &keys, |_| Form::Label)
                .splice(message)
                .contains(r#""a":"[recognizer-person]""#)
        );
    }
}
