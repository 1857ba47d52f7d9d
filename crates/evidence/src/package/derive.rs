//! From leaves to everything that is derived from them: populations, totals, gaps, exceptions, the comparison
//! with other counts, the selection of samples.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use serde_json::Value;

use super::count::{self, Counts, Measures};
use super::exception::{self, Exceptions, RULES, Rule};
use super::gap::{self, Gaps};
use super::leaver::Leavers;
use super::missing::{BODY_MISSING, Missing};
use super::query::{Chosen, Query, Run, Shape, View};
use super::sample::{self, Draw, Selection};
use super::{
    DIFFERENCES_FILE, EXCEPTIONS_FILE, FIGURES_FILE, FORMAT, GAPS_FILE, LogPart, POPULATIONS, Period,
    RULES_FILE, SELECTION_FILE, TIMELINE_FILE, TOTALS_FILE, cell, figure, timeline,
};
use crate::leaf::{EventType, Leaf};
use crate::merkle::Hash;

/// Types that stand for one call each.
const CALLS: [&str; 2] = ["call.intent", "call.denied"];
/// Calls of this population are those whose bodies a package opens.
const PRIVILEGED: &str = "privileged";

/// Takes the path of a file and its next line, without a line feed.
pub type Emit<'e> = dyn FnMut(&str, &str) -> io::Result<()> + 'e;

/// What a package is about.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The period.
    pub period: Period,
    /// Upstreams that the populations are limited to; none: all.
    pub servers: Vec<String>,
    /// The part of the log that the leaves come from.
    pub log: LogPart,
    /// What to compare with.
    pub counts: Option<Counts>,
    /// Whose access ended outside of the gateway.
    pub leavers: Option<Leavers>,
    /// Which samples to select.
    pub draw: Option<Draw>,
}

/// The rules while they run. Leaves come in the order of the log, from the first of the slice to the last.
pub struct Derivation {
    setting: Setting,
    runs: Vec<Run>,
    names: Vec<Names>,
    gaps: Gaps,
    exceptions: Exceptions,
    measures: Measures,
    selection: Option<Selection>,
    derived: Derived,
}

/// What a package has to hold of a leaf besides the leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Its body, unless bodies stay sealed: it is a privileged call.
    Body,
    /// Nothing.
    Nothing,
}

struct Names {
    csv: String,
    json: String,
    query: String,
}

/// What is known once all leaves were seen.
#[derive(Debug, Clone)]
pub struct Derived {
    /// Leaves of the period.
    pub leaves: u64,
    /// Leaves of the period by day and type.
    pub totals: BTreeMap<(String, &'static str), u64>,
    /// Rows of each population.
    pub rows: BTreeMap<&'static str, u64>,
    /// The part of the log.
    pub log: LogPart,
    /// Most calls of one day.
    pub busiest: u64,
    /// Policy sets that decisions of the period name, and those that came into force in the slice.
    pub policy_sets: BTreeSet<Hash>,
    /// Configurations that came into force in the slice.
    pub configurations: BTreeSet<Hash>,
    /// Definitions of tools that leaves of the period name.
    pub documents: BTreeSet<Hash>,
    /// Exceptions by rule.
    pub exceptions: BTreeMap<&'static str, u64>,
    /// Gaps, and how many of them the log does not explain.
    pub gaps: (u64, u64),
    /// Bodies that should be in the package and are not: those that a rule took, and those that nothing accounts for.
    pub missing: (u64, u64),
    /// Rows of the comparison, and how many of them do not tie; `None` when there was nothing to compare
    /// with.
    pub compared: Option<(u64, u64)>,
    /// Selected samples, index and leaf hash, in the order of their keys.
    pub selected: Vec<(u64, Hash)>,
}

/// A population's own file: what was asked, over what, and how much there was.
#[derive(Serialize)]
struct Statement<'s> {
    format: &'static str,
    population: &'s Query,
    period: Period,
    servers: &'s [String],
    log: LogPart,
    rows: u64,
    leaves: u64,
    first_index: Option<u64>,
    last_index: Option<u64>,
    totals: Vec<Total<'s>>,
}

/// What is looked for in the period: the rules over single leaves, and the names of those that need memory.
#[derive(Serialize)]
struct Stated {
    format: &'static str,
    rules: &'static [Rule],
}

#[derive(Serialize)]
struct Total<'s> {
    day: &'s str,
    #[serde(rename = "type")]
    event: &'s str,
    leaves: u64,
}

impl Derivation {
    /// Begins, and writes the heads of the files.
    ///
    /// # Errors
    /// What `emit` returned.
    pub fn begin(setting: Setting, emit: &mut Emit<'_>) -> io::Result<Self> {
        let mut names = Vec::new();
        for query in POPULATIONS {
            let name = |ending: &str| format!("populations/{}.{ending}", query.name);
            let own = Names { csv: name("csv"), json: name("jsonl"), query: name("query.json") };
            emit(&own.csv, &cell::csv(query.columns.iter().map(|column| column.name)))?;
            names.push(own);
        }
        emit(TOTALS_FILE, "day,type,leaves")?;
        emit(GAPS_FILE, &cell::csv(gap::COLUMNS))?;
        emit(EXCEPTIONS_FILE, &cell::csv(exception::COLUMNS))?;
        emit(TIMELINE_FILE, &cell::csv(timeline::COLUMNS))?;
        let rules = serde_json::to_string_pretty(&Stated { format: FORMAT, rules: RULES })?;
        rules.lines().try_for_each(|line| emit(RULES_FILE, line))?;
        Ok(Self {
            runs: POPULATIONS.iter().map(Run::new).collect(),
            names,
            gaps: Gaps::new(setting.period),
            exceptions: Exceptions::new(setting.leavers.clone()),
            measures: Measures::default(),
            selection: setting.draw.clone().map(Selection::new),
            derived: Derived::of(setting.log),
            setting,
        })
    }

    /// Takes the next leaf.
    ///
    /// # Errors
    /// What `emit` returned.
    pub fn push(
        &mut self,
        index: u64,
        leaf: &Leaf,
        bytes: &[u8],
        hash: &Hash,
        emit: &mut Emit<'_>,
    ) -> io::Result<Due> {
        for row in self.gaps.push(index, leaf) {
            emit(GAPS_FILE, &cell::csv(row.iter().map(String::as_str)))?;
        }
        let broken = self.exceptions.remember(leaf);
        let within = self.setting.period.contains(leaf.ts);
        if within {
            self.tally(leaf);
        }
        let event = leaf.event.as_str();
        let wanted = self.runs.iter().any(|run| run.wants(event));
        if !wanted && broken.is_empty() && !Exceptions::wants(event) {
            return Ok(Due::Nothing);
        }
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let view = View { index, hash, event, leaf: &value };
        if let Some(row) = timeline::row(&view, within) {
            emit(TIMELINE_FILE, &cell::csv(row.iter().map(String::as_str)))?;
            self.name_documents(&value);
        }
        if within {
            for row in self.exceptions.push(&view, &broken) {
                emit(EXCEPTIONS_FILE, &cell::csv(row.iter().map(String::as_str)))?;
            }
        }
        let servers = &self.setting.servers;
        let meant = within
            && (servers.is_empty() || leaf.server.as_ref().is_none_or(|server| servers.contains(server)));
        let mut due = Due::Nothing;
        for (run, names) in self.runs.iter_mut().zip(&self.names) {
            if !run.wants(event) {
                continue;
            }
            let chosen = if meant && run.takes(&view) { Chosen::Yes } else { Chosen::No };
            if chosen == Chosen::Yes && run.query.name == PRIVILEGED && leaf.payload.is_some() {
                due = Due::Body;
            }
            if let Some(selection) = &mut self.selection
                && chosen == Chosen::Yes
                && selection.population() == run.query.name
            {
                selection.offer(index, hash);
            }
            for row in run.push(&view, chosen) {
                write_row(run.query, names, &row, emit)?;
            }
        }
        Ok(due)
    }

    /// Ends: writes what could only be written now. What is missing is added by [`Derived::close`].
    ///
    /// # Errors
    /// What `emit` returned.
    pub fn finish(mut self, emit: &mut Emit<'_>) -> io::Result<Derived> {
        for (run, names) in self.runs.iter_mut().zip(&self.names) {
            for row in run.finish() {
                write_row(run.query, names, &row, emit)?;
            }
            let text = statement(run, &self.setting)?;
            text.lines().try_for_each(|line| emit(&names.query, line))?;
            self.derived.rows.insert(run.query.name, run.rows);
        }
        for row in self.gaps.finish() {
            emit(GAPS_FILE, &cell::csv(row.iter().map(String::as_str)))?;
        }
        for ((day, event), leaves) in &self.derived.totals {
            emit(TOTALS_FILE, &format!("{day},{event},{leaves}"))?;
        }
        if let Some(counts) = &self.setting.counts {
            emit(DIFFERENCES_FILE, &cell::csv(count::COLUMNS))?;
            let rows = self.measures.compare(counts);
            for row in &rows {
                emit(DIFFERENCES_FILE, &cell::csv(row.iter().map(String::as_str)))?;
            }
            let open = rows.iter().filter(|row| row[6] == "no").count();
            self.derived.compared = Some((rows.len() as u64, open as u64));
        }
        if let Some(selection) = self.selection {
            emit(SELECTION_FILE, &cell::csv(sample::COLUMNS))?;
            for (rank, (key, index, leaf)) in (1..).zip(selection.finish()) {
                emit(SELECTION_FILE, &format!("{rank},{index},{leaf},{key}"))?;
                self.derived.selected.push((index, leaf));
            }
        }
        self.derived.busiest = busiest(&self.derived.totals);
        self.derived.gaps = (self.gaps.found, self.gaps.unexplained);
        self.derived.exceptions = self.exceptions.found;
        Ok(self.derived)
    }

    fn tally(&mut self, leaf: &Leaf) {
        self.derived.leaves += 1;
        let day: String = leaf.ts.to_string().chars().take(10).collect();
        *self.derived.totals.entry((day, leaf.event.as_str())).or_default() += 1;
        self.measures.push(leaf);
        if let Some(decision) = &leaf.decision {
            self.derived.policy_sets.insert(decision.policy_set);
        }
        if let Some(detail) = &leaf.detail
            && matches!(leaf.event, EventType::ToolsChanged | EventType::ReviewStarted)
        {
            let named: Value = serde_json::from_str(detail.as_str()).unwrap_or_default();
            self.derived.policy_sets.extend(named_hash(&named, "policy_set"));
            self.derived.documents.extend(named_hash(&named, "document"));
        }
    }

    /// What a leaf of the timeline put in force.
    fn name_documents(&mut self, leaf: &Value) {
        let detail = leaf.get("detail").unwrap_or(&Value::Null);
        self.derived.policy_sets.extend(named_hash(detail, "policy_set"));
        self.derived.configurations.extend(named_hash(detail, "configuration"));
    }
}

/// Most calls of one day.
fn busiest(totals: &BTreeMap<(String, &'static str), u64>) -> u64 {
    let mut days: BTreeMap<&str, u64> = BTreeMap::new();
    for ((day, _), leaves) in totals.iter().filter(|((_, event), _)| CALLS.contains(event)) {
        *days.entry(day).or_default() += leaves;
    }
    days.into_values().max().unwrap_or(0)
}

fn named_hash(detail: &Value, member: &str) -> Option<Hash> {
    detail.get(member)?.as_str()?.parse().ok()
}

impl Derived {
    fn of(log: LogPart) -> Self {
        Self {
            leaves: 0,
            totals: BTreeMap::new(),
            rows: BTreeMap::new(),
            log,
            busiest: 0,
            policy_sets: BTreeSet::new(),
            configurations: BTreeSet::new(),
            documents: BTreeSet::new(),
            exceptions: BTreeMap::new(),
            gaps: (0, 0),
            missing: (0, 0),
            compared: None,
            selected: Vec::new(),
        }
    }

    /// Adds which bodies are missing, and writes what follows from it and from all else: the last exceptions, the figures.
    ///
    /// # Errors
    /// What `emit` returned.
    pub fn close(&mut self, missing: Missing, emit: &mut Emit<'_>) -> io::Result<()> {
        let unexplained = missing.unexplained.len() as u64;
        self.missing = (missing.erased, unexplained);
        if unexplained > 0 {
            self.exceptions.insert(BODY_MISSING, unexplained);
        }
        for row in missing.unexplained {
            emit(EXCEPTIONS_FILE, &cell::csv(row.iter().map(String::as_str)))?;
        }
        let figures = serde_json::to_string_pretty(&figure::figures(self))?;
        figures.lines().try_for_each(|line| emit(FIGURES_FILE, line))
    }

    /// Leaves of the period of a type.
    pub fn of_type(&self, event: &str) -> u64 {
        self.totals.iter().filter(|((_, found), _)| *found == event).map(|(_, leaves)| leaves).sum()
    }
}

/// Whether samples can be drawn from the population of this name.
impl Draw {
    /// Whether there is such a population, and a row of it stands for one leaf.
    pub fn is_possible(&self) -> bool {
        let possible =
            |query: &Query| query.name == self.population && !matches!(query.shape, Shape::Group { .. });
        POPULATIONS.iter().any(possible)
    }
}

fn write_row(query: &Query, names: &Names, row: &[String], emit: &mut Emit<'_>) -> io::Result<()> {
    emit(&names.csv, &cell::csv(row.iter().map(String::as_str)))?;
    let heads = query.columns.iter().map(|column| column.name);
    emit(&names.json, &cell::json(heads.zip(row.iter().map(String::as_str))))
}

fn statement(run: &Run, setting: &Setting) -> io::Result<String> {
    let total = |((day, event), leaves): (&'_ (String, &'static str), &u64)| (day.clone(), *event, *leaves);
    let totals: Vec<_> = run.totals.iter().map(total).collect();
    let statement = Statement {
        format: FORMAT,
        population: run.query,
        period: setting.period,
        servers: &setting.servers,
        log: setting.log,
        rows: run.rows,
        leaves: run.leaves,
        first_index: run.first,
        last_index: run.last,
        totals: totals.iter().map(|(day, event, leaves)| Total { day, event, leaves: *leaves }).collect(),
    };
    Ok(serde_json::to_string_pretty(&statement)?)
}
