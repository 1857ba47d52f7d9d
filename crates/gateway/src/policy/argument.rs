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
use std::collections::BTreeMap;

use cedar_policy::RestrictedExpression as Expression;
use serde_json::value::RawValue;

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

/// Reads what the policies want of `json`.
pub(super) fn read(json: &str, wanted: &Wanted<'_>) -> Result<Arguments, Unreadable> {
    let raw: &RawValue = serde_json::from_str(json).map_err(|_| Unreadable::Malformed)?;
    let mut reader = Reader { wanted, out: Arguments::default(), count: 0 };
    reader.value(&mut String::new(), raw, 0)?;
    Ok(reader.out)
}

struct Reader<'a> {
    wanted: &'a Wanted<'a>,
    out: Arguments,
    count: usize,
}

impl Reader<'_> {
    fn value(&mut self, pointer: &mut String, raw: &RawValue, depth: usize) -> Result<(), Unreadable> {
        if depth > limits::JSON_DEPTH_MAX {
            return Err(Unreadable::Malformed);
        }
        if self.wanted.has("pointers") {
            self.out.pointers.push(Expression::new_string(pointer.clone()));
            self.counted()?;
        }
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{') => self.object(pointer, text, depth),
            Some(b'[') => self.array(pointer, text, depth),
            Some(b'"') if self.wanted.carrier(TEXTS, pointer) => {
                let value = unescape(text)?.into_owned();
                self.put(TEXTS, pointer, Expression::new_string(value))
            }
            Some(b't' | b'f') if self.wanted.carrier(FLAGS, pointer) => {
                self.put(FLAGS, pointer, Expression::new_bool(text == "true"))
            }
            Some(b'-' | b'0'..=b'9') => self.number(pointer, text),
            _ => Ok(()),
        }
    }

    fn object(&mut self, pointer: &mut String, text: &str, depth: usize) -> Result<(), Unreadable> {
        if !self.wanted.below(pointer) {
            return Ok(());
        }
        let members: Members<'_> = serde_json::from_str(text).map_err(|_| Unreadable::Malformed)?;
        let length = pointer.len();
        for (name, value) in members.0 {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            self.value(pointer, value, depth + 1)?;
            pointer.truncate(length);
        }
        Ok(())
    }

    fn array(&mut self, pointer: &mut String, text: &str, depth: usize) -> Result<(), Unreadable> {
        let wants_list = self.wanted.carrier(LISTS, pointer);
        if !wants_list && !self.wanted.below(pointer) {
            return Ok(());
        }
        let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Unreadable::Malformed)?;
        if wants_list && elements.iter().all(|element| element.get().starts_with('"')) {
            let mut list = Vec::with_capacity(elements.len());
            for element in &elements {
                list.push(Expression::new_string(unescape(element.get())?.into_owned()));
                self.counted()?;
            }
            self.put(LISTS, pointer, Expression::new_set(list))?;
        }
        let length = pointer.len();
        for (index, element) in elements.into_iter().enumerate() {
            pointer.push('/');
            pointer.push_str(&index.to_string());
            self.value(pointer, element, depth + 1)?;
            pointer.truncate(length);
        }
        Ok(())
    }

    fn number(&mut self, pointer: &str, text: &str) -> Result<(), Unreadable> {
        let integer = text.parse::<i64>().ok().filter(|_| !text.contains(['.', 'e', 'E']));
        match integer {
            Some(value) if self.wanted.carrier(NUMBERS, pointer) => {
                self.put(NUMBERS, pointer, Expression::new_long(value))?;
            }
            None if self.wanted.carrier(TEXTS, pointer) => {
                let spelling = bounded(text)?.to_owned();
                self.put(TEXTS, pointer, Expression::new_string(spelling))?;
            }
            _ => {}
        }
        if self.wanted.carrier(DECIMALS, pointer)
            && let Some(value) = decimal(text)
        {
            self.put(DECIMALS, pointer, Expression::new_decimal(value))?;
        }
        Ok(())
    }

    fn put(&mut self, carrier: usize, pointer: &str, value: Expression) -> Result<(), Unreadable> {
        self.out.tags[carrier].push((pointer.to_owned(), value));
        self.counted()
    }

    fn counted(&mut self) -> Result<(), Unreadable> {
        self.count += 1;
        if self.count > limits::POLICY_ARGUMENTS_MAX { Err(Unreadable::TooMany) } else { Ok(()) }
    }
}

/// The members of an object; a second one of the same name is an error.
struct Members<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object without duplicate names")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if members.insert(Cow::Owned(name), value).is_some() {
                        return Err(serde::de::Error::custom("duplicate name"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn unescape(quoted: &str) -> Result<Cow<'_, str>, Unreadable> {
    let inner = &bounded(quoted)?[1..quoted.len() - 1];
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(quoted).map(Cow::Owned).map_err(|_| Unreadable::Malformed)
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
