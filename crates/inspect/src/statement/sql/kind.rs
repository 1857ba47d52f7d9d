//! The class of one statement by what it is. What is inside it (queries, functions, further statements) is found by
//! walking the tree; here only what the node itself adds.

use sqlparser::ast::{
    AlterSchemaOperation, AlterTableOperation, ContextModifier, CopySource, CopyTarget, DiscardObject, Merge,
    MergeAction, MergeClause, ObjectType, Set, Statement, TransactionAccessMode, TransactionMode, Use,
};

use crate::statement::Dialect;

use super::condition::{Around, Truth, truth};
use super::fact::{Class, Facts, Flag};
use super::{name, setting};

/// Notes what one statement is. A kind of statement that is not listed here is `unknown`.
pub(super) fn note(statement: &Statement, dialect: Dialect, facts: &mut Facts) {
    let class = data(statement, facts).or_else(|| creation(statement)).or_else(|| right(statement));
    let class = class.or_else(|| change(statement)).or_else(|| session(statement, dialect, facts));
    match class {
        Some(class) => facts.add(class),
        None => facts.raise("a kind of statement of which nothing is known"),
    }
}

/// Statements about rows.
fn data(statement: &Statement, facts: &mut Facts) -> Option<Class> {
    Some(match statement {
        Statement::Query(_)
        | Statement::Explain { .. }
        | Statement::ExplainTable { .. }
        | Statement::ShowFunctions { .. }
        | Statement::ShowVariable { .. }
        | Statement::ShowStatus { .. }
        | Statement::ShowVariables { .. }
        | Statement::ShowCreate { .. }
        | Statement::ShowColumns { .. }
        | Statement::ShowCatalogs { .. }
        | Statement::ShowDatabases { .. }
        | Statement::ShowProcessList { .. }
        | Statement::ShowSchemas { .. }
        | Statement::ShowCharset(_)
        | Statement::ShowObjects(_)
        | Statement::ShowTables { .. }
        | Statement::ShowViews { .. }
        | Statement::ShowCollation { .. }
        | Statement::List(_) => Class::Read,
        Statement::Insert(insert) if insert.overwrite => Class::WriteUnbounded,
        Statement::Insert(_) => Class::Write,
        Statement::Update(update) => {
            let around = Around::of_update(update);
            bounded(update.selection.as_ref(), &around, update.limit.is_some(), facts)
        }
        Statement::Delete(delete) => {
            let around = Around::of_delete(delete);
            bounded(delete.selection.as_ref(), &around, delete.limit.is_some(), facts)
        }
        Statement::Merge(merge) => fusion(merge, facts),
        Statement::Copy { source, to, target, .. } => copy(source, *to, target, facts),
        Statement::CopyIntoSnowflake { .. }
        | Statement::Put { .. }
        | Statement::Unload { .. }
        | Statement::LoadData { .. }
        | Statement::Directory { .. }
        | Statement::ExportData(_) => {
            facts.flags.insert(Flag::FileAccess);
            Class::Export
        }
        Statement::Remove(_) => Class::DdlDestructive,
        Statement::Truncate(_) => Class::DdlDestructive,
        Statement::Analyze(_) | Statement::RefreshMaterializedView(_) | Statement::NOTIFY { .. } => {
            Class::Write
        }
        Statement::Lock(_) | Statement::LockTables { .. } => {
            facts.flags.insert(Flag::RowLock);
            Class::Write
        }
        _ => return None,
    })
}

/// Statements that make objects.
fn creation(statement: &Statement) -> Option<Class> {
    Some(match statement {
        Statement::CreateTable(table) if table.or_replace => Class::DdlDestructive,
        Statement::CreateTable(table) if table.external || table.location.is_some() => Class::Export,
        Statement::CreateDatabase { or_replace: true, .. }
        | Statement::CreateSchema { or_replace: true, .. } => Class::DdlDestructive,
        Statement::CreateTable(_)
        | Statement::CreateView(_)
        | Statement::CreateIndex(_)
        | Statement::CreateSchema { .. }
        | Statement::CreateDatabase { .. }
        | Statement::CreateSequence { .. }
        | Statement::CreateDomain(_)
        | Statement::CreateType { .. }
        | Statement::CreateCollation(_)
        | Statement::CreateTextSearch(_)
        | Statement::CreateWarehouse(_)
        | Statement::CreateFileFormat { .. }
        | Statement::Comment { .. }
        | Statement::RenameTable(_)
        | Statement::OptimizeTable { .. }
        | Statement::Msck(_)
        | Statement::Vacuum(_) => Class::Ddl,
        Statement::CreateVirtualTable { module_name, .. } => {
            let known = ["fts3", "fts4", "fts5", "fts5vocab", "rtree", "geopoly"];
            let harmless = known.iter().any(|module| module_name.value.eq_ignore_ascii_case(module));
            if harmless { Class::Ddl } else { Class::Exec }
        }
        Statement::CreateFunction(_)
        | Statement::CreateProcedure { .. }
        | Statement::CreateMacro { .. }
        | Statement::CreateTrigger(_)
        | Statement::CreateRule(_)
        | Statement::CreateExtension(_)
        | Statement::CreateOperator(_)
        | Statement::CreateOperatorClass(_)
        | Statement::CreateOperatorFamily(_)
        | Statement::CreateAggregate(_)
        | Statement::AlterFunction(_)
        | Statement::Install { .. }
        | Statement::Load { .. } => Class::Exec,
        Statement::CreateServer(_)
        | Statement::CreateForeignTable(_)
        | Statement::CreateForeignDataWrapper(_)
        | Statement::CreateConnector(_)
        | Statement::AlterConnector { .. }
        | Statement::CreateStage { .. }
        | Statement::AttachDatabase { .. }
        | Statement::AttachDuckDBDatabase { .. } => Class::Export,
        _ => return None,
    })
}

/// Statements about rights.
fn right(statement: &Statement) -> Option<Class> {
    Some(match statement {
        Statement::CreateRole(_)
        | Statement::CreateUser(_)
        | Statement::CreateSecret { .. }
        | Statement::CreatePolicy(_)
        | Statement::CreateUserMapping(_)
        | Statement::AlterRole { .. }
        | Statement::AlterUser(_)
        | Statement::AlterPolicy(_)
        | Statement::AlterTrigger(_)
        | Statement::AlterDefaultPrivileges(_)
        | Statement::Grant(_)
        | Statement::GrantRole(_)
        | Statement::Deny(_)
        | Statement::Revoke(_)
        | Statement::RevokeRole(_)
        | Statement::DropPolicy(_)
        | Statement::DropSecret { .. }
        | Statement::Drop { object_type: ObjectType::Role | ObjectType::User | ObjectType::Group, .. } => {
            Class::Privilege
        }
        _ => return None,
    })
}

/// Statements that alter and drop objects.
fn change(statement: &Statement) -> Option<Class> {
    Some(match statement {
        Statement::AlterTable(table) => table.operations.iter().map(alteration).max().unwrap_or(Class::Ddl),
        Statement::AlterSchema(schema) => {
            let owner = |operation: &AlterSchemaOperation| operation.to_string().contains("OWNER TO");
            if schema.operations.iter().any(owner) { Class::Privilege } else { Class::Ddl }
        }
        Statement::AlterIndex { .. }
        | Statement::AlterView(_)
        | Statement::AlterType(_)
        | Statement::AlterCollation(_)
        | Statement::AlterOperator(_)
        | Statement::AlterOperatorFamily(_)
        | Statement::AlterOperatorClass(_)
        | Statement::AlterTextSearch(_) => {
            if statement.to_string().contains("OWNER TO") {
                Class::Privilege
            } else {
                Class::Ddl
            }
        }
        Statement::Drop { .. }
        | Statement::DropFunction(_)
        | Statement::DropDomain(_)
        | Statement::DropProcedure { .. }
        | Statement::DropRule(_)
        | Statement::DropConnector { .. }
        | Statement::DropExtension(_)
        | Statement::DropOperator(_)
        | Statement::DropOperatorFamily(_)
        | Statement::DropOperatorClass(_)
        | Statement::DropTrigger(_) => Class::DdlDestructive,
        _ => return None,
    })
}

/// Statements about the session, and those that run something.
fn session(statement: &Statement, dialect: Dialect, facts: &mut Facts) -> Option<Class> {
    Some(match statement {
        Statement::Set(set) => assignment(set, facts),
        Statement::StartTransaction { modes, .. } => transaction(modes, facts),
        Statement::Pragma { name, value, .. } => {
            let class = setting::pragma(&name::last(name), value.is_some());
            if class == Class::Privilege {
                facts.flags.insert(Flag::GuardSetting);
            }
            class
        }
        Statement::Use(Use::Role(_) | Use::SecondaryRoles(_)) => Class::Privilege,
        Statement::Use(_)
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. }
        | Statement::AlterSession { .. }
        | Statement::Deallocate { .. }
        | Statement::Prepare { .. }
        | Statement::Declare { .. }
        | Statement::Open(_)
        | Statement::Fetch { .. }
        | Statement::Close { .. }
        | Statement::LISTEN { .. }
        | Statement::UNLISTEN { .. }
        | Statement::UnlockTables
        | Statement::DetachDuckDBDatabase { .. }
        | Statement::Cache { .. }
        | Statement::UNCache { .. }
        | Statement::Assert { .. }
        | Statement::Print(_)
        | Statement::Raise(_)
        | Statement::RaisError { .. }
        | Statement::Throw(_)
        | Statement::Return(_)
        | Statement::If(_)
        | Statement::While(_)
        | Statement::Case(_) => Class::Session,
        // Ends a role that was taken on, and every setting.
        Statement::Discard { object_type: DiscardObject::ALL } => guard(facts),
        Statement::Discard { .. } => Class::Session,
        Statement::WaitFor(_) => {
            facts.flags.insert(Flag::Delay);
            Class::Session
        }
        Statement::Reset(_) => {
            let text = statement.to_string().to_ascii_lowercase();
            let target = text.trim_start_matches("reset").trim();
            if target == "session authorization" {
                return Some(Class::Privilege);
            }
            // `RESET MASTER` deletes the logs of MySQL.
            let server = ["binary", "master", "persist", "query", "replica", "slave"];
            if dialect == Dialect::Mysql
                && target.split(' ').next().is_some_and(|word| server.contains(&word))
            {
                return Some(Class::Privilege);
            }
            if target == "all" || setting::is_guard(target) { guard(facts) } else { Class::Session }
        }
        Statement::Kill { .. } | Statement::Flush { .. } => Class::Privilege,
        Statement::Call(_) => Class::Exec,
        Statement::Execute { .. } => {
            facts.flags.insert(Flag::DynamicSql);
            Class::Exec
        }
        _ => return None,
    })
}

fn fusion(merge: &Merge, facts: &mut Facts) -> Class {
    let around = Around::default();
    let adds =
        |action: &MergeAction| matches!(action, MergeAction::Insert(_) | MergeAction::DoNothing { .. });
    let open = |clause: &MergeClause| {
        !adds(&clause.action)
            && clause.predicate.as_ref().is_none_or(|only| truth(only, &around) == Truth::Always)
    };
    if truth(&merge.on, &around) != Truth::Depends && merge.clauses.iter().any(open) {
        facts.flags.insert(Flag::WhereTautology);
        return Class::WriteUnbounded;
    }
    Class::Write
}

fn copy(source: &CopySource, out: bool, target: &CopyTarget, facts: &mut Facts) -> Class {
    match target {
        CopyTarget::Program { .. } => {
            facts.flags.insert(Flag::FileAccess);
            Class::Exec
        }
        CopyTarget::File { .. } => {
            facts.flags.insert(Flag::FileAccess);
            Class::Export
        }
        CopyTarget::Stdin | CopyTarget::Stdout if out => Class::Export,
        _ if matches!(source, CopySource::Query(_)) => Class::Unknown,
        _ => Class::Write,
    }
}

fn bounded(
    condition: Option<&sqlparser::ast::Expr>,
    around: &Around,
    limited: bool,
    facts: &mut Facts,
) -> Class {
    let flag = match condition.map(|condition| truth(condition, around)) {
        None => Flag::WhereMissing,
        Some(Truth::Always) => Flag::WhereTautology,
        Some(Truth::Never | Truth::Depends) => Flag::Where,
    };
    facts.flags.insert(flag);
    if flag == Flag::Where || limited { Class::Write } else { Class::WriteUnbounded }
}

fn alteration(operation: &AlterTableOperation) -> Class {
    match operation {
        AlterTableOperation::DropColumn { .. }
        | AlterTableOperation::DropConstraint { .. }
        | AlterTableOperation::DropPrimaryKey { .. }
        | AlterTableOperation::DropForeignKey { .. }
        | AlterTableOperation::DropIndex { .. }
        | AlterTableOperation::DropPartitions { .. }
        | AlterTableOperation::DropProjection { .. }
        | AlterTableOperation::ClearProjection { .. }
        | AlterTableOperation::DropClusteringKey
        | AlterTableOperation::DetachPartition { .. }
        | AlterTableOperation::DetachPartitionOf { .. }
        | AlterTableOperation::SwapWith { .. } => Class::DdlDestructive,
        AlterTableOperation::OwnerTo { .. }
        | AlterTableOperation::DisableRowLevelSecurity
        | AlterTableOperation::EnableRowLevelSecurity
        | AlterTableOperation::ForceRowLevelSecurity
        | AlterTableOperation::NoForceRowLevelSecurity
        | AlterTableOperation::DisableRule { .. }
        | AlterTableOperation::EnableRule { .. }
        | AlterTableOperation::EnableAlwaysRule { .. }
        | AlterTableOperation::EnableReplicaRule { .. }
        | AlterTableOperation::DisableTrigger { .. }
        | AlterTableOperation::EnableTrigger { .. }
        | AlterTableOperation::EnableAlwaysTrigger { .. }
        | AlterTableOperation::EnableReplicaTrigger { .. } => Class::Privilege,
        _ => Class::Ddl,
    }
}

fn assignment(set: &Set, facts: &mut Facts) -> Class {
    let global = |scope: &Option<ContextModifier>| matches!(scope, Some(ContextModifier::Global));
    let named = |name: &sqlparser::ast::ObjectName| {
        let (qualifier, last) = (name::qualifier(name), name::last(name));
        let outlives = ["@@global", "@@persist", "@@persist_only", "global", "persist", "persist_only"];
        let whole = last.trim_start_matches('@');
        outlives.contains(&qualifier.as_str()) || setting::is_guard(whole)
    };
    let guarded = match set {
        Set::SingleAssignment { scope, variable, .. } => global(scope) || named(variable),
        Set::ParenthesizedAssignments { variables, .. } => variables.iter().any(named),
        Set::MultipleAssignments { assignments } => {
            assignments.iter().any(|assignment| global(&assignment.scope) || named(&assignment.name))
        }
        Set::SetSessionAuthorization(_) | Set::SetRole { .. } => return Class::Privilege,
        Set::SetTransaction { modes, .. } => return transaction(modes, facts),
        Set::SetSessionParam(_) => set.to_string().to_ascii_lowercase().contains("quoted_identifier"),
        Set::SetTimeZone { .. } | Set::SetNames { .. } | Set::SetNamesDefault {} => false,
    };
    if guarded { guard(facts) } else { Class::Session }
}

/// `READ WRITE` lifts a read-only session.
fn transaction(modes: &[TransactionMode], facts: &mut Facts) -> Class {
    let lifts = |mode: &TransactionMode| {
        matches!(mode, TransactionMode::AccessMode(TransactionAccessMode::ReadWrite))
    };
    if modes.iter().any(lifts) { guard(facts) } else { Class::Session }
}

fn guard(facts: &mut Facts) -> Class {
    facts.flags.insert(Flag::GuardSetting);
    Class::Privilege
}
