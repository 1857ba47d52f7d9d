//! Legacy protocol sessions: who owns one, which calls are open in it, what the upstream has asked.
//!
//! A session id is the upstream's; the gateway passes it on unchanged, and binds it to the principal that began it
//! (MCP 2025-11-25, Security Best Practices, Session Hijacking): for anybody else it does not exist.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::sync::Cache;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::OpenCall;
use crate::limits;
use crate::mcp::envelope::IdKey;
use crate::model::{Method, Party};

/// Names a session: server, and the upstream's session id; for upstreams that keep no sessions, the principal alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Configured server name.
    pub server: Arc<str>,
    /// `Mcp-Session-Id`, or nothing.
    pub id: Option<String>,
    /// Who.
    pub owner: Party,
}

/// One legacy session.
#[derive(Debug)]
pub struct Session {
    /// Our own recording session.
    pub recording: Uuid,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: HashMap<IdKey, Arc<OpenCall>>,
    /// Calls that were answered, oldest first: a resumed stream may repeat their answers, and these are filtered and
    /// masked as the first time.
    answered: VecDeque<IdKey>,
    asks: HashMap<IdKey, Method>,
    /// Calls that wait for approval, and how to end their wait.
    held: HashMap<IdKey, CancellationToken>,
}

/// A session has too many calls or asks open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Session {
    fn new(recording: Uuid) -> Self {
        Self { recording, state: Mutex::default() }
    }

    /// Whether a call with this JSON-RPC id is open.
    pub fn is_open(&self, id: &IdKey) -> bool {
        let state = self.state();
        state.held.contains_key(id) || (state.calls.contains_key(id) && !state.answered.contains(id))
    }

    /// Remembers an open call by its JSON-RPC id.
    ///
    /// # Errors
    /// [`Full`].
    pub fn add_call(&self, id: &IdKey, open: &Arc<OpenCall>) -> Result<(), Full> {
        let mut state = self.state();
        if state.calls.len() - state.answered.len() >= limits::SESSION_OPEN_CALLS_MAX {
            return Err(Full);
        }
        state.answered.retain(|answered| answered != id);
        state.calls.insert(id.clone(), open.clone());
        Ok(())
    }

    /// The call with this JSON-RPC id: open, or answered lately.
    pub fn call(&self, id: &IdKey) -> Option<Arc<OpenCall>> {
        self.state().calls.get(id).cloned()
    }

    /// A call was answered: it is kept a little longer, for replays.
    pub fn retire_call(&self, id: &IdKey) {
        let mut state = self.state();
        if !state.calls.contains_key(id) || state.answered.contains(id) {
            return;
        }
        state.answered.push_back(id.clone());
        if state.answered.len() > limits::SESSION_REPLAYS_MAX
            && let Some(oldest) = state.answered.pop_front()
        {
            state.calls.remove(&oldest);
        }
    }

    /// Remembers a call that waits for approval; the token fires when the caller cancels it.
    ///
    /// # Errors
    /// [`Full`].
    pub fn add_held(&self, id: &IdKey) -> Result<CancellationToken, Full> {
        let mut state = self.state();
        if state.held.len() >= limits::SESSION_OPEN_CALLS_MAX {
            return Err(Full);
        }
        let token = CancellationToken::new();
        state.held.insert(id.clone(), token.clone());
        Ok(token)
    }

    /// The call waits no longer.
    pub fn remove_held(&self, id: &IdKey) {
        self.state().held.remove(id);
    }

    /// The caller cancels a call: if it waits for approval, its wait ends.
    pub fn cancel_held(&self, id: &IdKey) {
        if let Some(token) = self.state().held.get(id) {
            token.cancel();
        }
    }

    /// Remembers a request of the upstream before it is released to the caller. An id that is in use is replaced: a
    /// resumed stream may repeat it.
    ///
    /// # Errors
    /// [`Full`].
    pub fn add_ask(&self, id: &IdKey, method: &Method) -> Result<(), Full> {
        let mut state = self.state();
        if state.asks.len() >= limits::SESSION_ASKS_MAX && !state.asks.contains_key(id) {
            return Err(Full);
        }
        state.asks.insert(id.clone(), method.clone());
        Ok(())
    }

    /// Takes the method of the request that a response of the caller answers: each is answered once.
    pub fn take_ask(&self, id: &IdKey) -> Option<Method> {
        self.state().asks.remove(id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every session this process has seen lately.
#[derive(Debug)]
pub struct Sessions {
    known: Cache<SessionKey, Arc<Session>>,
}

impl Sessions {
    /// Remembers none.
    pub fn new() -> Self {
        Self {
            known: Cache::builder()
                .max_capacity(limits::SESSIONS_MAX)
                .time_to_idle(std::time::Duration::from_millis(limits::SESSION_IDLE_MS))
                .build(),
        }
    }

    /// The session, if this process knows it.
    pub fn find(&self, key: &SessionKey) -> Option<Arc<Session>> {
        self.known.get(key)
    }

    /// Remembers a session, or returns the one already remembered.
    pub fn insert(&self, key: SessionKey, recording: Uuid) -> Arc<Session> {
        self.known.get_with(key, || Arc::new(Session::new(recording)))
    }

    /// Forgets a session that ended.
    pub fn remove(&self, key: &SessionKey) {
        self.known.invalidate(key);
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self::new()
    }
}
