//! The language of populations: which leaves, which columns. Small enough to be written again in an
//! afternoon, which `verify.py` does.
//!
//! A member is a path into the leaf (`actor.id`), or `index`, or `hash`; `a|b` is the first of them that is
//! there.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::cell;
use crate::jcs;
use crate::merkle::Hash;

/// One population: a filter over the leaves of the period, and what a row shows.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Query {
    /// Name of its files.
    pub name: &'static str,
    /// Title, for people.
    pub title: &'static str,
    /// The auditor's question that it answers.
    pub answers: &'static str,
    /// Types of leaves; others are not looked at.
    pub types: &'static [&'static str],
    /// Alternatives of conditions that must all hold; none: every leaf of these types.
    pub any: &'static [&'static [Condition]],
    /// A leaf for which one of these holds is left out.
    pub except: &'static [Condition],
    /// How leaves make rows.
    pub shape: Shape,
    /// What a row shows.
    pub columns: &'static [Column],
}

/// A condition on one leaf.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Condition {
    /// What is looked at.
    pub member: &'static str,
    /// Its text must be one of these; none: it must be there.
    pub one_of: &'static [&'static str],
}

/// How leaves make rows.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One row for each leaf, in the order of the log.
    Each,
    /// One row for each leaf; one of the types in `opens` waits for later leaves with the same `by`, and its
    /// row stands where the last of `steps` comes. Rows that still wait at the end of the slice come last, in
    /// the order of the log.
    Follow {
        /// What later leaves have in common with it.
        by: &'static str,
        /// Types that wait.
        opens: &'static [&'static str],
        /// Name and types of each step; the last one completes the row.
        steps: &'static [(&'static str, &'static [&'static str])],
    },
    /// One row for all leaves with the same members, sorted by them.
    Group {
        /// The members.
        by: &'static [&'static str],
    },
}

/// A column.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Column {
    /// Its head.
    pub name: &'static str,
    /// What it shows.
    pub member: &'static str,
    /// Of which leaf.
    pub of: Source,
}

/// Which leaf a column is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The one that made the row; of a group, the first.
    Row,
    /// Those of a step, separated by spaces.
    Step(&'static str),
    /// The last of a group.
    Last,
    /// How many of a group are of this type; the member is not looked at.
    Count(&'static str),
}

impl Query {
    /// Whether a leaf is one that the query looks for; bytes that are no leaf are not.
    pub fn selects(&self, bytes: &[u8]) -> bool {
        let Ok(leaf) = serde_json::from_slice::<Value>(bytes) else { return false };
        let Some(event) = self.types.iter().find(|event| leaf["type"] == **event) else { return false };
        View { index: 0, hash: &Hash::ZERO, event, leaf: &leaf }.is_in(self)
    }
}

/// A leaf as queries see it.
pub(super) struct View<'v> {
    pub(super) index: u64,
    pub(super) hash: &'v Hash,
    pub(super) event: &'static str,
    pub(super) leaf: &'v Value,
}

impl View<'_> {
    /// The text of a member; empty when it is absent.
    pub(super) fn text(&self, member: &str) -> String {
        match member {
            "index" => self.index.to_string(),
            "hash" => self.hash.to_string(),
            _ => member.split('|').find_map(|path| self.find(path)).map(text).unwrap_or_default(),
        }
    }

    fn find(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self.leaf, |value, name| value.get(name))
    }

    /// Whether a condition holds; an empty text counts as absent.
    pub(super) fn holds(&self, condition: &Condition) -> bool {
        let text = self.text(condition.member);
        if condition.one_of.is_empty() { !text.is_empty() } else { condition.one_of.contains(&&*text) }
    }

    fn is_in(&self, query: &Query) -> bool {
        query.types.contains(&self.event)
            && (query.any.is_empty()
                || query.any.iter().any(|all| all.iter().all(|condition| self.holds(condition))))
            && !query.except.iter().any(|condition| self.holds(condition))
    }
}

/// A value as a cell: texts as they are, lists of texts with spaces between, anything else as canonical JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => cell::clean(text),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            cell::clean(&texts.join(" "))
        }
        other => {
            let json = other.to_string();
            let canonical = jcs::canonicalize(json.as_bytes()).ok();
            cell::clean(&canonical.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(json))
        }
    }
}

/// A query while it runs.
pub(super) struct Run {
    pub(super) query: &'static Query,
    pub(super) rows: u64,
    /// Leaves that made rows, and the first and last index of them.
    pub(super) leaves: u64,
    pub(super) first: Option<u64>,
    pub(super) last: Option<u64>,
    pub(super) totals: BTreeMap<(String, &'static str), u64>,
    waiting: HashMap<String, Pending>,
    groups: BTreeMap<Vec<String>, Vec<Cell>>,
}

struct Pending {
    index: u64,
    cells: Vec<String>,
}

enum Cell {
    Text(String),
    Count(u64),
}

impl Run {
    pub(super) fn new(query: &'static Query) -> Self {
        Self {
            query,
            rows: 0,
            leaves: 0,
            first: None,
            last: None,
            totals: BTreeMap::new(),
            waiting: HashMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// Whether leaves of this type matter.
    pub(super) fn wants(&self, event: &str) -> bool {
        let follows = match self.query.shape {
            Shape::Follow { steps, .. } => steps.iter().any(|(_, types)| types.contains(&event)),
            Shape::Each | Shape::Group { .. } => false,
        };
        follows || self.query.types.contains(&event)
    }

    /// Whether the leaf makes a row of its own, or belongs to a group.
    pub(super) fn takes(&self, view: &View<'_>) -> bool {
        view.is_in(self.query)
    }

    /// Takes the next leaf of the slice, which is `chosen` when it lies in the period and scope and
    /// [`takes`](Self::takes) said so; answers the rows that are now complete.
    pub(super) fn push(&mut self, view: &View<'_>, chosen: Chosen) -> Vec<Vec<String>> {
        let mut complete = Vec::new();
        if let Shape::Follow { by, steps, .. } = self.query.shape {
            complete.extend(self.step(view, &view.text(by), steps));
        }
        if chosen == Chosen::No {
            return complete;
        }
        self.count(view);
        match self.query.shape {
            Shape::Each => complete.push(self.begin(view)),
            Shape::Follow { by, opens, .. } if opens.contains(&view.event) => {
                let pending = Pending { index: view.index, cells: self.begin(view) };
                // A second one of the same name is a breach that verification names; both are shown.
                complete.extend(self.waiting.insert(view.text(by), pending).map(|earlier| earlier.cells));
            }
            Shape::Follow { .. } => complete.push(self.begin(view)),
            Shape::Group { by } => self.group(view, by),
        }
        self.rows += complete.len() as u64;
        complete
    }

    /// The rows that still wait, or the groups.
    pub(super) fn finish(&mut self) -> Vec<Vec<String>> {
        let mut waiting: Vec<Pending> = self.waiting.drain().map(|(_, pending)| pending).collect();
        waiting.sort_by_key(|pending| pending.index);
        let mut rows: Vec<Vec<String>> = waiting.into_iter().map(|pending| pending.cells).collect();
        for (_, cells) in std::mem::take(&mut self.groups) {
            rows.push(cells.into_iter().map(Cell::into_text).collect());
        }
        self.rows += rows.len() as u64;
        rows
    }

    fn count(&mut self, view: &View<'_>) {
        self.leaves += 1;
        self.first.get_or_insert(view.index);
        self.last = Some(view.index);
        let day: String = view.text("ts").chars().take(10).collect();
        *self.totals.entry((day, view.event)).or_default() += 1;
    }

    fn begin(&self, view: &View<'_>) -> Vec<String> {
        let cell =
            |column: &Column| if column.of == Source::Row { view.text(column.member) } else { String::new() };
        self.query.columns.iter().map(cell).collect()
    }

    fn step(
        &mut self,
        view: &View<'_>,
        key: &str,
        steps: &[(&'static str, &'static [&'static str])],
    ) -> Option<Vec<String>> {
        let at = steps.iter().position(|(_, types)| types.contains(&view.event))?;
        let pending = self.waiting.get_mut(key)?;
        for (column, cell) in self.query.columns.iter().zip(&mut pending.cells) {
            if column.of == Source::Step(steps[at].0) {
                let text = view.text(column.member);
                if !cell.is_empty() && !text.is_empty() {
                    cell.push(' ');
                }
                cell.push_str(&text);
            }
        }
        if at + 1 < steps.len() {
            return None;
        }
        self.rows += 1;
        self.waiting.remove(key).map(|pending| pending.cells)
    }

    fn group(&mut self, view: &View<'_>, by: &[&str]) {
        let key = by.iter().map(|member| view.text(member)).collect();
        let columns = self.query.columns;
        let cells = self.groups.entry(key).or_insert_with(|| {
            let blank = |column: &Column| match column.of {
                Source::Count(_) => Cell::Count(0),
                Source::Row => Cell::Text(view.text(column.member)),
                Source::Step(_) | Source::Last => Cell::Text(String::new()),
            };
            columns.iter().map(blank).collect()
        });
        for (column, cell) in columns.iter().zip(cells) {
            match (column.of, cell) {
                (Source::Last, Cell::Text(text)) => *text = view.text(column.member),
                (Source::Count(event), Cell::Count(count)) if event == view.event => *count += 1,
                _ => {}
            }
        }
    }
}

/// Whether a leaf makes a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    Yes,
    /// It may only continue one.
    No,
}

impl Cell {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Count(count) => count.to_string(),
        }
    }
}
