//! Every approval that was to be signed with a passkey, signed: by a passkey of whoever approved, over what was approved.

use std::collections::HashMap;

use serde::Deserialize;

use super::meaning::Past;
use crate::leaf::{Leaf, Subject};
use crate::merkle::Hash;
use crate::passkey::Assertion;

/// The passkeys that people have.
pub(super) struct Passkeys {
    known: HashMap<String, Registered>,
    past: Past,
}

struct Registered {
    whose: Option<Subject>,
    registration: Registration,
    removed: bool,
}

/// What `detail` of `passkey.registered` says.
#[derive(PartialEq, Eq, Deserialize)]
struct Registration {
    credential: String,
    key: String,
    rp_id: String,
    origin: String,
}

/// What `detail` of `passkey.removed` says.
#[derive(Deserialize)]
struct Removed {
    credential: String,
}

impl Passkeys {
    pub(super) fn new(past: Past) -> Self {
        Self { known: HashMap::new(), past }
    }

    /// There were leaves before the first one of this log.
    pub(super) fn forget_past(&mut self) {
        self.past = Past::Unknown;
    }

    pub(super) fn register(&mut self, leaf: &Leaf) -> Result<(), String> {
        let registration: Registration = detail(leaf).ok_or("the passkey is malformed")?;
        let whose = leaf.actor.as_ref().and_then(crate::leaf::Actor::subject);
        let credential = registration.credential.clone();
        let earlier = self.known.insert(credential, Registered { whose, registration, removed: false });
        match earlier {
            Some(earlier) if !earlier.removed => Err("the passkey was registered before".to_owned()),
            _ => Ok(()),
        }
    }

    pub(super) fn remove(&mut self, leaf: &Leaf) -> Result<(), String> {
        let removed: Removed = detail(leaf).ok_or("the passkey is malformed")?;
        match (self.known.get_mut(&removed.credential), self.past) {
            (Some(known), _) if !known.removed => known.removed = true,
            (None, Past::Unknown) => {}
            _ => return Err("the passkey was not registered".to_owned()),
        }
        Ok(())
    }

    /// Whether an approval was signed with a passkey of its approver, over what it is bound to.
    pub(super) fn check(&self, leaf: &Leaf, assertion: &Assertion, binding: &str) -> Result<(), String> {
        let whose = leaf.actor.as_ref().and_then(crate::leaf::Actor::subject);
        match self.known.get(&assertion.credential) {
            Some(known) if known.removed => return Err("was signed with a passkey that was removed".into()),
            Some(known) if known.whose != whose => {
                return Err("was signed with a passkey of somebody else".into());
            }
            Some(known) if !known.registration.is_of(assertion) => {
                return Err("was signed with another key than was registered".into());
            }
            None if self.past == Past::Empty => {
                return Err("was signed with a passkey that was never registered".into());
            }
            _ => {}
        }
        let challenge: Hash = binding.parse().map_err(|_| "was signed without anything to sign")?;
        let checked = assertion.check(challenge.as_bytes());
        checked.map(drop).map_err(|fault| format!("was signed with a passkey whose signature {fault}"))
    }
}

impl Registration {
    fn is_of(&self, assertion: &Assertion) -> bool {
        self.key == assertion.key && self.rp_id == assertion.rp_id && self.origin == assertion.origin
    }
}

fn detail<'l, T: Deserialize<'l>>(leaf: &'l Leaf) -> Option<T> {
    leaf.detail.as_ref().and_then(|detail| serde_json::from_str(detail.as_str()).ok())
}
