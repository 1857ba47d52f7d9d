//! Validators: which candidates are real. Each sees the value as it stands in the text. One module for each kind of
//! data, national numbers by the part of the world.

pub(crate) mod america;
pub(crate) mod asia;
pub(crate) mod brazil;
pub(crate) mod britain;
pub(crate) mod card;
pub(crate) mod date;
mod digit;
pub(crate) mod east;
pub(crate) mod health;
pub(crate) mod iban;
pub(crate) mod net;
pub(crate) mod north;
pub(crate) mod person;
pub(crate) mod phone;
pub(crate) mod secret;
pub(crate) mod south;
pub(crate) mod west;

/// The form is proof enough.
pub fn always(_: &str) -> bool {
    true
}

/// There is something: what a key announces, and not an empty string.
pub fn given(value: &str) -> bool {
    !value.trim().is_empty()
}
