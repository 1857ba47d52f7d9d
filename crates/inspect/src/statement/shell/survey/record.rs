//! What the walk found, kept within its bounds.

use super::{Survey, Text};
use crate::statement::limits::{NAME_BYTES_MAX, NAMES_MAX};
use crate::statement::path;
use crate::statement::shell::limit::{ARGUMENTS_MAX, LEVELS_MAX, TEXTS_BYTES_MAX, TEXTS_MAX};
use crate::statement::shell::word::{BENIGN, OWN, display, has_hole, is_pattern};
use crate::statement::shell::{Class, Command, Flag, place};

impl Survey {
    /// Adds a class; the reason of the worst one stays.
    pub(in crate::statement::shell) fn note(&mut self, class: Class, reason: &'static str) {
        self.facts.classes.insert(class);
        if class > self.facts.class {
            self.facts.class = class;
            self.facts.reason = reason;
        }
    }

    pub(in crate::statement::shell) fn flag(&mut self, flag: Flag) {
        self.facts.flags.insert(flag);
    }

    /// A file that a command reads.
    pub(in crate::statement::shell) fn read(&mut self, field: &str) {
        let (class, flag, reason) = place::reading(field);
        self.note(class, reason);
        flag.into_iter().for_each(|flag| self.flag(flag));
        self.keep_path(field, Direction::Read);
    }

    /// A certificate, of which the ending alone does not say that it is none of a key.
    pub(in crate::statement::shell) fn read_certificate(&mut self, field: &str) {
        let (class, flag, reason) = place::reading(field.strip_suffix(".pem").unwrap_or(field));
        self.note(class, reason);
        flag.into_iter().for_each(|flag| self.flag(flag));
        self.keep_path(field, Direction::Read);
    }

    /// A file that a command writes.
    pub(in crate::statement::shell) fn write(&mut self, field: &str) {
        let (class, flag, reason) = place::writing(field);
        self.note(class, reason);
        flag.into_iter().for_each(|flag| self.flag(flag));
        self.keep_path(field, Direction::Write);
    }

    /// A file or directory that a command deletes.
    pub(in crate::statement::shell) fn delete(&mut self, field: &str) {
        self.note(Class::FsDestructive, "deletes or overwrites files");
        if place::is_root(field) {
            self.flag(Flag::RootPath);
        }
        if is_pattern(field) {
            self.flag(Flag::WildcardDelete);
        }
        self.keep_path(field, Direction::Write);
    }

    /// Files or whole directories that a command copies or packs.
    pub(in crate::statement::shell) fn read_tree(&mut self, field: &str) {
        self.read(field);
        let shown = display(field);
        let path = path::normalise(&shown);
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
        if matches!(name, ".ssh" | ".aws" | ".gnupg" | ".kube" | ".azure" | "~" | "secrets")
            || matches!(&*path, "/" | "/etc" | "/root" | "/home" | "/proc")
        {
            self.note(Class::SecretRead, "reads all files of a directory that holds credentials");
        }
    }

    /// A command that another one runs with words of its own; judged after the one at hand.
    pub(in crate::statement::shell) fn later(&mut self, fields: Vec<String>) {
        self.pending.push(fields);
    }

    /// Another text that would be run as a text of the shell.
    pub(in crate::statement::shell) fn nest(&mut self, text: &str) {
        self.flag(Flag::Nested);
        if has_hole(text) || text.contains([BENIGN, OWN]) || text.contains('\u{fffd}') {
            self.note(Class::Dynamic, "runs a text that is put together when it runs");
            return;
        }
        self.texts += 1;
        self.texts_bytes += text.len();
        if self.texts > TEXTS_MAX || self.texts_bytes > TEXTS_BYTES_MAX || self.level >= LEVELS_MAX {
            self.note(Class::Unknown, "too many texts inside texts");
            return;
        }
        let clouded = self.scope.clouds();
        self.queue.push_back(Text { source: display(text), level: self.level + 1, clouded });
    }

    /// A program by its name, for the facts.
    pub(in crate::statement::shell) fn name_program(&mut self, name: &str) {
        if self.facts.programs.len() >= NAMES_MAX && !self.facts.programs.contains(name) {
            self.truncate();
            return;
        }
        let name = self.cut(name);
        self.facts.programs.insert(name);
    }

    pub(in crate::statement::shell) fn keep_command(&mut self, name: &str, arguments: &[String]) {
        if self.facts.commands.len() >= NAMES_MAX {
            self.truncate();
            return;
        }
        let program = self.cut(name);
        // Arguments are for people: cutting them hides nothing from the rules.
        let arguments = arguments.iter().take(ARGUMENTS_MAX).map(|field| shorten(&display(field))).collect();
        self.facts.commands.push(Command { program, arguments });
    }

    fn keep_path(&mut self, field: &str, direction: Direction) {
        let shown = display(field);
        let path = self.cut(&path::normalise(&shown));
        let kept = match direction {
            Direction::Read => &mut self.facts.reads,
            Direction::Write => &mut self.facts.writes,
        };
        if kept.len() < NAMES_MAX || kept.contains(&path) {
            kept.insert(path);
        } else {
            self.truncate();
        }
    }

    /// Facts that policies may ask for must be whole.
    fn truncate(&mut self) {
        self.flag(Flag::Truncated);
        self.note(Class::Unknown, "there are more facts than are kept");
    }

    fn cut(&mut self, name: &str) -> String {
        if name.len() > NAME_BYTES_MAX {
            self.truncate();
        }
        shorten(name)
    }
}

enum Direction {
    Read,
    Write,
}

/// Cut at a character, to at most [`NAME_BYTES_MAX`] bytes.
fn shorten(text: &str) -> String {
    let mut end = text.len().min(NAME_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
