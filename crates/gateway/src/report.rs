//! What the record and the policies come to, for people who have to judge it. Reads only.

pub mod access;
pub mod criterion;
pub mod diff;
mod html;
pub mod package;
pub mod replay;
