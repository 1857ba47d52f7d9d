//! Looks at every node of a parsed text and notes what it does.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, Delete, Expr, FromTable, Function, FunctionArguments, Ident, Insert,
    LimitClause, ObjectName, PipeOperator, Query, Select, SetExpr, Statement, TableFactor, TableObject,
    TableWithJoins, TopQuantity, UpdateTableFromKind, Value, ValueWithSpan, Visit, Visitor,
};

use crate::statement::Dialect;

use super::condition::{Around, Truth, truth};
use super::fact::{Class, Facts, Flag};
use super::{catalog, function, kind, name, setting};

/// Notes what these statements do. `false` when the dialect would refuse them after all, although others may not.
pub(super) fn survey(statements: &[Statement], dialect: Dialect, facts: &mut Facts) -> bool {
    let mut accepted = true;
    for statement in statements {
        let mut survey = Survey {
            dialect,
            facts,
            scopes: Vec::new(),
            targets: Vec::new(),
            depth: 0,
            planned: 0,
            refused: false,
        };
        let end = statement.visit(&mut survey);
        debug_assert!(end.is_continue(), "nothing here stops early");
        accepted &= !survey.refused;
        facts.statements = facts.statements.saturating_add(1);
    }
    if let [Statement::Query(query)] = statements {
        facts.limit = rows(query);
    }
    catalog::note(dialect, facts);
    accepted
}

struct Survey<'a> {
    dialect: Dialect,
    facts: &'a mut Facts,
    scopes: Vec<Scope>,
    /// Names that are written, not read, or that are functions; by address, while their statement is walked.
    targets: Vec<*const ObjectName>,
    /// Statements around the one being looked at.
    depth: usize,
    /// `EXPLAIN`s without `ANALYZE` among them: what is inside does not run.
    planned: usize,
    /// Whether there is what the dialect refuses.
    refused: bool,
}

/// The names that a `WITH` defines, as far as it has been walked.
struct Scope {
    query: *const Query,
    names: Vec<String>,
    /// Definitions still to come: a query ends, its name begins to count.
    pending: Vec<(*const Query, String)>,
}

impl Survey<'_> {
    fn write(&mut self, target: &ObjectName) {
        self.computed(target);
        self.targets.push(target);
        if self.dialect == Dialect::Mssql && target.0.len() > 3 {
            self.elsewhere();
        }
        self.facts.write(name::folded(target, self.dialect));
    }

    /// Another server.
    fn elsewhere(&mut self) {
        self.facts.flags.insert(Flag::Network);
        self.facts.add(Class::Export);
    }

    fn computed(&mut self, named: &ObjectName) {
        if name::is_computed(named) {
            self.facts.raise("a name is computed");
        }
    }

    fn call(&mut self, called: &Function) {
        function::note(&called.name, self.dialect, self.facts);
        if matches!(called.args, FunctionArguments::Subquery(_)) && name::last(&called.name) == "table" {
            self.facts.flags.insert(Flag::UnknownFunction);
        }
    }

    /// PostgreSQL calls a function for what looks like a column: `('x'::text).pg_read_file`.
    fn attribute(&mut self, attribute: &Ident) {
        let attribute = attribute.value.to_lowercase();
        let danger = match self.dialect {
            Dialect::Postgres | Dialect::Generic => {
                function::note_danger(&attribute, self.dialect, self.facts)
            }
            Dialect::Snowflake if attribute == "nextval" => {
                function::note_danger(&attribute, self.dialect, self.facts)
            }
            _ => false,
        };
        if danger {
            self.facts.call(attribute);
        }
    }

    fn insert(&mut self, insert: &Insert) {
        match &insert.table {
            TableObject::TableName(target) => {
                // `INSERT INTO OPENQUERY(server, 'SELECT ...')`, whose arguments look like columns.
                let last = name::last(target);
                if ["openquery", "openrowset", "opendatasource"].contains(&last.as_str()) {
                    self.elsewhere();
                }
                self.write(target);
            }
            TableObject::TableFunction(called) => {
                self.elsewhere();
                self.call(called);
            }
            TableObject::TableQuery(_) => {}
        }
        for into in &insert.multi_table_into_clauses {
            self.write(&into.table_name);
        }
        for when in &insert.multi_table_when_clauses {
            when.into_clauses.iter().for_each(|into| self.write(&into.table_name));
        }
        for into in insert.multi_table_else_clause.iter().flatten() {
            self.write(&into.table_name);
        }
    }

    fn delete(&mut self, delete: &Delete) {
        if delete.tables.is_empty() {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            for table in from {
                self.write_factor(&table.relation);
            }
        }
        for table in &delete.tables {
            self.facts.write(name::folded(table, self.dialect));
        }
        if !delete.tables.is_empty() {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            self.renamed(from);
        }
    }

    /// Tables of which one is changed by what it is called in the statement.
    fn renamed(&mut self, from: &[TableWithJoins]) {
        let factors = from.iter().flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
        });
        for factor in factors {
            let TableFactor::Table { name, .. } = factor else { continue };
            if catalog::is_own(&name::folded(name, self.dialect), self.dialect) {
                self.facts.add(Class::Privilege);
            }
        }
    }

    fn write_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, .. } => self.write(name),
            // An updatable subquery: its tables are noted as read, too.
            _ => self.facts.write("(subquery)".to_owned()),
        }
    }

    /// The objects a statement writes, which the tree does not tell from those it reads.
    fn note_targets(&mut self, statement: &Statement) {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Update(update) => {
                self.write_factor(&update.table.relation);
                for join in &update.table.joins {
                    // MySQL updates whichever of them the assignments name.
                    if let TableFactor::Table { name, .. } = &join.relation {
                        self.facts.write(name::folded(name, self.dialect));
                    }
                }
                if let Some(UpdateTableFromKind::AfterSet(from) | UpdateTableFromKind::BeforeSet(from)) =
                    &update.from
                    && self.dialect == Dialect::Mssql
                {
                    self.renamed(from);
                }
            }
            Statement::Merge(merge) => self.write_factor(&merge.table),
            Statement::CreateTable(table) => {
                self.write(&table.name);
                if has_foreign_engine(statement) {
                    self.facts.flags.insert(Flag::Network);
                    self.facts.add(Class::Export);
                }
            }
            Statement::CreateView(view) => self.write(&view.name),
            Statement::CreateIndex(index) => self.write(&index.table_name),
            Statement::CreateVirtualTable { name, .. } => self.write(name),
            Statement::AlterTable(table) => self.write(&table.name),
            Statement::Truncate(truncate) => {
                truncate.table_names.iter().for_each(|target| self.write(&target.name));
            }
            Statement::Drop { names, .. } => names.iter().for_each(|name| self.write(name)),
            Statement::Copy { source: sqlparser::ast::CopySource::Table { table_name, .. }, to, .. } => {
                let table = name::folded(table_name, self.dialect);
                if *to { self.facts.read(table) } else { self.facts.write(table) }
            }
            Statement::CopyIntoSnowflake { into, from_obj, .. } => {
                self.write(into);
                if let Some(from) = from_obj {
                    self.facts.read(name::folded(from, self.dialect));
                }
            }
            Statement::LoadData { table_name, .. } => self.write(table_name),
            Statement::RenameTable(renames) => renames.iter().for_each(|rename| {
                self.write(&rename.old_name);
                self.write(&rename.new_name);
            }),
            Statement::Call(called) => {
                self.facts.call(name::folded(&called.name, self.dialect));
            }
            Statement::Execute { name: Some(called), .. } => {
                self.facts.call(name::folded(called, self.dialect));
            }
            _ => {}
        }
    }

    fn is_defined(&self, table: &ObjectName) -> bool {
        table.0.len() == 1 && {
            let table = name::folded(table, self.dialect);
            self.scopes.iter().any(|scope| scope.names.contains(&table))
        }
    }
}

impl Visitor for Survey<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.depth += 1;
        if self.planned == 0 {
            kind::note(statement, self.dialect, self.facts);
            self.note_targets(statement);
            let changes = matches!(
                statement,
                Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_)
            );
            if self.depth > 1 && changes {
                self.facts.flags.insert(Flag::NestedWrite);
            }
        }
        if let Statement::Explain { .. } = statement {
            if runs(statement) {
                self.facts.flags.insert(Flag::ExplainAnalyze);
            } else {
                self.planned += 1;
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.depth -= 1;
        if matches!(statement, Statement::Explain { .. }) && !runs(statement) {
            self.planned -= 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut scope = Scope { query, names: Vec::new(), pending: Vec::new() };
        if let Some(with) = &query.with {
            for definition in &with.cte_tables {
                let named = name::fold(&definition.alias.name, self.dialect);
                if with.recursive {
                    scope.names.push(named);
                } else {
                    scope.pending.push((&raw const *definition.query, named));
                }
            }
        }
        self.scopes.push(scope);
        if !query.locks.is_empty() && self.planned == 0 {
            self.facts.flags.insert(Flag::RowLock);
            self.facts.add(Class::Write);
        }
        let guard = |key: &Ident| setting::is_guard(&key.value.to_lowercase());
        if query.settings.iter().flatten().any(|setting| guard(&setting.key)) {
            self.facts.flags.insert(Flag::GuardSetting);
            self.facts.add(Class::Privilege);
        }
        for operator in &query.pipe_operators {
            if let PipeOperator::Call { function, .. } = operator {
                self.call(function);
            }
        }
        if let SetExpr::Table(table) = query.body.as_ref() {
            let parts = [&table.schema_name, &table.table_name];
            let named: Vec<String> =
                parts.into_iter().flatten().map(|part| name::fold(part, self.dialect)).collect();
            self.facts.read(named.join("."));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        while self.scopes.pop().is_some_and(|scope| !std::ptr::eq(scope.query, query)) {}
        if let Some(scope) = self.scopes.last_mut() {
            while let Some(at) = scope.pending.iter().position(|(pending, _)| std::ptr::eq(*pending, query)) {
                let (_, named) = scope.pending.remove(at);
                scope.names.push(named);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if let Some(into) = &select.into
            && self.planned == 0
        {
            self.facts.flags.insert(Flag::SelectInto);
            let variables = |target: &Expr| target.to_string().starts_with(['@', ':']);
            if into.targets.iter().all(variables) {
                self.facts.add(Class::Session);
            } else {
                self.facts.add(Class::Ddl);
                into.targets.iter().for_each(|target| self.facts.write(target.to_string().to_lowercase()));
            }
        }
        if let Some(condition) = &select.selection {
            self.facts.flags.insert(match truth(condition, &Around::default()) {
                Truth::Always => Flag::WhereTautology,
                Truth::Never | Truth::Depends => Flag::Where,
            });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if self.targets.iter().any(|target| std::ptr::eq(*target, relation)) || self.is_defined(relation) {
            return ControlFlow::Continue(());
        }
        self.computed(relation);
        let table = name::folded(relation, self.dialect);
        if self.dialect == Dialect::Mssql && relation.0.len() > 3 {
            self.elsewhere();
        }
        if self.dialect == Dialect::Snowflake && table.starts_with('@') {
            self.facts.flags.insert(Flag::FileAccess);
        }
        self.facts.read(table);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } => {
                self.targets.push(name);
                function::note(name, self.dialect, self.facts);
            }
            TableFactor::Function { name, .. } => {
                self.targets.push(name);
                function::note(name, self.dialect, self.facts);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        match expression {
            Expr::Function(called) => self.call(called),
            Expr::CompoundIdentifier(parts) => parts.iter().skip(1).for_each(|part| self.attribute(part)),
            Expr::CompoundFieldAccess { access_chain, .. } => {
                for access in access_chain {
                    match access {
                        AccessExpr::Dot(Expr::Identifier(part)) => self.attribute(part),
                        AccessExpr::Dot(Expr::Function(_)) | AccessExpr::Subscript(_) => {}
                        // `"users"."id"`: to this dialect a string, which has no attributes, so that it refuses the
                        // text; to those that it may be of as well, a name.
                        AccessExpr::Dot(Expr::Value(ValueWithSpan {
                            value: Value::DoubleQuotedString(_),
                            ..
                        })) if self.facts.dialects.len() > 1 => self.refused = true,
                        AccessExpr::Dot(_) => self.facts.raise("an attribute that is not a name"),
                    }
                }
            }
            Expr::BinaryOp { op: BinaryOperator::PGCustomBinaryOperator(_), .. } => {
                self.facts.flags.insert(Flag::UnknownFunction);
                self.facts.raise("it calls an operator of which nothing is known");
            }
            Expr::BinaryOp { op: BinaryOperator::Assignment, .. } => self.facts.add(Class::Session),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether a table keeps its rows elsewhere: `ENGINE = URL(...)`, `ENGINE = FEDERATED`.
fn has_foreign_engine(statement: &Statement) -> bool {
    const OWN: [&str; 16] = [
        "archive",
        "aria",
        "blackhole",
        "buffer",
        "csv",
        "innodb",
        "join",
        "log",
        "memory",
        "myisam",
        "ndb",
        "null",
        "rocksdb",
        "set",
        "stripelog",
        "tinylog",
    ];
    let text = statement.to_string().to_ascii_lowercase();
    let Some((_, engine)) = text.split_once(" engine") else { return false };
    let engine = engine.trim_start_matches([' ', '=']);
    let end = engine.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(engine.len());
    let engine = &engine[..end];
    !OWN.contains(&engine) && !engine.ends_with("mergetree")
}

/// Whether an `EXPLAIN` runs what it explains.
fn runs(explain: &Statement) -> bool {
    let Statement::Explain { analyze, options, .. } = explain else { return false };
    let off = |argument: &Expr| {
        let argument = argument.to_string().to_ascii_lowercase();
        ["false", "off", "0", "'false'", "'off'", "'0'", "no"].contains(&argument.as_str())
    };
    let asks = |option: &sqlparser::ast::UtilityOption| {
        let named = ["analyze", "analyse"].iter().any(|word| option.name.value.eq_ignore_ascii_case(word));
        named && !option.arg.as_ref().is_some_and(off)
    };
    *analyze || options.iter().flatten().any(asks)
}

/// The most rows that a query answers, where it says so.
fn rows(query: &Query) -> Option<u64> {
    let limit = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, limit_by, .. }) if limit_by.is_empty() => {
            limit.as_ref().and_then(count)
        }
        Some(LimitClause::OffsetCommaLimit { limit, .. }) => count(limit),
        _ => None,
    };
    let fetch = query.fetch.as_ref().filter(|fetch| !fetch.percent && !fetch.with_ties);
    let fetch = fetch.and_then(|fetch| fetch.quantity.as_ref().map_or(Some(1), count));
    let top = match query.body.as_ref() {
        SetExpr::Select(select) => select.top.as_ref().filter(|top| !top.percent && !top.with_ties),
        _ => None,
    };
    let top = top.and_then(|top| match &top.quantity {
        Some(TopQuantity::Constant(quantity)) => Some(*quantity),
        Some(TopQuantity::Expr(expression)) => count(expression),
        None => None,
    });
    [limit, fetch, top].into_iter().flatten().min()
}

fn count(expression: &Expr) -> Option<u64> {
    match expression {
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => number.parse().ok(),
        Expr::Nested(inner) => count(inner),
        _ => None,
    }
}
