//! The matrix itself.

use super::basis::{Basis, People};
use super::object::{Asked, FORMS, Merge, Object, asked};
use super::subject::{Subject, subjects};
use crate::model::{PrincipalKind, Terms};
use crate::policy::{Deed, Duty, Forecast, Outcome, Outlook, Prospect, Statements};
use crate::statement;

/// Which part of the matrix is wanted. Empty: all of groups.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of whom it speaks.
    pub people: People,
    /// Only this server.
    pub server: Option<String>,
    /// Only who is in this group.
    pub group: Option<String>,
}

/// Who may do what.
#[derive(Debug)]
pub struct Matrix {
    /// Who.
    pub subjects: Vec<Subject>,
    /// What, with a cell for each of `subjects`.
    pub rows: Vec<(Object, Vec<Cell>)>,
}

/// What the gateway decides about every message that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// In one word.
    pub outcome: Outcome,
    /// In words, where it depends.
    pub condition: Option<String>,
    /// Ids of the policies that decide, or may. None: default deny.
    pub policies: Vec<String>,
    /// What is asked of approvers, where it is held, or may be.
    pub terms: Option<Terms>,
}

impl Cell {
    fn of(outlook: Outlook) -> Self {
        Self {
            outcome: outlook.outcome(),
            condition: outlook.condition(),
            policies: outlook.policies,
            terms: outlook.terms,
        }
    }

    /// Whether it may be allowed, at least once somebody agreed.
    pub fn grants(&self) -> bool {
        self.outcome != Outcome::Deny
    }
}

impl Matrix {
    /// Computes what is wanted from `basis`.
    pub fn of(basis: &Basis, wanted: &Wanted) -> Self {
        let forecast = Forecast::new(&basis.policies);
        let named = basis.policies.names();
        let subjects = subjects(basis, wanted.people, wanted.group.as_deref());
        let computing = Computing { forecast, subjects: &subjects };
        let mut rows = Vec::new();
        for server in basis.servers.keys() {
            if wanted.server.as_ref().is_none_or(|wanted| wanted == server) {
                rows.extend(computing.server(server, &asked(server, basis, &named)));
            }
        }
        let mut matrix = Self { subjects, rows };
        matrix.unite_kinds();
        matrix
    }

    /// Makes one column of those that differ in nothing but the kind of caller.
    fn unite_kinds(&mut self) {
        let mut at = 1;
        while at < self.subjects.len() {
            let like = (0..at)
                .rev()
                .take_while(|earlier| self.subjects[*earlier].is_same_but_for_kind(&self.subjects[at]));
            let same = like
                .into_iter()
                .find(|earlier| self.rows.iter().all(|(_, cells)| cells[*earlier] == cells[at]));
            let Some(same) = same else {
                at += 1;
                continue;
            };
            let kinds = self.subjects.remove(at).kinds;
            self.subjects[same].kinds.extend(kinds);
            for (_, cells) in &mut self.rows {
                cells.remove(at);
            }
        }
    }
}

/// Asks one policy set about all columns.
pub(super) struct Computing<'a> {
    pub(super) forecast: Forecast<'a>,
    pub(super) subjects: &'a [Subject],
}

impl Computing<'_> {
    fn server(&self, server: &str, columns: &[Asked<'_>]) -> Vec<(Object, Vec<Cell>)> {
        let mut rows: Vec<(Object, Vec<Cell>)> = Vec::new();
        let mut begin = 0;
        while begin < columns.len() {
            let first = &columns[begin];
            let count = columns[begin..].iter().take_while(|other| other.action == first.action).count();
            let group = &columns[begin..begin + count];
            rows.extend(match first.merge {
                Merge::No => self.each(server, group),
                Merge::Rest => without_rest(self.each(server, group)),
                Merge::Like => alike(self.each(server, group)),
            });
            begin += count;
        }
        rows
    }

    fn each(&self, server: &str, columns: &[Asked<'_>]) -> Vec<(Object, Vec<Cell>)> {
        columns.iter().flat_map(|column| self.column(server, column)).collect()
    }

    /// One row; several where the class of a statement matters.
    fn column(&self, server: &str, column: &Asked<'_>) -> Vec<(Object, Vec<Cell>)> {
        let object = |statement| Object {
            server: server.to_owned(),
            action: column.action.to_owned(),
            target: column.target.clone(),
            statement,
        };
        let mut split: Vec<(Vec<Statements>, Vec<Cell>)> = Vec::new();
        for statement in self.statements(server, column) {
            let cells = self.cells(server, column, statement);
            match split.iter_mut().find(|(_, known)| *known == cells) {
                Some((statements, _)) => statements.push(statement),
                None => split.push((vec![statement], cells)),
            }
        }
        if let [(_, cells)] = split.as_slice() {
            return vec![(object(None), cells.clone())];
        }
        split.into_iter().map(|(statements, cells)| (object(Some(label(&statements))), cells)).collect()
    }

    /// The classes of statements that have to be told apart.
    pub(super) fn statements(&self, server: &str, column: &Asked<'_>) -> Vec<Statements> {
        match column.deed {
            Deed::Send("tools/call") => {
                let whole = self.outlooks(server, column, Statements::Unknown);
                if whole.iter().any(|outlook| outlook.reads_statement) {
                    return [Statements::None].into_iter().chain(classes()).collect();
                }
                vec![Statements::Unknown]
            }
            // Only arguments of tools are looked through for statements.
            Deed::Send(_) => vec![Statements::None],
            Deed::Reveal { .. } | Deed::Pass { .. } | Deed::Duty(_) => vec![Statements::Unknown],
        }
    }

    /// A cell for each subject.
    pub(super) fn cells(&self, server: &str, column: &Asked<'_>, statement: Statements) -> Vec<Cell> {
        self.outlooks(server, column, statement).into_iter().map(Cell::of).collect()
    }

    fn outlooks(&self, server: &str, column: &Asked<'_>, statement: Statements) -> Vec<Outlook> {
        let answer = |subject: &Subject| {
            let kind = subject.kinds[0];
            if column.deed == Deed::Duty(Duty::Approve) && kind != PrincipalKind::Human {
                // Programs never approve, whatever the policies say: see `approval::decide`.
                return Outlook::denied();
            }
            let who = &subject.profile(kind);
            let Asked { deed, aim, .. } = *column;
            self.forecast.outlook(&Prospect { who, server, deed, aim, statement })
        };
        self.subjects.iter().map(answer).collect()
    }
}

fn classes() -> impl Iterator<Item = Statements> {
    statement::classes().into_iter().map(|(language, class, severity)| Statements::Class {
        language,
        class,
        severity,
    })
}

/// `no statement; sql: read, session`.
pub(super) fn label(statements: &[Statements]) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut language_of_last = "";
    for statement in statements {
        match *statement {
            Statements::Unknown => said.push("any".to_owned()),
            Statements::None => said.push("no statement".to_owned()),
            Statements::Class { language, class, .. } => match said.last_mut() {
                Some(last) if language_of_last == language => last.push_str(&format!(", {class}")),
                _ => said.push(format!("{language}: {class}")),
            },
        }
        language_of_last = match *statement {
            Statements::Class { language, .. } => language,
            _ => "",
        };
    }
    said.join("; ")
}

/// Leaves out what is decided like everything that is not named, which comes first.
fn without_rest(rows: Vec<(Object, Vec<Cell>)>) -> Vec<(Object, Vec<Cell>)> {
    let Some((_, rest)) = rows.first().cloned() else { return rows };
    let (mut kept, mut left_out) = (Vec::new(), false);
    for (position, row) in rows.into_iter().enumerate() {
        if position > 0 && row.1 == rest {
            left_out = true;
        } else {
            kept.push(row);
        }
    }
    if left_out || kept.len() == 1 {
        let kind = kept[0].0.target.trim_start_matches("any other ").to_owned();
        kept[0].0.target = if kept.len() == 1 { format!("any {kind}") } else { format!("any other {kind}") };
    }
    kept
}

/// Makes one row of those with equal cells.
fn alike(rows: Vec<(Object, Vec<Cell>)>) -> Vec<(Object, Vec<Cell>)> {
    let mut groups: Vec<(Vec<Object>, Vec<Cell>)> = Vec::new();
    for (object, cells) in rows {
        match groups.iter_mut().find(|(_, known)| *known == cells) {
            Some((objects, _)) => objects.push(object),
            None => groups.push((vec![object], cells)),
        }
    }
    let alone = groups.len() == 1;
    let united = |(objects, cells): (Vec<Object>, Vec<Cell>)| {
        let targets: Vec<&str> = objects.iter().map(|object| object.target.as_str()).collect();
        let passes = objects[0].action.starts_with("pass");
        let target = match (alone && targets.len() > 1, objects[0].action.starts_with("reveal")) {
            (true, false) if passes => "all that cannot be read".to_owned(),
            (true, true) => "all findings".to_owned(),
            (true, false) => "all methods".to_owned(),
            (false, true) => findings(&targets),
            (false, false) => targets.join(", "),
        };
        (Object { target, ..objects[0].clone() }, cells)
    };
    groups.into_iter().map(united).collect()
}

/// `personal, health token`: a class alone stands for all its forms.
fn findings(targets: &[&str]) -> String {
    let mut classes: Vec<(&str, Vec<&str>)> = Vec::new();
    for (class, form) in targets.iter().filter_map(|target| target.split_once(' ')) {
        match classes.last_mut() {
            Some((last, forms)) if *last == class => forms.push(form),
            _ => classes.push((class, vec![form])),
        }
    }
    let said = classes.into_iter().map(|(class, forms)| {
        if forms.len() == FORMS.len() { class.to_owned() } else { format!("{class} {}", forms.join(" or ")) }
    });
    said.collect::<Vec<_>>().join(", ")
}
