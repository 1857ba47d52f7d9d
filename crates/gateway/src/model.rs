//! The nouns: one word per thing, used by every other module.

mod call;
mod decision;
mod identity;
mod principal;
mod statement;
mod target;
mod terms;

pub use call::{Context, Era, MessageKind, Method, Origin};
pub use decision::{Decision, Effect, PolicyRevision};
pub use identity::{Identity, Somebody};
pub use principal::{Party, Principal, PrincipalKind, TokenId};
pub use statement::{SEVERITY_UNKNOWN, Statement};
pub use target::{Target, TargetKind};
pub use terms::{Demand, Grant, GrantKind, Terms};
