//! The walk over a text: every command in it is judged, whether or not it would run.
//!
//! Recursion follows the nesting of the tree, which the parser bounds; texts inside texts wait in a queue.

mod evaluate;
mod record;

use std::collections::VecDeque;

use super::environment::{self, PROGRAM_DIRECTORIES};
use super::flow::Flow;
use super::limit::{COMMANDS_MAX, INNER_MAX, LOOP_VALUES_MAX, WRAPPERS_MAX};
use super::parse;
use super::scope::{Binding, Clouded, Scope};
use super::tree::{
    Assignment, AssignmentForm, Form, List, Node, NodeKind, Operator, Part, Redirect, Script, Target, Word,
};
use super::word::{self, BENIGN, OWN, PROCESS_PATH, has_hole, is_known};
use super::{Class, Facts, Flag, program, wrapper};
use crate::statement::path;

/// Classifies a text for a POSIX shell or bash.
pub(super) fn survey(text: &str) -> Facts {
    let mut survey = Survey::new();
    survey.queue.push_back(Text { source: text.to_owned(), level: 0, clouded: Clouded::No });
    while let Some(next) = survey.queue.pop_front() {
        survey.text(next);
    }
    survey.facts
}

/// A text that waits to be read.
struct Text {
    source: String,
    level: usize,
    /// Whether variables may hold what an outer text assigned.
    clouded: Clouded,
}

/// What has been found so far.
pub(super) struct Survey {
    facts: Facts,
    pub(super) scope: Scope,
    queue: VecDeque<Text>,
    texts: usize,
    texts_bytes: usize,
    commands: usize,
    level: usize,
    /// Functions that are being defined around this place.
    defining: Vec<String>,
    /// Commands that wait to be judged.
    pending: Vec<Vec<String>>,
    /// What the process substitutions of the command at hand give.
    pub(super) process: Flow,
}

/// Where in the text a command stands.
#[derive(Clone)]
struct Place<'t> {
    documents: &'t [Word],
    /// Whether it certainly runs, in the shell of the text.
    certain: bool,
    /// Whether it runs beside others.
    beside: bool,
    /// What its commands read.
    input: Flow,
}

impl Survey {
    fn new() -> Self {
        Self {
            facts: Facts::safe(),
            scope: Scope::default(),
            queue: VecDeque::new(),
            texts: 0,
            texts_bytes: 0,
            commands: 0,
            level: 0,
            defining: Vec::new(),
            pending: Vec::new(),
            process: Flow::Nothing,
        }
    }

    fn text(&mut self, next: Text) {
        let script = match parse::parse(&next.source) {
            Ok(script) => script,
            Err(fault) => return self.note(Class::Unknown, fault.0),
        };
        self.scope = Scope::inherit(next.clouded);
        self.level = next.level;
        if script.history {
            self.flag(Flag::History);
            self.note(Class::Dynamic, "an interactive shell would put a command of its history here");
        }
        if script.encoded {
            self.flag(Flag::Encoded);
        }
        let Script { list, documents, .. } = &script;
        let place = Place { documents, certain: true, beside: false, input: Flow::Nothing };
        self.list(list, &place);
        if self.scope.used_unknown {
            self.flag(Flag::Variable);
        }
        if self.scope.used_secret {
            self.note(Class::SecretRead, "uses a variable whose name says that it holds a secret");
        }
    }

    /// The flow out of a list, all of its commands together.
    fn list(&mut self, list: &List, place: &Place<'_>) -> Flow {
        let mut out = Flow::Nothing;
        for statement in list {
            if statement.background {
                self.flag(Flag::Background);
            }
            let alone = statement.stages.len() == 1;
            if !alone {
                self.flag(Flag::Pipeline);
            }
            let mut inner = place.clone();
            inner.certain &= alone && !statement.conditional && !statement.background;
            inner.beside |= !alone || statement.background;
            let mut flow = place.input.clone();
            for stage in &statement.stages {
                inner.input = flow;
                flow = self.node(stage, &inner);
            }
            out = out.then(flow);
        }
        out
    }

    fn node(&mut self, node: &Node, place: &Place<'_>) -> Flow {
        if self.commands >= COMMANDS_MAX {
            self.note(Class::Unknown, "too many commands");
            return Flow::Unknown;
        }
        self.commands += 1;
        self.process = Flow::Nothing;
        let mut inner = place.clone();
        let mut away = false;
        for redirect in &node.redirects {
            let input = inner.input.clone();
            away |= self.redirect(redirect, &mut inner);
            // `3<file` takes nothing away from a pipe.
            if !redirect.standard {
                inner.input = input;
            }
        }
        let mut uncertain = inner.clone();
        uncertain.certain = false;
        let flow = match &node.kind {
            NodeKind::Simple { assignments, words } => self.simple(assignments, words, &inner),
            NodeKind::Group(list) => self.list(list, &inner),
            NodeKind::Subshell(list) | NodeKind::Branches(list) => self.list(list, &uncertain),
            NodeKind::Loop { variable, values, body } => self.repeat(variable, values, body, &uncertain),
            NodeKind::Counting { expression, body } => {
                self.arithmetic(expression, &uncertain);
                self.list(body, &uncertain)
            }
            NodeKind::Case { words, bodies } => {
                words.iter().for_each(|word| self.visit(word, &uncertain));
                self.list(bodies, &uncertain)
            }
            NodeKind::Function { name, body } => {
                self.define(name, body, &uncertain);
                if place.certain {
                    self.scope.functions.insert(name.to_owned());
                }
                Flow::Nothing
            }
            NodeKind::Test(words) => self.test(words, &uncertain),
            NodeKind::Arithmetic(word) => {
                self.arithmetic(word, &uncertain);
                Flow::Nothing
            }
        };
        if away { Flow::Nothing } else { flow }
    }

    fn define(&mut self, name: &str, body: &Node, place: &Place<'_>) {
        self.flag(Flag::Function);
        self.defining.push(name.to_owned());
        let inner = Place { beside: false, input: Flow::Unknown, ..place.clone() };
        self.node(body, &inner);
        self.defining.pop();
    }

    fn repeat(&mut self, variable: &str, values: &[Word], body: &List, place: &Place<'_>) -> Flow {
        let mut fields = Vec::new();
        for value in values {
            match value.parts.as_slice() {
                // Names of files, as `xargs` would get them.
                [Part::Substitution { body, .. }] => match self.substitute(body, place) {
                    Flow::Names(pattern) => fields.push(pattern),
                    _ => fields.extend(word::fields(value, &mut self.scope)),
                },
                _ => {
                    self.visit(value, place);
                    fields.extend(word::fields(value, &mut self.scope));
                }
            }
        }
        let holes = values.is_empty() || fields.iter().any(|field| has_hole(field));
        let mut out = Flow::Nothing;
        if holes || fields.len() > LOOP_VALUES_MAX {
            self.scope.forget(variable);
            out = self.list(body, place);
        } else {
            for field in fields {
                let binding = match field {
                    field if field.contains(OWN) => Binding::Own,
                    field if field.contains(BENIGN) => Binding::Benign,
                    field => Binding::Known(field),
                };
                self.scope.bind(variable, binding);
                out = out.then(self.list(body, place));
            }
        }
        self.scope.forget(variable);
        if out == Flow::Nothing { out } else { out.filtered() }
    }

    /// Applies a redirection; whether the output goes elsewhere.
    fn redirect(&mut self, redirect: &Redirect, place: &mut Place<'_>) -> bool {
        let word = match &redirect.target {
            Target::Word(word) => word,
            Target::Document(index) => {
                self.flag(Flag::HereDocument);
                let Some(document) = place.documents.get(*index) else { return false };
                self.visit(document, place);
                place.input = Flow::Text(word::text(document, &mut self.scope));
                return false;
            }
        };
        let outer = place.clone();
        self.visit(word, &outer);
        let mut fields = word::fields(word, &mut self.scope);
        let field = if fields.len() == 1 { fields.remove(0) } else { word::text(word, &mut self.scope) };
        match redirect.operator {
            Operator::String | Operator::Document => {
                self.flag(Flag::HereDocument);
                place.input = Flow::Text(word::text(word, &mut self.scope) + "\n");
                return false;
            }
            Operator::Duplicate => {
                let descriptor = field.trim_end_matches('-');
                if descriptor.chars().all(|c| c.is_ascii_digit() || c == BENIGN) || has_hole(&field) {
                    return false;
                }
                self.flag(Flag::Redirection);
                self.write(&field);
            }
            Operator::Read => {
                self.flag(Flag::Redirection);
                if field == PROCESS_PATH {
                    place.input = self.process.clone().filtered();
                    return false;
                }
                if field == "/dev/null" {
                    place.input = Flow::Text(String::new());
                    return false;
                }
                self.read(&field);
                let network = field.starts_with("/dev/tcp/") || field.starts_with("/dev/udp/");
                place.input = if network { Flow::Network } else { Flow::File };
                return false;
            }
            Operator::ReadWrite => {
                self.flag(Flag::Redirection);
                self.read(&field);
                self.write(&field);
                return false;
            }
            Operator::Write | Operator::Append => {
                if field != PROCESS_PATH && field != "/dev/null" {
                    self.flag(Flag::Redirection);
                    self.write(&field);
                }
            }
        }
        !matches!(field.as_str(), "/dev/stdout" | "/dev/stderr" | "/dev/fd/1" | "/proc/self/fd/1")
    }

    fn simple(&mut self, assignments: &[Assignment], words: &[Word], place: &Place<'_>) -> Flow {
        for word in words {
            self.visit(word, place);
        }
        for assignment in assignments {
            assignment.values.iter().for_each(|value| self.visit(value, place));
            if let Some(subscript) = &assignment.subscript {
                self.index(&assignment.name, subscript, place);
            }
        }
        let mut fields = Vec::new();
        for word in words {
            fields.extend(word::fields(word, &mut self.scope));
        }
        let declares = fields.first().is_some_and(|name| program::DECLARERS.contains(&name.as_str()));
        if declares {
            self.note_kinds(&fields, place);
        }
        let reads_line = fields.first().is_some_and(|name| name == "read");
        for assignment in assignments {
            let lasting = place.certain && (words.is_empty() || declares);
            // `IFS= read -r line` changes how one line is split, and nothing else.
            if !(reads_line && assignment.name == "IFS") {
                self.note_assignment(assignment);
            }
            self.evaluate_assigned(assignment);
            self.assign(assignment, if lasting { Lifetime::Lasting } else { Lifetime::Passing });
        }
        if words.is_empty() { Flow::Nothing } else { self.run(fields, place.input.clone(), place) }
    }

    /// Judges an assignment by the name of the variable.
    fn note_assignment(&mut self, assignment: &Assignment) {
        let name = assignment.name.as_str();
        let value = self.assigned_text(assignment);
        self.note_written(name, &value);
        if environment::decides_what_runs(name) && !environment::is_ordinary(name, &value) {
            self.flag(Flag::Environment);
            self.note(Class::Dynamic, "assigns a variable that decides what runs");
        }
    }

    /// A variable that makes programs write to a file.
    pub(super) fn note_written(&mut self, name: &str, value: &str) {
        if environment::names_output(name) && environment::is_file(value) {
            self.flag(Flag::Environment);
            self.write(value);
        }
    }

    fn assigned_text(&mut self, assignment: &Assignment) -> String {
        match assignment.values.as_slice() {
            [value] => word::text(value, &mut self.scope),
            _ => word::HOLE.to_string(),
        }
    }

    fn assign(&mut self, assignment: &Assignment, lifetime: Lifetime) {
        let name = assignment.name.as_str();
        let value = self.assigned_text(assignment);
        let lasting = lifetime == Lifetime::Lasting;
        let plain = assignment.form == AssignmentForm::Plain;
        if plain && is_number(&value) {
            self.scope.assign_number(name, if lasting { Some(value) } else { None });
        } else if plain && value.contains(OWN) && value.chars().all(|c| c == OWN || is_digit(c)) {
            self.scope.assign_own(name);
        } else if plain && lasting && is_known(&value) {
            self.scope.assign(name, value);
        } else {
            self.scope.forget(name);
        }
    }

    /// Runs `$(...)`; what it gives.
    fn substitute(&mut self, body: &List, place: &Place<'_>) -> Flow {
        self.flag(Flag::Substitution);
        let inner = Place { certain: false, input: Flow::Nothing, ..place.clone() };
        self.list(body, &inner)
    }

    /// Runs the substitutions inside a word.
    fn visit(&mut self, word: &Word, place: &Place<'_>) {
        for part in &word.parts {
            let mut inner = place.clone();
            inner.certain = false;
            inner.input = Flow::Nothing;
            match part {
                Part::Text { .. } | Part::Variable { .. } => {}
                Part::Expansion { name, subscript, form, inner: words, .. } => {
                    if let Some(subscript) = subscript {
                        self.index(name, subscript, place);
                    }
                    match form {
                        Form::Prompt => self.note(Class::Dynamic, "expands a value once more"),
                        Form::Assign => self.scope.forget(name),
                        Form::Indirect => self.follow(name),
                        Form::Slice | Form::Length | Form::Value => {}
                    }
                    match form {
                        Form::Slice => self.expression(words, place),
                        Form::Indirect => self.arithmetic(words, place),
                        _ => self.visit(words, place),
                    }
                }
                Part::Substitution { body, .. } => {
                    self.substitute(body, place);
                }
                Part::Process { body, into } => {
                    self.flag(Flag::Substitution);
                    if *into {
                        inner.input = Flow::Unknown;
                    }
                    let flow = self.list(body, &inner);
                    self.process = if *into { Flow::Unknown } else { flow };
                }
                Part::Arithmetic { inner: words } => self.arithmetic(words, place),
            }
        }
    }

    /// Judges one command whose words are known as far as they can be, and those that it runs.
    fn run(&mut self, fields: Vec<String>, input: Flow, place: &Place<'_>) -> Flow {
        let flow = self.run_one(fields, input, place);
        let mut inner = 0;
        while let Some(fields) = self.pending.pop() {
            inner += 1;
            if inner > INNER_MAX {
                self.pending.clear();
                self.note(Class::Unknown, "too many commands");
                return Flow::Unknown;
            }
            self.run_one(fields, Flow::Unknown, place);
        }
        flow
    }

    fn run_one(&mut self, mut fields: Vec<String>, mut input: Flow, place: &Place<'_>) -> Flow {
        for _ in 0..WRAPPERS_MAX {
            let Some(first) = fields.first() else { return Flow::Nothing };
            let Some(name) = self.resolve(first) else { return Flow::Unknown };
            self.name_program(&name);
            if place.beside && self.defining.contains(&name) {
                self.flag(Flag::ForkBomb);
                self.note(Class::InfraDestructive, "starts itself without end");
            }
            let arguments = &fields[1..];
            match wrapper::unwrap(self, &name, arguments, &input) {
                wrapper::Step::Program => {
                    self.keep_command(&name, arguments);
                    return program::judge(self, &name, arguments, input);
                }
                wrapper::Step::Done(flow) => {
                    self.keep_command(&name, arguments);
                    return flow;
                }
                wrapper::Step::Inner { fields: inner, input: next } => {
                    self.flag(Flag::Wrapped);
                    fields = inner;
                    input = next;
                }
            }
        }
        self.note(Class::Unknown, "too many wrappers");
        Flow::Unknown
    }

    /// The name of a program without its directory, if it can be known.
    fn resolve(&mut self, field: &str) -> Option<String> {
        if !is_known(field) {
            self.note(Class::Dynamic, "which program runs is decided when it runs");
            return None;
        }
        if self.scope.aliases.contains(field) {
            self.note(Class::Dynamic, "an alias decides what runs");
        }
        if field.is_empty() || field.contains(['\n', '\r']) {
            self.note(Class::Unknown, "the name of a program is no name");
            return None;
        }
        let Some((directory, name)) = field.rsplit_once('/') else { return Some(field.to_owned()) };
        let whole = path::normalise(field);
        let directory = whole.rsplit_once('/').map_or(directory, |(directory, _)| directory);
        if !PROGRAM_DIRECTORIES.contains(&directory) {
            self.name_program(field);
            self.note(Class::Unknown, "runs a program from a path that is not the system's");
        }
        let name = whole.rsplit('/').next().unwrap_or(name);
        Some(name.to_owned())
    }
}

/// How long an assignment holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    /// From here on.
    Lasting,
    /// For one command, or only if it runs at all.
    Passing,
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.chars().all(is_digit)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || c == BENIGN
}
