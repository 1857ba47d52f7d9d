//! Where evidence packages that the gateway makes itself wait to be fetched.

use std::path::PathBuf;

use serde::Deserialize;

use super::Storage;

/// Time packages wait, in hours, where the configuration says nothing.
const KEPT_HOURS: u64 = 72;

/// Evidence packages that are asked for through the API or in the console.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// Directory where they wait. Created 0700. Default: `packages` in `storage.directory`.
    pub directory: Option<PathBuf>,
    /// Time after which they are removed, in hours: 1 to [`PACKAGES_KEPT_HOURS_MAX`](crate::limits::PACKAGES_KEPT_HOURS_MAX).
    pub kept_hours: u64,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { directory: None, kept_hours: KEPT_HOURS }
    }
}

impl Evidence {
    /// Where packages wait.
    pub fn directory(&self, storage: &Storage) -> PathBuf {
        self.directory.clone().unwrap_or_else(|| storage.directory.join("packages"))
    }
}
