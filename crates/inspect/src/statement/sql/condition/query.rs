//! Queries in a condition: of the table that is changed, of none, of nothing, and all others.
//!
//! The table that is changed has two rows: the one asked about, and another that is made up as well.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, LimitClause, Query as Tree, Select, SelectItem, SetExpr, SetOperator,
    TableFactor, Top, TopQuantity, Visit, Visitor,
};

use crate::statement::sql::name;

use super::around::called;
use super::literal::leading;
use super::node::{Aggregate, Node, Query, Source};
use super::read::Reader;
use super::row::Kind;
use super::value::Value;

/// A limit that lets all rows of most tables through.
const LIMIT_OPEN: f64 = 1_000_000.0;

/// How many rows a query lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    All,
    Some,
    None,
}

/// Whether a query answers anything.
pub(super) fn exists(reader: &mut Reader<'_>, tree: &Tree) -> Node {
    match read(reader, tree) {
        Some(Node::Query(query)) => return Node::Exists(query),
        Some(_) => return Node::Value(Value::truth(true)),
        None => {}
    }
    if let SetExpr::Select(select) = tree.body.as_ref()
        && is_whole(select)
        && limit(tree, select) != Limit::None
    {
        return Node::Value(Value::truth(true));
    }
    let (number, arguments) = open(reader, tree, Kind::Any);
    reader.names.symbols[number].logical = true;
    Node::Opaque { number, arguments }
}

/// A query of which nothing is known.
pub(super) fn unknown(reader: &mut Reader<'_>, tree: &Tree) -> Node {
    let counts = tree.body.as_select().is_some_and(|select| {
        matches!(select.projection.as_slice(), [SelectItem::UnnamedExpr(Expr::Function(function))]
            if name::last(&function.name) == "count")
    });
    let (number, arguments) = open(reader, tree, if counts { Kind::Natural } else { Kind::Any });
    let named = tree.to_string().to_lowercase();
    let mut item = Node::Opaque { number, arguments };
    // A row value.
    if let Some(more @ 1..) = tree.body.as_select().map(|select| select.projection.len().saturating_sub(1)) {
        let others = (0..more).map(|at| {
            let number = reader.symbol(format!("{at} {named}"), Kind::Any);
            Node::Opaque { number, arguments: Vec::new() }
        });
        item = Node::List(std::iter::once(item).chain(others).collect());
    }
    Node::List(vec![item])
}

/// What a query of which nothing is known answers: it hangs on the rows if it names what they decide.
fn open(reader: &mut Reader<'_>, tree: &Tree, kind: Kind) -> (usize, Vec<Node>) {
    struct Names {
        tables: Vec<String>,
        columns: Vec<Vec<Ident>>,
    }
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            self.tables.extend(called(factor).map(|(called, _)| called));
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            match expression {
                Expr::Identifier(name) => self.columns.push(vec![name.clone()]),
                Expr::CompoundIdentifier(names) => self.columns.push(names.clone()),
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names { tables: Vec::new(), columns: Vec::new() };
    let end = match tree.body.as_ref() {
        // What it selects is of its own tables.
        SetExpr::Select(select) if tree.with.is_none() && !select.from.is_empty() => {
            let from = select.from.visit(&mut names);
            let own = select.selection.visit(&mut names);
            if from.is_break() || own.is_break() { from } else { select.having.visit(&mut names) }
        }
        _ => tree.visit(&mut names),
    };
    debug_assert!(end.is_continue(), "nothing here stops early");
    let mut arguments = Vec::new();
    for column in &names.columns {
        match column.as_slice() {
            [.., table, _] if names.tables.contains(&table.value.to_lowercase()) => {}
            [.., table, column] => arguments.push(reader.column(Some(table), column)),
            [column] => arguments.push(reader.column(None, column)),
            [] => {}
        }
    }
    reader.note_alike();
    (reader.symbol(tree.to_string().to_lowercase(), kind), arguments)
}

/// A query whose answer is known from the rows that are made up.
pub(super) fn read(reader: &mut Reader<'_>, tree: &Tree) -> Option<Node> {
    if !tree.pipe_operators.is_empty() {
        return None;
    }
    match tree.body.as_ref() {
        SetExpr::Select(select) => read_select(reader, tree, select),
        SetExpr::Values(values) if bounds(tree, None) == Limit::All => {
            let rows = values.rows.iter().map(|row| {
                let mut parts: Vec<Node> = row.content.iter().map(|part| reader.read(part)).collect();
                if parts.len() == 1 {
                    parts.pop().unwrap_or(Node::Value(Value::Null))
                } else {
                    Node::List(parts)
                }
            });
            Some(Node::List(rows.collect()))
        }
        SetExpr::Query(inner) if bounds(tree, None) == Limit::All => read(reader, inner),
        SetExpr::SetOperation { left, op: SetOperator::Union, right, .. } => {
            if bounds(tree, None) != Limit::All {
                return None;
            }
            let sides = [left, right].map(|side| match side.as_ref() {
                SetExpr::Select(select) => read_select(reader, tree, select),
                SetExpr::Query(inner) => read(reader, inner),
                _ => None,
            });
            match sides {
                [Some(Node::Query(mut one)), Some(Node::Query(other))] => {
                    one.more.push(Node::Query(other));
                    Some(Node::Query(one))
                }
                [Some(Node::Query(mut one)), None] | [None, Some(Node::Query(mut one))] => {
                    reader.note_alike();
                    let number = reader.symbol(tree.to_string().to_lowercase(), Kind::Any);
                    one.more.push(Node::List(vec![Node::Opaque { number, arguments: Vec::new() }]));
                    Some(Node::Query(one))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn read_select(reader: &mut Reader<'_>, tree: &Tree, select: &Select) -> Option<Node> {
    let odd = select.qualify.is_some()
        || select.into.is_some()
        || !select.connect_by.is_empty()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some();
    if odd {
        return None;
    }
    let limit = limit(tree, select);
    let whole = is_whole(select);
    if limit == Limit::Some && !whole {
        return None;
    }
    let mut conditions: Vec<&Expr> = select.selection.iter().collect();
    let (source, called) = match select.from.as_slice() {
        [] => (Source::One, Vec::new()),
        _ if limit == Limit::None => (Source::Empty, Vec::new()),
        [from] if from.joins.is_empty() => match own(reader, tree, &from.relation, &mut conditions) {
            Some(called) => (Source::Own, called),
            None => (nothing(reader, select)?, Vec::new()),
        },
        _ => (nothing(reader, select)?, Vec::new()),
    };
    let source = if limit == Limit::None { Source::Empty } else { source };
    if source == Source::Own {
        reader.both = true;
    }
    reader.levels.push(called);
    let query = parts(reader, select, source, &conditions, whole);
    reader.levels.pop();
    query.map(|query| Node::Query(Box::new(query)))
}

fn parts(
    reader: &mut Reader<'_>,
    select: &Select,
    source: Source,
    conditions: &[&Expr],
    whole: bool,
) -> Option<Query> {
    let empty = source == Source::Empty;
    let conditions: Vec<Node> =
        conditions.iter().filter(|_| !empty).map(|condition| reader.logical(condition)).collect();
    let groups = match &select.group_by {
        GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() && !keys.is_empty() => {
            Some(keys.iter().map(|key| reader.read(key)).collect())
        }
        GroupByExpr::Expressions(_, modifiers) if modifiers.is_empty() => whole.then(Vec::new),
        _ => return None,
    };
    let mut items = Vec::new();
    for item in &select.projection {
        items.push(match item {
            SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }
                if !empty || whole =>
            {
                reader.read(item)
            }
            _ => Node::Value(Value::truth(true)),
        });
    }
    let item = if items.len() == 1 { items.pop()? } else { Node::List(items) };
    Some(Query {
        source,
        condition: (!conditions.is_empty()).then(|| Node::Call(super::value::all, conditions)),
        groups,
        having: select.having.as_ref().map(|having| reader.read(having)),
        item,
        more: Vec::new(),
    })
}

/// What the table that is changed is called where it is read again, also through a query that only passes its rows on.
fn own<'a>(
    reader: &Reader<'_>,
    tree: &'a Tree,
    factor: &'a TableFactor,
    conditions: &mut Vec<&'a Expr>,
) -> Option<Vec<String>> {
    match factor {
        TableFactor::Table { name, alias, args: None, sample: None, .. } => {
            let named = name::last(name);
            let called =
                alias.as_ref().map_or_else(|| named.clone(), |alias| alias.name.value.to_lowercase());
            let mut defined =
                tree.with.iter().filter(|with| !with.recursive).flat_map(|with| &with.cte_tables);
            match defined.find(|definition| definition.alias.name.value.to_lowercase() == named) {
                Some(definition) => {
                    let mut all = passed(reader, &definition.query, conditions)?;
                    all.push(called);
                    Some(all)
                }
                None => reader.around.is_table(&named).then(|| vec![called]),
            }
        }
        TableFactor::Derived { subquery, alias, .. } => {
            let mut called = passed(reader, subquery, conditions)?;
            called.extend(alias.iter().map(|alias| alias.name.value.to_lowercase()));
            Some(called)
        }
        _ => None,
    }
}

/// The same of a query that only passes rows on.
fn passed<'a>(reader: &Reader<'_>, tree: &'a Tree, conditions: &mut Vec<&'a Expr>) -> Option<Vec<String>> {
    let select = tree.body.as_select()?;
    let [from] = select.from.as_slice() else { return None };
    let passes = select.projection.iter().all(|item| {
        matches!(
            item,
            SelectItem::Wildcard(_)
                | SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        )
    });
    let plain = tree.with.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && from.joins.is_empty()
        && limit(tree, select) == Limit::All;
    if !passes || !plain {
        return None;
    }
    conditions.extend(select.selection.iter());
    own(reader, tree, &from.relation, conditions)
}

/// That a query of other tables finds nothing, when its condition never holds.
fn nothing(reader: &mut Reader<'_>, select: &Select) -> Option<Source> {
    let condition = select.selection.as_ref()?;
    reader.trials = reader.trials.checked_sub(1)?;
    super::never(condition, &mut reader.trials).then_some(Source::Empty)
}

/// Whether all rows are put together: then there is one answer, also of none.
fn is_whole(select: &Select) -> bool {
    struct Aggregates;
    impl Visitor for Aggregates {
        type Break = ();
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            match expression {
                Expr::Function(function)
                    if function.over.is_none() && kind(&name::last(&function.name)).is_some() =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
        GroupByExpr::All(_) => true,
    };
    !grouped && select.having.is_none() && select.projection.visit(&mut Aggregates).is_break()
}

fn limit(tree: &Tree, select: &Select) -> Limit {
    bounds(tree, select.top.as_ref())
}

fn bounds(tree: &Tree, top: Option<&Top>) -> Limit {
    let mut worst = Limit::All;
    let mut meet = |count: Option<f64>| {
        let limit = match count {
            Some(count) if count <= 0.0 => Limit::None,
            Some(count) if count >= LIMIT_OPEN => Limit::All,
            _ => Limit::Some,
        };
        worst = match (worst, limit) {
            (Limit::None, _) | (_, Limit::None) => Limit::None,
            (Limit::Some, _) | (_, Limit::Some) => Limit::Some,
            _ => Limit::All,
        };
    };
    match &tree.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            limit.iter().for_each(|limit| meet(leading(limit)));
            let skips = offset.as_ref().is_some_and(|offset| leading(&offset.value) != Some(0.0));
            if skips || !limit_by.is_empty() {
                meet(None);
            }
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
            meet(leading(limit));
            if leading(offset) != Some(0.0) {
                meet(None);
            }
        }
        None => {}
    }
    if let Some(fetch) = &tree.fetch {
        meet(
            fetch
                .quantity
                .as_ref()
                .map_or(Some(1.0), leading)
                .filter(|count| !fetch.percent || *count == 0.0),
        );
    }
    if let Some(top) = top {
        let count = match &top.quantity {
            Some(TopQuantity::Constant(count)) => count.to_string().parse().ok(),
            Some(TopQuantity::Expr(count)) => leading(count),
            None => None,
        };
        let all = top.percent && count.is_some_and(|count| count >= 100.0);
        meet(if all { Some(LIMIT_OPEN) } else { count });
    }
    worst
}

fn kind(named: &str) -> Option<Aggregate> {
    Some(match named {
        "count" | "count_big" => Aggregate::Count,
        "min" => Aggregate::Least,
        "max" => Aggregate::Most,
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Mean,
        _ => return None,
    })
}

/// A function of the rows of a query; of anything for `*`.
pub(super) fn aggregate(reader: &mut Reader<'_>, named: &str, arguments: Option<&[&Expr]>) -> Option<Node> {
    let kind = kind(named).filter(|_| reader.levels.len() > 1)?;
    let of = match arguments {
        Some([of]) => reader.read(of),
        None | Some([]) if kind == Aggregate::Count => Node::Value(Value::truth(true)),
        _ => return None,
    };
    Some(Node::Aggregate(kind, Box::new(of)))
}
