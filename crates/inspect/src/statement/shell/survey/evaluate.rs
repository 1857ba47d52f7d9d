//! Values that the shell evaluates: expressions, indexes of arrays, and names that are values. One that holds
//! `a[$(...)]` runs a command.

use super::{Place, Survey, is_number};
use crate::statement::shell::Class;
use crate::statement::shell::flow::Flow;
use crate::statement::shell::parse::is_name;
use crate::statement::shell::scope::Binding;
use crate::statement::shell::tree::{Assignment, AssignmentForm, Word};
use crate::statement::shell::word::{self, has_hole, unmarked};

const AGAIN: &str = "evaluates a value as an expression";

/// Names of one expression that are looked at.
const NAMES_OF_ONE: usize = 256;

impl Survey {
    /// `[[ ... ]]`
    pub(super) fn test(&mut self, words: &[Word], place: &Place<'_>) -> Flow {
        let mut named = false;
        for word in words {
            self.visit(word, place);
            let text = word::text(word, &mut self.scope);
            self.check_subscript(&text);
            if named {
                self.evaluate_name(&text);
            }
            named = matches!(word.bare(), Some("-v" | "-R"));
        }
        // `-eq` and its like evaluate both sides as expressions.
        let arithmetic =
            |word: &Word| matches!(word.bare(), Some("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"));
        if words.iter().any(arithmetic) {
            words.iter().for_each(|word| self.arithmetic(word, place));
        }
        Flow::Nothing
    }

    /// `$((...))`, `((...))` and `let`. What a substitution gives there is taken for a number, as it is nearly
    /// always.
    pub(super) fn arithmetic(&mut self, expression: &Word, place: &Place<'_>) {
        self.visit(expression, place);
        let text = word::text(expression, &mut self.scope);
        self.evaluate(&text);
    }

    /// An expression that nothing says to be one: the offset in `${name:offset}`.
    pub(super) fn expression(&mut self, expression: &Word, place: &Place<'_>) {
        self.visit(expression, place);
        let text = word::text(expression, &mut self.scope);
        self.evaluate_strictly(&text);
    }

    /// The index in `name[...]`. Of a map it is a plain text.
    pub(super) fn index(&mut self, name: &str, index: &Word, place: &Place<'_>) {
        self.visit(index, place);
        let text = word::text(index, &mut self.scope);
        if !self.scope.maps.contains(name) && !matches!(text.as_str(), "@" | "*") {
            self.evaluate_strictly(&text);
        }
    }

    /// `${!name}`
    pub(super) fn follow(&mut self, name: &str) {
        match self.scope.value(name) {
            Binding::Benign => {}
            Binding::Known(value) if is_name(&value) || is_number(&value) => self.scope.note_use(&value),
            _ => self.note(Class::Dynamic, "a name stands for another variable"),
        }
    }

    /// Remembers what kinds of variables a builtin declares.
    pub(super) fn note_kinds(&mut self, fields: &[String], place: &Place<'_>) {
        let (options, names): (Vec<_>, Vec<_>) =
            fields.iter().skip(1).partition(|field| field.starts_with('-'));
        let names = names.into_iter().map(|name| name.split('=').next().unwrap_or(name).to_owned());
        if options.iter().any(|option| option.contains('i')) {
            self.scope.integers.extend(names);
        } else if place.certain && options.iter().any(|option| option.contains('A')) {
            self.scope.maps.extend(names);
        }
    }

    /// What an assignment evaluates: the value of a variable of numbers, and the indexes in `name=([index]=value)`.
    pub(super) fn evaluate_assigned(&mut self, assignment: &Assignment) {
        if self.scope.integers.contains(&assignment.name) {
            for value in &assignment.values {
                let text = word::text(value, &mut self.scope);
                self.evaluate_strictly(&text);
            }
        }
        if assignment.form == AssignmentForm::Plain || self.scope.maps.contains(&assignment.name) {
            return;
        }
        for value in &assignment.values {
            let text = unmarked(&word::text(value, &mut self.scope));
            if let Some((index, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]=")) {
                self.evaluate_strictly(index);
            }
        }
    }

    /// A text that a builtin takes for the name of a variable: `-v` of `test`.
    pub(in crate::statement::shell) fn evaluate_name(&mut self, text: &str) {
        let text = unmarked(text);
        if has_hole(&text) {
            self.note(Class::Dynamic, "the name of a variable is decided when it runs");
        } else if let Some((_, index)) = text.split_once('[') {
            self.evaluate_strictly(index.trim_end_matches(']'));
        }
    }

    fn evaluate_strictly(&mut self, text: &str) {
        if has_hole(text) {
            self.note(Class::Dynamic, AGAIN);
        }
        self.evaluate(text);
    }

    /// Judges the names in an expression by what the text assigned to them.
    pub(in crate::statement::shell) fn evaluate(&mut self, text: &str) {
        if text.contains("$(") || text.contains('`') {
            self.note(Class::Dynamic, "an index runs a command");
        }
        let names =
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|name| is_name(name));
        for name in names.take(NAMES_OF_ONE) {
            match self.scope.assigned(name) {
                None | Some(Binding::Benign | Binding::Own) => {}
                Some(Binding::Known(value)) if is_number(value) => {}
                Some(_) => self.note(Class::Dynamic, AGAIN),
            }
            let assigns = text.contains(&format!("{name}=")) || text.contains(&format!("{name}++"));
            if assigns && self.scope.assigned(name).is_none() {
                self.scope.bind(name, Binding::Benign);
            }
        }
    }

    /// Builtins that take the name of a variable evaluate its index.
    pub(in crate::statement::shell) fn check_subscript(&mut self, text: &str) {
        if text.contains('[') && (text.contains("$(") || text.contains('`')) {
            self.note(Class::Dynamic, "an index runs a command");
        }
    }
}
