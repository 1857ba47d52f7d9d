//! Whether a thing belongs in a caller's list: could *some* arguments make its use allowed, or held?
//!
//! A list names no arguments, so a policy that looks at them cannot be asked as it stands. It is relaxed: of a
//! `permit` the clauses that look at arguments are left out, a `forbid` with such a clause is left out whole. What is
//! shown this way may still be refused for the arguments it is called with; what is hidden could never be allowed.

use super::need::Need;
use super::source::Policy;

/// The policies with everything left out that depends on arguments.
pub(super) fn relax(policies: &[Policy]) -> Vec<Policy> {
    policies.iter().filter_map(relaxed).collect()
}

fn relaxed(policy: &Policy) -> Option<Policy> {
    if !Need::of(&policy.cedar).depends_on_arguments() {
        return Some(policy.clone());
    }
    if policy.effect() == cedar_policy::Effect::Forbid {
        return None;
    }
    let mut json = policy.cedar.to_json().ok()?;
    json["conditions"]
        .as_array_mut()?
        .retain(|condition| !Need::of_condition(condition).depends_on_arguments());
    let cedar = cedar_policy::Policy::from_json(Some(policy.cedar.id().clone()), json).ok()?;
    Some(Policy { cedar, ..policy.clone() })
}
