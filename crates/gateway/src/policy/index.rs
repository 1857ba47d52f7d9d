//! Which policies can matter to a question. Cedar itself evaluates every policy it is given, so the set is cut into
//! parts by what the policies' scopes require, and a question is put only to the parts whose scope it can meet.
//!
//! INVARIANT: a policy that is left out has a scope that is false for the question, so it can neither apply nor
//! fail. `tests` hold decisions against those of the whole set.

use std::collections::HashMap;

use cedar_policy as cedar;
use cedar_policy::{ActionConstraint, EntityUid, PrincipalConstraint, ResourceConstraint};

use super::need::Need;
use super::scope;
use super::situation::Parties;
use super::source::Policy;
use super::vocabulary::Vocabulary;

/// Policies with the same requirements on action, principal and resource.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) policies: cedar::PolicySet,
    pub(super) need: Need,
    /// Some `permit` in it looks at the approval.
    pub(super) permits_once_approved: bool,
}

/// All parts, by action, then resource, then principal. `None`: the scope requires nothing.
#[derive(Debug)]
pub(super) struct Index {
    actions: Vec<ByResource>,
}

type ByResource = HashMap<Option<EntityUid>, ByPrincipal>;
type ByPrincipal = HashMap<Option<EntityUid>, Part>;

impl Index {
    pub(super) fn new(policies: &[Policy], words: &Vocabulary) -> Self {
        let mut actions: Vec<ByResource> = words.actions.iter().map(|_| HashMap::new()).collect();
        for policy in policies {
            // The policy as it is serves as well, only slower.
            let lean = scope::without_met(&policy.cedar).unwrap_or_else(|_| policy.cedar.clone());
            let need = Need::of(&policy.cedar);
            let (resource, principal) = (resource(&policy.cedar), principal(&policy.cedar));
            for (action, parts) in words.actions.iter().zip(&mut actions) {
                if !meets(&policy.cedar.action_constraint(), action) {
                    continue;
                }
                let part =
                    parts.entry(resource.clone()).or_default().entry(principal.clone()).or_insert_with(
                        || Part {
                            policies: cedar::PolicySet::new(),
                            need: Need::nothing(),
                            permits_once_approved: false,
                        },
                    );
                part.need.merge(&need);
                part.permits_once_approved |= policy.effect() == cedar::Effect::Permit && need.approval();
                // Unwrap safety: ids are unique in the set, checked when it was parsed.
                part.policies.add(lean.clone()).expect("unique id");
            }
        }
        Self { actions }
    }

    /// The parts whose scope a question about `action` between `parties` can meet.
    pub(super) fn parts(&self, action: usize, parties: &Parties) -> Vec<&Part> {
        let mut found = Vec::new();
        let by_resource = &self.actions[action];
        let server = (parties.server != parties.resource).then(|| Some(parties.server.clone()));
        for key in [Some(None), server, Some(Some(parties.resource.clone()))].into_iter().flatten() {
            let Some(by_principal) = by_resource.get(&key) else { continue };
            found.extend(by_principal.get(&None));
            if by_principal.len() == usize::from(by_principal.contains_key(&None)) {
                continue;
            }
            found.extend(by_principal.get(&Some(parties.principal.clone())));
            for group in &parties.groups {
                found.extend(by_principal.get(&Some(group.clone())));
            }
        }
        found
    }
}

pub(super) fn meets(constraint: &ActionConstraint, action: &super::vocabulary::Action) -> bool {
    let required = match constraint {
        ActionConstraint::Any => return true,
        ActionConstraint::Eq(required) => return *required == action.uid,
        ActionConstraint::In(required) => required,
    };
    let groups = action.entity.clone().into_inner().2;
    required.iter().any(|required| *required == action.uid || groups.contains(required))
}

/// Whether a question between `parties` reaches the part that holds the policy: its scope fits, types aside.
pub(super) fn leads(policy: &cedar::Policy, parties: &Parties) -> bool {
    let here = |uid: &EntityUid| *uid == parties.resource || *uid == parties.server;
    let own = |uid: &EntityUid| *uid == parties.principal || parties.groups.contains(uid);
    resource(policy).is_none_or(|uid| here(&uid)) && principal(policy).is_none_or(|uid| own(&uid))
}

/// The entity that the resource must be, or be in.
fn resource(policy: &cedar::Policy) -> Option<EntityUid> {
    match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
        ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => {
            Some(uid)
        }
    }
}

/// The entity that the principal must be, or be in.
fn principal(policy: &cedar::Policy) -> Option<EntityUid> {
    match policy.principal_constraint() {
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
        PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
            Some(uid)
        }
    }
}
