//! What a group of policies looks at: so that a question is built only from what can matter, and arguments are read
//! only where a policy reads them.
//!
//! INVARIANT: a name that is not noted here occurs nowhere in the conditions, so its absence cannot be observed. The
//! scan is of Cedar's own JSON form of the conditions and errs on the side of noting too much (a literal `"time"`
//! counts as a mention of `time`).

use std::collections::BTreeSet;

use serde_json::Value;

/// Attributes of the principal, the resource and the context that are built on demand.
pub(super) const NAMES: [&str; 27] = [
    "issuer",
    "subject",
    "name",
    "email",
    "client",
    "owner",
    "scopes",
    "server",
    "uri",
    "scheme",
    "host",
    "path",
    "method",
    "kind",
    "direction",
    "era",
    "revision",
    "time",
    "address",
    "session",
    "actors",
    "approval",
    "definition",
    "pointers",
    "statement",
    "finding",
    "opaque",
];

/// The entities that hold arguments as tags, in the order of [`Need::carriers`].
pub(super) const CARRIERS: [&str; 5] = ["texts", "numbers", "decimals", "flags", "lists"];

/// Which arguments are read through one carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pointers {
    /// Those named literally.
    Named(BTreeSet<String>),
    /// Any: some policy computes a pointer.
    All,
}

impl Pointers {
    fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::All, _) => {}
            (_, Self::All) => *self = Self::All,
            (Self::Named(mine), Self::Named(other)) => mine.extend(other.iter().cloned()),
        }
    }
}

/// What some policies look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    names: u32,
    pub(super) carriers: [Pointers; 5],
}

impl Need {
    /// Whether arguments are looked at in any way.
    pub(super) fn arguments(&self) -> bool {
        Wanted::new([self]).arguments()
    }

    /// Whether the answer may change with the arguments: they are looked at, or what was found in them.
    pub(super) fn depends_on_arguments(&self) -> bool {
        self.arguments() || Wanted::new([self]).has("statement")
    }

    /// Whether `context.approval` is looked at.
    pub(super) fn approval(&self) -> bool {
        Wanted::new([self]).has("approval")
    }

    pub(super) fn nothing() -> Self {
        Self { names: 0, carriers: std::array::from_fn(|_| Pointers::Named(BTreeSet::new())) }
    }

    /// What the conditions of `policy` look at.
    pub(super) fn of(policy: &cedar_policy::Policy) -> Self {
        let mut need = Self::nothing();
        match policy.to_json() {
            Ok(json) => need.scan(&json["conditions"]),
            // Cannot happen for a policy that was parsed; everything is the safe answer.
            Err(_) => need = Self::everything(),
        }
        need
    }

    /// What one condition, in Cedar's JSON form, looks at.
    pub(super) fn of_condition(condition: &Value) -> Self {
        let mut need = Self::nothing();
        need.scan(condition);
        need
    }

    pub(super) fn everything() -> Self {
        Self { names: u32::MAX, carriers: std::array::from_fn(|_| Pointers::All) }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.names |= other.names;
        for (mine, other) in self.carriers.iter_mut().zip(&other.carriers) {
            mine.merge(other);
        }
    }

    fn scan(&mut self, json: &Value) {
        match json {
            Value::Object(members) => {
                for (key, value) in members {
                    if let Some((carrier, pointer)) = tag_access(key, value) {
                        self.carriers[carrier].merge(&Pointers::Named(BTreeSet::from([pointer])));
                    } else {
                        self.note(key);
                        self.scan(value);
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.scan(element)),
            Value::String(text) => self.note(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn note(&mut self, word: &str) {
        if let Some(bit) = NAMES.iter().position(|name| *name == word) {
            self.names |= 1 << bit;
        }
        if let Some(carrier) = CARRIERS.iter().position(|name| *name == word) {
            self.carriers[carrier] = Pointers::All;
        }
    }
}

/// What the policies that will answer one question look at, together.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    names: u32,
    all: [bool; CARRIERS.len()],
    named: Vec<(usize, &'a str)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(needs: impl IntoIterator<Item = &'a Need>) -> Self {
        let mut wanted = Self { names: 0, all: [false; CARRIERS.len()], named: Vec::new() };
        for need in needs {
            wanted.names |= need.names;
            for (carrier, pointers) in need.carriers.iter().enumerate() {
                match pointers {
                    Pointers::All => wanted.all[carrier] = true,
                    Pointers::Named(named) => {
                        wanted.named.extend(named.iter().map(|pointer| (carrier, pointer.as_str())));
                    }
                }
            }
        }
        wanted.named.sort_unstable();
        wanted.named.dedup();
        wanted
    }

    /// Whether any looks at `name`, one of [`NAMES`].
    pub(super) fn has(&self, name: &str) -> bool {
        self.names != 0
            && NAMES.iter().position(|known| *known == name).is_none_or(|bit| self.names & (1 << bit) != 0)
    }

    /// Whether any reads `pointer` through the carrier with this index.
    pub(super) fn carrier(&self, carrier: usize, pointer: &str) -> bool {
        self.all[carrier] || self.named.binary_search(&(carrier, pointer)).is_ok()
    }

    /// Whether any reads anything through the carrier with this index.
    pub(super) fn uses(&self, carrier: usize) -> bool {
        self.all[carrier] || self.named.iter().any(|(named, _)| *named == carrier)
    }

    /// Whether any looks at arguments.
    pub(super) fn arguments(&self) -> bool {
        !self.named.is_empty() || self.all.contains(&true) || self.has("pointers")
    }

    /// Whether any may look at something below `pointer`.
    pub(super) fn below(&self, pointer: &str) -> bool {
        self.all.contains(&true)
            || self.has("pointers")
            || self
                .named
                .iter()
                .any(|(_, name)| name.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// `context.<carrier>.hasTag("<literal>")` or `getTag`: which carrier, which pointer.
fn tag_access(operator: &str, operands: &Value) -> Option<(usize, String)> {
    if operator != "hasTag" && operator != "getTag" {
        return None;
    }
    let access = &operands["left"]["."];
    if access["left"]["Var"] != "context" {
        return None;
    }
    let carrier = access["attr"].as_str()?;
    let pointer = operands["right"]["Value"].as_str()?;
    Some((CARRIERS.iter().position(|name| *name == carrier)?, pointer.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(condition: &str) -> Need {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        Need::of(&cedar_policy::Policy::parse(None, text).expect("valid policy"))
    }

    #[test]
    fn literal_pointers_are_named_and_computed_ones_are_all() {
        let named = need(r#"context.numbers.hasTag("/a") && context.numbers.getTag("/a") < 3"#);
        assert_eq!(named.carriers[1], Pointers::Named(BTreeSet::from(["/a".to_owned()])));
        assert_eq!(named.carriers[0], Pointers::Named(BTreeSet::new()));
        let wanted = Wanted::new([&named]);
        assert!(wanted.arguments() && !wanted.has("time") && !wanted.has("pointers"));
        assert!(wanted.carrier(1, "/a") && !wanted.carrier(0, "/a") && !wanted.carrier(1, "/a/b"));
        assert!(wanted.below("") && !wanted.below("/a") && wanted.uses(1) && !wanted.uses(0));

        assert_eq!(need("context.texts.hasTag(context.method)").carriers[0], Pointers::All);
        assert_eq!(
            need(r#"(if true then context else context).texts.hasTag("/a")"#).carriers[0],
            Pointers::All
        );
        assert_eq!(need(r#"{"x": context.texts}.x.hasTag("/a")"#).carriers[0], Pointers::All);
    }

    #[test]
    fn names_are_noted_however_they_are_spelled() {
        let has = |condition: &str, name: &str| Wanted::new([&need(condition)]).has(name);
        assert!(has("context.approval.granted", "approval"));
        assert!(has(r#"context["approv\u{61}l"]["granted"]"#, "approval"));
        assert!(has("resource has path && principal has email", "path"));
        assert!(has("principal has email", "email"));
        assert!(has(r#"context.pointers.contains("/a")"#, "pointers"));
        assert!(!has("principal has email", "path"));
        assert!(!Wanted::new([&need("true")]).arguments());
    }
}
