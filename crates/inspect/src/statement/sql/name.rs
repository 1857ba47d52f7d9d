//! Names of tables and functions, folded as the dialect folds them.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

use crate::statement::Dialect;

/// A qualified name, its parts joined by dots.
pub(super) fn folded(name: &ObjectName, dialect: Dialect) -> String {
    let parts: Vec<String> = name.0.iter().map(|part| fold(identifier(part), dialect)).collect();
    parts.join(".")
}

/// Whether a part of a name is computed: `IDENTIFIER('users')`.
pub(super) fn is_computed(name: &ObjectName) -> bool {
    name.0.iter().any(|part| matches!(part, ObjectNamePart::Function(_)))
}

/// The last part of a name, in lower case.
pub(super) fn last(name: &ObjectName) -> String {
    name.0.last().map(|part| identifier(part).value.to_lowercase()).unwrap_or_default()
}

/// What stands before the last part, in lower case; empty when nothing does.
pub(super) fn qualifier(name: &ObjectName) -> String {
    let parts = name.0.split_last().map_or(&[][..], |(_, parts)| parts);
    let parts: Vec<String> = parts.iter().map(|part| identifier(part).value.to_lowercase()).collect();
    parts.join(".")
}

/// One part. PostgreSQL keeps what is quoted; BigQuery and ClickHouse keep everything; the others know no difference,
/// or depend on settings that cannot be seen here.
pub(super) fn fold(part: &Ident, dialect: Dialect) -> String {
    match dialect {
        Dialect::Bigquery | Dialect::Clickhouse => part.value.clone(),
        Dialect::Postgres if part.quote_style.is_some() => part.value.clone(),
        _ => part.value.to_lowercase(),
    }
}

fn identifier(part: &ObjectNamePart) -> &Ident {
    match part {
        ObjectNamePart::Identifier(name) => name,
        ObjectNamePart::Function(function) => &function.name,
    }
}
