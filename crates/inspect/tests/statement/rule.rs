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
