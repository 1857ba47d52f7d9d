//! Parts of leaves and records: what of a statement may stand in a leaf, and how a body is kept with its receipts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use evidence::jcs;

use super::draft::detail;
use super::verb::Unavailable;
use crate::limits;
use crate::mask::Redacted;
use crate::model::Statement;

/// Most digits in a name that stands in a leaf: fewer than any number that identifies somebody.
const NAME_DIGITS_MAX: usize = 4;

/// The record of a body: the masked message, and when something was masked, an object of the message and the receipts.
/// The leaf's `redactions` say which of the two it is.
pub(super) fn record(body: &Redacted<Bytes>) -> Cow<'_, [u8]> {
    if body.redactions().is_empty() {
        return Cow::Borrowed(body.get());
    }
    // Unwrap safety: receipts are structs of texts and numbers.
    let receipts = serde_json::to_vec(body.receipts()).expect("receipts serialise");
    let mut record = Vec::with_capacity(body.get().len() + receipts.len() + RECORD_BYTES);
    record.extend_from_slice(br#"{"message":"#);
    record.extend_from_slice(body.get());
    record.extend_from_slice(br#","redactions":"#);
    record.extend_from_slice(&receipts);
    record.push(b'}');
    Cow::Owned(record)
}

/// What a record has around a message and its receipts.
const RECORD_BYTES: usize = 32;

/// What of a statement may stand in a leaf: its classes, and names that are plain words. Other names, and paths of files,
/// are the caller's own text; a flag says that some were left out.
pub(super) fn statement(found: &Statement) -> Result<jcs::Object, Unavailable> {
    let is_sql = found.language == "sql";
    let mut withheld = false;
    let mut plain = |names: &BTreeSet<String>| -> Vec<String> {
        let kept: Vec<String> = names.iter().filter(|name| is_plain(name)).cloned().collect();
        withheld |= kept.len() < names.len() || kept.len() > limits::NAMES_IN_LEAF_MAX;
        kept.into_iter().take(limits::NAMES_IN_LEAF_MAX).collect()
    };
    let mut facts = serde_json::json!({
        "language": found.language,
        "class": found.class,
        "classes": found.classes,
        "statements": found.statements,
        "functions": plain(&found.functions),
    });
    if is_sql {
        facts["reads"] = plain(&found.reads).into();
        facts["writes"] = plain(&found.writes).into();
    }
    let mut flags = found.flags.clone();
    if withheld {
        flags.insert("names_withheld".to_owned());
    }
    facts["flags"] = flags.into_iter().collect::<Vec<_>>().into();
    detail(&facts)
}

/// A name of a table, function or program as people give them: short, and with too few digits in it to be a number that
/// means a person or an account.
fn is_plain(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$');
    name.len() <= limits::NAME_IN_LEAF_BYTES_MAX && digits <= NAME_DIGITS_MAX && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_stand_in_a_leaf() {
        for name in ["orders", "public.order_items", "pg_read_file", "git-lfs", "t1"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["4111111111111111", "a b", "jo@example.com", "/srv/alice", "x'y", &"a".repeat(200)] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn paths_and_odd_names_are_withheld_and_the_leaf_says_so() {
        let found = Statement {
            language: "shell",
            class: "fs_write",
            severity: 1,
            classes: BTreeSet::from(["fs_write"]),
            statements: 1,
            reads: BTreeSet::from(["/srv/alice/notes".to_owned()]),
            writes: BTreeSet::new(),
            functions: BTreeSet::from(["cp".to_owned(), "my secret".to_owned()]),
            flags: BTreeSet::from(["redirection".to_owned()]),
            limit: None,
        };
        let facts = statement(&found).expect("facts");
        let facts = facts.as_str();
        assert!(facts.contains(r#""functions":["cp"]"#) && facts.contains("names_withheld"), "{facts}");
        assert!(!facts.contains("alice") && !facts.contains("secret"), "{facts}");
    }
}
