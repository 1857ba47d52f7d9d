//! The access-control matrix: who may do what, computed from the policies in force at an instant and from nothing else.
//!
//! A cell says what the gateway decides about every message that fits its row and its column: allow, hold, deny, or a
//! condition ([`crate::policy::Forecast`]). What is in force when comes from the log ([`Basis`]); whoever has only the
//! files can ask about them before they are published.

mod basis;
mod diff;
mod duty;
mod grant;
mod matrix;
mod note;
mod object;
mod page;
mod past;
mod stated;
mod subject;
mod text;
mod usage;

pub use basis::{Basis, Error, Offer, People, Person};
pub use diff::{Change, changes};
pub use duty::{Concern, concerns};
pub use grant::{Grant, GrantTerms, Standing, grants, standing};
pub use matrix::{Cell, Matrix, Wanted};
pub use note::Notes;
pub use object::Object;
pub use page::{LEGEND, since, to_html};
pub use past::{Learned, Records, State};
pub use stated::Stated;
pub use subject::Subject;
pub use text::{
    about, changes_to_csv, changes_to_json, concerns_to_csv, instant, to_csv, to_json, unused_to_csv,
};
pub use usage::{Unused, unused};
