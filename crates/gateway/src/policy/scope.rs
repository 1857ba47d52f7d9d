//! Policies as the parts of the index hold them: without those requirements of their scope that the way to the part
//! has shown to be met. Cedar evaluates a scope like any condition, which takes longer than most conditions do.
//!
//! INVARIANT: a requirement is left out only if it holds for every question that reaches the part. `index` compares
//! actions exactly; the principal with itself and its groups, the resource with itself and its server, which is what
//! Cedar's `in` means here. `==` means less than that when it names a group or a server, so there it stays.

use cedar_policy as cedar;
use cedar_policy::pst::{
    ActionConstraint, EntityOrSlot, Policy, PrincipalConstraint, PstConstructionError, ResourceConstraint,
    StaticPolicy,
};

/// `policy` without the requirements that the index answers.
pub(super) fn without_met(policy: &cedar::Policy) -> Result<cedar::Policy, PstConstructionError> {
    let mut body = policy.to_pst()?.body().clone();
    body.action = ActionConstraint::Any;
    body.principal = match body.principal {
        PrincipalConstraint::In(_) => PrincipalConstraint::Any,
        PrincipalConstraint::Eq(EntityOrSlot::Entity(uid)) if uid.ty.to_string() != "Group" => {
            PrincipalConstraint::Any
        }
        PrincipalConstraint::IsIn(name, _) => PrincipalConstraint::Is(name),
        other => other,
    };
    body.resource = match body.resource {
        ResourceConstraint::In(_) => ResourceConstraint::Any,
        ResourceConstraint::Eq(EntityOrSlot::Entity(uid)) if uid.ty.to_string() != "Server" => {
            ResourceConstraint::Any
        }
        ResourceConstraint::IsIn(name, _) => ResourceConstraint::Is(name),
        other => other,
    };
    cedar::Policy::from_pst(Policy::Static(StaticPolicy::try_from(body)?))
}
