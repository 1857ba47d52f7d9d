//! A leaf with its place, as the rows it becomes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::Ordering;

use evidence::id::Id;
use evidence::leaf::{Effect, EventType, Leaf, Status};
use evidence::merkle::Hash;
use uuid::Uuid;

use super::draft::{Draft, Step};
use crate::store::entry::{self, Addition, Place};
use crate::store::{self, Tx, context, document, payload, session};

/// A leaf that has its place and its final bytes.
pub(super) struct Placed {
    pub(super) place: Place,
    pub(super) bytes: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) draft: Draft,
}

/// Adds leaves and what is stored with them.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    leaves: &[Placed],
    sessions: &HashSet<[u8; 16]>,
) -> Result<(), store::Error> {
    let names: Vec<_> = leaves.iter().map(|leaf| target(&leaf.draft.leaf)).collect();
    let additions: Vec<_> = leaves
        .iter()
        .zip(&names)
        .map(|(leaf, name)| addition(leaf.place, &leaf.draft.leaf, name.as_deref(), &leaf.bytes))
        .collect();
    entry::append(tx, &additions)?;
    let bodies: Vec<_> = leaves.iter().filter_map(Placed::body).collect();
    if !bodies.is_empty() {
        payload::insert(tx, &bodies)?;
    }
    for leaf in leaves {
        leaf.insert_beside(tx, sessions)?;
    }
    Ok(())
}

impl Placed {
    /// The call that this leaf opened.
    pub(super) fn begun(&self) -> Option<Uuid> {
        match self.draft.step {
            Step::Begin(call) => Some(call),
            _ => None,
        }
    }

    pub(super) fn session(&self) -> Option<[u8; 16]> {
        self.draft.leaf.session.map(|session| *session.as_bytes())
    }

    /// Whether the leaf refers to leaves of another lane, so that it must not be moved before them.
    pub(super) fn is_joint(&self) -> bool {
        use EventType as E;
        let leaf = &self.draft.leaf;
        matches!(
            leaf.event,
            E::LogGenesis
                | E::LogSeal
                | E::GatewayStarted
                | E::CallOrphaned
                | E::ApprovalRequested
                | E::ApprovalApproved
                | E::ApprovalRejected
                | E::ApprovalExpired
                | E::ApprovalUsed
                | E::PasskeyRegistered
                | E::PasskeyRemoved
                | E::SessionEnded
                | E::RetentionDeleted
                | E::HoldSet
                | E::HoldCleared
        ) || leaf.approval.is_some()
            || leaf.decision.as_ref().is_some_and(|decision| decision.approval.is_some())
    }

    fn body(&self) -> Option<payload::Sealed<'_>> {
        let sealed = self.draft.payload.as_ref()?;
        Some(payload::Sealed { place: self.place, day: sealed.day, sealed: &sealed.record })
    }

    /// Adds what is rare: most leaves share it with earlier ones.
    fn insert_beside(&self, tx: &mut Tx<'_>, sessions: &HashSet<[u8; 16]>) -> Result<(), store::Error> {
        let ts = self.draft.leaf.ts.as_micros();
        if let Some(context) = &self.draft.context
            && !context.durable.load(Ordering::Relaxed)
        {
            context::insert(tx, &context.row())?;
        }
        if let Some(id) = self.session()
            && !sessions.contains(&id)
        {
            session::begin(tx, &id, ts, actor(&self.draft.leaf).unwrap_or_default())?;
        }
        for kept in &self.draft.documents {
            document::put(tx, &kept.hash, kept.kind, ts, &kept.bytes)?;
        }
        if let Some(deed) = &self.draft.deed {
            deed.apply(tx, ts)?;
        }
        Ok(())
    }
}

/// A leaf, and what it is found by; `target` is its [`target`].
pub(super) fn addition<'a>(
    place: Place,
    leaf: &'a Leaf,
    target: Option<&'a str>,
    bytes: &'a [u8],
) -> Addition<'a> {
    Addition {
        place,
        event: leaf.event.as_str(),
        ts: leaf.ts.as_micros(),
        call: leaf.call.as_ref().map(Id::as_bytes),
        session: leaf.session.as_ref().map(Id::as_bytes),
        actor: actor(leaf),
        server: leaf.server.as_deref(),
        method: leaf.method.as_deref(),
        target,
        result: result(leaf),
        leaf: bytes,
    }
}

fn actor(leaf: &Leaf) -> Option<&str> {
    leaf.actor.as_ref().and_then(|actor| actor.id.as_deref())
}

/// The name of what a leaf is about, or the MAC that stands for it.
pub(super) fn target(leaf: &Leaf) -> Option<Cow<'_, str>> {
    let target = leaf.target.as_ref()?;
    target.name.as_deref().map(Cow::Borrowed).or_else(|| target.id.map(|id| Cow::Owned(id.to_string())))
}

fn result(leaf: &Leaf) -> Option<&str> {
    if let Some(refusal) = &leaf.refusal {
        return Some(refusal);
    }
    if let Some(outcome) = &leaf.outcome {
        return Some(match outcome.status {
            Status::Ok => "ok",
            Status::ToolError => "tool_error",
            Status::UpstreamError => "upstream_error",
            Status::Timeout => "timeout",
            Status::Cancelled => "cancelled",
            Status::CallerGone => "caller_gone",
        });
    }
    leaf.decision.as_ref().map(|decision| match decision.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
        Effect::Hold => "hold",
    })
}
