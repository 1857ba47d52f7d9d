//! Edits do what they say, and a filtered list is the list without what is hidden.

use bytes::Bytes;
use countersign::mcp::envelope::Message;
use countersign::mcp::method::METHODS;
use countersign::mcp::splice::{Splice, filter_list};
use countersign::model::Era;
use inspect::walk::Span;

/// As a message, every list in it is filtered; as bytes, it is edited in places that it names itself.
pub fn run(data: &[u8]) {
    edit(data);
    let Ok(message) = Message::parse_answer(Bytes::copy_from_slice(data)) else { return };
    for rule in METHODS.iter().filter_map(|row| row.list) {
        for era in [Era::Legacy, Era::Modern] {
            let show = |name: &str| name.len().is_multiple_of(2);
            let Ok(filtered) = filter_list(&message, &rule, era, show) else { continue };
            let again = Message::parse_answer(filtered.bytes.clone()).expect("a message stays one");
            assert_eq!(again.id(), message.id());
            let left = again.result().and_then(|result| result.member(rule.array));
            let names: Vec<_> = left
                .into_iter()
                .flat_map(inspect::value::Value::elements)
                .map(|entry| {
                    entry.member(rule.member).and_then(inspect::value::Value::text).expect("has a name")
                })
                .collect();
            assert_eq!(names.len(), filtered.shown);
            assert!(names.iter().all(|name| show(name)), "what is hidden is not there");
            let twice = filter_list(&again, &rule, era, show).expect("a list stays one");
            assert_eq!((twice.bytes, twice.hidden), (filtered.bytes, 0), "filtering again changes nothing");
        }
    }
}

/// Edits at ascending offsets, against the same done by hand.
fn edit(data: &[u8]) {
    let original = Bytes::copy_from_slice(data);
    let mut splice = Splice::default();
    let mut by_hand = Vec::new();
    let mut at = 0;
    for pair in data.chunks_exact(2) {
        let start = at + usize::from(pair[0] % 5);
        let end = start + usize::from(pair[1] % 4);
        if end > data.len() {
            break;
        }
        by_hand.extend_from_slice(&data[at..start]);
        by_hand.extend_from_slice(pair);
        splice.replace(Span::new(start, end), Bytes::copy_from_slice(pair));
        at = end;
    }
    by_hand.extend_from_slice(&data[at..]);
    assert_eq!(splice.apply(&original).expect("no overlap"), by_hand);
}
