//! From the tree of a condition to what can be evaluated.

use sqlparser::ast::{BinaryOperator, Expr, Ident, UnaryOperator, Value as Literal};

use super::around::Around;
use super::node::Node;
use super::pattern::{self, Folds};
use super::row::{Kind, Names};
use super::value::Value;
use super::{call, literal, query};

mod form;
mod function;

/// How deep expressions may be nested: what is deeper is not written to be understood.
const DEPTH_MAX: usize = 256;
/// How many queries of one condition are asked whether they find nothing.
const TRIALS_MAX: usize = 32;
/// How many regular expressions of one condition are built.
const EXPRESSIONS_MAX: usize = 16;
/// Columns that by their name number or name every row.
pub(in crate::statement::sql) const KEYS: [&str; 9] =
    ["id", "_id", "rowid", "_rowid_", "oid", "ctid", "uuid", "guid", "pk"];

/// What was met in an expression, in order.
#[derive(Debug)]
enum Mark {
    Symbol(usize),
    Constant(Value),
}

/// How much of what was met: only what two of them differ in is looked at.
#[derive(Debug)]
struct Met {
    marks: usize,
    rows: Vec<usize>,
    alike: usize,
    computed: usize,
}

/// Reads a condition.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) around: &'a Around,
    pub(super) names: Names,
    /// What the table is called in every query around this place that reads the one that is changed.
    pub(super) levels: Vec<Vec<String>>,
    marks: Vec<Mark>,
    /// How often something was named that the row decides: of the statement, and of every query around this place,
    rows: Vec<usize>,
    /// and what nothing is known of but that it is the same for every row,
    alike: usize,
    /// and what databases compute in ways of their own.
    computed: usize,
    /// The table itself is read again: it has another row.
    pub(super) both: bool,
    depth: usize,
    /// How many queries may still be asked whether they find nothing.
    pub(super) trials: usize,
    /// How many regular expressions may still be built.
    expressions: usize,
    /// It is nested deeper than anybody writes.
    pub(super) excess: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(around: &'a Around) -> Self {
        Self {
            around,
            names: Names::default(),
            levels: vec![around.target().to_vec()],
            marks: Vec::new(),
            rows: Vec::new(),
            alike: 0,
            computed: 0,
            both: false,
            depth: 0,
            trials: TRIALS_MAX,
            expressions: EXPRESSIONS_MAX,
            excess: false,
        }
    }

    /// Whether it names anything that a row decides.
    pub(super) fn names_rows(&self) -> bool {
        self.rows.first().is_some_and(|rows| *rows > 0)
    }

    /// Whether nothing of it is computed in ways of a database's own.
    pub(super) fn is_simple(&self) -> bool {
        self.computed == 0 && !self.excess
    }

    /// An expression that stands for a condition.
    pub(super) fn logical(&mut self, expression: &Expr) -> Node {
        match expression {
            Expr::Nested(inner) => self.logical(inner),
            Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. }
            | Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, .. } => self.read(expression),
            _ => self.atom(|reader| reader.read(expression)),
        }
    }

    pub(super) fn read(&mut self, expression: &Expr) -> Node {
        if self.depth == DEPTH_MAX {
            self.excess = true;
            return Node::Value(Value::Either);
        }
        self.depth += 1;
        let node = self.one(expression);
        self.depth -= 1;
        node
    }

    fn one(&mut self, expression: &Expr) -> Node {
        match expression {
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.read(inner),
            Expr::Value(value) => self.value(&value.value),
            Expr::TypedString(text) => self.value(&text.value.value),
            Expr::Interval(interval) => {
                let number = literal::leading(&interval.value);
                self.constant(number.map_or(Value::Either, Value::Number))
            }
            // A name in quotes behind another, which no dialect says what it is.
            Expr::CompoundFieldAccess { .. } => {
                self.count(0);
                self.opaque(expression)
            }
            // A variable.
            Expr::Identifier(name) if name.value.starts_with('@') => self.variable(&name.value),
            Expr::Identifier(name) => self.column(None, name),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [.., table, column] => self.column(Some(table), column),
                _ => self.opaque(expression),
            },
            Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
                self.chain(left, op, right)
            }
            Expr::BinaryOp { left, op, right } => self.binary(expression, left, op, right),
            Expr::UnaryOp { op, expr } => self.unary(expression, *op, expr),
            Expr::Tuple(parts) => Node::List(self.all(parts)),
            Expr::Array(array) => Node::List(self.all(&array.elem)),
            Expr::Cast { expr, data_type, .. } | Expr::Convert { expr, data_type: Some(data_type), .. } => {
                self.computed += 1;
                let node = self.read(expr);
                let kind = data_type.to_string().to_ascii_lowercase();
                let texts = ["char", "text", "string", "clob"].iter().any(|text| kind.contains(text));
                if texts { Node::Call(literal::written, vec![node]) } else { node }
            }
            Expr::Ceil { expr, .. } => self.call("ceil", vec![expr]),
            Expr::Floor { expr, .. } => self.call("floor", vec![expr]),
            Expr::Trim { expr, trim_what: None, trim_characters: None, .. } => self.call("trim", vec![expr]),
            Expr::Extract { expr, .. } => self.call("year", vec![expr]),
            Expr::Position { expr, r#in } => self.call("position", vec![expr, r#in]),
            Expr::Function(function) => self.function(expression, function),
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut parts: Vec<Node> = operand.iter().map(|operand| self.read(operand)).collect();
                for case in conditions {
                    let condition = match operand {
                        Some(_) => self.read(&case.condition),
                        None => self.logical(&case.condition),
                    };
                    parts.extend([condition, self.read(&case.result)]);
                }
                parts.extend(else_result.iter().map(|result| self.read(result)));
                Node::Call(if operand.is_some() { call::case } else { call::choice }, parts)
            }
            Expr::Subquery(query) => self.query(query),
            _ => self.condition(expression),
        }
    }

    fn all(&mut self, expressions: &[Expr]) -> Vec<Node> {
        expressions.iter().map(|expression| self.read(expression)).collect()
    }

    /// A chain of `AND` or of `OR`, which can be long.
    fn chain(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Node {
        let mut parts = vec![right];
        let mut rest = left;
        while let Expr::BinaryOp { left, op: other, right } = rest {
            if other != op {
                break;
            }
            parts.push(right);
            rest = left;
        }
        parts.push(rest);
        let parts = parts.into_iter().rev().map(|part| self.logical(part)).collect();
        Node::Call(if *op == BinaryOperator::And { super::value::all } else { super::value::any }, parts)
    }

    fn binary(&mut self, whole: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) -> Node {
        if let Some(comparison) = literal::comparison(op) {
            return self.compare(comparison, left, right);
        }
        if let Some(how) = literal::calculation(op) {
            self.computed += 1;
            return Node::Calculate(how, Box::new([self.read(left), self.read(right)]));
        }
        match op {
            BinaryOperator::StringConcat => {
                self.computed += 1;
                Node::Call(call::concat, vec![self.read(left), self.read(right)])
            }
            BinaryOperator::Xor => Node::Call(call::exclusive, vec![self.read(left), self.read(right)]),
            BinaryOperator::Glob => self.fit(pattern::glob, left, right, false),
            BinaryOperator::PGLikeMatch => self.fit(pattern::like, left, right, false),
            BinaryOperator::PGNotLikeMatch => self.fit(pattern::like, left, right, true),
            BinaryOperator::PGILikeMatch => self.fit(pattern::like_in_any_case, left, right, false),
            BinaryOperator::PGNotILikeMatch => self.fit(pattern::like_in_any_case, left, right, true),
            BinaryOperator::PGRegexMatch => self.expression(whole, left, right, Folds::No),
            BinaryOperator::PGRegexIMatch | BinaryOperator::Regexp => {
                self.expression(whole, left, right, Folds::Yes)
            }
            BinaryOperator::PGRegexNotMatch => {
                let node = self.expression(whole, left, right, Folds::No);
                not_if(true, node)
            }
            BinaryOperator::PGRegexNotIMatch => {
                let node = self.expression(whole, left, right, Folds::Yes);
                not_if(true, node)
            }
            _ => self.opaque(whole),
        }
    }

    fn unary(&mut self, whole: &Expr, op: UnaryOperator, inner: &Expr) -> Node {
        let zero = || Node::Value(Value::Number(0.0));
        match op {
            UnaryOperator::Not | UnaryOperator::BangNot => {
                let node = self.logical(inner);
                not_if(true, node)
            }
            UnaryOperator::Plus => self.read(inner),
            UnaryOperator::Minus => match literal::leading(inner) {
                Some(number) => self.constant(Value::Number(-number)),
                None => {
                    self.computed += 1;
                    Node::Calculate(|zero, number| zero - number, Box::new([zero(), self.read(inner)]))
                }
            },
            UnaryOperator::PGAbs => self.call("abs", vec![inner]),
            UnaryOperator::BitwiseNot => {
                self.computed += 1;
                let flip = |_: f64, number: f64| call::bits(number, 0.0, |number, _| !number);
                Node::Calculate(flip, Box::new([zero(), self.read(inner)]))
            }
            _ => self.opaque(whole),
        }
    }

    fn query(&mut self, query: &sqlparser::ast::Query) -> Node {
        self.computed += 1;
        query::read(self, query).unwrap_or_else(|| query::unknown(self, query))
    }

    pub(super) fn column(&mut self, table: Option<&Ident>, column: &Ident) -> Node {
        let named = column.value.to_lowercase();
        let table = table.map(|table| table.value.to_lowercase());
        let kind = match &table {
            _ if KEYS.contains(&named.as_str()) => Kind::Key,
            // The whole row.
            None if self.around.is_target(&named) => Kind::Filled,
            _ => Kind::Any,
        };
        let level = match &table {
            Some(table) => self.levels.iter().rposition(|called| called.contains(table)),
            None => Some(self.levels.iter().rposition(|called| !called.is_empty()).unwrap_or(0)),
        };
        let (whole, level) = match (level, table) {
            (Some(level), _) => (named, level),
            (None, Some(table)) => {
                if self.around.is_other(&table) {
                    self.alike += 1;
                } else {
                    self.count(0);
                }
                let number = self.symbol([&table, ".", &named].concat(), kind);
                return Node::Symbol { number, level: 0 };
            }
            (None, None) => (named, 0),
        };
        self.count(level);
        Node::Symbol { number: self.symbol(whole, kind), level }
    }

    fn count(&mut self, level: usize) {
        if self.rows.len() <= level {
            self.rows.resize(level + 1, 0);
        }
        self.rows[level] += 1;
    }

    pub(super) fn symbol(&mut self, name: String, kind: Kind) -> usize {
        let number = self.names.number(name, kind);
        self.marks.push(Mark::Symbol(number));
        number
    }

    /// Something that is the same for every row and not known.
    pub(super) fn note_alike(&mut self) {
        self.alike += 1;
    }

    fn value(&mut self, value: &Literal) -> Node {
        match literal::value(value) {
            Some(value) => self.constant(value),
            None => self.variable(&value.to_string()),
        }
    }

    /// What is the same for every row and not known.
    fn variable(&mut self, named: &str) -> Node {
        self.alike += 1;
        Node::Symbol { number: self.symbol(named.to_lowercase(), Kind::Any), level: 0 }
    }

    fn constant(&mut self, value: Value) -> Node {
        self.marks.push(Mark::Constant(value.clone()));
        Node::Value(value)
    }

    /// A condition whose names are tried with the constants in it. Where it names nothing that a row decides, it is true
    /// or it may be: that it is false is only believed of plain numbers.
    pub(super) fn atom(&mut self, read: impl FnOnce(&mut Self) -> Node) -> Node {
        let met = Met {
            marks: self.marks.len(),
            rows: self.rows.clone(),
            alike: self.alike,
            computed: self.computed,
        };
        let node = read(self);
        let marks = &self.marks[met.marks.min(self.marks.len())..];
        let constants: Vec<&Value> = marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Constant(constant) => Some(constant),
                Mark::Symbol(_) => None,
            })
            .collect();
        for mark in marks {
            if let Mark::Symbol(number) = mark {
                constants.iter().for_each(|constant| self.names.symbols[*number].meet(constant));
            }
        }
        // What a query inside names of its own rows is the same for every row around it.
        let (around, inside) = self.rows.split_at(self.levels.len().min(self.rows.len()));
        let (before, before_inside) = met.rows.split_at(self.levels.len().min(met.rows.len()));
        if around.iter().sum::<usize>() > before.iter().sum() {
            return node;
        }
        let unknown = self.alike > met.alike || inside.iter().sum::<usize>() > before_inside.iter().sum();
        self.alike = met.alike;
        self.rows.truncate(self.levels.len());
        let plain = self.computed == met.computed
            && constants.iter().all(|constant| matches!(constant, Value::Number(_) | Value::Null));
        let node_is_true = |node: &Node| super::only(node).is_some_and(|value| value.is_true());
        if unknown || !plain && !node_is_true(&node) { Node::Value(Value::Either) } else { node }
    }
}

fn not_if(negated: bool, node: Node) -> Node {
    if negated { Node::Call(call::not, vec![node]) } else { node }
}
