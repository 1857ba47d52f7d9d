//! One thing that was looked at, and how it is shown.

use std::io::{self, Write as _};

use anstyle::AnsiColor;
use jiff::SignedDuration;
use serde::Serialize;

use super::super::paint::Paint;
use crate::limits;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Good,
    Doubtful,
    Wrong,
}

/// Whose fault it is: who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// What the operator wrote or put in place: configuration, policies, files.
    Setup,
    /// The machine on which the gateway runs.
    Machine,
    /// The database's server.
    Database,
    /// An issuer, or the way to it.
    Issuer,
    /// A server behind the gateway, or the way to it.
    Upstream,
}

impl Fault {
    fn word(self) -> &'static str {
        match self {
            Self::Setup => "this set-up",
            Self::Machine => "this machine",
            Self::Database => "the database's server",
            Self::Issuer => "the issuer, or the way to it",
            Self::Upstream => "the server, or the way to it",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    what: String,
    pub(super) verdict: Verdict,
    /// What is the matter; of a good finding what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    /// Good, or wrong for the reason that looking gave.
    pub(super) fn of<T, E: std::fmt::Display>(
        what: impl Into<String>,
        fault: Fault,
        looked: &Result<T, E>,
        advice: &str,
    ) -> Self {
        match looked {
            Ok(_) => Self::good(what, None),
            Err(error) => Self::wrong(what, fault, format!("{error:#}"), advice),
        }
    }

    pub(super) fn good(what: impl Into<String>, seen: Option<String>) -> Self {
        Self { what: what.into(), verdict: Verdict::Good, detail: seen, fault: None, advice: None }
    }

    /// To be known, and perhaps to be changed.
    pub(super) fn doubtful(
        what: impl Into<String>,
        fault: Fault,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { verdict: Verdict::Doubtful, ..Self::wrong(what, fault, detail, advice) }
    }

    pub(super) fn wrong(
        what: impl Into<String>,
        fault: Fault,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            verdict: Verdict::Wrong,
            detail: Some(detail.into()),
            fault: Some(fault),
            advice: Some(advice.into()),
        }
    }

    /// About a clock that is `ahead` of ours by so much, behind if negative.
    pub(super) fn clock(what: impl Into<String>, fault: Fault, ahead: SignedDuration) -> Self {
        let seconds = ahead.as_secs();
        let (apart, side) = (seconds.unsigned_abs(), if seconds < 0 { "behind" } else { "ahead of" });
        let detail = format!("it is {apart} s {side} that of this machine");
        let advice = "keep both clocks by NTP (`timedatectl` tells whether this one is)";
        if apart > limits::CLOCK_SKEW_S.unsigned_abs() {
            Self::wrong(
                what,
                fault,
                format!("{detail}; more than {} s is not tolerated", limits::CLOCK_SKEW_S),
                advice,
            )
        } else if apart > limits::CLOCK_DOUBT_S.unsigned_abs() {
            Self::doubtful(what, fault, detail, advice)
        } else {
            Self::good(what, None)
        }
    }

    /// Prints it for people.
    pub(super) fn show(&self, paint: Paint) -> io::Result<()> {
        let (mark, colour) = match self.verdict {
            Verdict::Good => ("ok   ", AnsiColor::Green),
            Verdict::Doubtful => ("note ", AnsiColor::Yellow),
            Verdict::Wrong => ("wrong", AnsiColor::Red),
        };
        let style = paint.style(colour.on_default());
        writeln!(std::io::stdout(), "{style}{mark}{style:#}  {}", self.what)?;
        for line in self.detail.iter().flat_map(|detail| detail.lines()) {
            writeln!(std::io::stdout(), "       {line}")?;
        }
        if let (Some(fault), Some(advice)) = (self.fault, &self.advice) {
            writeln!(std::io::stdout(), "       at fault: {}; what to do: {advice}", fault.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_noted_then_wrong() {
        let verdict =
            |seconds| Finding::clock("clock", Fault::Issuer, SignedDuration::from_secs(seconds)).verdict;
        assert_eq!([verdict(0), verdict(-3), verdict(limits::CLOCK_DOUBT_S)], [Verdict::Good; 3]);
        assert_eq!(
            [verdict(limits::CLOCK_DOUBT_S + 1), verdict(-limits::CLOCK_SKEW_S)],
            [Verdict::Doubtful; 2]
        );
        assert_eq!([verdict(limits::CLOCK_SKEW_S + 1), verdict(-3_600)], [Verdict::Wrong; 2]);
    }
}
