//! Thousands of records that are nearly leaves: this crate and `verify.py` must take the same ones for leaves, and read the same
//! ones of them as erasures and holds. By hand one finds the spellings that one thinks of.

use std::fmt::Write as _;
use std::fs;

use evidence::leaf::{EventType, Leaf};
use evidence::retention::{Erasure, Hold};
use tempfile::TempDir;

use super::retention::{erase, hold, in_script};
use super::sample::Log;

/// What stands where a value stood.
const VALUES: [&str; 40] = [
    "0",
    "-0",
    "-1",
    "1.0",
    "1e0",
    "1E2",
    "0.1",
    "01",
    "+1",
    "1e400",
    "NaN",
    "Infinity",
    "-Infinity",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "true",
    "null",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\u0041\"",
    "\"\u{e9}\"",
    "\"e\u{301}\"",
    "\"\u{2028}\"",
    "\"\u{7f}\"",
    "\"\u{ffff}\"",
    "\"\\/\"",
    "\"\u{130}\"",
    "\"\u{ff11}\"",
    "\"2026-11-20T10:00:00.00000\u{ff11}Z\"",
    "\"2026-02-30T10:00:00.000000Z\"",
    "\"9999-12-31T23:59:59.999999Z\"",
];

/// Numbers that look thrown, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }
}

fn changed(leaf: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = leaf.to_vec();
    let at = dice.below(bytes.len());
    // Where a value begins, and where it may end.
    let colon = bytes.iter().skip(at).position(|byte| *byte == b':').map(|found| at + found + 1);
    let end = colon.and_then(|start| {
        let rest = bytes.iter().skip(start);
        rest.clone().position(|byte| matches!(byte, b',' | b'}' | b']')).map(|found| start + found)
    });
    match (dice.below(9), colon, end) {
        (0..=3, Some(start), Some(end)) => {
            let value = VALUES[dice.below(VALUES.len())];
            drop(bytes.splice(start..end, value.bytes()));
        }
        (4, Some(start), Some(end)) => {
            // A member twice, or its value twice.
            let again = bytes[at.min(start)..end].to_vec();
            drop(bytes.splice(end..end, again));
        }
        (5, ..) => bytes[at] ^= 1 << dice.below(8),
        (6, ..) => drop(bytes.remove(at)),
        (7, ..) => {
            let tails: [&[u8]; 6] = [b"\n", b" ", b"\0", b"{}", b"\xef\xbb\xbf", b"\xff"];
            let tail = tails[dice.below(tails.len())];
            let place = [0, at, bytes.len()][dice.below(3)];
            drop(bytes.splice(place..place, tail.iter().copied()));
        }
        _ => {
            bytes.truncate(at);
            bytes.extend(&other[dice.below(other.len())..]);
        }
    }
    bytes
}

fn seeds() -> Vec<Vec<u8>> {
    let mut log = Log::story(8);
    hold(&mut log, EventType::HoldSet, "case-17", |hold| {
        hold.since = Some(hold.set);
        hold.until = Some(hold.set);
        hold.session = Some(super::sample::id(7));
        hold.actor = Some("sub-alice".to_owned());
    });
    hold(&mut log, EventType::HoldCleared, "case-17", |hold| hold.cleared = Some(hold.set));
    erase(&mut log, vec![(0, 1), (3, 3)], 2, |erasure| erasure.contexts = 1);
    // These are what most is read out of.
    let mut leaves = log.encode();
    let last = leaves.split_off(leaves.len() - 3);
    leaves.extend(last.iter().cycle().take(30).cloned());
    leaves
}

/// What is read out of a record: nothing, a leaf, a leaf with something that can be read in it.
fn said(bytes: &[u8]) -> char {
    let Ok(leaf) = Leaf::decode(bytes) else { return '0' };
    let readable = leaf.detail.as_ref().is_some_and(|detail| match leaf.event {
        EventType::RetentionDeleted => Erasure::read(detail).is_some(),
        EventType::HoldSet | EventType::HoldCleared => Hold::read(detail).is_some(),
        _ => false,
    });
    if readable { '2' } else { '1' }
}

#[test]
fn both_take_the_same_records_for_leaves() {
    let (seeds, mut dice) = (seeds(), Dice(7));
    let mut records = seeds.clone();
    for number in 0..20_000 {
        let other = &seeds[dice.below(seeds.len())];
        let mut record = changed(&seeds[number % seeds.len()], other, &mut dice);
        if number % 5 == 0 {
            record = changed(&record.clone(), other, &mut dice);
        }
        records.push(if record.is_empty() { b"{".to_vec() } else { record });
    }
    for depth in (118..132).chain([50, 1_000, 8_000]) {
        let nested = format!("{{\"detail\":{}{}", "[".repeat(depth), "]".repeat(depth));
        records.push(format!("{nested}}}").into_bytes());
        let seed = String::from_utf8(seeds.last().unwrap().clone()).unwrap();
        let inside = format!("\"detail\":{{\"a\":{}{},", "[".repeat(depth), "]".repeat(depth));
        records.push(seed.replacen("\"detail\":{", &inside, 1).into_bytes());
    }
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("records");
    let lines = records.iter().fold(String::new(), |mut text, record| {
        record.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text + "\n"
    });
    fs::write(&path, lines).unwrap();
    let theirs = in_script(&format!(
        r#"
def said(data):
    try:
        leaf = verify.decode(data)
    except verify.Bad:
        return "0"
    detail = leaf.get("detail")
    if leaf["type"] == "retention.deleted":
        return "2" if verify.ERASURE(detail) and verify.apart(detail["lanes"]) else "1"
    return "2" if leaf["type"] in ("hold.set", "hold.cleared") and verify.HOLD(detail) else "1"
print("".join(said(bytes.fromhex(line)) for line in open({path:?})))
"#
    ));
    let ours: String = records.iter().map(|record| said(record)).collect();
    let differ: Vec<String> = (ours.chars().zip(theirs.trim().chars()))
        .zip(&records)
        .filter(|((ours, theirs), _)| ours != theirs)
        .map(|((ours, theirs), record)| format!("{ours} {theirs}: {}", String::from_utf8_lossy(record)))
        .collect();
    assert_eq!(theirs.trim().len(), records.len());
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), records.len(), differ.join("\n"));
    // Enough of them are still leaves, or only nearly.
    let count = |what| ours.chars().filter(|found| *found == what).count();
    assert!(
        count('0') > 5_000 && count('1') > 500 && count('2') > 300,
        "{} {} {}",
        count('0'),
        count('1'),
        count('2')
    );
}
