//! What policy is asked.

use crate::mcp::method::Direction;
use crate::model::{Context, MessageKind, Principal, Statement, Target};

/// One question: may this principal send this message about this target, in these circumstances?
///
/// The same type serves calls, entries of lists (asked as the method that would use the entry), messages of the
/// upstream, and `policy explain`.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks. [`crate::model::PrincipalKind::Anonymous`] is denied without asking any policy.
    pub principal: &'a Principal,
    /// Configured name of the upstream server; about a duty in the gateway itself, the name of the deployment.
    pub server: &'a str,
    /// Method name; for a response that of the request it answers; `GET` or `DELETE` for a stream.
    pub method: &'a str,
    /// What sort of message it is.
    pub kind: MessageKind,
    /// Who sends it.
    pub direction: Direction,
    /// What it is about. Must be there, and of the right kind, where the method's row names one: a call without its
    /// target is denied. For a response it is the target of the request that is answered.
    pub target: Option<&'a Target>,
    /// JSON text that the policies see as arguments: `params.arguments` for `tools/call` and `prompts/get`, else the
    /// whole of `params`; `result` for a response. `None` where there is none (entries of lists, streams).
    ///
    /// INVARIANT: the envelope has checked it (one meaning: no duplicate names, bounded depth).
    pub arguments: Option<&'a str>,
    /// What the arguments would do, where they hold a statement.
    pub statement: Option<&'a Statement>,
    /// Time, address, protocol.
    pub context: &'a Context,
    /// What the catalog knows of the target's definition.
    pub definition: Definition,
}

/// What somebody does in the gateway itself, as policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Approve or reject a held call of somebody else.
    Approve,
    /// See what others asked approval for.
    View,
    /// See how gateway, servers and log do, and how much goes through them.
    ReadStatus,
    /// Read the policies, check others against them, try calls.
    ReadPolicies,
    /// See who called what, when, and what was decided.
    ReadCalls,
    /// Read what was said, as it was masked.
    ReadRecordings,
    /// Read leaves.
    ReadLog,
    /// See who may do what.
    ReadAccess,
    /// Let held calls go ahead for a while without approval, with another administrator.
    BreakGlass,
    /// End recording sessions of others.
    EndSessions,
    /// Accept changed definitions.
    AcceptTools,
    /// Say what is to become of grants under review.
    ReviewAccess,
    /// Begin and close reviews of access.
    ManageReviews,
    /// Let control canaries run now.
    RunCanaries,
    /// Propose policies, and put in force what was proposed.
    PublishPolicies,
    /// Have evidence packages made, and take them away.
    ExportEvidence,
}

/// What the resource of a question about a duty is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyPlace {
    /// The target of the held call.
    Target,
    /// The gateway.
    Gateway,
}

/// The groups of actions that stand for roles in the gateway, for policies such as
/// `permit (principal in Group::"security", action in Action::"auditor", resource);`.
pub const ROLES: [&str; 5] = ["administrator", "approver", "auditor", "reviewer", "viewer"];

impl Duty {
    /// Every duty, in the order of their actions.
    pub const ALL: [Self; 16] = [
        Self::Approve,
        Self::View,
        Self::ReadStatus,
        Self::ReadPolicies,
        Self::ReadCalls,
        Self::ReadRecordings,
        Self::ReadLog,
        Self::ReadAccess,
        Self::BreakGlass,
        Self::EndSessions,
        Self::AcceptTools,
        Self::ReviewAccess,
        Self::ManageReviews,
        Self::RunCanaries,
        Self::PublishPolicies,
        Self::ExportEvidence,
    ];

    /// The name of its action.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::View => "view",
            Self::ReadStatus => "status.read",
            Self::ReadPolicies => "policies.read",
            Self::ReadCalls => "calls.read",
            Self::ReadRecordings => "recordings.read",
            Self::ReadLog => "log.read",
            Self::ReadAccess => "access.read",
            Self::BreakGlass => "breakglass.enter",
            Self::EndSessions => "sessions.end",
            Self::AcceptTools => "tools.accept",
            Self::ReviewAccess => "access.review",
            Self::ManageReviews => "reviews.manage",
            Self::RunCanaries => "canaries.run",
            Self::PublishPolicies => "policies.publish",
            Self::ExportEvidence => "evidence.export",
        }
    }

    /// The roles whose members may do it, of [`ROLES`].
    pub fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Approve => &["approver"],
            Self::View => &["approver", "auditor"],
            Self::ReadStatus => &["administrator", "approver", "auditor", "reviewer", "viewer"],
            Self::ReadPolicies => &["administrator", "auditor", "viewer"],
            Self::ReadCalls => &["administrator", "auditor"],
            Self::ReadAccess => &["administrator", "auditor", "reviewer"],
            Self::ReadRecordings | Self::ReadLog | Self::ExportEvidence => &["auditor"],
            Self::RunCanaries => &["administrator", "auditor"],
            Self::ReviewAccess => &["administrator", "reviewer"],
            Self::AcceptTools
            | Self::BreakGlass
            | Self::EndSessions
            | Self::ManageReviews
            | Self::PublishPolicies => &["administrator"],
        }
    }

    /// What it is done to.
    pub fn place(self) -> DutyPlace {
        match self {
            Self::Approve | Self::View => DutyPlace::Target,
            _ => DutyPlace::Gateway,
        }
    }
}

/// A value that was found in a message, and the form in which it would be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revelation<'a> {
    /// Name of the detector that found it.
    pub detector: &'a str,
    /// Class of the detector.
    pub class: &'a str,
    /// `plain`, `partial`, `token` or `drop`.
    pub form: &'a str,
}

/// A part of a message that nobody can look into, and nobody may change: it passes as it is, or the message does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage<'a> {
    /// `state`, `cursor`, `image`, `audio`, `blob`, `file` or `answer`: see docs/masking.md.
    pub kind: &'a str,
    /// Its length as it stands in the message; of several of a kind the longest.
    pub bytes: u64,
}

/// What is asked about a message besides whether it may go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aspect<'a> {
    /// `Action::"reveal"`
    Found(Revelation<'a>),
    /// `Action::"pass"`
    Opaque(Passage<'a>),
}

/// What the catalog knows of the definition of a [`Target`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Definition {
    /// It has not been seen in a list of the upstream.
    #[default]
    Unknown,
    /// It is the one that is pinned.
    Pinned,
    /// It differs from the one that is pinned.
    Drifted,
}
