//! Classification of statements as its users see it.

#[path = "clock/mod.rs"]
mod clock;
#[path = "statement/condition.rs"]
mod condition;
#[path = "statement/fuzz.rs"]
mod fuzz;
#[path = "statement/hostile.rs"]
mod hostile;
#[path = "statement/property.rs"]
mod property;
#[path = "statement/rule.rs"]
mod rule;
#[path = "statement/sql.rs"]
mod sql;
