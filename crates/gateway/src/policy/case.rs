//! Questions written down: the cases of `countersign policy test`, and what `countersign policy explain` asks.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::question::{Definition, Passage, Question, Revelation};
use super::set::PolicySet;
use crate::mcp::method::{self, Direction, Eras, Shape};
use crate::model::{
    Context, Decision, Effect, Era, MessageKind, Origin, Party, Principal, PrincipalKind, Statement, Target,
    TargetKind, TokenId,
};
use crate::statement::Reader;

/// A file of cases (YAML).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// At least one.
    pub cases: Vec<Case>,
}

/// One question, and what its answer should be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, as a sentence.
    #[serde(default)]
    pub name: Option<String>,
    /// The caller: `<issuer>/<subject>`, or a subject of the issuer `example`.
    #[serde(rename = "as")]
    pub caller: String,
    /// `human` (default), `service` or `agent`.
    #[serde(default = "human")]
    pub kind: PrincipalKind,
    /// Groups of the caller.
    #[serde(default)]
    pub groups: Vec<String>,
    /// OAuth scopes of the caller's token.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// OAuth client of the caller's token.
    #[serde(default)]
    pub client: Option<String>,
    /// E-mail address of the caller.
    #[serde(default)]
    pub email: Option<String>,
    /// Who acts for the caller, each as `<issuer>/<subject>`, the present actor first.
    #[serde(default)]
    pub actors: Vec<String>,
    /// The person that a service or an agent works for, as `<issuer>/<subject>`.
    #[serde(default)]
    pub owner: Option<String>,
    /// The server.
    pub server: String,
    /// The tool that is called.
    #[serde(default)]
    pub tool: Option<String>,
    /// The resource that is read.
    #[serde(default)]
    pub resource: Option<String>,
    /// The prompt that is fetched.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The task that is asked about.
    #[serde(default)]
    pub task: Option<String>,
    /// The method, when it is not `tools/call`, `resources/read`, `prompts/get` or `tasks/get`.
    #[serde(default)]
    pub method: Option<String>,
    /// Arguments.
    #[serde(default)]
    pub arguments: Option<serde_json::Value>,
    /// When. Default: 2026-01-05 12:00 UTC, a Monday.
    #[serde(default)]
    pub time: Option<Timestamp>,
    /// From where. Default: 192.0.2.1.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// `legacy` or `modern`. Default: the era that has the method; `modern` when both have it.
    #[serde(default)]
    pub era: Option<EraWord>,
    /// `known` (default), `unknown` or `drifted`.
    #[serde(default)]
    pub definition: DefinitionWord,
    /// Not whether the message may go, but whether a value that was found in it may be shown.
    #[serde(default)]
    pub reveal: Option<Reveal>,
    /// Not whether the message may go, but whether what nobody can look into may pass with it.
    #[serde(default)]
    pub pass: Option<Pass>,
    /// What the answer should be.
    pub expect: Expected,
    /// Ids of the policies that should decide. Absent: any.
    #[serde(default)]
    pub by: Option<Vec<String>>,
}

/// A value that was found, in a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// Name of the detector.
    pub detector: String,
    /// Its class: `credential`, `personal` or `health`.
    pub class: String,
    /// `plain` (default), `partial`, `token` or `drop`.
    #[serde(default = "plain")]
    pub form: String,
    /// Whose message it was found in: `to_caller` (default) or `to_upstream`.
    #[serde(default)]
    pub direction: Option<DirectionWord>,
}

/// A part that nobody can look into, in a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// `state`, `cursor`, `image`, `audio`, `blob`, `file` or `answer`.
    pub kind: String,
    /// Its length.
    #[serde(default)]
    pub bytes: u64,
    /// Whose message it is in: `to_caller` (default) or `to_upstream`.
    #[serde(default)]
    pub direction: Option<DirectionWord>,
}

/// A direction, in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectionWord {
    /// [`Direction::ToCaller`]
    ToCaller,
    /// [`Direction::ToUpstream`]
    ToUpstream,
}

/// A protocol era, in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EraWord {
    /// [`Era::Legacy`]
    Legacy,
    /// [`Era::Modern`]
    Modern,
}

/// What the catalog knows of a definition, in a case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionWord {
    /// Seen and pinned.
    #[default]
    Known,
    /// Never seen.
    Unknown,
    /// Not the one that is pinned.
    Drifted,
}

/// An effect, in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// [`Effect::Allow`]
    Allow,
    /// [`Effect::Deny`]
    Deny,
    /// [`Effect::Hold`]
    Hold,
}

/// A question that owns its parts.
#[derive(Debug, Clone)]
pub struct Asked {
    principal: Principal,
    server: String,
    method: String,
    kind: MessageKind,
    direction: Direction,
    target: Option<Target>,
    arguments: Option<String>,
    context: Context,
    statement: Option<Statement>,
    definition: Definition,
}

/// What came of a case.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The decision.
    pub decision: Decision,
    /// Whether it is the one expected, by the policies expected.
    pub passed: bool,
}

impl Expected {
    /// The effect it stands for.
    pub fn effect(self) -> Effect {
        match self {
            Self::Allow => Effect::Allow,
            Self::Deny => Effect::Deny,
            Self::Hold => Effect::Hold,
        }
    }
}

impl Case {
    /// The question. `now` is its time when the case names none.
    ///
    /// # Errors
    /// A sentence, when the case names no message or more than one.
    pub fn asked(&self, now: Timestamp, reader: &Reader) -> Result<Asked, String> {
        let (method, target) = self.message()?;
        let arguments = self.arguments.as_ref().map(ToString::to_string);
        let statement = match (&self.tool, &arguments) {
            (Some(tool), Some(arguments)) => reader.read_now(&self.server, tool, arguments),
            _ => None,
        };
        let row = method::find(&method);
        let stream = method == "GET" || method == "DELETE";
        let era = match self.era {
            Some(EraWord::Legacy) => Era::Legacy,
            Some(EraWord::Modern) => Era::Modern,
            None if stream || row.is_some_and(|row| row.eras == Eras::Legacy) => Era::Legacy,
            None => Era::Modern,
        };
        let kind = match row.map(|row| row.shape) {
            _ if stream => MessageKind::Stream,
            Some(Shape::Notification) => MessageKind::Notification,
            Some(Shape::Request) | None => MessageKind::Request,
        };
        let direction = match row.map(|row| row.direction) {
            Some(Direction::ToCaller) => Direction::ToCaller,
            Some(Direction::ToUpstream | Direction::Both) | None => Direction::ToUpstream,
        };
        let part = self.pass.as_ref().map(|part| part.direction);
        let direction = match self.reveal.as_ref().map(|reveal| reveal.direction).or(part) {
            None => direction,
            Some(Some(DirectionWord::ToUpstream)) => Direction::ToUpstream,
            Some(Some(DirectionWord::ToCaller) | None) => Direction::ToCaller,
        };
        Ok(Asked {
            principal: self.principal(),
            server: self.server.clone(),
            method,
            kind,
            direction,
            target,
            arguments,
            context: Context {
                time: self.time.unwrap_or(now),
                address: self.address.unwrap_or(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
                era,
                revision: Some(if era == Era::Legacy { "2025-11-25" } else { "2026-07-28" }.to_owned()),
                user_agent: None,
                trace: None,
                session: Uuid::nil(),
                origin: Origin::Caller,
            },
            statement,
            definition: match self.definition {
                DefinitionWord::Known => Definition::Pinned,
                DefinitionWord::Unknown => Definition::Unknown,
                DefinitionWord::Drifted => Definition::Drifted,
            },
        })
    }

    fn message(&self) -> Result<(String, Option<Target>), String> {
        let named = [
            (&self.tool, TargetKind::Tool, "tools/call"),
            (&self.resource, TargetKind::Resource, "resources/read"),
            (&self.prompt, TargetKind::Prompt, "prompts/get"),
            (&self.task, TargetKind::Task, "tasks/get"),
        ];
        let mut named =
            named.into_iter().filter_map(|(name, kind, method)| Some((name.as_ref()?, kind, method)));
        let first = named.next();
        if named.next().is_some() {
            return Err("name one of `tool`, `resource`, `prompt` and `task`, not several".to_owned());
        }
        let listed = self.definition != DefinitionWord::Unknown;
        let target =
            first.map(|(name, kind, _)| Target { kind, name: name.clone(), listed, definition: None });
        match (&self.method, first) {
            (Some(method), _) => Ok((method.clone(), target)),
            (None, Some((_, _, method))) => Ok((method.to_owned(), target)),
            (None, None) => Err("name a `tool`, `resource`, `prompt`, `task` or `method`".to_owned()),
        }
    }

    fn principal(&self) -> Principal {
        let mut groups = self.groups.clone();
        groups.sort();
        groups.dedup();
        Principal {
            kind: self.kind,
            party: party(&self.caller),
            name: None,
            email: self.email.clone(),
            groups,
            scopes: self.scopes.clone(),
            client: self.client.clone(),
            actors: self.actors.iter().map(|actor| party(actor)).collect(),
            owner: self.owner.as_deref().map(party),
            token: TokenId([0; 16]),
            expires: Timestamp::MAX,
        }
    }

    /// Asks the question and compares.
    ///
    /// # Errors
    /// As [`Case::asked`].
    pub fn tried(&self, set: &PolicySet, reader: &Reader) -> Result<Trial, String> {
        let asked = self.asked(noon(), reader)?;
        let question = asked.question();
        let decision = match (&self.reveal, &self.pass) {
            (Some(Reveal { detector, class, form, .. }), None) => {
                set.reveal(&question, Revelation { detector, class, form })
            }
            (None, Some(Pass { kind, bytes, .. })) => set.pass(&question, Passage { kind, bytes: *bytes }),
            (None, None) => set.decide(&question),
            (Some(_), Some(_)) => return Err("ask about `reveal` or about `pass`, not both".to_owned()),
        };
        let by = self.by.as_ref().is_none_or(|ids| {
            let mut ids = ids.clone();
            ids.sort();
            *ids == *decision.policies
        });
        // A case is about policy; one that cannot be evaluated proves nothing, even where a denial is expected.
        let passed = decision.effect == self.expect.effect() && by && decision.errors.is_empty();
        Ok(Trial { decision, passed })
    }
}

impl Asked {
    /// What its arguments would do.
    pub fn statement(&self) -> Option<&Statement> {
        self.statement.as_ref()
    }

    /// The question.
    pub fn question(&self) -> Question<'_> {
        Question {
            principal: &self.principal,
            server: &self.server,
            method: &self.method,
            kind: self.kind,
            direction: self.direction,
            target: self.target.as_ref(),
            arguments: self.arguments.as_deref(),
            context: &self.context,
            statement: self.statement.as_ref(),
            definition: self.definition,
        }
    }
}

fn plain() -> String {
    "plain".to_owned()
}

fn human() -> PrincipalKind {
    PrincipalKind::Human
}

fn noon() -> Timestamp {
    Timestamp::constant(1_767_614_400, 0)
}

fn party(text: &str) -> Party {
    let (issuer, subject) = text.split_once('/').unwrap_or(("example", text));
    Party { issuer: issuer.to_owned(), subject: subject.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::sample::set;
    use super::*;

    fn case(yaml: &str) -> Case {
        serde_saphyr::from_str(yaml).expect("a case")
    }

    #[test]
    fn case_passes_only_with_the_effect_and_the_policies_it_expects() {
        let set = set(r#"
            @id("small") permit (principal in Group::"clerks", action == Action::"tools/call", resource)
            when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") + 1 < 10 };"#);
        let reader = Reader::new(&[]).expect("threads");
        let base = "as: alice\ngroups: [clerks]\nserver: s\ntool: t\n";
        for (rest, passed) in [
            ("arguments: {n: 3}\nexpect: allow", true),
            ("arguments: {n: 3}\nexpect: allow\nby: [small]", true),
            ("arguments: {n: 3}\nexpect: allow\nby: [other]", false),
            ("arguments: {n: 30}\nexpect: deny\nby: []", true),
            ("arguments: {n: 30}\nexpect: hold", false),
            ("arguments: {n: 9223372036854775807}\nexpect: deny", false),
        ] {
            assert_eq!(
                case(&format!("{base}{rest}")).tried(&set, &reader).expect("a message").passed,
                passed,
                "{rest}"
            );
        }
    }

    #[test]
    fn case_must_name_one_message() {
        let now = noon();
        assert_eq!(now.to_string(), "2026-01-05T12:00:00Z");
        let reader = Reader::new(&[]).expect("threads");
        let asked =
            |rest: &str| case(&format!("as: corp/bob\nserver: s\nexpect: deny\n{rest}")).asked(now, &reader);
        assert!(asked("").is_err());
        assert!(asked("tool: t\nprompt: p").is_err());
        let asked = asked("resource: 'file:///a'\nmethod: resources/subscribe").expect("a message");
        assert_eq!(asked.question().method, "resources/subscribe");
        assert_eq!(asked.question().principal.party.issuer, "corp");
        assert_eq!(asked.question().context.time, now);
    }
}
