//! Annotations by which a policy says who must agree to a call that it holds, and in what time.

use cedar_policy as cedar;

use super::doubt::nearest;
use super::need::Need;
use crate::limits;
use crate::model::{Demand, Terms};

const APPROVERS: &str = "approvers";
const QUORUM: &str = "quorum";
const DECIDE_WITHIN: &str = "decide_within";
const USE_WITHIN: &str = "use_within";
const REASON: &str = "reason";
const PASSKEY: &str = "passkey";
const ANNOTATIONS: [&str; 6] = [APPROVERS, QUORUM, DECIDE_WITHIN, USE_WITHIN, REASON, PASSKEY];

/// What one policy asks; `None`: it leaves that to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wish {
    quorum: Option<u32>,
    approvers: Option<Vec<String>>,
    decide_within_s: Option<i64>,
    use_within_s: Option<i64>,
    reason: Option<Demand>,
    passkey: Option<Demand>,
}

/// What is wrong with an annotation, and what to write instead.
pub(super) type Fault = (String, String);

/// The annotations of `policy`. `None` when the policy does not look at the approval.
pub(super) fn read(policy: &cedar::Policy) -> Result<Option<Wish>, Fault> {
    let mut wish = Wish::default();
    for (name, value) in policy.annotations() {
        match name {
            APPROVERS => wish.approvers = Some(groups(value)?),
            QUORUM => wish.quorum = Some(quorum(value)?),
            DECIDE_WITHIN => wish.decide_within_s = Some(seconds(name, value)?),
            USE_WITHIN => wish.use_within_s = Some(seconds(name, value)?),
            REASON => wish.reason = Some(demand(REASON, value)?),
            PASSKEY => wish.passkey = Some(demand(PASSKEY, value)?),
            other => refuse_misspelled(other)?,
        }
    }
    if Need::of(policy).approval() {
        return Ok(Some(wish));
    }
    match policy.annotations().find(|(name, _)| ANNOTATIONS.contains(name)) {
        None => Ok(None),
        Some((name, _)) => Err((
            format!("`@{name}` on a policy that asks for no approval"),
            "write it on the policy that looks at `context.approval.granted`".to_owned(),
        )),
    }
}

/// All of them together: the strictest of each.
pub(super) fn strictest<'a>(wishes: impl Iterator<Item = &'a Wish>) -> Terms {
    let mut all = Wish::default();
    let mut approvers: Vec<Vec<String>> = Vec::new();
    for wish in wishes {
        all.quorum = all.quorum.max(wish.quorum);
        all.decide_within_s = least(all.decide_within_s, wish.decide_within_s);
        all.use_within_s = least(all.use_within_s, wish.use_within_s);
        all.reason = more(all.reason, wish.reason);
        all.passkey = more(all.passkey, wish.passkey);
        approvers.extend(wish.approvers.clone().filter(|list| !approvers.contains(list)));
    }
    let default = Terms::default();
    Terms {
        quorum: all.quorum.unwrap_or(default.quorum),
        approvers,
        decide_within_s: all.decide_within_s.unwrap_or(default.decide_within_s),
        use_within_s: all.use_within_s.unwrap_or(default.use_within_s),
        reason: all.reason.unwrap_or(default.reason),
        passkey: all.passkey.unwrap_or(default.passkey),
    }
}

fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn more(one: Option<Demand>, other: Option<Demand>) -> Option<Demand> {
    match (one, other) {
        (Some(Demand::Required), _) | (_, Some(Demand::Required)) => Some(Demand::Required),
        (one, other) => one.or(other),
    }
}

fn groups(value: &str) -> Result<Vec<String>, Fault> {
    let mut groups: Vec<String> = value.split(',').map(|group| group.trim().to_owned()).collect();
    groups.sort();
    groups.dedup();
    if groups.iter().any(String::is_empty) || groups.len() > limits::APPROVER_GROUPS_MAX {
        return Err((
            "`@approvers` does not name groups".to_owned(),
            format!(
                "write up to {} names, with commas: `@approvers(\"billing, finance\")`",
                limits::APPROVER_GROUPS_MAX
            ),
        ));
    }
    Ok(groups)
}

fn quorum(value: &str) -> Result<u32, Fault> {
    value.parse().ok().filter(|count| (1..=limits::QUORUM_MAX).contains(count)).ok_or_else(|| {
        (
            "`@quorum` is not a number of people".to_owned(),
            format!("write how many must approve, 1 to {}: `@quorum(\"2\")`", limits::QUORUM_MAX),
        )
    })
}

fn demand(name: &str, value: &str) -> Result<Demand, Fault> {
    match value {
        "required" => Ok(Demand::Required),
        "optional" => Ok(Demand::Optional),
        _ => Err((
            format!("`@{name}` says neither that a {name} is required nor that it is not"),
            format!("write `@{name}(\"required\")` or `@{name}(\"optional\")`"),
        )),
    }
}

/// A whole number and a unit.
fn seconds(name: &str, value: &str) -> Result<i64, Fault> {
    let unit = |unit| match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(60 * 60),
        "d" => Some(24 * 60 * 60),
        _ => None,
    };
    let parsed = value.find(|character: char| !character.is_ascii_digit()).and_then(|at| {
        let (count, word) = value.split_at(at);
        count.parse::<i64>().ok()?.checked_mul(unit(word)?)
    });
    parsed.filter(|seconds| (1..=limits::APPROVAL_S_MAX).contains(seconds)).ok_or_else(|| {
        (
            format!("`@{name}` is not a time"),
            format!("write a number and `s`, `m`, `h` or `d`, at most 7 days: `@{name}(\"15m\")`"),
        )
    })
}

/// Other annotations are the author's own business, unless they look like one of ours.
fn refuse_misspelled(name: &str) -> Result<(), Fault> {
    let known: Vec<String> = ANNOTATIONS.iter().map(|known| (*known).to_owned()).collect();
    match nearest(name, &known) {
        Some(meant) => Err((format!("unknown annotation `@{name}`"), format!("did you mean `@{meant}`?"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(annotations: &str) -> Result<Option<Wish>, Fault> {
        let text = format!(
            "{annotations} permit (principal, action, resource) when {{ context.approval.granted }};"
        );
        read(&cedar::Policy::parse(None, text).expect("valid policy"))
    }

    #[test]
    fn annotations_are_read() {
        let all = "@approvers(\"b, a,b\") @quorum(\"2\") @decide_within(\"90s\") @use_within(\"2h\") \
                   @reason(\"required\") @passkey(\"required\")";
        let read = Wish {
            quorum: Some(2),
            approvers: Some(vec!["a".to_owned(), "b".to_owned()]),
            decide_within_s: Some(90),
            use_within_s: Some(7200),
            reason: Some(Demand::Required),
            passkey: Some(Demand::Required),
        };
        assert_eq!(wish(all), Ok(Some(read)));
        assert_eq!(wish("@owner(\"me\")"), Ok(Some(Wish::default())));
    }

    #[test]
    fn wrong_annotations_are_refused_with_what_to_write() {
        let refused = |annotations: &str, what: &str, help: &str| {
            let (message, advice) = wish(annotations).expect_err(annotations);
            assert!(message.contains(what) && advice.contains(help), "{message} / {advice}");
        };
        refused("@approver(\"a\")", "`@approver`", "did you mean `@approvers`?");
        refused("@approvers(\"a,,b\")", "does not name groups", "billing");
        refused("@quorum(\"0\")", "number of people", "1 to");
        refused("@quorum(\"two\")", "number of people", "1 to");
        refused("@decide_within(\"15\")", "not a time", "15m");
        refused("@use_within(\"900000h\")", "not a time", "7 days");
        refused("@reason(\"yes\")", "neither", "required");
        refused("@passkey(\"yes\")", "that a passkey is required", "@passkey(\"required\")");
        refused("@passkeys(\"required\")", "`@passkeys`", "did you mean `@passkey`?");
        let text = "@quorum(\"2\") permit (principal, action, resource);";
        let (message, _) =
            read(&cedar::Policy::parse(None, text).expect("valid policy")).expect_err("useless");
        assert!(message.contains("asks for no approval"), "{message}");
    }

    #[test]
    fn strictest_wish_of_each_kind_wins() {
        let one = wish("@approvers(\"a\") @quorum(\"2\") @use_within(\"2h\") @passkey(\"required\")")
            .unwrap()
            .unwrap();
        let two = wish("@approvers(\"b\") @decide_within(\"1m\") @use_within(\"1h\") @reason(\"optional\")");
        let terms = strictest([&one, &two.unwrap().unwrap(), &one].into_iter());
        let approvers = vec![vec!["a".to_owned()], vec!["b".to_owned()]];
        let (reason, passkey) = (Demand::Optional, Demand::Required);
        let expected =
            Terms { quorum: 2, approvers, decide_within_s: 60, use_within_s: 3600, reason, passkey };
        assert_eq!(terms, expected);
        assert_eq!(strictest(std::iter::empty()), Terms::default());
        assert!(terms.admit(&["a".to_owned(), "b".to_owned()]) && !terms.admit(&["a".to_owned()]));
    }
}
