//! What the policies say when not all of the question is known: always allowed, always held, always denied, or on which
//! condition. For the access-control matrix and for replaying recorded calls.
//!
//! INVARIANT: "always" holds for every message that fits what is known and that the gateway can read. Arguments that
//! cannot be read (not JSON with one meaning, beyond a limit) are denied wherever a policy looks at them, whatever is
//! said here. What cannot be told for certain is a condition. `tests` hold this against real decisions.

mod fact;
mod part;
mod reduce;
#[cfg(test)]
mod tests;
mod word;

use std::collections::BTreeSet;

use cedar_policy as cedar;

use self::fact::Facts;
use self::part::{Prepared, Stage};
use super::index;
use super::question::{Definition, Duty};
use super::set::PolicySet;
use super::terms;
use super::vocabulary::Action;
use crate::mcp::method::{self, Direction};
use crate::model::{Effect, Era, Party, PrincipalKind, TargetKind, Terms};

pub use self::part::{Clause, Condition};

/// Somebody of whom kind and groups are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Human, service or agent.
    pub kind: PrincipalKind,
    /// Who; `None`: somebody whom no policy names.
    pub party: Option<Party>,
    /// All groups.
    pub groups: Vec<String>,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// A message with this method is sent.
    Send(&'a str),
    /// A value that was found is shown.
    Reveal {
        /// Class of the detector that found it.
        class: &'a str,
        /// The form in which it is shown.
        form: &'a str,
        /// To whom the message goes.
        direction: Direction,
    },
    /// A part of a message that nobody can look into passes as it is.
    Pass {
        /// What it is.
        kind: &'a str,
        /// To whom the message goes.
        direction: Direction,
    },
    /// A person decides on a held call, or looks at one.
    Duty(Duty),
}

/// What it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim<'a> {
    /// The server itself.
    Server,
    /// One thing in it, and what the catalog knows of it.
    Named(TargetKind, &'a str, Definition),
    /// Any other thing in it: one that no policy names and no list has shown.
    Other(TargetKind),
    /// The server, or anything in it.
    Anything,
}

/// What is known of a statement in the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statements {
    /// Nothing.
    Unknown,
    /// There is none.
    None,
    /// There is one of this class.
    Class {
        /// Its language.
        language: &'static str,
        /// Its class.
        class: &'static str,
        /// The severity of the class.
        severity: u8,
    },
}

/// A question of which not all is known.
#[derive(Debug, Clone, Copy)]
pub struct Prospect<'a> {
    /// Who.
    pub who: &'a Profile,
    /// Configured name of the server.
    pub server: &'a str,
    /// What is done.
    pub deed: Deed<'a>,
    /// To what.
    pub aim: Aim<'a>,
    /// What its arguments would do.
    pub statement: Statements,
}

/// Whether something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// In any case.
    Always,
    /// In no case.
    Never,
    /// It depends.
    If(Condition),
}

/// What the policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// When it is allowed as things stand.
    pub allow: When,
    /// When it is allowed once people agreed. Where it is allowed as things stand, nobody is asked.
    pub hold: When,
    /// Ids of the policies that decide in any case, where the answer is certain; of those that may, where it depends.
    /// None: default deny.
    pub policies: Vec<String>,
    /// What is asked of approvers, when it is held by all the policies that may hold it.
    pub terms: Option<Terms>,
    /// Whether the class of a statement matters.
    pub reads_statement: bool,
}

/// What an [`Outlook`] comes to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Always allowed.
    Allow,
    /// Always held.
    Hold,
    /// It depends on what is not known.
    Conditional,
    /// Always denied.
    Deny,
}

impl Outcome {
    /// The word used in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Conditional => "conditional",
            Self::Deny => "deny",
        }
    }
}

impl Outlook {
    /// In one word.
    pub fn outcome(&self) -> Outcome {
        match (&self.allow, &self.hold) {
            (When::Always, _) => Outcome::Allow,
            (When::Never, When::Always) => Outcome::Hold,
            (When::Never, When::Never) => Outcome::Deny,
            _ => Outcome::Conditional,
        }
    }

    /// Whether a decision with this effect is possible.
    pub fn may(&self, effect: Effect) -> bool {
        let certain = self.allow == When::Always || self.hold == When::Always;
        match effect {
            Effect::Allow => self.allow != When::Never,
            Effect::Hold => self.allow != When::Always && self.hold != When::Never,
            Effect::Deny => !certain,
        }
    }

    /// The condition in words; `None` where there is none.
    pub fn condition(&self) -> Option<String> {
        let allow = match &self.allow {
            When::Always => return None,
            When::Never => None,
            When::If(condition) => Some(format!("allowed {}", condition.words())),
        };
        let hold = match &self.hold {
            When::Never => None,
            When::Always => allow.is_some().then(|| "else held".to_owned()),
            When::If(condition) => Some(format!("held {}", condition.words())),
        };
        let said: Vec<String> = [allow, hold].into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Denied in any case, by none of the policies.
    pub fn denied() -> Self {
        Self {
            allow: When::Never,
            hold: When::Never,
            policies: Vec::new(),
            terms: None,
            reads_statement: false,
        }
    }
}

/// Whether a human is taken to have agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Granted {
    No,
    Yes,
}

/// A policy set, ready to be asked questions of which not all is known.
#[derive(Debug)]
pub struct Forecast<'a> {
    set: &'a PolicySet,
    policies: Vec<Prepared<'a>>,
}

impl<'a> Forecast<'a> {
    /// Prepares `set`.
    pub fn new(set: &'a PolicySet) -> Self {
        Self { set, policies: set.policies().iter().enumerate().map(Prepared::new).collect() }
    }

    /// What the policies say to `prospect`.
    pub fn outlook(&self, prospect: &Prospect<'_>) -> Outlook {
        if prospect.who.kind == PrincipalKind::Anonymous {
            return Outlook::denied();
        }
        let action = self.action(prospect.deed);
        let mut facts = Facts::new(prospect.who, prospect.deed, action, prospect.server, prospect.aim);
        if matches!(prospect.deed, Deed::Send(_)) {
            facts.define(match prospect.aim {
                Aim::Named(_, _, definition) => definition,
                Aim::Server | Aim::Other(_) | Aim::Anything => Definition::Unknown,
            });
        }
        facts.state(prospect.statement);
        self.ask(action, facts, prospect.deed)
    }

    fn action(&self, deed: Deed<'_>) -> &Action {
        let words = &self.set.words;
        let index = match deed {
            Deed::Send(name) => {
                let legacy = method::find(name).is_none_or(|row| !row.eras.has(Era::Modern));
                words.action(name, if legacy { Era::Legacy } else { Era::Modern })
            }
            Deed::Reveal { .. } => words.reveal(),
            Deed::Pass { .. } => words.pass(),
            Deed::Duty(duty) => words.duty(duty),
        };
        &words.actions[index]
    }

    fn ask(&self, action: &Action, mut facts: Facts, deed: Deed<'_>) -> Outlook {
        let meets = |policy: &&Prepared<'_>| index::meets(&policy.policy.cedar.action_constraint(), action);
        let asked: Vec<&Prepared<'_>> = self.policies.iter().filter(meets).collect();
        if facts.ambiguous && asked.iter().any(|policy| policy.compares_address(&facts)) {
            return Outlook::denied();
        }
        facts.grant(Granted::No);
        let now = Stage::of(&asked, &facts);
        let mut outlook = Outlook { allow: now.allows(), ..Outlook::denied() };
        outlook.reads_statement = now.reads_statement();
        // Nobody is asked to agree to anything but a message.
        if matches!(deed, Deed::Send(_)) {
            facts.grant(Granted::Yes);
            let approved = Stage::of(&asked, &facts);
            // Where the approval changes nothing, nobody is asked for it; where a policy fails, neither.
            if now != approved && !now.fails() {
                outlook.hold = approved.allows_after(Some(&now));
            }
            if outlook.may(Effect::Hold) {
                outlook.terms = Some(self.terms(&now, &approved));
            }
            outlook.reads_statement |= approved.reads_statement();
            outlook.policies = deciding(outlook.outcome(), &now, &approved);
        } else {
            outlook.policies = deciding(outlook.outcome(), &now, &now);
        }
        outlook
    }

    fn terms(&self, now: &Stage, approved: &Stage) -> Terms {
        let holding: BTreeSet<usize> = approved.permitting().chain(now.forbidding()).collect();
        terms::strictest(holding.into_iter().filter_map(|index| self.set.policies()[index].wish.as_ref()))
    }
}

impl Prepared<'_> {
    fn permits(&self) -> bool {
        self.policy.effect() == cedar::Effect::Permit
    }
}

/// The policies that decide what is certain, or may decide what is not.
fn deciding(outcome: Outcome, now: &Stage, approved: &Stage) -> Vec<String> {
    use part::Certainty::{Certain, Possible};
    let ids: BTreeSet<&str> = match outcome {
        Outcome::Allow => now.permits(Certain).collect(),
        Outcome::Deny => now.forbids(Certain).collect(),
        Outcome::Hold => approved.permits(Certain).chain(now.forbids(Certain)).collect(),
        Outcome::Conditional => {
            let stages = [now, approved].into_iter();
            stages.flat_map(|stage| stage.permits(Possible).chain(stage.forbids(Possible))).collect()
        }
    };
    ids.into_iter().map(str::to_owned).collect()
}
