//! What `countersign tools` prints: for people, coloured on a terminal, or as JSON.

use std::io::{self, Write};

use anstyle::{AnsiColor, Color, Style};
use evidence::merkle::Hash;
use serde_json::{Value, json};

use crate::catalog::DefinitionHash;
use crate::cli::moment;
use crate::report::diff::{Line, diff};
use crate::store::definition::{Definition, Standing};

/// Digits of a hash that people see.
const HASH_DIGITS: usize = 12;

/// For whom it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Plain,
    Colour,
    Json,
}

/// How a definition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is listed as it was pinned.
    Pinned,
    /// The server lists another one.
    Drifted,
    /// The other one is accepted, and no gateway has recorded that yet.
    Accepted,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Drifted => "drifted",
            Self::Accepted => "accepted",
        }
    }
}

/// Where and how to print.
pub(super) struct Printer<W> {
    output: W,
    sight: Sight,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(output: W, sight: Sight) -> Self {
        Self { output, sight }
    }

    /// What servers offer.
    pub(super) fn list(&mut self, found: &[(String, Standing, State)], empty: &str) -> io::Result<()> {
        if self.sight == Sight::Json {
            let rows: Vec<_> =
                found.iter().map(|(server, standing, state)| describe(server, standing, *state)).collect();
            return writeln!(self.output, "{}", Value::from(rows));
        }
        if found.is_empty() {
            return writeln!(
                self.output,
                "{empty}: definitions are learned from the lists that callers ask for"
            );
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["SERVER", "KIND", "NAME", "PINNED", "SINCE", "STATE"]);
        for (server, standing, state) in found {
            let more = match state {
                State::Pinned => String::new(),
                _ => format!(", {} since {}", short(&standing.current), moment::show(standing.current_since)),
            };
            let mut state_cell = comfy_table::Cell::new(format!("{}{more}", state.word()));
            if let (Sight::Colour, Some(colour)) = (self.sight, table_colour(*state)) {
                state_cell = state_cell.fg(colour);
            }
            table.add_row(vec![
                comfy_table::Cell::new(server),
                comfy_table::Cell::new(&standing.kind),
                comfy_table::Cell::new(visible(&standing.name)),
                comfy_table::Cell::new(short(&standing.pinned)),
                comfy_table::Cell::new(moment::show(standing.pinned_since)),
                state_cell,
            ]);
        }
        writeln!(self.output, "{table}")?;
        let drifted = found.iter().filter(|(_, _, state)| *state == State::Drifted).count();
        if drifted > 0 {
            writeln!(self.output, "\n{drifted} drifted: look with `countersign tools show SERVER NAME`")?;
        }
        Ok(())
    }

    /// One definition, and what changed in it.
    pub(super) fn show(
        &mut self,
        server: &str,
        standing: &Standing,
        state: State,
        pinned: &Definition,
        current: Option<&Definition>,
    ) -> io::Result<()> {
        if self.sight == Sight::Json {
            let mut shown = describe(server, standing, state);
            shown["pinned_definition"] = members(pinned);
            shown["current_definition"] = current.map_or(Value::Null, members);
            return writeln!(self.output, "{shown}");
        }
        let name = visible(&standing.name);
        let title = format!("{server}  {}  {name}", standing.kind);
        self.line(AnsiColor::Cyan, &title)?;
        let since = moment::show(standing.pinned_since);
        writeln!(self.output, "pinned   {}  since {since}", short(&standing.pinned))?;
        let Some(current) = current else {
            writeln!(self.output, "the server lists it unchanged\n")?;
            return self.whole(&members(pinned));
        };
        let since = moment::show(standing.current_since);
        writeln!(self.output, "current  {}  since {since}\n", short(&standing.current))?;
        self.changes(&members(pinned), &members(current))?;
        if state == State::Accepted {
            return writeln!(self.output, "accepted; a running gateway takes it over within seconds");
        }
        let kind = if standing.kind == "tool" { "" } else { " --kind prompt" };
        writeln!(
            self.output,
            "if this is right: countersign tools accept {server} '{name}'{kind} --definition {} --reason '...'",
            short(&standing.current)
        )
    }

    /// That a definition was accepted.
    pub(super) fn accepted(&mut self, server: &str, standing: &Standing) -> io::Result<()> {
        if self.sight == Sight::Json {
            return writeln!(self.output, "{}", describe(server, standing, State::Accepted));
        }
        writeln!(
            self.output,
            "{} accepted for {server}/{}: pinned and recorded within seconds, or when the gateway next starts",
            short(&standing.current),
            visible(&standing.name)
        )
    }

    /// Every member of a definition.
    fn whole(&mut self, members: &Value) -> io::Result<()> {
        for (name, value) in members.as_object().into_iter().flatten() {
            self.line(AnsiColor::Cyan, &visible(name))?;
            for line in text(value).lines() {
                writeln!(self.output, "    {}", visible(line))?;
            }
        }
        Ok(())
    }

    /// Every member that differs.
    fn changes(&mut self, old: &Value, new: &Value) -> io::Result<()> {
        let names = old.as_object().into_iter().chain(new.as_object()).flat_map(serde_json::Map::keys);
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        for name in names {
            if old.get(name) == new.get(name) {
                continue;
            }
            self.line(AnsiColor::Cyan, &visible(name))?;
            let (before, after) = (old.get(name).map(text), new.get(name).map(text));
            for line in diff(&before.unwrap_or_default(), &after.unwrap_or_default()) {
                match line {
                    Line::Same(same) => writeln!(self.output, "    {}", visible(same))?,
                    Line::Old(old) => self.line(AnsiColor::Red, &format!("  - {}", visible(old)))?,
                    Line::New(new) => self.line(AnsiColor::Green, &format!("  + {}", visible(new)))?,
                    Line::Gap(count) => {
                        self.line(AnsiColor::BrightBlack, &format!("    ... {count} unchanged"))?;
                    }
                }
            }
            writeln!(self.output)?;
        }
        Ok(())
    }

    fn line(&mut self, colour: AnsiColor, text: &str) -> io::Result<()> {
        if self.sight != Sight::Colour {
            return writeln!(self.output, "{text}");
        }
        let style = Style::new().fg_color(Some(Color::Ansi(colour)));
        writeln!(self.output, "{style}{text}{style:#}")
    }
}

/// The first digits of a hash.
pub(super) fn short(hash: &DefinitionHash) -> String {
    let mut text = Hash::from_bytes(*hash).to_string();
    text.truncate(HASH_DIGITS);
    text
}

/// `text` with everything spelled out that a terminal or a reader would not show: a hidden instruction in a
/// description is what a look at a definition is for.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and what Unicode calls format characters, variation selectors and tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

fn table_colour(state: State) -> Option<comfy_table::Color> {
    match state {
        State::Pinned => None,
        State::Drifted => Some(comfy_table::Color::Red),
        State::Accepted => Some(comfy_table::Color::Yellow),
    }
}

fn describe(server: &str, standing: &Standing, state: State) -> Value {
    json!({
        "server": server,
        "kind": standing.kind,
        "name": standing.name,
        "state": state.word(),
        "pinned": Hash::from_bytes(standing.pinned).to_string(),
        "pinned_since": moment::show_exactly(standing.pinned_since),
        "current": Hash::from_bytes(standing.current).to_string(),
        "current_since": moment::show_exactly(standing.current_since),
    })
}

/// The pinned members; the database holds what this program wrote, as JSON.
fn members(definition: &Definition) -> Value {
    serde_json::from_slice(&definition.body).unwrap_or_default()
}

/// A text as it is, anything else as indented JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_would_not_see_is_spelled_out() {
        assert_eq!(visible("Gr\u{fc}\u{df}e \u{1f600}"), "Gr\u{fc}\u{df}e \u{1f600}");
        assert_eq!(visible("a\u{1b}[2J\u{200b}b"), "a\\u{1b}[2J\\u{200b}b");
        assert_eq!(visible("\u{202e}\u{e0041}"), "\\u{202e}\\u{e0041}");
    }
}
