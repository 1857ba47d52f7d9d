//! Whether output for people is coloured: on a terminal, unless somebody said no (<https://no-color.org>).

use std::io::IsTerminal;

use anstyle::{AnsiColor, Color, Style};

use crate::app::Ink;

/// Whether output for people is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// No.
    Plain,
    /// Yes.
    Colour,
}

impl Paint {
    /// For what goes to `output`; `no_color` is what was said: anything but an empty text means no.
    pub(super) fn new(no_color: Option<&str>, output: &impl IsTerminal) -> Self {
        let refused = no_color.is_some_and(|said| !said.is_empty());
        if refused || !output.is_terminal() { Self::Plain } else { Self::Colour }
    }

    /// `style`, or none.
    pub(super) fn style(self, style: Style) -> Style {
        if self == Self::Plain { Style::new() } else { style }
    }

    /// A text in a colour.
    pub(super) fn text(self, colour: AnsiColor, text: &str) -> String {
        let style = self.style(Style::new().fg_color(Some(Color::Ansi(colour))));
        format!("{style}{text}{style:#}")
    }
}

impl From<Paint> for Ink {
    fn from(paint: Paint) -> Self {
        if paint == Paint::Colour { Self::Coloured } else { Self::Plain }
    }
}
