//! SQL: rules of which each is a sentence.

use inspect::statement::Dialect;
use inspect::statement::sql::{Class, Facts, classify};

use crate::sql::on_large_stack;

/// Facts of each text.
fn facts(texts: &[&'static str], dialect: Option<Dialect>) -> Vec<(&'static str, Facts)> {
    let texts = texts.to_vec();
    on_large_stack(move || texts.into_iter().map(|text| (text, classify(text, dialect))).collect())
}

#[track_caller]
fn all_are(class: Class, dialect: impl Into<Option<Dialect>>, texts: &[&'static str]) {
    let facts = facts(texts, dialect.into());
    let others = facts.iter().filter(|(_, facts)| facts.class != class);
    let others: Vec<String> =
        others.map(|(text, facts)| format!("{text}: {:?} {}", facts.class, facts.reason)).collect();
    assert!(others.is_empty(), "not {class:?}:\n{}", others.join("\n"));
}

#[test]
fn a_dialect_that_would_refuse_a_quoted_qualifier_vetoes_no_reading_of_the_others() {
    all_are(
        Class::Read,
        None,
        &[
            r#"SELECT "users"."id" FROM "users" WHERE "users"."id" = 3"#,
            r#"SELECT "users".* FROM "users" WHERE "users"."id" = 3 LIMIT 1"#,
            r#"SELECT "u"."id" AS "u_id", count("o"."id") FROM "users" AS "u" JOIN "orders" AS "o" ON "o"."user_id" = "u"."id" GROUP BY "u"."id" ORDER BY "u"."id""#,
        ],
    );
    all_are(
        Class::Write,
        None,
        &[
            r#"UPDATE "users" SET "name" = 'x' WHERE "users"."id" = 1"#,
            r#"DELETE FROM "users" WHERE "users"."id" = 1"#,
        ],
    );
    all_are(Class::WriteUnbounded, None, &[r#"DELETE FROM "users" WHERE "users"."id" = "users"."id""#]);
}

#[test]
fn what_the_refusing_dialect_or_another_sees_beside_a_quoted_qualifier_still_counts() {
    all_are(
        Class::DdlDestructive,
        None,
        &[r#"SELECT "a"."b" FROM "a"; DROP TABLE "a""#, r#"DROP TABLE "a"; SELECT "a"."b" FROM "a""#],
    );
    // To BigQuery and MySQL the backslash hides the quote, and the statement stands outside.
    let texts = [
        r#"SELECT sys_exec('x'), "a"."b" FROM "a""#,
        r#"SELECT "a\"."b"; DROP TABLE t; -- ""#,
        r#"SELECT "a"."\"; DROP TABLE t; -- ""#,
    ];
    for (text, facts) in facts(&texts, None) {
        assert!(facts.class >= Class::DdlDestructive, "{text}: {:?}", facts.class);
    }
}

#[test]
fn a_quoted_qualifier_stays_unknown_to_a_dialect_that_refuses_it() {
    let text = r#"SELECT "users"."id" FROM users"#;
    all_are(Class::Unknown, Dialect::Bigquery, &[text]);
    all_are(Class::Unknown, Dialect::Mysql, &[text]);
    all_are(Class::Read, Dialect::Postgres, &[text]);
}

#[test]
fn two_bars_are_or_to_mysql() {
    all_are(
        Class::WriteUnbounded,
        Dialect::Mysql,
        &[
            "UPDATE t SET a = 5 WHERE id = 1 || 1",
            "DELETE FROM t WHERE id = 5 || true",
            "DELETE FROM t WHERE id = 5 && a = 2 || 1",
        ],
    );
    all_are(Class::WriteUnbounded, None, &["DELETE FROM t WHERE id = 5 || 1"]);
    all_are(Class::Write, Dialect::Postgres, &["DELETE FROM t WHERE id = 'a' || b"]);
    all_are(Class::Read, Dialect::Mysql, &["SELECT a || b, 'x' || 'y' FROM t WHERE a = 1"]);
    all_are(Class::Write, Dialect::Mysql, &["UPDATE t SET a = b || 'x' WHERE id = 1"]);
}

#[test]
fn do_of_mysql_calls_functions_as_a_query_does() {
    all_are(
        Class::Unknown,
        Dialect::Mysql,
        &["DO my_udf()", "DO (SELECT my_udf())", "DO sys.ps_setup_enable_consumer('x')"],
    );
    all_are(Class::Exec, Dialect::Mysql, &["DO sys_exec('x')"]);
    all_are(Class::Session, Dialect::Mysql, &["DO 1", "DO length('a'), 2", "DO SLEEP(5)"]);
}

#[test]
fn reset_of_mysql_empties_logs_and_is_no_reset_of_a_setting() {
    all_are(
        Class::Privilege,
        Dialect::Mysql,
        &["RESET MASTER", "RESET REPLICA", "RESET PERSIST", "RESET SLAVE ALL", "RESET QUERY CACHE"],
    );
    all_are(Class::Session, Dialect::Postgres, &["RESET work_mem"]);
}

#[test]
fn a_write_to_the_tables_that_hold_the_rights_is_a_matter_of_privilege() {
    all_are(
        Class::Privilege,
        Dialect::Mysql,
        &[
            "UPDATE mysql.user SET Super_priv = 'Y' WHERE User = 'bob'",
            "INSERT INTO mysql.db (Host, Db) VALUES ('a', 'b')",
            "DELETE u FROM mysql.user u WHERE u.User = 'bob'",
            "UPDATE t JOIN mysql.user u ON u.id = t.id SET u.a = 1 WHERE t.id = 4",
        ],
    );
    all_are(
        Class::Privilege,
        Dialect::Postgres,
        &[
            "UPDATE pg_authid SET rolsuper = true WHERE rolname = 'bob'",
            "INSERT INTO pg_auth_members VALUES (1, 2, 3)",
            "UPDATE pg_catalog.pg_class SET relrowsecurity = false WHERE relname = 't'",
            "WITH x AS (DELETE FROM pg_authid WHERE oid = 7 RETURNING *) SELECT 1 FROM x",
        ],
    );
    all_are(Class::Privilege, Dialect::Sqlite, &["UPDATE sqlite_master SET sql = 'x' WHERE name = 't'"]);
    all_are(
        Class::Privilege,
        Dialect::Mssql,
        &["UPDATE sys.x SET a = 1 WHERE b = 2", "UPDATE u SET a = 1 FROM msdb.dbo.sysjobs u WHERE u.b = 2"],
    );
    all_are(Class::Privilege, Dialect::Clickhouse, &["INSERT INTO system.users (a) VALUES (1)"]);
    all_are(Class::Privilege, None, &["INSERT INTO mysql.user (a) VALUES (1)"]);
    all_are(Class::Write, Dialect::Postgres, &["UPDATE app.pg_notes SET a = 1 WHERE b = 2"]);
    all_are(Class::Read, Dialect::Postgres, &["SELECT relname FROM pg_class WHERE relkind = 'r'"]);
}

#[test]
fn a_write_to_another_sql_server_is_an_export() {
    all_are(
        Class::Export,
        Dialect::Mssql,
        &[
            "INSERT INTO srv.db.dbo.t SELECT * FROM users",
            "UPDATE srv.db.dbo.t SET a = 1 WHERE b = 2",
            "DELETE FROM srv.db.dbo.t WHERE b = 2",
            "INSERT INTO OPENQUERY(s, 'SELECT a FROM t') VALUES (1)",
        ],
    );
    all_are(Class::Write, Dialect::Mssql, &["INSERT INTO db.dbo.t (a) VALUES (1)"]);
}

#[test]
fn a_condition_that_is_true_by_its_form_restricts_nothing() {
    all_are(
        Class::WriteUnbounded,
        Dialect::Postgres,
        &[
            "DELETE FROM t WHERE EXISTS (SELECT 1 FROM t)",
            "DELETE FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.x = 1)",
            "DELETE FROM t WHERE (SELECT count(*) FROM t) > 0",
            "DELETE FROM t WHERE (id = id) = true",
            "DELETE FROM t WHERE (id <> id) = false",
            "DELETE FROM t WHERE (id = id) IS NOT FALSE",
            "DELETE FROM t WHERE CASE WHEN true THEN true ELSE id = 1 END",
            "DELETE FROM t WHERE CASE WHEN id = 1 THEN true ELSE true END",
            "DELETE FROM t WHERE NOT (id <> id)",
            "DELETE FROM t WHERE NOT (now() < '2000-01-01')",
            "DELETE FROM t WHERE name ~ ''",
            "DELETE FROM t WHERE name ~ '^.*$'",
            "DELETE FROM t WHERE name SIMILAR TO '%'",
            "DELETE FROM t WHERE name ~~ '%'",
            "DELETE FROM t WHERE id = id + 0",
            "DELETE FROM t WHERE id - id = 0",
            "DELETE FROM t WHERE id < 9223372036854775807",
            "DELETE FROM t WHERE id IN (SELECT id FROM t)",
            "DELETE FROM t WHERE id = ANY (SELECT id FROM t)",
            "DELETE FROM t WHERE coalesce(id, 1) IS NOT NULL",
            "DELETE FROM t WHERE (id = 1) IS NOT NULL",
            "UPDATE t SET a = 1 FROM s WHERE s.x = 1",
            "DELETE FROM t USING s WHERE s.x = 1",
        ],
    );
    all_are(
        Class::WriteUnbounded,
        Dialect::Sqlite,
        &["DELETE FROM t WHERE a IS a", "DELETE FROM t WHERE a GLOB '*'", "UPDATE t SET a = 1 WHERE rowid"],
    );
    all_are(Class::WriteUnbounded, Dialect::Mysql, &["DELETE FROM t WHERE name REGEXP '.*'"]);
    all_are(Class::WriteUnbounded, None, &["DELETE FROM t WHERE id IN (SELECT id FROM t)"]);
}

#[test]
fn a_condition_that_only_looks_like_one_of_these_restricts() {
    all_are(
        Class::Write,
        Dialect::Postgres,
        &[
            "DELETE FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.id = t.id)",
            "DELETE FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.id = owner)",
            "DELETE FROM t WHERE id IN (SELECT id FROM s)",
            "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE a = 1)",
            "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 5)",
            "DELETE FROM t WHERE id = other + 0",
            "DELETE FROM t WHERE (a = 1) = true",
            "DELETE FROM t WHERE name ~ '.*x'",
            "DELETE FROM t WHERE CASE WHEN id = 1 THEN true ELSE false END",
            "DELETE FROM t WHERE NOT (id = 1)",
            "UPDATE t SET a = 1 FROM s WHERE s.id = t.id",
            "UPDATE t SET a = 1 FROM s WHERE s.x = 1 AND owner = 4",
        ],
    );
    all_are(
        Class::Write,
        Dialect::Mssql,
        &[
            "UPDATE t SET a = 1 FROM t JOIN s ON t.id = s.id WHERE s.x = 1",
            "UPDATE u SET a = 1 FROM t u WHERE u.id = 1",
        ],
    );
    all_are(Class::Write, Dialect::Bigquery, &["DELETE FROM ds.t WHERE address.city = 'x'"]);
}

#[test]
fn a_setting_that_guards_is_a_matter_of_privilege() {
    all_are(
        Class::Privilege,
        Dialect::Postgres,
        &[
            "SET lo_compat_privileges = on",
            "DISCARD ALL",
            "ALTER VIEW v SET (security_barrier = false)",
            "ALTER TABLE v SET (security_invoker = false)",
        ],
    );
    all_are(Class::Session, Dialect::Postgres, &["DISCARD PLANS", "SET work_mem = '1MB'"]);
    all_are(Class::Privilege, Dialect::Mysql, &["SET sql_log_off = 1"]);
    for (text, facts) in facts(&["SET app.tenant = '5'"], Some(Dialect::Postgres)) {
        let flags = serde_json::to_string(&facts.flags).unwrap();
        assert!(flags.contains("guard_setting"), "{text}: {flags}");
    }
}

#[test]
fn what_only_advises_the_planner_or_counts_rows_hides_nothing_of_a_statement() {
    all_are(
        Class::Read,
        Dialect::Mssql,
        &[
            "SELECT * FROM t OPTION (RECOMPILE, MAXDOP 1)",
            "SELECT * FROM t1 INNER HASH JOIN t2 ON t1.a = t2.a",
            "SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b))",
        ],
    );
    all_are(
        Class::Write,
        Dialect::Mssql,
        &[
            "DELETE Users WHERE Id = 5",
            "DELETE Users WHERE Id IN (SELECT a FROM s)",
            "UPDATE t SET a += 1 WHERE id = 1",
            "INSERT TOP (5) INTO t SELECT * FROM s",
        ],
    );
    all_are(
        Class::WriteUnbounded,
        Dialect::Mssql,
        &[
            "DELETE Users",
            "DELETE TOP (100) FROM Logs",
            "DELETE FROM t OPTION (MAXDOP 1)",
            "SELECT 1; DELETE t",
        ],
    );
    all_are(
        Class::Unknown,
        Dialect::Mssql,
        &[
            "SELECT * FROM t OPTION (RECOMPILE) DROP TABLE t",
            "DELETE TOP (dbo.f()) FROM t",
            "SELECT dbo.f() FROM t OPTION (RECOMPILE)",
        ],
    );
}

#[test]
fn a_line_that_says_go_ends_a_statement_of_sql_server() {
    all_are(
        Class::DdlDestructive,
        Dialect::Mssql,
        &["SELECT 1\nGO\nDROP TABLE t", "SELECT 1\ngo\nDROP TABLE t\nGO"],
    );
    all_are(Class::Unknown, Dialect::Mssql, &["SELECT 1 GO DROP TABLE t", "SELECT 1\n[GO]\nDROP TABLE t"]);
}

#[test]
fn what_mysql_alone_writes_has_its_class() {
    all_are(
        Class::Read,
        Dialect::Mysql,
        &["TABLE users", "DESCRIBE users name", "EXPLAIN EXTENDED SELECT 1"],
    );
    all_are(Class::Session, Dialect::Mysql, &["START TRANSACTION WITH CONSISTENT SNAPSHOT"]);
    all_are(
        Class::Write,
        Dialect::Mysql,
        &[
            "SELECT * FROM t WHERE id = 1 LOCK IN SHARE MODE",
            "UPDATE t1, t2 SET t1.a = t2.a WHERE t1.id = t2.id",
        ],
    );
    all_are(Class::WriteUnbounded, Dialect::Mysql, &["UPDATE t, u SET t.a = 1", "DELETE FROM t WHERE !0"]);
    all_are(
        Class::Privilege,
        Dialect::Mysql,
        &["UPDATE t, mysql.user SET t.a = 1", "SET PASSWORD FOR 'a'@'b' = 'x'"],
    );
    all_are(Class::Exec, Dialect::Mysql, &["PREPARE s FROM 'DROP TABLE t'"]);
    all_are(Class::Unknown, Dialect::Mysql, &["TABLE users INTO @x", "DO my_udf() LOCK IN SHARE MODE"]);
}

#[test]
fn alter_of_clickhouse_deletes_and_updates_by_its_condition() {
    all_are(
        Class::Write,
        Dialect::Clickhouse,
        &["ALTER TABLE t DELETE WHERE id = 5", "ALTER TABLE db.t ON CLUSTER c UPDATE a = 1 WHERE id = 5"],
    );
    all_are(
        Class::WriteUnbounded,
        Dialect::Clickhouse,
        &["ALTER TABLE t DELETE WHERE 1", "ALTER TABLE t UPDATE a = 1 WHERE 1 = 1"],
    );
    all_are(Class::Privilege, Dialect::Clickhouse, &["ALTER TABLE system.users DELETE WHERE a = 1"]);
    all_are(Class::Unknown, Dialect::Clickhouse, &["ALTER TABLE t DELETE WHERE id = 5, DROP COLUMN a"]);
}

#[test]
fn what_clickhouse_alone_writes_in_queries_is_read() {
    all_are(
        Class::Read,
        Dialect::Clickhouse,
        &[
            "SELECT sumIf(x, y > 1), uniqMerge(u), quantileIf(0.5)(a, b), sumOrNull(c) FROM t",
            "WITH 5 AS x SELECT x + 1",
            "WITH (SELECT max(a) FROM t) AS m, 2 AS n SELECT * FROM t WHERE a = m",
            "EXPLAIN PIPELINE SELECT 1",
            "EXPLAIN indexes = 1 SELECT * FROM t",
            "SELECT * FROM a ASOF JOIN b ON a.k = b.k AND a.ts >= b.ts",
            "SELECT * FROM a LEFT SEMI JOIN b USING id",
            "SELECT * FROM t LIMIT 1 WITH TIES",
        ],
    );
    all_are(Class::Unknown, Dialect::Clickhouse, &["SELECT myIf(x) FROM t", "WITH myudf(1) AS x SELECT x"]);
    all_are(Class::Export, Dialect::Clickhouse, &["WITH (SELECT a FROM url('http://x')) AS m SELECT m"]);
    for (text, facts) in
        facts(&["WITH 5 AS users SELECT a FROM users LIMIT 1 WITH TIES"], Some(Dialect::Clickhouse))
    {
        assert!(facts.reads.contains("users") && facts.limit.is_none(), "{text}: {facts:?}");
    }
}

#[test]
fn a_definition_that_the_parser_cannot_read_is_as_bad_as_its_worst_word() {
    all_are(
        Class::Ddl,
        Dialect::Mysql,
        &[
            "ALTER TABLE t ENGINE = InnoDB",
            "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4",
            "CREATE TABLE `t` (`id` bigint NOT NULL, `name` varchar(255) DEFAULT NULL, PRIMARY KEY (`id`), KEY `k` (`ts` DESC)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
            "CREATE FULLTEXT INDEX f ON t (body)",
        ],
    );
    all_are(Class::DdlDestructive, Dialect::Mysql, &["ALTER TABLE p TRUNCATE PARTITION p0"]);
    all_are(
        Class::Export,
        Dialect::Mysql,
        &[
            "ALTER TABLE t ENGINE = FEDERATED ROW_FORMAT=DYNAMIC",
            "ALTER TABLE t DATA DIRECTORY = '/tmp', ROW_FORMAT = X",
        ],
    );
    all_are(
        Class::Ddl,
        Dialect::Mssql,
        &[
            "CREATE UNIQUE CLUSTERED INDEX IX ON t (a ASC) WITH (FILLFACTOR = 80)",
            "ALTER TABLE dbo.T ALTER COLUMN Name nvarchar(100) NOT NULL",
            "ALTER TABLE t WITH CHECK ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE",
            "CREATE PARTITION FUNCTION pf (int) AS RANGE LEFT FOR VALUES (1)",
        ],
    );
    all_are(
        Class::DdlDestructive,
        Dialect::Mssql,
        &["ALTER TABLE t SWITCH TO t2", "UPDATE STATISTICS t DROP TABLE t"],
    );
    all_are(
        Class::Unknown,
        Dialect::Mssql,
        &[
            "ALTER TABLE t ADD a int NOT NULL DEFAULT (dbo.my_udf(1)), b int",
            "UPDATE STATISTICS t DELETE FROM u",
            "UPDATE STATISTICS t SELECT dbo.f()",
            "UPDATE STATISTICS t CREATE LOGIN x",
            "UPDATE STATISTICS t EXEC x",
        ],
    );
    all_are(Class::Unknown, Dialect::Clickhouse, &["CREATE TABLE x AS t ENGINE = Memory AS SELECT myudf(1)"]);
    all_are(Class::Ddl, Dialect::Clickhouse, &["CREATE TABLE x AS t"]);
    all_are(
        Class::DdlDestructive,
        Dialect::Clickhouse,
        &[
            "ALTER TABLE t MODIFY TTL ts + INTERVAL 1 DAY",
            "ALTER TABLE t DROP PARTITION 202401",
            "EXCHANGE TABLES a AND b",
        ],
    );
    all_are(
        Class::DdlDestructive,
        Dialect::Mysql,
        &["ALTER TABLE t ENGINE=BLACKHOLE", "ALTER TABLE t ENGINE = MEMORY"],
    );
    all_are(Class::Privilege, Dialect::Mysql, &["ALTER TABLE mysql.user ROW_FORMAT = COMPRESSED"]);
}

#[test]
fn what_snowflake_and_sqlite_alone_write_has_its_class() {
    all_are(
        Class::Read,
        Dialect::Snowflake,
        &["DESC VIEW v", "DESCRIBE WAREHOUSE wh", "EXPLAIN USING JSON SELECT 1"],
    );
    all_are(
        Class::Ddl,
        Dialect::Snowflake,
        &["ALTER WAREHOUSE wh SET WAREHOUSE_SIZE = 'LARGE'", "ALTER WAREHOUSE wh SUSPEND", "CREATE TAG x"],
    );
    all_are(Class::Privilege, Dialect::Snowflake, &["ALTER ACCOUNT SET NETWORK_POLICY = n"]);
    all_are(Class::Read, Dialect::Sqlite, &["WITH x AS NOT MATERIALIZED (SELECT 1) SELECT * FROM x"]);
    all_are(Class::Export, Dialect::Sqlite, &["VACUUM INTO '/tmp/copy.db'"]);
    all_are(Class::Session, Dialect::Sqlite, &["DETACH DATABASE aux"]);
}
