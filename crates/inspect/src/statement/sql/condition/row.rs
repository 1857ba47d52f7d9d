//! Rows that are made up: every name gets values around what it is compared with, and the rows are tried in turn.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::value::{Stop, Value};

/// Most values tried for one name.
const POOL_MAX: usize = 80;
/// Most constants that one name is tried with.
const CONSTANTS_MAX: usize = 24;
/// Up to this length a text of it is made up.
const LENGTH_MAX: f64 = 64.0;
/// Keys that are numbers end here, as far as most tables go.
const KEY_MAX: f64 = 2_147_483_647.0;
/// No number of a database is as large.
const NUMBER_MAX: f64 = 9.2e18;
/// How many parts of conditions are evaluated in all, before nothing more is tried.
const WORK_MAX: usize = 100_000;
/// Rows of a table that are made up at the same time: the one asked about, and another.
const ROWS: usize = 2;

/// What is known of the values of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    /// Never null.
    Filled,
    /// It numbers or names every row: not null, not empty, one at least.
    Key,
    /// Never negative.
    Natural,
}

/// A name, or what cannot be computed, with the values that it is tried with.
#[derive(Debug)]
pub(super) struct Symbol {
    kind: Kind,
    /// What it is compared with.
    constants: Vec<Value>,
    /// Compared with `true` or `false` as it is.
    pub(super) logical: bool,
    pool: Vec<Value>,
}

impl Symbol {
    fn new(kind: Kind) -> Self {
        Self { kind, constants: Vec::new(), logical: false, pool: Vec::new() }
    }

    pub(super) fn meet(&mut self, constant: &Value) {
        if self.constants.len() < CONSTANTS_MAX && !self.constants.contains(constant) {
            self.constants.push(constant.clone());
        }
    }

    /// Values that it may have: what it is compared with first, so that names side by side can all be equal to theirs.
    fn fill(&mut self) {
        let mut pool: Vec<Value> = Vec::new();
        let numbers: Vec<f64> = self.constants.iter().filter_map(Value::number).collect();
        for constant in &self.constants {
            match constant {
                Value::Number(number) => {
                    let step = (number.abs() / 1000.0).floor().max(1.0);
                    pool.extend([*number, number + step, number - step].map(Value::Number));
                    if (1.0..=LENGTH_MAX).contains(number) && number.fract() == 0.0 {
                        let letters = std::iter::successors(Some(1.0), |count| Some(count + 1.0));
                        let text: String = letters.take_while(|count| count <= number).map(|_| 'x').collect();
                        pool.push(Value::text(&text));
                    }
                }
                Value::Text(text) => {
                    let plain = text.replace('%', "").replace('_', "a").replace('*', "");
                    pool.extend([constant.clone(), Value::text(&plain), Value::text(&format!("{text}a"))]);
                }
                _ => {}
            }
        }
        if numbers.len() <= 3 {
            for (one, other) in numbers.iter().flat_map(|one| numbers.iter().map(move |other| (one, other))) {
                pool.extend([one * other, one + other, one - other, one / other].map(Value::Number));
            }
        }
        pool.extend([7919.0, 1.0, -7919.0, 0.0].map(Value::Number));
        if self.kind == Kind::Any {
            pool.push(Value::Number(7919.5));
        }
        pool.extend(["zz", "Qa", ""].map(Value::text));
        if self.logical && numbers.iter().all(|number| [0.0, 1.0].contains(number)) {
            pool = vec![Value::truth(true), Value::truth(false)];
        }
        pool.push(Value::Null);
        for value in pool {
            if self.pool.len() < POOL_MAX && self.may_be(&value) && !self.pool.contains(&value) {
                self.pool.push(value);
            }
        }
    }

    fn may_be(&self, value: &Value) -> bool {
        let number = value.number();
        let least = match self.kind {
            Kind::Any | Kind::Filled => -NUMBER_MAX,
            Kind::Natural => 0.0,
            Kind::Key => 1.0,
        };
        let most = if self.kind == Kind::Key { KEY_MAX } else { NUMBER_MAX };
        let fits = number.is_none_or(|number| number >= least && number < most);
        let named = match (self.kind, value) {
            (Kind::Any, _) => true,
            (_, Value::Null) => false,
            (Kind::Natural, Value::Text(_)) => false,
            (Kind::Key, Value::Text(text)) => !text.is_empty(),
            _ => true,
        };
        fits && named && !matches!(value, Value::Number(number) if !number.is_finite())
    }
}

/// The rows of one trial, and where in the queries it is evaluated.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    symbols: &'a [Symbol],
    /// Which of its values a symbol has: two rows each.
    picks: Vec<usize>,
    /// The row of every query around, the statement first.
    levels: Vec<usize>,
    /// The rows that the innermost query put together.
    group: Vec<usize>,
    work: usize,
    /// A null was met.
    pub(super) null: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(symbols: &'a mut [Symbol]) -> Self {
        symbols.iter_mut().for_each(Symbol::fill);
        Self {
            picks: vec![0; symbols.len() * ROWS],
            symbols,
            levels: vec![0],
            group: vec![0],
            work: 0,
            null: false,
        }
    }

    pub(super) fn spend(&mut self, work: usize) -> Result<(), Stop> {
        self.work += work;
        if self.work > WORK_MAX { Err(Stop::Spent) } else { Ok(()) }
    }

    pub(super) fn value(&mut self, number: usize, level: usize) -> Value {
        let row = self.levels.get(level).copied().unwrap_or(0);
        let value = self.pick(number, self.picks[number * ROWS + row]);
        self.null |= value == Value::Null;
        value
    }

    /// What a function of which nothing is known answers: the same for the same arguments.
    pub(super) fn opaque(&mut self, number: usize, arguments: &[Value]) -> Value {
        let mut hasher = DefaultHasher::new();
        for argument in arguments {
            argument.written().hash(&mut hasher);
        }
        let other = usize::try_from(hasher.finish() % 1024).unwrap_or(0);
        let value =
            self.pick(number, self.picks[number * ROWS] + if arguments.is_empty() { 0 } else { other });
        self.null |= value == Value::Null;
        value
    }

    fn pick(&self, number: usize, at: usize) -> Value {
        let pool = &self.symbols[number].pool;
        pool.get(at % pool.len().max(1)).cloned().unwrap_or(Value::Null)
    }

    pub(super) fn enter(&mut self, row: usize) {
        self.levels.push(row);
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Takes other rows for those put together; which were before.
    pub(super) fn gather(&mut self, group: Vec<usize>) -> Vec<usize> {
        std::mem::replace(&mut self.group, group)
    }

    pub(super) fn gathered(&self) -> Vec<usize> {
        self.group.clone()
    }

    /// Goes to another row of the innermost query; which it was.
    pub(super) fn turn(&mut self, row: usize) -> usize {
        self.levels.last_mut().map_or(0, |last| std::mem::replace(last, row))
    }
}

/// In which order rows are tried.
#[derive(Debug)]
pub(super) struct Order {
    next: usize,
    pools: Vec<usize>,
    /// How many there are, when all are tried.
    all: Option<usize>,
}

/// Up to so many rows, all that there are are tried.
const ALL_MAX: usize = 4_096;
/// Of more, so many by chance.
const CHANCE: usize = 600;

impl Order {
    /// Of the symbols that are used; of both rows when there are two.
    pub(super) fn new(rows: &Rows<'_>, both: bool) -> Self {
        let pools: Vec<usize> = (0..rows.picks.len())
            .map(|at| if both || at % ROWS == 0 { rows.symbols[at / ROWS].pool.len() } else { 1 })
            .collect();
        let all = pools.iter().try_fold(1_usize, |all, pool| all.checked_mul(*pool));
        Self { next: 0, all: all.filter(|all| *all <= ALL_MAX), pools }
    }

    /// Whether nothing is left out.
    pub(super) fn is_whole(&self) -> bool {
        self.all.is_some()
    }

    /// Makes up the next rows, if there are more to try.
    pub(super) fn turn(&mut self, rows: &mut Rows<'_>) -> bool {
        let longest = self.pools.iter().copied().max().unwrap_or(1);
        let at = self.next;
        self.next += 1;
        // First all of them side by side, the second row one behind.
        if at < 2 * longest {
            let (shift, step) = (at, at / longest);
            for (place, pick) in rows.picks.iter_mut().enumerate() {
                *pick = shift + place % ROWS + step * place;
            }
            return true;
        }
        let at = at - 2 * longest;
        if at >= self.all.unwrap_or(CHANCE) {
            return false;
        }
        let mut rest = at as u64;
        if self.all.is_none() {
            rest = (rest + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        for (pick, pool) in rows.picks.iter_mut().zip(&self.pools) {
            let pool = *pool as u64;
            *pick = usize::try_from(rest % pool.max(1)).unwrap_or(0);
            rest = if self.all.is_some() { rest / pool.max(1) } else { scatter(rest) };
        }
        true
    }
}

/// A number that has nothing to do with the one before, and is the same in every run.
fn scatter(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// Symbols by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) symbols: Vec<Symbol>,
    numbers: HashMap<String, usize>,
}

impl Names {
    pub(super) fn number(&mut self, name: String, kind: Kind) -> usize {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.symbols.len();
        self.numbers.insert(name, number);
        self.symbols.push(Symbol::new(kind));
        number
    }
}
