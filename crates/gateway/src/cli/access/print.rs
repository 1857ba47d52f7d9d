//! What `countersign access` prints for people.

use std::io::{self, Write};

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell as TableCell, ContentArrangement, Table};

use super::Paint;
use crate::policy::Outcome;
use crate::report::access::{
    Basis, Cell, Change, Concern, LEGEND, Matrix, Notes, Object, Unused, instant, since,
};

/// Columns of subjects in one table when the width of the terminal is not known.
const WIDTH_DEFAULT: u16 = 120;
/// Longest list of classes of statements that is shown beside "no statement".
const STATEMENT_CHARS_MAX: usize = 60;
/// What the columns of action and target take.
const WIDTH_OBJECT: usize = 48;

/// Where and how to print.
pub(super) struct Printer<W> {
    output: W,
    paint: Paint,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(output: W, paint: Paint) -> Self {
        Self { output, paint }
    }

    /// The whole matrix: a table for each server, what stands behind the cells, what should be looked at.
    pub(super) fn matrix(&mut self, basis: &Basis, matrix: &Matrix, concerns: &[Concern]) -> io::Result<()> {
        self.about("as of", basis)?;
        for note in &basis.notes {
            let note = self.paint(AnsiColor::Yellow, &format!("note: {note}"));
            writeln!(self.output, "{note}")?;
        }
        if matrix.subjects.is_empty() {
            return writeln!(
                self.output,
                "\nnobody: no policy names a group like that, and nobody in it was seen"
            );
        }
        for server in basis.servers.keys() {
            self.server(server, matrix)?;
        }
        if !concerns.is_empty() {
            let title = self.paint(AnsiColor::Yellow, "segregation of duties");
            writeln!(self.output, "\n{title}")?;
            for Concern { server, text, .. } in concerns {
                writeln!(self.output, "  {}: {}", visible(server), visible(text))?;
            }
        }
        writeln!(self.output)?;
        let legend = self.paint(AnsiColor::BrightBlack, LEGEND);
        writeln!(self.output, "{legend}")
    }

    fn about(&mut self, word: &str, basis: &Basis) -> io::Result<()> {
        let short = basis.policy_set.get(..16).unwrap_or(&basis.policy_set);
        writeln!(self.output, "{word} {}: policy set {short}, {}", instant(basis.at), since(basis))
    }

    fn server(&mut self, server: &str, matrix: &Matrix) -> io::Result<()> {
        let rows: Vec<_> = matrix.rows.iter().filter(|(object, _)| object.server == server).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let title = self.paint(AnsiColor::Cyan, &visible(server));
        writeln!(self.output, "\n{title}")?;
        let mut notes = Notes::default();
        for columns in self.chunks(matrix) {
            let mut table = Table::new();
            table.load_style(comfy_table::presets::NOTHING);
            table.set_content_arrangement(ContentArrangement::Dynamic);
            if table.width().is_none() {
                table.set_width(WIDTH_DEFAULT);
            }
            let mut head = vec!["ACTION".to_owned(), "TARGET".to_owned()];
            head.extend(columns.iter().map(|position| visible(&matrix.subjects[*position].label())));
            table.set_header(head);
            for (objects, cells) in alike(&rows) {
                let targets: Vec<String> = objects.iter().map(|object| visible(&object.target)).collect();
                let mut target = targets.join(", ");
                if let Some(statement) = &objects[0].statement {
                    target.push_str(&format!("\n  {}", shortened(statement)));
                }
                let mut line = vec![TableCell::new(&objects[0].action), TableCell::new(target)];
                line.extend(columns.iter().map(|position| {
                    let cell = &cells[*position];
                    self.cell(cell, notes.number(cell))
                }));
                table.add_row(line);
            }
            writeln!(self.output, "{table}\n")?;
        }
        for (number, (outcome, text)) in notes.texts().enumerate() {
            let number = self.paint(colour(outcome), &format!("{:>3}", number + 1));
            writeln!(self.output, "{number}  {}", visible(&text))?;
        }
        Ok(())
    }

    /// Subjects, as many side by side as the terminal has room for.
    fn chunks(&self, matrix: &Matrix) -> Vec<Vec<usize>> {
        let width: usize = Table::new().width().unwrap_or(WIDTH_DEFAULT).into();
        let (mut chunks, mut used): (Vec<Vec<usize>>, usize) = (vec![Vec::new()], WIDTH_OBJECT);
        for (position, subject) in matrix.subjects.iter().enumerate() {
            let needs = subject.label().chars().count().clamp(8, 24) + 2;
            match chunks.last_mut() {
                Some(last) if last.is_empty() || used + needs <= width => last.push(position),
                _ => {
                    chunks.push(vec![position]);
                    used = WIDTH_OBJECT;
                }
            }
            used += needs;
        }
        chunks
    }

    fn cell(&self, cell: &Cell, note: Option<usize>) -> TableCell {
        let word = match cell.outcome {
            Outcome::Conditional => "if",
            other => other.as_str(),
        };
        let text = note.map_or_else(|| word.to_owned(), |note| format!("{word} {note}"));
        let shown = TableCell::new(text);
        if self.paint == Paint::Plain {
            return shown;
        }
        match cell.outcome {
            Outcome::Allow => shown.fg(comfy_table::Color::Green),
            Outcome::Hold => shown.fg(comfy_table::Color::Yellow),
            Outcome::Conditional => shown.fg(comfy_table::Color::Cyan),
            Outcome::Deny => shown.add_attribute(Attribute::Dim),
        }
    }

    /// What changed.
    pub(super) fn changes(&mut self, before: &Basis, after: &Basis, changes: &[Change]) -> io::Result<()> {
        self.about("from", before)?;
        self.about("to  ", after)?;
        if changes.is_empty() {
            return writeln!(self.output, "\nnobody's access changed");
        }
        let mut server = "";
        for change in changes {
            if change.object.server != server {
                server = &change.object.server;
                let title = self.paint(AnsiColor::Cyan, &visible(server));
                writeln!(self.output, "\n{title}")?;
            }
            let statement =
                change.object.statement.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
            let what = format!("{} {}{statement}", change.object.action, visible(&change.object.target));
            writeln!(self.output, "  {}: {what}", visible(&change.subjects.join("; ")))?;
            self.side("-", change.before.as_ref())?;
            self.side("+", change.after.as_ref())?;
        }
        Ok(())
    }

    fn side(&mut self, sign: &str, cell: Option<&Cell>) -> io::Result<()> {
        let (outcome, note) = match cell {
            None => (Outcome::Deny, "not there".to_owned()),
            Some(cell) if cell.outcome == Outcome::Deny && cell.policies.is_empty() => {
                (Outcome::Deny, "denied by default".to_owned())
            }
            Some(cell) => (cell.outcome, cell.note()),
        };
        let line = self.paint(colour(outcome), &format!("    {sign} {}", visible(&note)));
        writeln!(self.output, "{line}")
    }

    /// Grants that nobody used.
    pub(super) fn unused(&mut self, found: &[Unused]) -> io::Result<()> {
        if found.is_empty() {
            return writeln!(self.output, "everything that was granted was used");
        }
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["WHO", "SERVER", "ACTION", "USED", "NEVER USED"]);
        for Unused { subject, server, action, targets, used } in found {
            table.add_row([
                visible(subject),
                visible(server),
                action.clone(),
                used.to_string(),
                visible(&targets.join(", ")),
            ]);
        }
        writeln!(self.output, "{table}")
    }

    fn paint(&self, colour: AnsiColor, text: &str) -> String {
        self.paint.text(colour, text)
    }
}

/// Rows that differ in nothing but their target, together.
fn alike<'m>(rows: &[&'m (Object, Vec<Cell>)]) -> Vec<(Vec<&'m Object>, &'m [Cell])> {
    let mut alike: Vec<(Vec<&Object>, &[Cell])> = Vec::new();
    for (object, cells) in rows {
        let same = alike.iter_mut().find(|(objects, known)| {
            let first = objects[0];
            (&first.action, &first.statement) == (&object.action, &object.statement) && known == cells
        });
        match same {
            Some((objects, _)) => objects.push(object),
            None => alike.push((vec![object], cells)),
        }
    }
    alike
}

/// Of many classes of statements, those that are fewer are named.
fn shortened(statement: &str) -> String {
    if statement.starts_with("no statement; ") && statement.len() > STATEMENT_CHARS_MAX {
        return "no statement, or a class in no other row".to_owned();
    }
    statement.to_owned()
}

fn colour(outcome: Outcome) -> AnsiColor {
    match outcome {
        Outcome::Allow => AnsiColor::Green,
        Outcome::Hold => AnsiColor::Yellow,
        Outcome::Conditional => AnsiColor::Cyan,
        Outcome::Deny => AnsiColor::BrightBlack,
    }
}

/// Names come from upstreams: nothing that moves the cursor may reach a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
