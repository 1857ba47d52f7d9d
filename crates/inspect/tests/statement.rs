//! Classification of statements as its users see it.

#[path = "statement/hostile.rs"]
mod hostile;
#[path = "statement/sql.rs"]
mod sql;
