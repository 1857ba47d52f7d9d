//! Functions that reach beyond rows: files, network, other statements, other sessions, the server itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::statement::Dialect;
use crate::statement::sql::fact::{Class, Flag};

/// A family of functions that do the same kind of thing.
struct Family {
    dialects: &'static [Dialect],
    class: Class,
    flag: Option<Flag>,
    /// Whole names, in lower case.
    names: &'static [&'static str],
    /// How names begin.
    prefixes: &'static [&'static str],
}

const FAMILIES: &[Family] = &[
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Exec,
        flag: Some(Flag::DynamicSql),
        names: &[
            "connectby",
            "cursor_to_xml",
            "cursor_to_xmlschema",
            "exec",
            "execute",
            "plpgsql_inline_handler",
            "query_to_xml",
            "query_to_xml_and_xmlschema",
            "query_to_xmlschema",
            "ts_rewrite",
            "ts_stat",
            "xpath_table",
        ],
        prefixes: &["crosstab", "pg_background_", "plpython", "plperl", "pltcl", "cron_"],
    },
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Exec,
        flag: Some(Flag::Network),
        names: &[],
        prefixes: &["dblink"],
    },
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Export,
        flag: Some(Flag::Network),
        names: &["http", "http_delete", "http_get", "http_head", "http_patch", "http_post", "http_put"],
        prefixes: &["net_http_", "postgres_fdw_", "aws_s3", "aws_lambda"],
    },
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Export,
        flag: Some(Flag::FileAccess),
        names: &[
            "database_to_xml",
            "database_to_xml_and_xmlschema",
            "lo_export",
            "lo_import",
            "pg_hba_file_rules",
            "pg_ident_file_mappings",
            "pg_show_all_file_settings",
            "pg_stat_file",
            "schema_to_xml",
            "schema_to_xml_and_xmlschema",
            "table_to_xml",
            "table_to_xml_and_xmlschema",
        ],
        prefixes: &["pg_read_", "pg_ls_", "pg_file_", "pg_logdir_", "file_fdw"],
    },
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Privilege,
        flag: None,
        names: &[
            "pg_cancel_backend",
            "pg_create_restore_point",
            "pg_drop_replication_slot",
            "pg_extension_config_dump",
            "pg_import_system_collations",
            "pg_log_backend_memory_contexts",
            "pg_nextoid",
            "pg_promote",
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_start_backup",
            "pg_stop_backup",
            "pg_stop_making_pinned_objects",
            "pg_switch_wal",
            "pg_switch_xlog",
            "pg_terminate_backend",
            "set_config",
            "system",
        ],
        prefixes: &[
            "binary_upgrade_",
            "pg_backup_",
            "pg_copy_",
            "pg_create_",
            "pg_replication_",
            "pg_rotate_logfile",
            "pg_stat_reset",
            "pg_wal_replay_",
        ],
    },
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Write,
        flag: None,
        names: &[
            "gin_clean_pending_list",
            "lo_creat",
            "lo_create",
            "lo_from_bytea",
            "lo_put",
            "lo_truncate",
            "lo_truncate64",
            "lo_unlink",
            "lowrite",
            "nextval",
            "pg_logical_emit_message",
            "pg_notify",
            "setval",
        ],
        prefixes: &["brin_desummarize", "brin_summarize", "pg_logical_slot_"],
    },
    Family {
        dialects: &[Dialect::Postgres],
        class: Class::Session,
        flag: None,
        names: &[
            "lo_close",
            "lo_lseek",
            "lo_lseek64",
            "lo_open",
            "loread",
            "pg_export_snapshot",
            "pg_stat_clear_snapshot",
            "pg_stat_force_next_flush",
            "setseed",
        ],
        prefixes: &["pg_advisory_", "pg_try_advisory_"],
    },
    Family {
        dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Clickhouse],
        class: Class::Session,
        flag: Some(Flag::Delay),
        names: &["benchmark", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "sleep", "sleepeachrow"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Mysql],
        class: Class::Exec,
        flag: Some(Flag::FileAccess),
        names: &["lib_mysqludf_sys_info", "sys_bineval", "sys_eval", "sys_exec", "sys_get", "sys_set"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Mysql],
        class: Class::Export,
        flag: Some(Flag::FileAccess),
        names: &["load_file", "http_get", "http_post"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Mysql],
        class: Class::Session,
        flag: Some(Flag::Delay),
        names: &[
            "get_lock",
            "master_gtid_wait",
            "master_pos_wait",
            "release_all_locks",
            "release_lock",
            "source_pos_wait",
            "wait_for_executed_gtid_set",
            "wait_until_sql_thread_after_gtids",
        ],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Mysql],
        class: Class::Write,
        flag: None,
        names: &["lastval", "nextval", "setval"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Mysql],
        class: Class::Privilege,
        flag: None,
        names: &["ps_thread_trx_info"],
        prefixes: &[
            "asynchronous_connection_failover_",
            "group_replication_",
            "keyring_",
            "audit_log_",
            "mysql_firewall_",
        ],
    },
    Family {
        dialects: &[Dialect::Sqlite],
        class: Class::Exec,
        flag: Some(Flag::FileAccess),
        names: &["edit", "eval", "fts3_tokenizer", "load_extension", "shell", "system"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Sqlite],
        class: Class::Export,
        flag: Some(Flag::FileAccess),
        names: &["fsdir", "readfile", "sqlar_uncompress", "sqlite_log", "writefile", "zipfile"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Sqlite],
        class: Class::Write,
        flag: None,
        names: &["optimize", "rtreecheck"],
        prefixes: &["geopoly_debug"],
    },
    Family {
        dialects: &[Dialect::Mssql],
        class: Class::Exec,
        flag: Some(Flag::Network),
        names: &["opendatasource", "openquery"],
        prefixes: &["xp_", "sp_"],
    },
    Family {
        dialects: &[Dialect::Mssql],
        class: Class::Export,
        flag: Some(Flag::FileAccess),
        names: &[
            "fn_dblog",
            "fn_dump_dblog",
            "fn_get_audit_file",
            "fn_trace_gettable",
            "fn_xe_file_target_read_file",
            "openrowset",
            "dm_os_enumerate_filesystem",
            "dm_os_file_exists",
        ],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Snowflake],
        class: Class::Privilege,
        flag: None,
        names: &[],
        prefixes: &[
            "system$abort",
            "system$cancel",
            "system$drop",
            "system$force",
            "system$global_account",
            "system$set",
            "system$task_force",
            "system$user_task_cancel",
            "system$authorize",
            "system$enable",
            "system$disable",
            "system$provision",
            "system$revoke",
            "system$grant",
            "system$start",
            "system$stop",
            "system$pipe_force",
            "system$unset",
            "system$link",
            "system$convert",
            "system$verify",
            "system$register",
            "system$commit",
        ],
    },
    Family {
        dialects: &[Dialect::Snowflake],
        class: Class::Write,
        flag: None,
        names: &["nextval"],
        prefixes: &["system$stream_", "system$wait"],
    },
    Family {
        dialects: &[Dialect::Snowflake],
        class: Class::Export,
        flag: Some(Flag::Network),
        names: &["build_scoped_file_url", "build_stage_file_url", "get_presigned_url", "get_stage_location"],
        prefixes: &["system$send", "ai_", "cortex"],
    },
    Family {
        dialects: &[Dialect::Bigquery],
        class: Class::Exec,
        flag: Some(Flag::Network),
        names: &["external_query"],
        prefixes: &[],
    },
    Family {
        dialects: &[Dialect::Bigquery],
        class: Class::Export,
        flag: Some(Flag::Network),
        names: &["annotate_image", "process_document", "transcribe", "understand_text"],
        prefixes: &["generate_text", "generate_embedding", "generate_table", "ai."],
    },
    Family {
        dialects: &[Dialect::Clickhouse],
        class: Class::Exec,
        flag: Some(Flag::FileAccess),
        names: &["eval", "executable", "python", "addresstoline", "addresstolinewithinlines", "demangle"],
        prefixes: &["catboost"],
    },
    Family {
        dialects: &[Dialect::Clickhouse],
        class: Class::Export,
        flag: Some(Flag::Network),
        names: &[
            "arrowflight",
            "bigquery",
            "cluster",
            "clusterallreplicas",
            "gcs",
            "hive",
            "hudi",
            "jdbc",
            "loop",
            "mongodb",
            "mysql",
            "odbc",
            "oss",
            "postgresql",
            "prometheusquery",
            "prometheusqueryrange",
            "redis",
            "remote",
            "remotesecure",
            "sqlite",
            "timeseriesdata",
            "timeseriesmetrics",
            "timeseriestags",
            "url",
            "urlcluster",
            "ytsaurus",
        ],
        prefixes: &["azureblobstorage", "cosn", "deltalake", "hdfs", "iceberg", "paimon", "s3"],
    },
    Family {
        dialects: &[Dialect::Clickhouse],
        class: Class::Export,
        flag: Some(Flag::FileAccess),
        names: &["file", "filecluster", "filesystem"],
        prefixes: &[],
    },
];

/// Families by the names in them, and by how the names begin: most functions are in none, which must be quick to see.
struct Index {
    names: HashMap<&'static str, Vec<usize>>,
    /// By their first byte.
    prefixes: HashMap<u8, Vec<(&'static str, usize)>>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { names: HashMap::new(), prefixes: HashMap::new() };
    for (at, family) in FAMILIES.iter().enumerate() {
        family.names.iter().for_each(|name| index.names.entry(name).or_default().push(at));
        for prefix in family.prefixes {
            let first = prefix.as_bytes().first().copied().unwrap_or_default();
            index.prefixes.entry(first).or_default().push((prefix, at));
        }
    }
    index
});

/// What a function does, when it is dangerous. The name is the last part of it, in lower case. Without a vendor, every
/// vendor's counts.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<(Class, Option<Flag>)> {
    let concerns = |family: &Family| dialect == Dialect::Generic || family.dialects.contains(&dialect);
    let named = INDEX.names.get(name).into_iter().flatten().copied();
    let first = name.as_bytes().first().and_then(|first| INDEX.prefixes.get(first));
    let begun = first.into_iter().flatten().filter(|(prefix, _)| name.starts_with(prefix)).map(|(_, at)| *at);
    let family = named.chain(begun).filter(|at| concerns(&FAMILIES[*at])).min().map(|at| &FAMILIES[at]);
    family.map(|family| (family.class, family.flag))
}
