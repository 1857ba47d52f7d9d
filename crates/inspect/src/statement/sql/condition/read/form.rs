//! What is a condition by its form: comparisons, ranges, lists, patterns, tests for null.

use sqlparser::ast::{BinaryOperator, Expr, InTarget};

use super::super::node::Node;
use super::super::pattern::{self, Folds};
use super::super::value::{Comparison, Value};
use super::super::{call, literal, query};
use super::{Mark, Reader, not_if};

impl Reader<'_> {
    /// What is a condition by its form.
    pub(super) fn condition(&mut self, expression: &Expr) -> Node {
        match expression {
            Expr::IsNull(inner) | Expr::IsUnknown(inner) => self.test(inner, call::is_null, false),
            Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => self.test(inner, call::is_null, true),
            Expr::IsTrue(inner) => self.test(inner, call::is_true, false),
            Expr::IsNotTrue(inner) => self.test(inner, call::is_true, true),
            Expr::IsFalse(inner) => self.test(inner, call::is_false, false),
            Expr::IsNotFalse(inner) => self.test(inner, call::is_false, true),
            Expr::IsNotDistinctFrom(left, right) => self.compare(Comparison::Same, left, right),
            Expr::IsDistinctFrom(left, right) => self.compare(Comparison::Distinct, left, right),
            Expr::Between { expr, negated, low, high } => self.atom(|reader| {
                let parts = [expr, low, high].map(|part| reader.read(part));
                not_if(*negated, Node::Call(call::between, parts.into()))
            }),
            Expr::Like { negated, any: false, expr, pattern, .. } => {
                self.fit(pattern::like, expr, pattern, *negated)
            }
            Expr::ILike { negated, any: false, expr, pattern, .. } => {
                self.fit(pattern::like_in_any_case, expr, pattern, *negated)
            }
            Expr::SimilarTo { negated, expr, pattern, .. }
                if literal::text(pattern)
                    .is_some_and(|text| !text.contains(['|', '(', '[', '*', '+', '{', '?'])) =>
            {
                self.fit(pattern::like, expr, pattern, *negated)
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                let node = self.expression(expression, expr, pattern, Folds::Yes);
                not_if(*negated, node)
            }
            Expr::In { expr, target: InTarget::List(list), negated, .. } => self.atom(|reader| {
                let sides = Box::new([reader.read(expr), Node::List(reader.all(list))]);
                not_if(*negated, Node::Some(Comparison::Equal, sides))
            }),
            Expr::In { expr, target: InTarget::Subquery(query), negated, .. } => self.atom(|reader| {
                let sides = Box::new([reader.read(expr), reader.query(query)]);
                not_if(*negated, Node::Some(Comparison::Equal, sides))
            }),
            Expr::In { expr, target: InTarget::Unnest(list), negated, .. }
                if matches!(list.as_ref(), Expr::Array(_)) =>
            {
                self.atom(|reader| {
                    let sides = Box::new([reader.read(expr), reader.read(list)]);
                    not_if(*negated, Node::Some(Comparison::Equal, sides))
                })
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                self.quantified(expression, left, compare_op, right, Node::Some)
            }
            Expr::AllOp { left, compare_op, right } => {
                self.quantified(expression, left, compare_op, right, Node::Each)
            }
            Expr::Exists { subquery, negated } => {
                let node = self.atom(|reader| query::exists(reader, subquery));
                not_if(*negated, node)
            }
            other => self.opaque(other),
        }
    }

    pub(super) fn compare(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> Node {
        self.atom(|reader| {
            let sides = [reader.read(left), reader.read(right)];
            for (node, other) in sides.iter().zip([right, left]) {
                if let Node::Symbol { number, .. } = node
                    && literal::is_boolean(other)
                {
                    reader.names.symbols[*number].logical = true;
                }
            }
            Node::Compare(comparison, Box::new(sides))
        })
    }

    pub(super) fn quantified(
        &mut self,
        whole: &Expr,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        make: fn(Comparison, Box<[Node; 2]>) -> Node,
    ) -> Node {
        let Some(comparison) = literal::comparison(op) else { return self.opaque(whole) };
        self.atom(|reader| {
            let left = reader.read(left);
            let right = match reader.read(right) {
                list @ (Node::List(_) | Node::Query(_)) => list,
                other => Node::List(vec![other]),
            };
            make(comparison, Box::new([left, right]))
        })
    }

    pub(super) fn test(&mut self, inner: &Expr, is: call::Function, negated: bool) -> Node {
        self.atom(|reader| not_if(negated, Node::Call(is, vec![reader.read(inner)])))
    }

    pub(super) fn fit(&mut self, how: call::Function, text: &Expr, pattern: &Expr, negated: bool) -> Node {
        self.atom(|reader| not_if(negated, Node::Call(how, vec![reader.read(text), reader.read(pattern)])))
    }

    pub(super) fn expression(&mut self, whole: &Expr, text: &Expr, pattern: &Expr, folds: Folds) -> Node {
        if text == pattern {
            return self.compare(Comparison::Equal, text, pattern);
        }
        self.computed += 1;
        let pattern = literal::text(pattern).filter(|_| self.expressions > 0);
        let regex = pattern.and_then(|pattern| pattern::expression(pattern, folds));
        self.expressions = self.expressions.saturating_sub(1);
        let Some((regex, example)) = regex else { return self.opaque(whole) };
        self.atom(|reader| {
            reader.marks.push(Mark::Constant(Value::text(&example)));
            Node::Matches(Box::new(regex), Box::new(reader.read(text)))
        })
    }
}
