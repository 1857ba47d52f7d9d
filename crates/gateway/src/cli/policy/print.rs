//! What `countersign policy` prints: for people, coloured on a terminal, or as JSON.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Color};
use serde_json::{Value, json};

use super::Paint;
use crate::model::Statement;
use crate::policy::{Case, Explanation, Finding, Part, PolicySet, Problem, Rejected, Trial};

/// For whom it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

/// Where and how to print.
#[derive(Debug)]
pub(super) struct Printer<W> {
    output: W,
    paint: Paint,
    form: Form,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(output: W, paint: Paint, form: Form) -> Self {
        Self { output, paint, form }
    }

    /// For whom it is printed.
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// A line of text.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "{text}")
    }

    /// An effect, in its colour.
    pub(super) fn effect(&self, effect: &str) -> String {
        self.paint(effect_colour(effect), effect)
    }

    /// A text that is not to be touched.
    pub(super) fn raw(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())
    }

    /// A valid set and what is doubtful in it.
    pub(super) fn checked(
        &mut self,
        directory: &Path,
        set: &PolicySet,
        doubts: &[Problem],
    ) -> io::Result<()> {
        let (count, revision) = (set.policies().len(), set.revision().to_string());
        if self.form == Form::Json {
            let warnings: Vec<Value> = doubts.iter().map(problem).collect();
            return self.json(&json!({
                "valid": true, "policies": count, "revision": revision, "warnings": warnings, "errors": [],
            }));
        }
        for doubt in doubts {
            self.problem("warning", AnsiColor::Yellow, doubt)?;
        }
        let valid = self.paint(AnsiColor::Green, "valid");
        let plural = if count == 1 { "policy" } else { "policies" };
        writeln!(self.output, "{valid}: {count} {plural} in {}, set {}", directory.display(), &revision[..16])
    }

    /// Why a set cannot be used.
    pub(super) fn rejected(&mut self, rejected: &Rejected) -> io::Result<()> {
        if self.form == Form::Json {
            let errors: Vec<Value> = rejected.problems.iter().map(problem).collect();
            return self.json(&json!({"valid": false, "errors": errors, "warnings": []}));
        }
        for problem in &rejected.problems {
            self.problem("error", AnsiColor::Red, problem)?;
        }
        Ok(())
    }

    /// A decision with its reasons.
    pub(super) fn explanation(
        &mut self,
        explanation: &Explanation,
        statement: Option<&Statement>,
    ) -> io::Result<()> {
        if self.form == Form::Json {
            let mut value = serde_json::to_value(explanation).map_err(io::Error::other)?;
            value["statement"] = serde_json::to_value(statement).map_err(io::Error::other)?;
            return self.json(&value);
        }
        let colour = effect_colour(explanation.effect);
        let effect = self.paint(colour, explanation.effect);
        writeln!(self.output, "{effect}: {}", shown(&explanation.summary))?;
        for error in &explanation.errors {
            writeln!(self.output, "  {}", shown(error))?;
        }
        if let Some(found) = statement {
            self.statement(found)?;
        }
        for finding in &explanation.findings {
            self.finding(finding)?;
        }
        writeln!(self.output, "\npolicy set {}", &explanation.revision[..16])
    }

    /// What `context.statement` holds.
    fn statement(&mut self, found: &Statement) -> io::Result<()> {
        let Statement { language, class, severity, .. } = found;
        let class = self.paint(AnsiColor::Cyan, class);
        writeln!(self.output, "\nstatement: {language}, class {class} (severity {severity})")?;
        for (title, names) in [
            ("reads", &found.reads),
            ("writes", &found.writes),
            ("functions", &found.functions),
            ("flags", &found.flags),
        ] {
            if !names.is_empty() {
                let names = names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
                writeln!(self.output, "  {title:<9} {names}")?;
            }
        }
        Ok(())
    }

    /// The cases of a file, failures with what was decided instead.
    pub(super) fn trials(&mut self, trials: &[(&Case, Trial)]) -> io::Result<()> {
        let failed = trials.iter().filter(|(_, trial)| !trial.passed).count();
        if self.form == Form::Json {
            let cases: Vec<Value> = trials.iter().map(|(case, trial)| outcome(case, trial)).collect();
            return self.json(&json!({"passed": trials.len() - failed, "failed": failed, "cases": cases}));
        }
        let width = trials.iter().map(|(case, _)| title(case).chars().count()).max().unwrap_or(0);
        for (case, trial) in trials {
            let title = title(case);
            let decided = answer(trial.decision.effect.as_str(), &trial.decision.policies);
            if trial.passed {
                let mark = self.paint(AnsiColor::Green, "ok");
                writeln!(self.output, "{mark}      {title:width$}  {decided}")?;
                continue;
            }
            let mark = self.paint(AnsiColor::Red, "FAILED");
            let expected = case.expect.effect().as_str();
            let expected = case.by.as_ref().map_or(expected.to_owned(), |ids| answer(expected, ids));
            writeln!(self.output, "{mark}  {title:width$}  {decided}; expected {expected}")?;
            for error in &trial.decision.errors {
                writeln!(self.output, "        {}", shown(error))?;
            }
        }
        writeln!(self.output)?;
        if failed == 0 {
            writeln!(self.output, "{} cases passed", trials.len())
        } else {
            writeln!(self.output, "{failed} of {} cases failed", trials.len())
        }
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (word, colour) = match finding.part {
            Part::Decided => ("decided", AnsiColor::Cyan),
            Part::Failed => ("cannot be evaluated", AnsiColor::Red),
            Part::Overruled => ("applies, but is overruled", AnsiColor::Yellow),
            Part::DoesNotApply => ("does not apply", AnsiColor::BrightBlack),
        };
        let word = self.paint(colour, word);
        let Finding { effect, policy, file, line, .. } = finding;
        writeln!(self.output, "\n{effect} `{policy}` {word} ({file}:{line})")?;
        if finding.part == Part::Decided {
            for line in finding.text.lines() {
                writeln!(self.output, "  | {}", shown(line))?;
            }
        }
        for unmet in &finding.unmet {
            writeln!(self.output, "  needs {}", shown(&unmet.requirement))?;
            writeln!(self.output, "    but {}", shown(&unmet.found))?;
        }
        Ok(())
    }

    fn problem(&mut self, word: &str, colour: AnsiColor, problem: &Problem) -> io::Result<()> {
        let word = self.paint(colour, word);
        writeln!(self.output, "{word}: {}", shown(&problem.message))?;
        if problem.line == 0 {
            writeln!(self.output, "  --> {}", problem.file)?;
        } else {
            writeln!(self.output, "  --> {}:{}:{}", problem.file, problem.line, problem.column)?;
            writeln!(self.output, "{:4} | {}", problem.line, shown(&problem.snippet))?;
            let caret = self.paint(colour, "^");
            writeln!(self.output, "     | {}{caret}", " ".repeat(problem.column - 1))?;
        }
        if let Some(help) = &problem.help {
            writeln!(self.output, "  help: {}", shown(help))?;
        }
        writeln!(self.output)
    }

    pub(super) fn json(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.output, "{value:#}")
    }

    fn paint(&self, colour: AnsiColor, text: &str) -> String {
        let style = self.paint.style(anstyle::Style::new().fg_color(Some(Color::Ansi(colour))).bold());
        format!("{style}{text}{style:#}")
    }
}

fn effect_colour(effect: &str) -> AnsiColor {
    match effect {
        "allow" => AnsiColor::Green,
        "hold" => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    }
}

/// Policy files and arguments come from elsewhere: nothing that moves the cursor may reach a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn answer(effect: &str, ids: &[String]) -> String {
    if ids.is_empty() { format!("{effect} by default") } else { format!("{effect} by {}", ids.join(", ")) }
}

fn title(case: &Case) -> String {
    let target =
        [&case.tool, &case.resource, &case.prompt, &case.task, &case.method].into_iter().flatten().next();
    let spelled = || format!("{} on {}: {}", case.caller, case.server, target.map_or("", String::as_str));
    shown(&case.name.clone().unwrap_or_else(spelled))
}

fn problem(problem: &Problem) -> Value {
    json!({
        "file": problem.file, "line": problem.line, "column": problem.column,
        "message": problem.message, "help": problem.help,
    })
}

fn outcome(case: &Case, trial: &Trial) -> Value {
    json!({
        "name": title(case), "passed": trial.passed, "expected": case.expect.effect().as_str(),
        "effect": trial.decision.effect.as_str(), "policies": *trial.decision.policies,
        "errors": trial.decision.errors,
    })
}
