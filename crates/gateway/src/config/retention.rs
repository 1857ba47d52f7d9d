//! How long recorded messages are kept.

use serde::Deserialize;

use crate::limits;

/// How long recorded messages are kept. Leaves are kept for ever.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days for calls that only read: 1 to [`limits::RETENTION_DAYS_MAX`].
    #[serde(default = "ordinary_days")]
    pub ordinary_days: u32,
    /// Days for calls that would change something or were held for people, and for everything that is no call.
    #[serde(default = "privileged_days")]
    pub privileged_days: u32,
}

/// As [`Retention`], for one server; what is absent is as for all.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRetention {
    /// Days for calls that only read.
    #[serde(default)]
    pub ordinary_days: Option<u32>,
    /// Days for calls that would change something or were held for people.
    #[serde(default)]
    pub privileged_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { ordinary_days: ordinary_days(), privileged_days: privileged_days() }
    }
}

fn ordinary_days() -> u32 {
    limits::ORDINARY_DAYS
}

fn privileged_days() -> u32 {
    limits::PRIVILEGED_DAYS
}
