//! Classification of statements as its users see it.

#[path = "statement/sql.rs"]
mod sql;
