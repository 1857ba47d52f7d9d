//! Whether a condition restricts anything. `WHERE 1=1` does not, nor does `WHERE a + 1 > a`.
//!
//! It is tried. Rows are made up ([`row`]) whose values lie around the constants of the condition, and the condition is
//! evaluated for one after another ([`node`]), until one is found that it does not let through. A condition that lets all
//! of them through restricts nothing, however it is written. So a condition that restricts is told by a row that proves
//! it, and only where none is found, the class is raised.
//!
//! What is not known is left open: a function of which nothing is known answers whatever may be ([`read`]); what is the
//! same for every row and not known may be true, and then restricts nothing. Null is no proof by itself, since `a = a` is
//! meant to hold for every row. The work is limited, and so is the depth.

use sqlparser::ast::Expr;

mod around;
mod call;
mod literal;
mod node;
mod pattern;
mod query;
mod read;
mod row;
mod value;

pub(super) use around::Around;
use node::Node;
pub(super) use read::KEYS;
use read::Reader;
use row::{Order, Rows};
use value::{Stop, Value};

/// What a condition comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// True for every row, or decided by no row.
    Always,
    /// True for no row.
    Never,
    /// Depends on the row.
    Depends,
}

/// What was found by trying.
#[derive(Debug, Default)]
struct Trial {
    /// A row that is let through, a row that is not, and that one of either kind was evaluated at all.
    holds: bool,
    fails: bool,
    evaluated: bool,
    /// Every row was tried that can be made up.
    whole: bool,
}

/// What a condition comes to, as far as can be told by trying.
pub(super) fn truth(condition: &Expr, around: &Around) -> Truth {
    let mut reader = Reader::new(around);
    let node = reader.logical(condition);
    if reader.excess {
        return Truth::Always;
    }
    let decides = reader.names_rows();
    let trial = attempt(&node, &mut reader, |trial| trial.fails);
    match (decides, trial.fails) {
        (false, true) if !trial.holds => Truth::Never,
        (true, true) => Truth::Depends,
        (true, false) if !trial.evaluated => Truth::Depends,
        _ => Truth::Always,
    }
}

/// Whether a condition of a query holds for no row at all. Only said of plain comparisons.
fn never(condition: &Expr, trials: &mut usize) -> bool {
    let around = Around::default();
    let mut reader = Reader::new(&around);
    reader.trials = *trials;
    let node = reader.logical(condition);
    *trials = reader.trials;
    if !reader.is_simple() {
        return false;
    }
    let trial = attempt(&node, &mut reader, |trial| trial.holds);
    trial.whole && !trial.holds
}

/// Whether nothing is known of a function, so that its answer may be anything.
pub(super) fn is_opaque(function: &str) -> bool {
    call::find(function).is_none() && !call::is_natural(function)
}

/// The value of what names nothing.
fn only(node: &Node) -> Option<Value> {
    node.evaluate(&mut Rows::new(&mut [])).ok()
}

/// Evaluates a condition for one row after another, until enough is known.
fn attempt(node: &Node, reader: &mut Reader<'_>, enough: fn(&Trial) -> bool) -> Trial {
    let both = reader.both;
    let mut rows = Rows::new(&mut reader.names.symbols);
    let mut order = Order::new(&rows, both);
    let mut trial = Trial { whole: order.is_whole(), ..Trial::default() };
    while !enough(&trial) && order.turn(&mut rows) {
        rows.null = false;
        match node.evaluate(&mut rows).and_then(|value| value.condition()) {
            Ok(value) => {
                trial.evaluated |= !rows.null;
                trial.holds |= value.is_true() || value == Value::Either;
                trial.fails |= value.is_false() || value == Value::Null && !rows.null;
            }
            Err(Stop::Refused) => {}
            Err(Stop::Spent) => {
                // Nobody writes that for a computer to find the rows.
                trial.evaluated = true;
                trial.whole = false;
                break;
            }
        }
    }
    trial
}
