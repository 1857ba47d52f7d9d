//! What the gateway's role may do on PostgreSQL: add evidence, never change or remove it.
//!
//! A second wall beside the triggers, and one that the gateway cannot take down: tables and triggers belong to another
//! role, which no gateway uses.

use super::{Error, Tx};

/// Every table, and what a gateway does with it.
const GRANTS: &[(&str, &str)] = &[
    ("migration", "SELECT"),
    ("lane", "SELECT, INSERT, UPDATE"),
    ("lane_head", "SELECT, INSERT"),
    ("entry", "SELECT, INSERT"),
    ("span", "SELECT, INSERT"),
    ("tree", "SELECT, INSERT, UPDATE"),
    ("checkpoint", "SELECT, INSERT"),
    ("epoch", "SELECT, INSERT"),
    ("cosignature", "SELECT, INSERT"),
    ("stamp", "SELECT, INSERT"),
    ("anchor", "SELECT, INSERT, UPDATE"),
    ("data_key", "SELECT, INSERT, DELETE"),
    ("payload", "SELECT, INSERT, DELETE"),
    ("context", "SELECT, INSERT, DELETE"),
    ("session", "SELECT, INSERT"),
    ("session_end", "SELECT, INSERT"),
    ("document", "SELECT, INSERT"),
    ("service_key", "SELECT, INSERT, UPDATE"),
    ("notice", "SELECT, INSERT, UPDATE"),
    ("acceptance", "SELECT, INSERT, UPDATE"),
    ("mcp_session", "SELECT, INSERT, UPDATE, DELETE"),
    ("task", "SELECT, INSERT, UPDATE, DELETE"),
    ("approval", "SELECT, INSERT, UPDATE, DELETE"),
    ("approval_vote", "SELECT, INSERT, UPDATE, DELETE"),
    ("delivery", "SELECT, INSERT, UPDATE, DELETE"),
    ("callback", "SELECT, INSERT, DELETE"),
    ("lease", "SELECT, INSERT, UPDATE, DELETE"),
    ("breakglass", "SELECT, INSERT, UPDATE, DELETE"),
    ("held_task", "SELECT, INSERT, UPDATE, DELETE"),
    ("follower", "SELECT, INSERT, UPDATE, DELETE"),
    ("minute", "SELECT, INSERT, UPDATE, DELETE"),
    ("tile", "SELECT, INSERT, DELETE"),
    ("word", "SELECT, INSERT, DELETE"),
    ("session_tally", "SELECT, INSERT, UPDATE, DELETE"),
    ("sign_in", "SELECT, INSERT, UPDATE, DELETE"),
    ("passkey", "SELECT, INSERT, UPDATE, DELETE"),
    ("retention_mark", "SELECT, INSERT, UPDATE, DELETE"),
    ("erased", "SELECT, INSERT"),
    ("policy_proposal", "SELECT, INSERT, UPDATE, DELETE"),
    ("policy_publication", "SELECT, INSERT"),
    ("definition", "SELECT, INSERT, UPDATE"),
];

/// Gives `role` exactly these rights.
pub(super) fn grant(tx: &mut Tx<'_>, role: &str) -> Result<(), Error> {
    tx.batch(&sql(role))
}

/// The statements that do.
pub(super) fn sql(role: &str) -> String {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let mut text = String::new();
    for (table, rights) in GRANTS {
        text.push_str(&format!("REVOKE ALL ON {table} FROM {role};\nGRANT {rights} ON {table} TO {role};\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::{Access, Db};

    #[test]
    fn every_table_is_granted_and_evidence_only_for_adding() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(directory.path(), Access::Gateway).unwrap();
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let tables: BTreeSet<String> = db
            .read_now("tables", |read| read.all(sql, &[], |row| Ok(row.text(0)?.to_owned())))
            .unwrap()
            .into_iter()
            .collect();
        let granted: BTreeSet<String> = GRANTS.iter().map(|(table, _)| (*table).to_owned()).collect();
        assert_eq!(tables, granted, "add the table to `GRANTS`");
        for evidence in ["lane_head", "entry", "span", "checkpoint", "epoch", "cosignature", "stamp"] {
            assert!(GRANTS.contains(&(evidence, "SELECT, INSERT")), "{evidence}");
        }
    }
}
