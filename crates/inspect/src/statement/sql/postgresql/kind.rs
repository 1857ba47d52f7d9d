//! The class of each kind of node of PostgreSQL's grammar that changes something.

use squawk_syntax::SyntaxKind as Kind;

use crate::statement::sql::fact::Class;

/// What a statement of this kind does by itself. `None`: not a statement, or one whose class depends on its parts.
pub(super) fn class(kind: Kind) -> Option<Class> {
    query(kind)
        .or_else(|| session(kind))
        .or_else(|| right(kind))
        .or_else(|| code(kind))
        .or_else(|| object(kind))
}

fn query(kind: Kind) -> Option<Class> {
    Some(match kind {
        Kind::SELECT
        | Kind::COMPOUND_SELECT
        | Kind::PAREN_SELECT
        | Kind::TABLE
        | Kind::VALUES
        | Kind::SHOW
        | Kind::EXPLAIN
        | Kind::EMPTY_STMT => Class::Read,
        Kind::INSERT
        | Kind::ANALYZE
        | Kind::REFRESH
        | Kind::NOTIFY
        | Kind::LOCK
        | Kind::LOCKING_CLAUSE
        | Kind::PREPARE_TRANSACTION
        | Kind::COMMIT_PREPARED
        | Kind::ROLLBACK_PREPARED => Class::Write,
        Kind::TRUNCATE => Class::DdlDestructive,
        _ => return None,
    })
}

fn session(kind: Kind) -> Option<Class> {
    Some(match kind {
        Kind::BEGIN
        | Kind::COMMIT_TRANSACTION
        | Kind::ROLLBACK_TRANSACTION
        | Kind::ROLLBACK_TO_SAVEPOINT
        | Kind::SAVEPOINT_CREATE
        | Kind::RELEASE_SAVEPOINT
        | Kind::PREPARE
        | Kind::DEALLOCATE
        | Kind::DECLARE
        | Kind::FETCH
        | Kind::MOVE
        | Kind::CLOSE
        | Kind::DISCARD
        | Kind::LISTEN
        | Kind::UNLISTEN
        | Kind::SET
        | Kind::SET_TRANSACTION
        | Kind::SET_CONSTRAINTS
        | Kind::RESET => Class::Session,
        _ => return None,
    })
}

fn right(kind: Kind) -> Option<Class> {
    Some(match kind {
        Kind::GRANT
        | Kind::REVOKE
        | Kind::CREATE_ROLE
        | Kind::CREATE_USER
        | Kind::CREATE_GROUP
        | Kind::ALTER_ROLE
        | Kind::ALTER_USER
        | Kind::ALTER_GROUP
        | Kind::DROP_ROLE
        | Kind::DROP_USER
        | Kind::DROP_GROUP
        | Kind::CREATE_POLICY
        | Kind::ALTER_POLICY
        | Kind::DROP_POLICY
        | Kind::CREATE_USER_MAPPING
        | Kind::ALTER_USER_MAPPING
        | Kind::DROP_USER_MAPPING
        | Kind::ALTER_DEFAULT_PRIVILEGES
        | Kind::ALTER_SYSTEM
        | Kind::ALTER_DATABASE
        | Kind::ALTER_EVENT_TRIGGER
        | Kind::REASSIGN
        | Kind::SECURITY_LABEL
        | Kind::SET_ROLE
        | Kind::SET_SESSION_AUTH
        | Kind::RESET_ROLE
        | Kind::RESET_SESSION_AUTH
        | Kind::CHECKPOINT
        // Parts of `ALTER TABLE` and its like.
        | Kind::OWNER_TO
        | Kind::ENABLE_TRIGGER
        | Kind::ENABLE_ALWAYS_TRIGGER
        | Kind::ENABLE_REPLICA_TRIGGER
        | Kind::DISABLE_TRIGGER
        | Kind::ENABLE_RULE
        | Kind::ENABLE_ALWAYS_RULE
        | Kind::ENABLE_REPLICA_RULE
        | Kind::DISABLE_RULE
        | Kind::ENABLE_RLS
        | Kind::DISABLE_RLS
        | Kind::FORCE_RLS
        | Kind::NO_FORCE_RLS => Class::Privilege,
        _ => return None,
    })
}

fn code(kind: Kind) -> Option<Class> {
    Some(match kind {
        Kind::DO
        | Kind::CALL
        | Kind::EXECUTE
        | Kind::LOAD
        | Kind::CREATE_FUNCTION
        | Kind::CREATE_PROCEDURE
        | Kind::CREATE_AGGREGATE
        | Kind::CREATE_TRIGGER
        | Kind::CREATE_EVENT_TRIGGER
        | Kind::CREATE_RULE
        | Kind::CREATE_EXTENSION
        | Kind::CREATE_LANGUAGE
        | Kind::CREATE_OPERATOR
        | Kind::CREATE_OPERATOR_CLASS
        | Kind::CREATE_OPERATOR_FAMILY
        | Kind::CREATE_CAST
        | Kind::CREATE_TRANSFORM
        | Kind::CREATE_CONVERSION
        | Kind::CREATE_ACCESS_METHOD
        | Kind::ALTER_FUNCTION
        | Kind::ALTER_PROCEDURE
        | Kind::ALTER_ROUTINE
        | Kind::ALTER_EXTENSION
        | Kind::ALTER_EXTENSION_ADD
        | Kind::ALTER_EXTENSION_DROP
        | Kind::ALTER_EXTENSION_UPDATE => Class::Exec,
        Kind::CREATE_SERVER
        | Kind::ALTER_SERVER
        | Kind::CREATE_FOREIGN_TABLE
        | Kind::ALTER_FOREIGN_TABLE
        | Kind::CREATE_FOREIGN_DATA_WRAPPER
        | Kind::ALTER_FOREIGN_DATA_WRAPPER
        | Kind::IMPORT_FOREIGN_SCHEMA
        | Kind::CREATE_SUBSCRIPTION
        | Kind::ALTER_SUBSCRIPTION
        | Kind::CREATE_PUBLICATION
        | Kind::ALTER_PUBLICATION => Class::Export,
        _ => return None,
    })
}

/// Everything else that creates, alters or drops, by the name of the kind: new kinds of object are then classed, too.
fn object(kind: Kind) -> Option<Class> {
    Some(match kind {
        Kind::SELECT_INTO
        | Kind::COMMENT_ON
        | Kind::VACUUM
        | Kind::CLUSTER
        | Kind::REINDEX
        | Kind::REPACK => Class::Ddl,
        // Parts of `ALTER TABLE` and its like that lose data or a rule.
        Kind::DROP_COLUMN
        | Kind::DROP_CONSTRAINT
        | Kind::DROP_ATTRIBUTE
        | Kind::DETACH_PARTITION
        | Kind::MERGE_PARTITIONS
        | Kind::SPLIT_PARTITION => Class::DdlDestructive,
        _ if !is_statement(kind) => return None,
        _ => {
            let name = format!("{kind:?}");
            if name.starts_with("DROP_") {
                Class::DdlDestructive
            } else if name.starts_with("CREATE_") || name.starts_with("ALTER_") {
                Class::Ddl
            } else {
                return None;
            }
        }
    })
}

/// Whether a node of this kind can be a whole statement.
pub(super) fn is_statement(kind: Kind) -> bool {
    use squawk_syntax::ast::{AstNode, Stmt};
    Stmt::can_cast(kind)
}
