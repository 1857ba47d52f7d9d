//! Members of one object that some parser takes for one: `{"amount": 5, "Amount": 5000}`.
//!
//! JSON compares names byte by byte (RFC 8259 section 8.3); Go and C# match them without regard to case, and the last one
//! counts. Behind such an upstream policy reads one amount and another is paid (CVE-2026-27896). In the envelope every key
//! in a second spelling is refused ([`super::fold`]); in arguments the names are the tool's, so what can be told is that
//! two of them are alike.

use inspect::text;
use inspect::value::Value;
use inspect::walk::{Key, Segment, Step, Walk};

use super::fold::shape;
use crate::limits;

/// Two members of one object whose names are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twins {
    /// The way to the object.
    pub way: Vec<Way>,
    /// Their names.
    pub names: [String; 2],
}

/// One step of a way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Into a member.
    Member(String),
    /// Into an element; which one says nothing.
    Element(usize),
}

impl Twins {
    /// Where the second of them stands, as a JSON Pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let step = |way: &Way| match way {
            Way::Member(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            Way::Element(number) => format!("/{number}"),
        };
        let last = Way::Member(self.names[1].clone());
        self.way.iter().chain([&last]).map(step).collect()
    }
}

/// The first members of `value`, or of anything in it, that are alike: at most [`limits::TWINS_MAX`].
///
/// Time is that of sorting the names; memory one entry for each name of the objects that are open.
pub fn find(value: Value<'_>) -> Vec<Twins> {
    let mut walk = Walk::new(value.raw(), limits::JSON_DEPTH_MAX);
    let mut open: Vec<usize> = Vec::new();
    let mut names = Vec::new();
    let mut found = Vec::new();
    // A fault cannot come: the text was walked before. If it does, the value ends there.
    while let Ok(Some(step)) = walk.step() {
        if let Step::Close(..) = step {
            let start = open.pop().unwrap_or(0);
            let alike = &mut names[start..];
            alike.sort_unstable_by(|one: &(std::borrow::Cow<'_, [u8]>, Key), other| {
                (&one.0, one.1.span).cmp(&(&other.0, other.1.span))
            });
            for pair in alike.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                if found.len() < limits::TWINS_MAX {
                    let names = [0, 1].map(|at: usize| name(walk.text(), pair[at].1));
                    found.push(Twins { way: way(&walk), names });
                }
            }
            names.truncate(start);
            continue;
        }
        if let Some(key) = walk.key() {
            let raw = key.span.of(walk.text());
            let shape = if key.escaped {
                shape(&text::unescape(raw)).into_owned().into()
            } else {
                shape(raw.as_bytes())
            };
            names.push((shape, key));
        }
        if let Step::Open(..) = step {
            open.push(names.len());
        }
    }
    found
}

fn way(walk: &Walk<'_>) -> Vec<Way> {
    walk.path()
        .map(|segment| match segment {
            Segment::Key(key) => Way::Member(name(walk.text(), key)),
            Segment::Index(index) => Way::Element(index),
        })
        .collect()
}

fn name(document: &str, key: Key) -> String {
    text::unescape_lossy(key.span.of(document)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(document: &str) -> Vec<String> {
        find(Value::walked(document, 0)).iter().map(Twins::pointer).collect()
    }

    #[test]
    fn names_that_some_parser_takes_for_one_are_found_at_any_depth() {
        let check =
            |document: &str, expected: &[&str]| assert_eq!(pointers(document), expected, "{document}");
        check(r#"{"amount":5,"Amount":5000}"#, &["/Amount"]);
        check(r#"{"Amount":5000,"x":{"amount":1},"amount":5}"#, &["/amount"]);
        check(r#"{"a":[0,{"b/c":{"id":1,"n":2,"ID":3}}]}"#, &["/a/1/b~1c/ID"]);
        check(r#"{"\u0061mount":5,"AMOUNT":5000}"#, &["/AMOUNT"]);
        check("{\"am\u{200b}ount\":5,\"amount\":1}", &["/amount"]);
        check("{\"paramſ\":5,\"params\":1,\"PARAMS\":2}", &["/params", "/PARAMS"]);
        check(r#"{"name\u0000x":5,"name":1}"#, &["/name"]);
        check(r#"{"a":{"b":1},"c":{"B":1},"d":[{"e":1},{"E":1}]}"#, &[]);
        check(r#"{"task_id":1,"taskId":2}"#, &[]);
        check("[]", &[]);
        check(r#""text""#, &[]);
    }

    #[test]
    fn twins_without_end_are_found_until_there_are_enough() {
        let many: Vec<String> = (0..10_000).map(|n| format!(r#""key{n}":1,"KEY{n}":1"#)).collect();
        assert_eq!(pointers(&format!("{{{}}}", many.join(","))).len(), limits::TWINS_MAX);
    }
}
