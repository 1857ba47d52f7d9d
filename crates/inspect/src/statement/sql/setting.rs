//! Settings of a session, and those among them that are guards.

use super::fact::Class;

/// Settings that protect: read-only sessions, who one is, how strings and names are read, triggers and row security.
/// Changing one is a matter of privilege. By the last part of the name, in lower case, sorted.
const GUARDS: [&str; 35] = [
    "allow_experimental_object_type",
    "allow_introspection_functions",
    "allow_system_table_mods",
    "backslash_quote",
    "default_transaction_read_only",
    "dynamic_library_path",
    "foreign_key_checks",
    "general_log",
    "general_log_file",
    "init_connect",
    "lo_compat_privileges",
    "local_infile",
    "local_preload_libraries",
    "log_statement",
    "password",
    "quoted_identifier",
    "read_only",
    "readonly",
    "role",
    "row_security",
    "secure_file_priv",
    "session_authorization",
    "session_preload_libraries",
    "session_replication_role",
    "slow_query_log_file",
    "sql_log_bin",
    "sql_log_off",
    "sql_mode",
    "sql_safe_updates",
    "standard_conforming_strings",
    "super_read_only",
    "transaction_read_only",
    "tx_read_only",
    "unique_checks",
    "zero_damaged_pages",
];

/// Whether a setting of this name is a guard.
pub(super) fn is_guard(name: &str) -> bool {
    GUARDS.binary_search(&name).is_ok()
}

/// Pragmas of SQLite that only answer, whatever their argument. In lower case, sorted.
const PRAGMAS_READ: [&str; 17] = [
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_check",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "page_count",
    "pragma_list",
    "quick_check",
    "table_info",
    "table_list",
];
/// Pragmas that answer when they have no argument, and set something when they have one. Sorted.
const PRAGMAS_ANSWER: [&str; 23] = [
    "application_id",
    "auto_vacuum",
    "busy_timeout",
    "cache_size",
    "data_version",
    "defer_foreign_keys",
    "encoding",
    "foreign_keys",
    "journal_mode",
    "journal_size_limit",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "page_size",
    "query_only",
    "recursive_triggers",
    "schema_version",
    "secure_delete",
    "synchronous",
    "temp_store",
    "trusted_schema",
    "user_version",
    "wal_autocheckpoint",
];
/// Pragmas whose setting ends with the connection. Sorted.
const PRAGMAS_SESSION: [&str; 8] = [
    "busy_timeout",
    "cache_size",
    "case_sensitive_like",
    "defer_foreign_keys",
    "foreign_keys",
    "mmap_size",
    "recursive_triggers",
    "temp_store",
];
/// Pragmas that turn off a guard. Sorted.
const PRAGMAS_GUARD: [&str; 6] = [
    "cell_size_check",
    "ignore_check_constraints",
    "query_only",
    "trusted_schema",
    "writable_schema",
    "writeable_schema",
];

/// What a pragma of SQLite does.
pub(super) fn pragma(name: &str, has_value: bool) -> Class {
    let among = |list: &[&str]| list.binary_search(&name).is_ok();
    if among(&PRAGMAS_READ) || name == "table_xinfo" || !has_value && among(&PRAGMAS_ANSWER) {
        Class::Read
    } else if among(&PRAGMAS_GUARD) {
        Class::Privilege
    } else if has_value && among(&PRAGMAS_SESSION) {
        Class::Session
    } else {
        Class::Write
    }
}

#[cfg(test)]
mod tests {
    use super::{GUARDS, PRAGMAS_ANSWER, PRAGMAS_GUARD, PRAGMAS_READ, PRAGMAS_SESSION};

    #[test]
    fn lists_are_sorted_so_that_every_entry_is_found() {
        for list in [&GUARDS[..], &PRAGMAS_ANSWER, &PRAGMAS_GUARD, &PRAGMAS_READ, &PRAGMAS_SESSION] {
            assert!(list.is_sorted_by(|first, second| first < second), "{list:?}");
        }
    }
}
