//! Lists as one caller may see them: entries taken out of an answer, nothing else touched.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use inspect::value::Value;
use inspect::walk::{Kind, Span};

use super::Splice;
use crate::limits;
use crate::mcp::envelope::{Field, Message};
use crate::mcp::fold::{self, Spelling};
use crate::mcp::method::ListRule;
use crate::model::Era;

/// An answer to a list request, as its caller may see it.
#[derive(Debug, Clone)]
pub struct Filtered {
    /// The message; the original bytes when nothing had to change.
    pub bytes: Bytes,
    /// Entries left in.
    pub shown: usize,
    /// Entries taken out.
    pub hidden: usize,
}

/// The answer is no list: the array's member holds something else. It must not reach the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListFault;

impl fmt::Display for ListFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list in the answer is not an array")
    }
}

impl std::error::Error for ListFault {}

/// Takes out of `message` the entries for whose name `show` says no.
///
/// An entry without exactly one readable name is taken out unasked. An answer that depends on who asked must not be
/// kept for others, so `cacheScope` becomes `private` even when nothing was hidden from this caller (in the modern
/// era, which requires the member, it is added when missing; the legacy era has none). An error, and a result without
/// the array, pass as they are.
///
/// # Errors
/// [`ListFault`].
pub fn filter_list(
    message: &Message,
    rule: &ListRule,
    era: Era,
    mut show: impl FnMut(&str) -> bool,
) -> Result<Filtered, ListFault> {
    let mut filtered = Filtered { bytes: message.bytes().clone(), shown: 0, hidden: 0 };
    let Some(result) = message.result() else {
        return Ok(filtered);
    };
    let Some(array) = result.member(rule.array) else {
        return Ok(filtered);
    };
    if array.kind() != Kind::Array {
        return Err(ListFault);
    }
    let entries: Vec<(Span, bool)> = array
        .elements()
        .map(|entry| (entry.span(), name(entry, rule.member).is_some_and(|name| show(&name))))
        .collect();
    filtered.shown = entries.iter().filter(|(_, shown)| *shown).count();
    filtered.hidden = entries.len() - filtered.shown;
    let mut splice = Splice::default();
    hide(&entries, &mut splice);
    keep_private(message, result, era, &mut splice);
    filtered.bytes = splice.apply(message.bytes()).map_err(|_| ListFault)?;
    Ok(filtered)
}

/// The name of an entry, when it has exactly one that every parser agrees on.
fn name<'a>(entry: Value<'a>, member: &str) -> Option<Cow<'a, str>> {
    let mut name = None;
    for one in entry.members() {
        if one.is(member) {
            if name.is_some() {
                return None;
            }
            name = Some(one.value);
        } else if fold::is_variant(&one.name(), member, Spelling::Case) {
            return None;
        }
    }
    name.filter(|name| name.raw().len() <= limits::NAME_BYTES_MAX)?.text()
}

/// Takes out each run of hidden entries together with one comma.
fn hide(entries: &[(Span, bool)], splice: &mut Splice) {
    let mut at = 0;
    while at < entries.len() {
        let run = entries[at..].iter().take_while(|(_, shown)| !shown).count();
        if run > 0 {
            let (first, last) = (entries[at].0, entries[at + run - 1].0);
            let after = entries.get(at + run).map(|(span, _)| span.start);
            let span = match at.checked_sub(1) {
                Some(before) => Span::new(entries[before].0.end, last.end),
                None => Span::new(first.start, after.unwrap_or(last.end)),
            };
            splice.remove(span);
        }
        at += run + 1;
    }
}

fn keep_private(message: &Message, result: Value<'_>, era: Era, splice: &mut Splice) {
    match message.field(Field::CacheScope) {
        Some(scope) if scope.raw() == "\"private\"" => {}
        Some(scope) => splice.replace(scope.span(), &b"\"private\""[..]),
        None if era == Era::Legacy => {}
        None => {
            // The result has the array, so a member follows.
            splice.insert(result.span().start + 1, &b"\"cacheScope\":\"private\","[..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::method;

    fn rule(method: &str) -> ListRule {
        method::find(method).and_then(|row| row.list).expect("a list method")
    }

    fn answer(result: &str) -> Message {
        let text = format!(r#"{{"jsonrpc": "2.0","id":1, "result":{result} }}"#);
        Message::parse_answer(text.into()).expect("a message")
    }

    /// Shows every entry whose name does not begin with `x`; gives the result, and how many were shown and hidden.
    fn filter(result: &str, era: Era) -> (String, usize, usize) {
        let message = answer(result);
        let filtered =
            filter_list(&message, &rule("tools/list"), era, |name| !name.starts_with('x')).expect("a list");
        let text = String::from_utf8(filtered.bytes.to_vec()).expect("UTF-8");
        let again = Message::parse_answer(filtered.bytes).expect("still a message");
        assert!(again.result().is_some(), "{text}");
        let result =
            text.strip_prefix(r#"{"jsonrpc": "2.0","id":1, "result":"#).expect("nothing else changed");
        (result.strip_suffix(" }").expect("nothing else changed").to_owned(), filtered.shown, filtered.hidden)
    }

    #[test]
    fn hidden_entries_go_and_every_other_byte_stays() {
        let check = |before: &str, after: &str, shown: usize, hidden: usize| {
            assert_eq!(filter(before, Era::Legacy), (after.to_owned(), shown, hidden), "{before}");
        };
        check(r#"{"tools":[]}"#, r#"{"tools":[]}"#, 0, 0);
        check(r#"{ "tools" : [ {"name":"a"} ] }"#, r#"{ "tools" : [ {"name":"a"} ] }"#, 1, 0);
        check(r#"{ "tools" : [ {"name":"x"} ] }"#, r#"{ "tools" : [  ] }"#, 0, 1);
        check(r#"{"tools":[{"name":"x"} , {"name":"a"}]}"#, r#"{"tools":[{"name":"a"}]}"#, 1, 1);
        check(r#"{"tools":[{"name":"a"} , {"name":"x"} ]}"#, r#"{"tools":[{"name":"a"} ]}"#, 1, 1);
        check(
            r#"{"tools":[{"name":"x1"},{"name":"x2"},{"name":"a", "n":1.10},{"name":"x3"},{"name":"x4"},{"name":"b"}, {"name":"x5"}],"nextCursor":"c"}"#,
            r#"{"tools":[{"name":"a", "n":1.10},{"name":"b"}],"nextCursor":"c"}"#,
            2,
            5,
        );
        check(r#"{"tools":[{"name":"x1"},{"name":"x2"}]}"#, r#"{"tools":[]}"#, 0, 2);
        check(r#"{"other":[{"name":"x1"}]}"#, r#"{"other":[{"name":"x1"}]}"#, 0, 0);
    }

    #[test]
    fn entry_without_one_readable_name_is_hidden() {
        for entry in [
            "{}",
            "1",
            "null",
            "[]",
            "\"a\"",
            r#"{"name":null}"#,
            r#"{"name":["a"]}"#,
            r#"{"name":"\ud800"}"#,
            r#"{"name":"a","Name":"x"}"#,
            r#"{"ｎame":"x","name":"a"}"#,
            r#"{"Name":"a"}"#,
            r#"{"n\u0061me":"\u0078"}"#,
            &format!(r#"{{"name":"{}"}}"#, "a".repeat(limits::NAME_BYTES_MAX)),
        ] {
            let (after, shown, hidden) =
                filter(&format!(r#"{{"tools":[{entry},{{"name":"b"}}]}}"#), Era::Legacy);
            assert_eq!((after.as_str(), shown, hidden), (r#"{"tools":[{"name":"b"}]}"#, 1, 1), "{entry}");
        }
        assert_eq!(filter(r#"{"tools":[{"n\u0061me":"\u0061"}]}"#, Era::Legacy).1, 1);
    }

    #[test]
    fn filtered_list_is_never_kept_for_other_callers() {
        let check =
            |before: &str, era: Era, after: &str| assert_eq!(filter(before, era).0, after, "{before}");
        let public = r#"{"tools":[{"name":"a"}],"cacheScope": "public","ttlMs":5}"#;
        let private = r#"{"tools":[{"name":"a"}],"cacheScope": "private","ttlMs":5}"#;
        check(public, Era::Modern, private);
        check(public, Era::Legacy, private);
        check(private, Era::Modern, private);
        check(r#"{"tools":[]}"#, Era::Modern, r#"{"cacheScope":"private","tools":[]}"#);
        check(r#"{"tools":[]}"#, Era::Legacy, r#"{"tools":[]}"#);
        check(r#"{"tools":[],"cacheScope":7}"#, Era::Modern, r#"{"tools":[],"cacheScope":"private"}"#);
    }

    #[test]
    fn answer_that_is_no_list_is_refused_and_an_error_passes() {
        let rule = rule("tools/list");
        let fault =
            filter_list(&answer(r#"{"tools":{"name":"a"}}"#), &rule, Era::Modern, |_| true).map(|_| ());
        assert_eq!(fault, Err(ListFault));
        let error =
            Message::parse_answer(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m"}}"#.into());
        let error = error.expect("a message");
        let filtered = filter_list(&error, &rule, Era::Modern, |_| false).expect("passes");
        assert_eq!(filtered.bytes.as_ptr(), error.bytes().as_ptr());
    }

    #[test]
    fn unchanged_list_is_not_copied() {
        let message = answer(r#"{"cacheScope":"private","tools":[{"name":"a"}]}"#);
        let filtered = filter_list(&message, &rule("tools/list"), Era::Modern, |_| true).expect("a list");
        assert_eq!(filtered.bytes.as_ptr(), message.bytes().as_ptr());
    }
}
