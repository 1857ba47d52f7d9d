//! Control canaries: what must be denied, held and masked, tried by the gateway itself.

use serde::Deserialize;

/// Time between two runs of a canary, in seconds, where the configuration says nothing.
const EVERY_S: u64 = 60 * 60;

/// Calls that the gateway makes itself, on a schedule, to see that controls work. None ever reaches a server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Canaries {
    /// Time between two runs of each, in seconds: [`CANARY_EVERY_S_MIN`](crate::limits::CANARY_EVERY_S_MIN) to
    /// [`CANARY_EVERY_S_MAX`](crate::limits::CANARY_EVERY_S_MAX).
    pub every_s: u64,
    /// The calls.
    pub tests: Vec<CanaryTest>,
}

impl Default for Canaries {
    fn default() -> Self {
        Self { every_s: EVERY_S, tests: Vec::new() }
    }
}

/// One such call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryTest {
    /// Names it in evidence: lower-case letters, digits and `-`.
    pub name: String,
    /// The server that it is about.
    pub server: String,
    /// The tool that it calls.
    pub tool: String,
    /// Arguments, as a JSON object.
    #[serde(default = "nothing")]
    pub arguments: String,
    /// As what kind of caller policy is asked about it.
    #[serde(default)]
    pub kind: CanaryKind,
    /// As whose: name of a configured issuer, or `keys`.
    pub issuer: String,
    /// As a member of which groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What must become of it.
    pub expect: CanaryExpect,
    /// With `masked`: the built-in detector that must find what the answer is planted with.
    #[serde(default)]
    pub detector: Option<String>,
}

/// As what kind of caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CanaryKind {
    /// A person.
    #[default]
    Human,
    /// A program with its own identity.
    Service,
    /// A program that decides for itself what to call.
    Agent,
}

/// What must become of a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CanaryExpect {
    /// Policy refuses it.
    Denied,
    /// Policy holds it for people.
    Held,
    /// Policy allows it, and what is planted in its answer is masked.
    Masked,
}

fn nothing() -> String {
    "{}".to_owned()
}
