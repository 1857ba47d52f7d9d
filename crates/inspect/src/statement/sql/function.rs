//! Functions: dangerous ones by name, harmless ones by name, and the others, about which nothing is known.
//!
//! A database lets anybody with the right define a function that does anything. So only functions that belong to the
//! database itself, and were looked at, leave a query a `read`. The lists of harmless ones were taken from the
//! catalogs of running databases where there was one (PostgreSQL 15, SQLite, ClickHouse) and from their manuals
//! elsewhere, and what reaches beyond rows was taken out.

use sqlparser::ast::ObjectName;

use crate::statement::Dialect;

use super::fact::{Class, Facts, Flag};
use super::name;

mod danger;

/// Harmless functions, one to a line, in lower case, sorted.
const POSTGRES: &str = include_str!("function/postgres.txt");
const MYSQL: &str = include_str!("function/mysql.txt");
const SQLITE: &str = include_str!("function/sqlite.txt");
const MSSQL: &str = include_str!("function/mssql.txt");
const SNOWFLAKE: &str = include_str!("function/snowflake.txt");
const BIGQUERY: &str = include_str!("function/bigquery.txt");
const CLICKHOUSE: &str = include_str!("function/clickhouse.txt");
/// Harmless everywhere: standard SQL, and forms that parsers take for functions.
const STANDARD: &str = include_str!("function/standard.txt");

/// Answers that change from call to call.
const VOLATILE: [&str; 16] = [
    "clock_timestamp",
    "gen_random_uuid",
    "generate_uuid",
    "generateuuidv4",
    "getrandmax",
    "newid",
    "newsequentialid",
    "rand",
    "randcanonical",
    "random",
    "randomblob",
    "timeofday",
    "uuid",
    "uuid_generate_v4",
    "uuid_short",
    "uuid_string",
];

/// Where the functions of the database itself live.
const SYSTEM_SCHEMAS: [&str; 4] = ["pg_catalog", "information_schema", "sys", "system"];
/// Methods of T-SQL's `xml`, `geometry` and `hierarchyid` values.
const MSSQL_METHODS: [&str; 10] = [
    "exist",
    "getancestor",
    "getlevel",
    "nodes",
    "query",
    "stastext",
    "stdistance",
    "stequals",
    "tostring",
    "value",
];

/// Notes a call: its name, its class, its flags.
pub(super) fn note(function: &ObjectName, dialect: Dialect, facts: &mut Facts) {
    facts.call(name::folded(function, dialect));
    note_call(&name::qualifier(function), &name::last(function), dialect, facts);
}

/// Notes a call by the parts of its name, both in lower case.
pub(super) fn note_call(qualifier: &str, last: &str, dialect: Dialect, facts: &mut Facts) {
    if VOLATILE.contains(&last) {
        facts.flags.insert(Flag::VolatileFunction);
    }
    if note_danger(last, dialect, facts) {
        return;
    }
    // To the other dialects that the text may be in, it is no function at all, or one of theirs.
    if !facts.dialects.iter().any(|dialect| is_harmless(qualifier, last, *dialect)) {
        facts.flags.insert(Flag::UnknownFunction);
        facts.raise("it calls a function of which nothing is known");
    }
}

/// Notes a dangerous function; whether it was one. Also for attributes: PostgreSQL runs `pg_read_file` for
/// `('x'::text).pg_read_file`.
pub(super) fn note_danger(last: &str, dialect: Dialect, facts: &mut Facts) -> bool {
    let Some((class, flag)) = danger::find(last, dialect) else { return false };
    facts.add(class);
    facts.flags.insert(Flag::DangerousFunction);
    facts.flags.extend(flag);
    true
}

/// The class of a dangerous function.
pub(super) fn danger(last: &str, dialect: Dialect) -> Option<Class> {
    danger::find(last, dialect).map(|(class, _)| class)
}

/// Whether a function of that name is dangerous in some dialect.
pub(super) fn may_be_dangerous(name: &str) -> bool {
    danger::find(&name.to_ascii_lowercase(), Dialect::Generic).is_some()
}

/// Whether a function without a schema is one of the database itself, and harmless.
pub(super) fn is_known(name: &str, dialect: Dialect) -> bool {
    is_harmless("", name, dialect)
}

/// Functions of ClickHouse that sum up rows, whose names may have endings (`sumIf`, `uniqMerge`). Sorted.
const AGGREGATES: [&str; 40] = [
    "any",
    "anyheavy",
    "anylast",
    "argmax",
    "argmin",
    "avg",
    "avgweighted",
    "corr",
    "count",
    "covarpop",
    "covarsamp",
    "first_value",
    "grouparray",
    "groupbitand",
    "groupbitmap",
    "groupbitor",
    "groupbitxor",
    "groupuniqarray",
    "last_value",
    "max",
    "median",
    "min",
    "quantile",
    "quantileexact",
    "quantiles",
    "quantiletdigest",
    "quantiletiming",
    "stddevpop",
    "stddevsamp",
    "sum",
    "sumkahan",
    "sumwithoverflow",
    "topk",
    "topkweighted",
    "uniq",
    "uniqcombined",
    "uniqexact",
    "uniqhll12",
    "varpop",
    "varsamp",
];

/// Whether it is such a function, with or without endings.
fn is_aggregate(name: &str) -> bool {
    const ENDINGS: [&str; 12] = [
        "simplestate",
        "mergestate",
        "ordefault",
        "distinct",
        "foreach",
        "ornull",
        "array",
        "merge",
        "state",
        "map",
        "if",
        "resample",
    ];
    AGGREGATES.binary_search(&name).is_ok()
        || ENDINGS.iter().filter_map(|ending| name.strip_suffix(ending)).any(is_aggregate)
}

fn is_harmless(qualifier: &str, last: &str, dialect: Dialect) -> bool {
    let own = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Mysql => MYSQL,
        Dialect::Sqlite => SQLITE,
        Dialect::Mssql => MSSQL,
        Dialect::Snowflake => SNOWFLAKE,
        Dialect::Bigquery => BIGQUERY,
        Dialect::Clickhouse => CLICKHOUSE,
        Dialect::Generic => "",
    };
    let generic = [POSTGRES, MYSQL, SQLITE, MSSQL, SNOWFLAKE, BIGQUERY, CLICKHOUSE];
    let listed = lists(STANDARD, last)
        || lists(own, last)
        || dialect == Dialect::Generic && generic.iter().any(|list| lists(list, last));
    if qualifier.is_empty() {
        return listed
            || dialect == Dialect::Sqlite && last.starts_with("pragma_")
            || dialect == Dialect::Clickhouse && is_aggregate(last);
    }
    let schema = qualifier.rsplit('.').next().unwrap_or(qualifier);
    match dialect {
        Dialect::Mssql if MSSQL_METHODS.contains(&last) => true,
        Dialect::Mssql if schema == "sys" => last.starts_with("dm_") || last.starts_with("fn_") || listed,
        // Families of BigQuery are part of the name; `SAFE` may stand before any function.
        Dialect::Bigquery if qualifier == "safe" => listed,
        Dialect::Bigquery if lists(own, &format!("{qualifier}.{last}")) => true,
        _ => listed && SYSTEM_SCHEMAS.contains(&schema),
    }
}

/// Whether a sorted list, one name to a line, holds a name.
fn lists(list: &str, name: &str) -> bool {
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = low.midpoint(high);
        let start = list[..middle].rfind('\n').map_or(0, |line| line + 1).max(low);
        let end = list[start..].find('\n').map_or(list.len(), |line| start + line);
        match list[start..end].cmp(name) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = (end + 1).min(high),
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{
        AGGREGATES, BIGQUERY, CLICKHOUSE, MSSQL, MYSQL, POSTGRES, SNOWFLAKE, SQLITE, STANDARD, VOLATILE,
        danger, lists,
    };
    use crate::statement::Dialect;

    #[test]
    fn every_harmless_function_is_found_and_none_is_dangerous() {
        let lists_of = [
            (POSTGRES, Dialect::Postgres),
            (MYSQL, Dialect::Mysql),
            (SQLITE, Dialect::Sqlite),
            (MSSQL, Dialect::Mssql),
            (SNOWFLAKE, Dialect::Snowflake),
            (BIGQUERY, Dialect::Bigquery),
            (CLICKHOUSE, Dialect::Clickhouse),
            (STANDARD, Dialect::Generic),
        ];
        for (list, dialect) in lists_of {
            let names: Vec<&str> = list.lines().collect();
            assert!(names.is_sorted_by(|first, second| first < second), "{dialect} is not sorted");
            for name in names {
                assert!(lists(list, name), "{name}");
                assert!(!lists(list, &format!("{name}!")), "{name}");
                assert_eq!(name, name.to_lowercase());
                assert_eq!(danger::find(name, dialect), None, "{name} of {dialect} is on both lists");
            }
        }
        assert!(!lists("", "a") && VOLATILE.is_sorted() && AGGREGATES.is_sorted());
    }
}
