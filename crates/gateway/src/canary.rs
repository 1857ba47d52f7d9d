//! Control canaries: calls that the gateway makes itself to see that what must be denied, held or masked is.
//!
//! A canary takes the spine as every call does ([`Caller::run`](crate::exchange::Caller)), so what is tried is what callers
//! meet. It can do no harm: behind its server's name stands an upstream inside the gateway, whatever policy says, and what
//! people would have to approve is withdrawn at once, before anybody is told. Its leaves have an actor of kind `canary` and
//! belong to no population of real calls. What it showed is read from the leaves that it left, and recorded as
//! `canary.checked`.

mod plant;
mod run;
mod schedule;

use evidence::leaf::EventType;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use run::run;
pub use schedule::{latest, watch};

use crate::config::CanaryExpect;

/// Facts of `canary.checked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Which canary.
    pub canary: String,
    /// Its call, whose leaves say what was decided.
    pub call: Uuid,
    /// What had to become of it: `denied`, `held`, `masked`.
    pub expected: String,
    /// What became of it.
    pub found: String,
    /// `passed` or `failed`.
    pub result: String,
    /// The tool.
    pub tool: String,
    /// With `masked`: the detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<String>,
    /// The policies in force.
    pub policy_set: String,
    /// Those of them that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
}

impl Checked {
    /// Whether it is an alarm.
    pub fn failed(&self) -> bool {
        self.result != PASSED
    }
}

/// The event that says what a canary showed.
const EVENT: EventType = EventType::CanaryChecked;
const PASSED: &str = "passed";
const FAILED: &str = "failed";

/// What must become of it, as leaves have it.
pub fn word(expect: CanaryExpect) -> &'static str {
    match expect {
        CanaryExpect::Denied => "denied",
        CanaryExpect::Held => "held",
        CanaryExpect::Masked => "masked",
    }
}
