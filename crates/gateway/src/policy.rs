//! What callers may do: [Cedar](https://docs.cedarpolicy.com) policies, validated when they are published, asked
//! before anything happens.
//!
//! Default deny; `forbid` wins; whatever cannot be evaluated denies. Three effects come from one language by asking
//! twice: as things stand, and as they would be with `context.approval.granted`. Nothing here reads a clock, and
//! only `directory` reads files.

mod argument;
mod case;
pub mod directory;
mod doubt;
mod explain;
mod index;
mod listing;
mod need;
mod nesting;
mod outlook;
mod problem;
mod publication;
mod question;
mod recall;
mod schema;
mod scope;
mod set;
mod situation;
mod source;
mod terms;
mod uri;
mod vocabulary;

pub use case::{Asked, Case, Cases, DefinitionWord, DirectionWord, EraWord, Expected, Reveal, Trial};
pub use doubt::{Known, doubts};
pub use explain::{Explanation, Finding, Part, Unmet, explain};
pub use outlook::{
    Aim, Clause, Condition, Deed, Forecast, Outcome, Outlook, Profile, Prospect, Statements, When,
};
pub use problem::{Problem, Rejected};
pub use publication::{Candidate, Change, Policies};
pub use question::{Definition, Duty, DutyPlace, Passage, Question, ROLES, Revelation};
pub use recall::{Recalled, Unrecorded, reads_arguments, recall};
pub use schema::text as schema;
pub use set::PolicySet;
pub use source::{Policy, Source};

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole;
