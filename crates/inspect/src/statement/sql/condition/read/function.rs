//! Calls of functions, and what nothing is known of but which names are in it.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Visit, Visitor,
};

use crate::statement::sql::name;

use super::super::node::Node;
use super::super::pattern::Folds;
use super::super::row::Kind;
use super::super::value::Value;
use super::super::{call, query};
use super::Reader;

/// Functions that look for a regular expression in a text.
const EXPRESSIONS: [&str; 5] = ["match", "regexp_contains", "regexp_like", "regexp_matches", "rlike"];

impl Reader<'_> {
    pub(super) fn function(&mut self, whole: &Expr, function: &Function) -> Node {
        let plain = function.over.is_none() && function.filter.is_none() && function.within_group.is_empty();
        let FunctionArguments::List(list) = &function.args else { return self.opaque_call(whole, function) };
        let arguments: Option<Vec<&Expr>> = list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument),
                _ => None,
            })
            .collect();
        let named = name::last(&function.name);
        if plain && let Some(node) = query::aggregate(self, &named, arguments.as_deref()) {
            return node;
        }
        match arguments.as_deref() {
            Some([text, pattern]) if EXPRESSIONS.contains(&named.as_str()) => {
                return self.expression(whole, text, pattern, Folds::Yes);
            }
            _ => {}
        }
        match arguments {
            Some(arguments) if plain => self.call(&named, arguments),
            _ => self.opaque(whole),
        }
    }

    /// A function without a list of arguments: `current_date`, or one of a query.
    pub(super) fn opaque_call(&mut self, whole: &Expr, function: &Function) -> Node {
        match &function.args {
            FunctionArguments::None => self.call(&name::last(&function.name), Vec::new()),
            _ => self.opaque(whole),
        }
    }

    pub(super) fn call(&mut self, named: &str, arguments: Vec<&Expr>) -> Node {
        self.computed += 1;
        if named == "row" {
            return Node::List(arguments.into_iter().map(|argument| self.read(argument)).collect());
        }
        let known = call::find_of(named, arguments.len());
        if known.is_none() {
            self.alike += 1;
        }
        let nodes: Vec<Node> = arguments.into_iter().map(|argument| self.read(argument)).collect();
        match known {
            Some(function) => Node::Call(function, nodes),
            None => {
                let kind = if call::is_natural(named) { Kind::Natural } else { Kind::Any };
                let number = self.symbol(format!("{named}/{}", nodes.len()), kind);
                Node::Opaque { number, arguments: nodes }
            }
        }
    }

    /// What nothing is known of but which names are in it.
    pub(in super::super) fn opaque(&mut self, expression: &Expr) -> Node {
        struct Columns(Vec<Vec<Ident>>);
        impl Visitor for Columns {
            type Break = ();
            fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
                match expression {
                    Expr::Identifier(name) => self.0.push(vec![name.clone()]),
                    Expr::CompoundIdentifier(names) => self.0.push(names.clone()),
                    Expr::MatchAgainst { columns, .. } => {
                        let names = columns.iter().map(|column| vec![Ident::new(column.to_string())]);
                        self.0.extend(names);
                    }
                    _ => {}
                }
                ControlFlow::Continue(())
            }
        }
        self.computed += 1;
        self.alike += 1;
        let mut columns = Columns(Vec::new());
        let end = expression.visit(&mut columns);
        debug_assert!(end.is_continue(), "nothing here stops early");
        let arguments = columns.0.iter().map(|names| match names.as_slice() {
            [.., table, column] => self.column(Some(table), column),
            [column] => self.column(None, column),
            [] => Node::Value(Value::Null),
        });
        let arguments = arguments.collect();
        let number = self.symbol(expression.to_string().to_lowercase(), Kind::Any);
        Node::Opaque { number, arguments }
    }
}
