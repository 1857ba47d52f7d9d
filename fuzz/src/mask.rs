//! A masked message is the same message without what was found in it, and masking it again changes nothing.

use inspect::detect::Find;
use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan};
use inspect::walk::{Kind, Step, Walk};

const DEPTH_MAX: usize = 256;

/// Compiled once for many texts.
#[derive(Debug)]
pub struct Masker {
    rules: Rules,
    surface: Surface,
    fields: Fields,
    keys: Keys,
}

impl Default for Masker {
    fn default() -> Self {
        Self {
            rules: Rules::new(&Settings::default()).expect("settings"),
            surface: Surface::document(),
            fields: Fields::default(),
            keys: Keys::new("k1", &[1; 32], &[2; 32]).expect("a name"),
        }
    }
}

impl Masker {
    /// Masks one text and looks at what came out.
    pub fn run(&self, data: &[u8]) {
        let Ok(text) = std::str::from_utf8(data) else { return };
        let Ok(findings) = scan(text, &self.surface, &self.rules, &self.fields) else { return };
        let plain = findings.apply(text, &self.keys, |_| Form::Plain);
        assert!(plain.edits.is_empty() && plain.receipts.is_empty(), "the plain form is the message itself");
        for form in [Form::Label, Form::Token, Form::Partial, Form::Drop] {
            let masked = findings.apply(text, &self.keys, |_| form);
            assert_eq!(masked.receipts.len(), findings.len());
            assert!(
                masked.edits.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start),
                "in order and apart"
            );
            let output = masked.splice(text);
            assert_eq!(shape(text), shape(&output), "the same message: {output}");
            // What a partial mask leaves, or what a gap brings together, may look like something again.
            if matches!(form, Form::Label | Form::Token) {
                let again = scan(&output, &self.surface, &self.rules, &self.fields).expect("a message");
                // A check of what a name or a word announces sees other text than before; a number has no such excuse.
                let shown = again.iter().filter(|finding| matches!(finding.detector.find, Find::Scanner(_)));
                let more: Vec<_> =
                    shown.map(|finding| (finding.name(), again.pointer(&output, finding))).collect();
                assert!(more.is_empty(), "masked and still found: {more:?} in {output}");
            }
        }
    }
}

/// The kinds and names in a message; a number or boolean may have become a string or nothing.
fn shape(text: &str) -> Vec<(&'static str, String)> {
    let mut walk = Walk::new(text, DEPTH_MAX);
    let mut shape = Vec::new();
    while let Some(step) = walk.step().expect("JSON") {
        let kind = match step {
            Step::Open(Kind::Object, _) => "object",
            Step::Open(..) => "array",
            Step::Close(..) => "end",
            Step::Scalar(_) => "value",
        };
        shape.push((kind, walk.key().map(|key| key.span.of(text).to_owned()).unwrap_or_default()));
    }
    shape
}
