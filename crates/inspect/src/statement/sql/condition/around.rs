//! What is known about the statement around a condition: which table it changes, and which others it names.

use sqlparser::ast::{
    Delete, FromTable, Statement, TableFactor, TableWithJoins, Update, UpdateTableFromKind,
};

use crate::statement::sql::name;

/// Tables around a condition, by what they are called in it, in lower case.
#[derive(Debug, Default)]
pub(in crate::statement::sql) struct Around {
    /// The one table that is changed, by its name and by what it is called.
    target: Vec<String>,
    /// Tables beside it whose columns do not tell its rows apart.
    others: Vec<String>,
}

impl Around {
    /// Of an `UPDATE` or a `DELETE`; nothing is known of those that join the table they change.
    pub(in crate::statement::sql) fn of(statement: &Statement) -> Self {
        match statement {
            Statement::Update(update) => Self::of_update(update),
            Statement::Delete(delete) => Self::of_delete(delete),
            _ => Self::default(),
        }
    }

    /// Of an `UPDATE`.
    pub(in crate::statement::sql) fn of_update(update: &Update) -> Self {
        let from: &[TableWithJoins] = match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => from,
            None => &[],
        };
        Self::known(std::slice::from_ref(&update.table), from).unwrap_or_default()
    }

    /// Of a `DELETE`.
    pub(in crate::statement::sql) fn of_delete(delete: &Delete) -> Self {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        if !delete.tables.is_empty() {
            return Self::default();
        }
        Self::known(from, delete.using.as_deref().unwrap_or_default()).unwrap_or_default()
    }

    fn known(changed: &[TableWithJoins], beside: &[TableWithJoins]) -> Option<Self> {
        let [TableWithJoins { relation: TableFactor::Table { name, alias, .. }, joins }] = changed else {
            return None;
        };
        let mut target = vec![name::last(name)];
        target.extend(alias.as_ref().map(|alias| alias.name.value.to_lowercase()));
        let mut others = Vec::new();
        for table in beside {
            let (called, named) = called(&table.relation)?;
            if !table.joins.is_empty() || named.is_some_and(|named| target.contains(&named)) {
                return None;
            }
            others.push(called);
        }
        joins.is_empty().then_some(Self { target, others })
    }

    /// What the table is called that is changed: its name, and what it is called in the statement.
    pub(super) fn target(&self) -> &[String] {
        &self.target
    }

    /// Whether it is what the table is called that is changed.
    pub(super) fn is_target(&self, name: &str) -> bool {
        self.target.iter().any(|target| target == name)
    }

    /// Whether it is the name of the table that is changed.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.target.first().is_some_and(|target| target == name)
    }

    /// Whether it is what a table beside it is called.
    pub(super) fn is_other(&self, name: &str) -> bool {
        self.others.iter().any(|other| other == name)
    }
}

/// What a table is called, and its name when it has one.
pub(super) fn called(factor: &TableFactor) -> Option<(String, Option<String>)> {
    match factor {
        TableFactor::Table { name, alias, .. } => {
            let named = name::last(name);
            let called =
                alias.as_ref().map_or_else(|| named.clone(), |alias| alias.name.value.to_lowercase());
            Some((called, Some(named)))
        }
        TableFactor::Derived { alias: Some(alias), .. } => Some((alias.name.value.to_lowercase(), None)),
        _ => None,
    }
}
