//! Arguments as policies see them: values by JSON Pointer (RFC 6901), each in the carrier of its type.
//!
//! | JSON | carriers |
//! |---|---|
//! | string | `texts` |
//! | integer within 64 bits | `numbers`, and `decimals` when it fits |
//! | other number | `texts`, spelled as the caller spelled it; and `decimals` when four places hold it exactly |
//! | `true`, `false` | `flags` |
//! | array of nothing but strings | `lists` |
//! | `null`, object, other array | none |
//!
//! Every value, whatever its type, has its pointer in `pointers`. Nothing is ever rounded. What a policy wants to
//! read and cannot (too long, too many, a lone surrogate) is [`Unreadable`], which denies. Values become Cedar
//! values one by one, never by Cedar's JSON parser, which gives `__entity` and `__extn` a meaning.

use std::borrow::Cow;

use cedar_policy::RestrictedExpression as Expression;
use inspect::text;
use inspect::unique::Unique;
use inspect::walk::{Kind, Scalar, Segment, Step, Walk};

use super::need::{CARRIERS, Wanted};
use crate::limits;

const TEXTS: usize = 0;
const NUMBERS: usize = 1;
const DECIMALS: usize = 2;
const FLAGS: usize = 3;
const LISTS: usize = 4;

/// Arguments, ready for a question.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// Tags of each carrier, in the order of [`CARRIERS`].
    pub(super) tags: [Vec<(String, Expression)>; CARRIERS.len()],
    /// Every pointer, when a policy looks at them.
    pub(super) pointers: Vec<Expression>,
}

/// Why arguments that a policy reads cannot be shown to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("a policy reads the arguments and they are not JSON with one meaning")]
    Malformed,
    #[error("a policy reads arguments of which there are more than {}", limits::POLICY_ARGUMENTS_MAX)]
    TooMany,
    #[error("a policy reads an argument longer than {} bytes", limits::POLICY_TEXT_BYTES_MAX)]
    TooLong,
}

/// Reads what the policies want of `json`, in one pass.
pub(super) fn read(json: &str, wanted: &Wanted<'_>) -> Result<Arguments, Unreadable> {
    let mut walk = Walk::new(json, limits::JSON_DEPTH_MAX);
    // The envelope has refused duplicate names; what decides does not rely on it.
    let mut unique = Unique::default();
    let mut reader =
        Reader { wanted, out: Arguments::default(), count: 0, pointer: String::new(), open: Vec::new() };
    while let Some(step) = walk.step().map_err(|_| Unreadable::Malformed)? {
        if let Step::Close(..) = step {
            unique.close().map_err(|_| Unreadable::Malformed)?;
            reader.close()?;
            continue;
        }
        if let Some(key) = walk.key() {
            unique.member(&walk, key).map_err(|_| Unreadable::Malformed)?;
        }
        let seen = reader.enter(&walk)?;
        match step {
            Step::Open(kind, _) => {
                unique.open();
                reader.open(kind, seen);
            }
            Step::Scalar(scalar) if seen => reader.scalar(scalar, scalar.span.of(json))?,
            Step::Scalar(_) | Step::Close(..) => {}
        }
    }
    Ok(reader.out)
}

struct Reader<'a> {
    wanted: &'a Wanted<'a>,
    out: Arguments,
    count: usize,
    /// Of the value at hand, as far as policies look there.
    pointer: String,
    open: Vec<Container>,
}

/// An object or array that has begun.
struct Container {
    /// Length of its pointer.
    length: usize,
    /// Whether any policy looks at what is in it.
    seen: bool,
    /// Its strings, as long as there is nothing else in it and a policy wants them as a list.
    list: Option<Vec<Expression>>,
}

impl Reader<'_> {
    /// Makes `pointer` that of the value at hand, unless no policy looks there.
    fn enter(&mut self, walk: &Walk<'_>) -> Result<bool, Unreadable> {
        if let Some(around) = self.open.last() {
            self.pointer.truncate(around.length);
            if !around.seen {
                return Ok(false);
            }
            self.pointer.push('/');
        }
        match walk.path().next_back() {
            None => {}
            Some(Segment::Index(index)) => self.pointer.push_str(&index.to_string()),
            Some(Segment::Key(key)) => {
                // Two names with different halves of a surrogate pair would share a pointer.
                let name = text::unescape_strict(key.span.of(walk.text())).ok_or(Unreadable::Malformed)?;
                if name.contains(['~', '/']) {
                    self.pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                } else {
                    self.pointer.push_str(&name);
                }
            }
        }
        if self.wanted.has("pointers") {
            self.out.pointers.push(Expression::new_string(self.pointer.clone()));
            self.counted()?;
        }
        Ok(true)
    }

    fn open(&mut self, kind: Kind, seen: bool) {
        if let Some(around) = self.open.last_mut() {
            around.list = None;
        }
        let list = seen && kind == Kind::Array && self.wanted.carrier(LISTS, &self.pointer);
        self.open.push(Container {
            length: self.pointer.len(),
            seen: seen && (list || self.wanted.below(&self.pointer)),
            list: list.then(Vec::new),
        });
    }

    fn close(&mut self) -> Result<(), Unreadable> {
        let Some(container) = self.open.pop() else { return Ok(()) };
        self.pointer.truncate(container.length);
        match container.list {
            Some(list) => self.put(LISTS, Expression::new_set(list)),
            None => Ok(()),
        }
    }

    fn scalar(&mut self, scalar: Scalar, raw: &str) -> Result<(), Unreadable> {
        if scalar.kind != Kind::String
            && let Some(around) = self.open.last_mut()
        {
            around.list = None;
        }
        match scalar.kind {
            Kind::String => self.string(raw),
            Kind::Number => self.number(raw),
            Kind::Boolean if self.wanted.carrier(FLAGS, &self.pointer) => {
                self.put(FLAGS, Expression::new_bool(raw == "true"))
            }
            _ => Ok(()),
        }
    }

    fn string(&mut self, quoted: &str) -> Result<(), Unreadable> {
        let wanted = self.wanted.carrier(TEXTS, &self.pointer);
        let listed = self.open.last().is_some_and(|around| around.list.is_some());
        if !wanted && !listed {
            return Ok(());
        }
        let value = unescape(quoted)?.into_owned();
        if listed && let Some(list) = self.open.last_mut().and_then(|around| around.list.as_mut()) {
            list.push(Expression::new_string(value.clone()));
            self.counted()?;
        }
        if wanted { self.put(TEXTS, Expression::new_string(value)) } else { Ok(()) }
    }

    fn number(&mut self, text: &str) -> Result<(), Unreadable> {
        let integer = text.parse::<i64>().ok();
        match integer {
            Some(value) if self.wanted.carrier(NUMBERS, &self.pointer) => {
                self.put(NUMBERS, Expression::new_long(value))?;
            }
            None if self.wanted.carrier(TEXTS, &self.pointer) => {
                let spelling = bounded(text)?.to_owned();
                self.put(TEXTS, Expression::new_string(spelling))?;
            }
            _ => {}
        }
        if self.wanted.carrier(DECIMALS, &self.pointer)
            && let Some(value) = decimal(bounded(text)?)
        {
            self.put(DECIMALS, Expression::new_decimal(value))?;
        }
        Ok(())
    }

    fn put(&mut self, carrier: usize, value: Expression) -> Result<(), Unreadable> {
        self.out.tags[carrier].push((self.pointer.clone(), value));
        self.counted()
    }

    fn counted(&mut self) -> Result<(), Unreadable> {
        self.count += 1;
        if self.count > limits::POLICY_ARGUMENTS_MAX { Err(Unreadable::TooMany) } else { Ok(()) }
    }
}

fn unescape(quoted: &str) -> Result<Cow<'_, str>, Unreadable> {
    text::unescape_strict(&bounded(quoted)?[1..quoted.len() - 1]).ok_or(Unreadable::Malformed)
}

fn bounded(text: &str) -> Result<&str, Unreadable> {
    if text.len() > limits::POLICY_TEXT_BYTES_MAX { Err(Unreadable::TooLong) } else { Ok(text) }
}

/// The Cedar decimal (64 bits, four places) that is exactly the JSON number `text`, if there is one.
fn decimal(text: &str) -> Option<String> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0.0".to_owned());
    }
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    // The value is `significant` * 10^shift ten-thousandths.
    let shift = exponent
        .checked_add(4)?
        .checked_add(i32::try_from(dropped).ok()?)?
        .checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let shift = u32::try_from(shift).ok().filter(|shift| *shift <= 19)?;
    if significant.len() > 19 {
        return None;
    }
    let units = significant.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(shift)?)?;
    let units = if negative { -units } else { units };
    let units = i64::try_from(units).ok()?;
    let (whole, places) = (units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
    Some(format!("{}{whole}.{places:04}", if negative { "-" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::super::need::Need;
    use super::*;

    fn shown(json: &str) -> Result<Vec<String>, Unreadable> {
        let need = Need::everything();
        let arguments = read(json, &Wanted::new([&need]))?;
        let mut lines = Vec::new();
        for (carrier, tags) in CARRIERS.iter().zip(arguments.tags) {
            for (pointer, value) in tags {
                let uid = "Texts::\"arguments\"".parse().expect("uid");
                let entity = cedar_policy::Entity::new_with_tags(uid, [], [], [("x".to_owned(), value)])
                    .expect("a Cedar value");
                let value = entity.tag("x").expect("there").expect("known");
                lines.push(format!("{carrier} {pointer} {value}"));
            }
        }
        Ok(lines)
    }

    #[track_caller]
    fn check(json: &str, expected: &[&str]) {
        assert_eq!(shown(json).expect("readable"), expected, "{json}");
    }

    #[test]
    fn each_type_has_its_carrier() {
        check(r#"{"a": "x", "b": true}"#, &[r#"texts /a "x""#, "flags /b true"]);
        check(r#"{"f": [{"n~/": "v"}]}"#, &[r#"texts /f/0/n~0~1 "v""#]);
        check(r#"{"n": null, "o": {}, "": {"": "e"}}"#, &[r#"texts // "e""#]);
        check(r#"["\u00e9\n"]"#, &["texts /0 \"é\\n\"", "lists  [\"é\\n\"]"]);
        check(
            r#"{"l": [], "m": ["a", 1], "n": [1]}"#,
            &[
                r#"texts /m/0 "a""#,
                "numbers /m/1 1",
                "numbers /n/0 1",
                r#"decimals /m/1 decimal("1.0000")"#,
                r#"decimals /n/0 decimal("1.0000")"#,
                "lists /l []",
            ],
        );
    }

    #[test]
    fn numbers_are_exact_or_text() {
        check("7", &["numbers  7", r#"decimals  decimal("7.0000")"#]);
        check("-0", &["numbers  0", r#"decimals  decimal("0.0")"#]);
        check("9223372036854775807", &["numbers  9223372036854775807"]);
        check("9223372036854775808", &[r#"texts  "9223372036854775808""#]);
        check("1.10", &[r#"texts  "1.10""#, r#"decimals  decimal("1.1000")"#]);
        check("-1.0001", &[r#"texts  "-1.0001""#, r#"decimals  decimal("-1.0001")"#]);
        check("1.00001", &[r#"texts  "1.00001""#]);
        check("1.000000", &[r#"texts  "1.000000""#, r#"decimals  decimal("1.0000")"#]);
        check("1E2", &[r#"texts  "1E2""#, r#"decimals  decimal("100.0000")"#]);
        check("12e-1", &[r#"texts  "12e-1""#, r#"decimals  decimal("1.2000")"#]);
        check("0e999999999999", &[r#"texts  "0e999999999999""#]);
        check("1e999", &[r#"texts  "1e999""#]);
        check(
            "922337203685477.5807",
            &[r#"texts  "922337203685477.5807""#, r#"decimals  decimal("922337203685477.5807")"#],
        );
        check("922337203685477.5808", &[r#"texts  "922337203685477.5808""#]);
    }

    #[test]
    fn what_cannot_be_shown_is_an_error() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(limits::POLICY_TEXT_BYTES_MAX));
        let many = format!("[{}0]", "0,".repeat(limits::POLICY_ARGUMENTS_MAX));
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (json, error) in [
            (r#"{"a": 1, "a": 2}"#, Unreadable::Malformed),
            (r#"{"a": 1, "\u0061": 2}"#, Unreadable::Malformed),
            (r#"{"a": "\ud800"}"#, Unreadable::Malformed),
            (r#"{"a": 1} x"#, Unreadable::Malformed),
            ("", Unreadable::Malformed),
            (&deep, Unreadable::Malformed),
            (&long, Unreadable::TooLong),
            (&many, Unreadable::TooMany),
        ] {
            assert_eq!(shown(json), Err(error), "{}", &json[..json.len().min(40)]);
        }
    }

    #[test]
    fn long_argument_that_no_policy_reads_is_no_obstacle() {
        let text = r#"permit (principal, action, resource) when { context.texts.hasTag("/a/b") };"#;
        let need = Need::of(&cedar_policy::Policy::parse(None, text).expect("valid"));
        let wanted = Wanted::new([&need]);
        let long = "x".repeat(limits::POLICY_TEXT_BYTES_MAX);
        let json =
            format!(r#"{{"c": "{long}", "a": {{"b": "y", "bb": "{long}"}}, "ab": {{"b": "{long}"}}}}"#);
        let arguments = read(&json, &wanted).expect("readable");
        assert_eq!(arguments.tags[0].len(), 1);
        assert_eq!(arguments.tags[0][0].0, "/a/b");
    }
}
