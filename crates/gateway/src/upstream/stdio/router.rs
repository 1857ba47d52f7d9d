//! Which caller a message of a process is for, and which of its own names the process knows a request by.
//!
//! A pure table: no I/O, no clock. The process's tasks hand it lines and carry out the [`Step`]s it returns.
//!
//! | | legacy, one process a session | legacy, shared | modern |
//! |---|---|---|---|
//! | ids and progress tokens | the caller's, untouched | replaced by unique ones | replaced by unique ones |
//! | progress | stream of its request, else as below | stream of its request | stream of its request |
//! | `*/list_changed` | GET stream, else oldest request | the same, for every session | by subscription id |
//! | other notifications | GET stream, else oldest request | dropped: they may hold another caller's data | by subscription id; else oldest request of the principal, dropped when shared |
//! | requests to the caller | GET stream, else oldest request | refused: nobody can be asked (`ping` is answered) | the protocol has none: dropped |
//! | caller hangs up | the request runs on | the request runs on | the request is cancelled |
//!
//! "GET stream, else oldest request" keeps messages of a session that has no stream (yet): bounded, oldest dropped
//! first. A request to a caller who had a stream and closed it is refused; before the first stream it waits, because
//! programs ask for roots the moment they are initialised.
//!
//! Spec: MCP 2025-11-25, "Transports"; MCP 2026-07-28, "Transports: stdio", "Subscriptions", "Cancellation".

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::StdioError;
use super::lane::{Lane, Place};
use super::stream::Outlet;
use super::wire::{Head, Kind, Spot, id_of_cut, replace};
use crate::config::Sharing;
use crate::limits;
use crate::mcp::envelope::IdKey as Id;
use crate::model::Era;

/// On whose behalf a request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A legacy session on this process.
    Session(u64),
    /// A principal of the modern protocol.
    Principal([u8; 32]),
    /// The gateway itself.
    Gateway,
}

/// A stream of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamRef {
    /// Of the request with this number.
    Request(u64),
    /// The GET stream of this session.
    Get(u64),
}

/// What to do when a message does not fit into its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Drop it: it repeats itself or tells nothing that cannot be asked.
    Tolerable,
    /// End the stream with an error: it would be incomplete without saying so.
    Fatal,
}

/// What a line of the process leads to.
#[derive(Debug)]
pub(super) enum Step {
    /// Put `message` into a stream.
    Deliver { to: StreamRef, outlet: Outlet, message: Bytes, loss: Loss },
    /// Put the answer into its stream.
    Finish { outlet: Outlet, message: Bytes },
    /// Write to the process.
    Reply(Bytes),
    /// Nothing; the operator may want to know why.
    Nothing(&'static str),
}

/// By what a notification names its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// The id of the request that subscribed.
    Subscription,
    /// The request's progress token.
    Progress,
}

#[derive(Debug)]
struct Pending {
    owner: Owner,
    /// `None` when the caller is gone and only the late answer is awaited.
    outlet: Option<Outlet>,
    id: Spot,
    token: Option<Spot>,
    method: String,
}

/// The requests and sessions of one process.
#[derive(Debug)]
pub(super) struct Router {
    era: Era,
    sharing: Sharing,
    next: u64,
    pending: BTreeMap<u64, Pending>,
    /// Numbers of pending requests by the caller's id; only where ids are the caller's own.
    by_id: HashMap<Id, u64>,
    lanes: BTreeMap<u64, Lane>,
    /// Requests of the process that a caller has not answered.
    asked: HashMap<Id, StreamRef>,
    ended: Option<StdioError>,
}

impl Router {
    pub(super) fn new(era: Era, sharing: Sharing) -> Self {
        Self {
            era,
            sharing,
            next: 1,
            pending: BTreeMap::new(),
            by_id: HashMap::new(),
            lanes: BTreeMap::new(),
            asked: HashMap::new(),
            ended: None,
        }
    }

    /// Whether ids and tokens are replaced: several callers of this process may choose the same ones.
    fn renames(&self) -> bool {
        self.era == Era::Modern || self.sharing == Sharing::Shared
    }

    /// A new session on this process.
    pub(super) fn open(&mut self) -> u64 {
        let session = self.number();
        self.lanes.insert(session, Lane::default());
        session
    }

    /// Ends a session: its streams end, its requests run on unheard. Only for processes that other sessions share.
    pub(super) fn close(&mut self, session: u64) {
        self.lanes.remove(&session);
        for pending in self.pending.values().filter(|pending| pending.owner == Owner::Session(session)) {
            if let Some(outlet) = &pending.outlet {
                outlet.finish(Err(StdioError::Cancelled));
            }
        }
        self.pending.retain(|_, pending| pending.owner != Owner::Session(session));
    }

    /// Whether anybody waits for anything of this session, or of the whole process.
    pub(super) fn busy(&self, owner: Option<Owner>) -> bool {
        let concerns = |it: Owner| owner.is_none_or(|owner| owner == it);
        self.pending.values().any(|pending| pending.outlet.is_some() && concerns(pending.owner))
            || self.lanes.iter().any(|(session, lane)| lane.is_open() && concerns(Owner::Session(*session)))
    }

    /// How many requests are in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// A request of a caller: its number, and the bytes to write.
    pub(super) fn request(
        &mut self,
        owner: Owner,
        message: &Bytes,
        outlet: Outlet,
    ) -> Result<(u64, Bytes), StdioError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let head = Head::read(message).ok_or(StdioError::Malformed)?;
        let Kind::Request { id, method } = head.kind else { return Err(StdioError::Malformed) };
        if self.sharing == Sharing::Shared
            && matches!(&*method, "resources/subscribe" | "resources/unsubscribe")
        {
            return Err(StdioError::NotShared);
        }
        self.make_room(owner)?;
        let number = self.number();
        let bytes = if self.renames() {
            let name = Bytes::from(number.to_string());
            let edits = [Some(&id), head.token.as_ref()].into_iter().flatten();
            replace(message, edits.map(|spot| (spot.at, name.clone())))
        } else {
            if self.by_id.contains_key(&id.id) {
                return Err(StdioError::DuplicateId);
            }
            self.by_id.insert(id.id.clone(), number);
            message.clone()
        };
        self.pending.insert(number, Pending { owner, outlet: Some(outlet), id, token: head.token, method });
        Ok((number, bytes))
    }

    /// A notification of a caller: the bytes to write, if any.
    pub(super) fn notification(
        &mut self,
        owner: Owner,
        message: &Bytes,
    ) -> Result<Option<Bytes>, StdioError> {
        let head = Head::read(message).ok_or(StdioError::Malformed)?;
        let Kind::Notification { method } = &head.kind else { return Err(StdioError::Malformed) };
        match (&**method, self.era, self.sharing) {
            ("notifications/cancelled", Era::Legacy, _) => Ok(self.cancelled(owner, message, head.request)),
            // Closing the stream is how modern callers cancel, and nobody else's request may be named.
            ("notifications/cancelled", Era::Modern, _)
            // The gateway initialised the process, declared no roots and passed on no request.
            | (
                "notifications/initialized" | "notifications/roots/list_changed" | "notifications/progress",
                Era::Legacy,
                Sharing::Shared,
            ) => Ok(None),
            _ => Ok(Some(message.clone())),
        }
    }

    /// An answer of a caller to a request of the process: the bytes to write.
    pub(super) fn response(&mut self, message: &Bytes) -> Result<Bytes, StdioError> {
        let head = Head::read(message).ok_or(StdioError::Malformed)?;
        let Kind::Response { id, .. } = head.kind else { return Err(StdioError::Malformed) };
        self.asked.remove(&id.id).map(|_| message.clone()).ok_or(StdioError::Uncorrelated)
    }

    /// The GET stream of a session. What waited for it comes first; a stream opened before ends.
    pub(super) fn listen(&mut self, session: u64, outlet: Outlet) -> Result<(), StdioError> {
        let lane = self.lanes.get_mut(&session).ok_or_else(|| StdioError::Exited("gone".into()))?;
        lane.listen(outlet);
        Ok(())
    }

    /// The caller of request `number` is gone: the cancellation to write, in eras where that cancels.
    pub(super) fn abandon(&mut self, number: u64) -> Option<Bytes> {
        match self.era {
            Era::Modern => self.cancel(number, "the caller closed its stream"),
            Era::Legacy => {
                self.forget(number);
                None
            }
        }
    }

    /// Gives request `number` up: the cancellation to write.
    pub(super) fn cancel(&mut self, number: u64, reason: &'static str) -> Option<Bytes> {
        let pending = self.pending.get(&number)?;
        // "The `initialize` request MUST NOT be cancelled by clients."
        let known_as = (pending.method != "initialize")
            .then(|| if self.renames() { Bytes::from(number.to_string()) } else { pending.id.raw.clone() });
        self.forget(number);
        let known_as = known_as?;
        let id = String::from_utf8_lossy(&known_as);
        Some(Bytes::from(format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"{reason}"}}}}"#
        )))
    }

    /// A stream whose caller does not read ends with an error: the cancellation to write, in eras where that cancels.
    pub(super) fn stall(&mut self, stream: StreamRef) -> Option<Bytes> {
        match stream {
            StreamRef::Get(session) => {
                self.lanes.get_mut(&session).and_then(Lane::hang_up)?.finish(Err(StdioError::Stalled));
                None
            }
            StreamRef::Request(number) => {
                self.pending.get(&number)?.outlet.as_ref()?.finish(Err(StdioError::Stalled));
                self.abandon(number)
            }
        }
    }

    /// The process is no more: everybody who waits gets `error`.
    pub(super) fn end(&mut self, error: &StdioError) {
        for pending in std::mem::take(&mut self.pending).into_values() {
            if let Some(outlet) = pending.outlet {
                outlet.finish(Err(error.clone()));
            }
        }
        self.by_id.clear();
        self.lanes.clear();
        self.asked.clear();
        self.ended = Some(error.clone());
    }

    /// A line cannot be used, of which these are the first and the last bytes: if they show whose answer it was, that
    /// request ends with `error`. Otherwise it waits for its time to be over; nobody else is harmed.
    pub(super) fn spoil(&mut self, first: &[u8], last: &[u8], error: StdioError) {
        let id = id_of_cut(&String::from_utf8_lossy(first), &String::from_utf8_lossy(last));
        if let Some(Pending { outlet: Some(outlet), .. }) = id.and_then(|id| self.answered(&id)) {
            outlet.finish(Err(error));
        }
    }

    /// A line of the process.
    pub(super) fn receive(&mut self, line: &Bytes) -> Vec<Step> {
        let Some(head) = Head::read(line) else {
            self.spoil(line, line, StdioError::Garbled);
            return vec![Step::Nothing("a line that is not a JSON-RPC message")];
        };
        match &head.kind {
            Kind::Response { id, .. } => {
                let Some(Pending { outlet: Some(outlet), id: own, .. }) = self.answered(&id.id) else {
                    return vec![Step::Nothing("an answer that nobody waits for")];
                };
                let subscription = head.subscription.filter(|spot| spot.id == id.id);
                let spots = [Some(id.clone()), subscription].into_iter().flatten();
                vec![Step::Finish { outlet, message: self.restore(line, spots, &own) }]
            }
            Kind::Request { id, method } => vec![self.ask(line, id, method)],
            Kind::Notification { method } => self.tell(line, &head, method),
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn make_room(&mut self, owner: Owner) -> Result<(), StdioError> {
        let own = self.pending.values().filter(|pending| pending.owner == owner).count();
        if own < limits::STDIO_REQUESTS_PER_CALLER_MAX && self.pending.len() < limits::STDIO_REQUESTS_MAX {
            return Ok(());
        }
        let unheard = |pending: &Pending| pending.outlet.is_none() && pending.owner == owner;
        let oldest = self.pending.iter().find(|(_, pending)| unheard(pending)).map(|(number, _)| *number);
        let pending = oldest.and_then(|number| self.pending.remove(&number)).ok_or(StdioError::Busy)?;
        self.by_id.remove(&pending.id.id);
        Ok(())
    }

    /// Takes out the request that the process knows as `id`.
    fn answered(&mut self, id: &Id) -> Option<Pending> {
        let number = self.known_as(id)?;
        let pending = self.pending.remove(&number)?;
        self.by_id.remove(&pending.id.id);
        Some(pending)
    }

    fn known_as(&self, id: &Id) -> Option<u64> {
        match id {
            Id::Number(number) if self.renames() => u64::try_from(*number).ok(),
            _ if self.renames() => None,
            id => self.by_id.get(id).copied(),
        }
    }

    /// Nobody listens to request `number` any more. Where ids are the caller's own the entry stays, so that a late
    /// answer is not taken for that of a new request with the same id.
    fn forget(&mut self, number: u64) {
        if self.renames() {
            self.pending.remove(&number);
        } else if let Some(pending) = self.pending.get_mut(&number) {
            pending.outlet = None;
        }
    }

    /// `line` with the caller's own spelling of what was replaced.
    fn restore(&self, line: &Bytes, spots: impl Iterator<Item = Spot>, own: &Spot) -> Bytes {
        if !self.renames() {
            return line.clone();
        }
        replace(line, spots.map(|spot| (spot.at, own.raw.clone())))
    }

    /// A caller cancels one of its own requests: its stream ends here, because the process need not answer any more.
    fn cancelled(&mut self, owner: Owner, message: &Bytes, request: Option<Spot>) -> Option<Bytes> {
        let spot = request?;
        let mine = |pending: &Pending| pending.owner == owner && pending.id.id == spot.id;
        let (number, pending) = self.pending.iter().find(|(_, pending)| mine(pending))?;
        let number = *number;
        if pending.method == "initialize" {
            return None;
        }
        if let Some(outlet) = &pending.outlet {
            outlet.finish(Err(StdioError::Cancelled));
        }
        self.forget(number);
        let renamed = self.renames().then(|| (spot.at, Bytes::from(number.to_string())));
        Some(replace(message, renamed))
    }

    /// A request of the process to its caller.
    fn ask(&mut self, line: &Bytes, id: &Spot, method: &str) -> Step {
        match (self.era, self.sharing) {
            (Era::Modern, _) => return Step::Nothing("a request, which revision 2026-07-28 does not have"),
            (Era::Legacy, Sharing::Shared) if method != "ping" => {
                return refuse(id, "the process is shared: there is nobody to ask");
            }
            (Era::Legacy, Sharing::Shared) => return pong(id),
            (Era::Legacy, Sharing::Session) => {}
        }
        if self.asked.len() >= limits::STDIO_ASKED_MAX {
            return refuse(id, "too many requests wait for the caller's answer");
        }
        let Some(session) = self.lanes.keys().next().copied() else {
            return Step::Nothing("a request to a session that ended");
        };
        match self.send_to_lane(session, line, Loss::Fatal, Place::Asked) {
            Some((to, step)) => {
                self.asked.insert(id.id.clone(), to);
                step
            }
            None if method == "ping" => pong(id),
            None => refuse(id, "the caller has no stream open"),
        }
    }

    /// A notification of the process.
    fn tell(&mut self, line: &Bytes, head: &Head, method: &str) -> Vec<Step> {
        if let (Era::Modern, Some(subscription)) = (self.era, &head.subscription) {
            return vec![self.to_request(line, subscription, Name::Subscription)];
        }
        match (method, &head.token, &head.request) {
            ("notifications/progress", Some(token), _) if self.renames() => {
                vec![self.to_request(line, token, Name::Progress)]
            }
            ("notifications/progress", Some(token), _) => {
                let told =
                    |p: &Pending| p.outlet.is_some() && p.token.as_ref().is_some_and(|t| t.id == token.id);
                match self.pending.iter().find(|(_, pending)| told(pending)) {
                    Some((number, Pending { outlet: Some(outlet), .. })) => vec![Step::Deliver {
                        to: StreamRef::Request(*number),
                        outlet: outlet.clone(),
                        message: line.clone(),
                        loss: Loss::Tolerable,
                    }],
                    _ => self.unaddressed(line, Loss::Tolerable),
                }
            }
            ("notifications/cancelled", _, Some(request)) => vec![self.withdraw(line, request)],
            (
                "notifications/tools/list_changed"
                | "notifications/prompts/list_changed"
                | "notifications/resources/list_changed",
                ..,
            ) if self.era == Era::Legacy => self.unaddressed(line, Loss::Tolerable),
            _ if self.sharing == Sharing::Shared => {
                vec![Step::Nothing("a notification that names no caller")]
            }
            _ => self.unaddressed(line, Loss::Fatal),
        }
    }

    /// To the stream of the request that the process knows by `spot`, with the caller's spelling of it.
    fn to_request(&self, line: &Bytes, spot: &Spot, name: Name) -> Step {
        let pending = self.known_as(&spot.id).and_then(|number| Some((number, self.pending.get(&number)?)));
        let Some((number, Pending { outlet: Some(outlet), id, token, .. })) = pending else {
            return Step::Nothing("a notification for a request that is over");
        };
        let (own, loss) = match (name, token) {
            (Name::Subscription, _) => (id, Loss::Fatal),
            (Name::Progress, Some(token)) => (token, Loss::Tolerable),
            (Name::Progress, None) => return Step::Nothing("progress that nobody asked for"),
        };
        let message = self.restore(line, std::iter::once(spot.clone()), own);
        Step::Deliver { to: StreamRef::Request(number), outlet: outlet.clone(), message, loss }
    }

    /// To every session of the process (there is one unless it is shared), or to the principal's oldest request.
    fn unaddressed(&mut self, line: &Bytes, loss: Loss) -> Vec<Step> {
        if self.era == Era::Modern {
            return vec![self.oldest(None).map_or(
                Step::Nothing("a notification for a request that is over"),
                |(number, outlet)| Step::Deliver {
                    to: StreamRef::Request(number),
                    outlet,
                    message: line.clone(),
                    loss,
                },
            )];
        }
        let sessions: Vec<u64> = self.lanes.keys().copied().collect();
        let steps =
            sessions.into_iter().filter_map(|session| self.send_to_lane(session, line, loss, Place::Told));
        steps.map(|(_, step)| step).collect()
    }

    /// The process takes back what it asked (legacy), or ends a subscription (modern).
    fn withdraw(&mut self, line: &Bytes, request: &Spot) -> Step {
        if self.era == Era::Modern {
            let number = self.known_as(&request.id);
            let listens = number.and_then(|number| self.pending.get(&number));
            if listens.is_some_and(|pending| pending.method == "subscriptions/listen") {
                // Dropping the outlet ends the stream without a response, which is how HTTP says it.
                self.answered(&request.id);
            }
            return Step::Nothing("a cancellation");
        }
        let Some(to) = self.asked.remove(&request.id) else {
            return Step::Nothing("a cancellation of what was not asked");
        };
        let outlet = match to {
            StreamRef::Request(number) => {
                self.pending.get(&number).and_then(|pending| pending.outlet.clone())
            }
            StreamRef::Get(session) => self.lanes.get(&session).and_then(Lane::outlet),
        };
        match outlet {
            Some(outlet) => Step::Deliver { to, outlet, message: line.clone(), loss: Loss::Fatal },
            None => self.unaddressed(line, Loss::Fatal).pop().unwrap_or(Step::Nothing("a cancellation")),
        }
    }

    /// To the GET stream of `session`, else to its oldest request, else to what waits for a GET stream.
    fn send_to_lane(
        &mut self,
        session: u64,
        line: &Bytes,
        loss: Loss,
        place: Place,
    ) -> Option<(StreamRef, Step)> {
        let to = StreamRef::Get(session);
        let message = line.clone();
        if let Some(outlet) = self.lanes.get(&session)?.outlet() {
            return Some((to, Step::Deliver { to, outlet, message, loss }));
        }
        if let Some((number, outlet)) = self.oldest(Some(Owner::Session(session))) {
            let to = StreamRef::Request(number);
            return Some((to, Step::Deliver { to, outlet, message, loss }));
        }
        self.lanes.get_mut(&session)?.wait(message, place).then_some((to, Step::Nothing("kept for later")))
    }

    fn oldest(&self, owner: Option<Owner>) -> Option<(u64, Outlet)> {
        self.pending.iter().find_map(|(number, pending)| {
            let right = owner.is_none_or(|owner| owner == pending.owner)
                && pending.owner != Owner::Gateway
                && pending.method != "subscriptions/listen";
            let outlet = pending.outlet.as_ref().filter(|outlet| right && !outlet.is_gone())?;
            Some((*number, outlet.clone()))
        })
    }
}

fn refuse(id: &Spot, why: &'static str) -> Step {
    let id = String::from_utf8_lossy(&id.raw);
    Step::Reply(Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"{why}"}}}}"#
    )))
}

fn pong(id: &Spot) -> Step {
    let id = String::from_utf8_lossy(&id.raw);
    Step::Reply(Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)))
}
