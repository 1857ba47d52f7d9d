//! Questions for tests, with everything filled in and every part changeable.

use std::net::{IpAddr, Ipv4Addr};

use uuid::Uuid;

use super::schema::STREAM_METHODS;
use super::{Definition, PolicySet, Question, Source};
use crate::mcp::method::Direction;
use crate::model::{
    Context, Decision, Effect, Era, MessageKind, Party, Principal, PrincipalKind, Statement, Target,
    TargetKind, TokenId,
};

/// A question that owns its parts.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) principal: Principal,
    pub(super) server: String,
    pub(super) method: String,
    pub(super) target: Option<Target>,
    pub(super) arguments: Option<String>,
    pub(super) context: Context,
    pub(super) statement: Option<Statement>,
    pub(super) definition: Definition,
}

impl Sample {
    /// A human in `groups` calls a tool of the server `github`.
    pub(super) fn call(tool: &str, groups: &[&str]) -> Self {
        Self {
            principal: Principal {
                kind: PrincipalKind::Human,
                party: Party { issuer: "corp".into(), subject: "alice".into() },
                name: Some("Alice".into()),
                email: Some("alice@example.com".into()),
                groups: groups.iter().map(|&group| group.to_owned()).collect(),
                scopes: vec!["mcp".into()],
                client: Some("cli".into()),
                actors: vec![],
                owner: None,
                token: TokenId([0; 16]),
                expires: "2026-11-21T00:00:00Z".parse().expect("time"),
            },
            server: "github".into(),
            method: "tools/call".into(),
            target: Some(Self::target(TargetKind::Tool, tool)),
            arguments: None,
            context: Context {
                time: "2026-11-20T12:00:00Z".parse().expect("time"),
                address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
                era: Era::Modern,
                revision: Some("2026-07-28".into()),
                user_agent: None,
                trace: None,
                session: Uuid::nil(),
                origin: crate::model::Origin::Caller,
            },
            statement: None,
            definition: Definition::Pinned,
        }
    }

    /// A human in `groups` sends `method`, which is about the server.
    pub(super) fn message(method: &str, groups: &[&str]) -> Self {
        let mut sample = Self { method: method.into(), target: None, ..Self::call("", groups) };
        if STREAM_METHODS.contains(&method) {
            sample.context.era = Era::Legacy;
        }
        sample
    }

    /// A human in `groups` reads `uri`.
    pub(super) fn read(uri: &str, groups: &[&str]) -> Self {
        let target = Some(Self::target(TargetKind::Resource, uri));
        Self { method: "resources/read".into(), target, ..Self::call("", groups) }
    }

    pub(super) fn with(self, arguments: &str) -> Self {
        Self { arguments: Some(arguments.to_owned()), ..self }
    }

    pub(super) fn on(self, server: &str) -> Self {
        Self { server: server.to_owned(), ..self }
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            principal: &self.principal,
            server: &self.server,
            method: &self.method,
            kind: if STREAM_METHODS.contains(&self.method.as_str()) {
                MessageKind::Stream
            } else {
                MessageKind::Request
            },
            direction: Direction::ToUpstream,
            target: self.target.as_ref(),
            arguments: self.arguments.as_deref(),
            context: &self.context,
            statement: self.statement.as_ref(),
            definition: self.definition,
        }
    }

    pub(super) fn decided_by(&self, set: &PolicySet) -> Decision {
        set.decide(&self.question())
    }

    fn target(kind: TargetKind, name: &str) -> Target {
        Target { kind, name: name.to_owned(), listed: true, definition: None }
    }
}

/// A set from one file.
pub(super) fn set(text: &str) -> PolicySet {
    match PolicySet::parse(&[Source { file: "test.cedar".into(), text: text.to_owned() }]) {
        Ok(set) => set,
        Err(rejected) => panic!("{rejected}"),
    }
}

/// Holds a decision against an effect and the ids that made it.
#[track_caller]
pub(super) fn check(set: &PolicySet, sample: &Sample, effect: Effect, policies: &[&str]) {
    let decision = sample.decided_by(set);
    assert_eq!((decision.effect, &*decision.policies), (effect, &*owned(policies)), "{:?}", decision.errors);
    assert_eq!(decision.revision, set.revision());
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
