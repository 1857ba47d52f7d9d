//! Recorded bodies, opened: as they were masked, with the salt that proves them to somebody who holds only
//! the leaves.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};

use evidence::leaf::Leaf;
use evidence::package::{BODIES_FILE, Bodies};

use super::{Draft, PackageError};
use crate::ledger::{Absence, Vault, VaultError};
use crate::store::entry::Entry;
use crate::store::payload;

pub(super) const ROWS: &str = "populations/privileged.jsonl";

/// A privileged call.
#[derive(serde::Deserialize)]
pub(super) struct Row {
    index: String,
    commitment: String,
}

impl Row {
    /// Index of its leaf, where that commits to a body.
    pub(super) fn committed(&self) -> Option<u64> {
        self.index.parse().ok().filter(|_| !self.commitment.is_empty())
    }
}

impl Draft<'_> {
    /// Opens the body of every privileged call.
    pub(super) fn open_bodies(&self) -> Result<(), PackageError> {
        if self.order.bodies == Bodies::Sealed || !self.work.join(ROWS).exists() {
            return Ok(());
        }
        let path = self.work.join(BODIES_FILE);
        let failed = |cause| PackageError::Io { path: path.clone(), cause };
        let vault = Vault::new(self.maker.keys)?;
        let rows = BufReader::new(File::open(self.work.join(ROWS)).map_err(failed)?);
        let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
        for line in rows.lines() {
            let row: Row =
                serde_json::from_str(&line.map_err(failed)?).map_err(|error| failed(error.into()))?;
            let Some(index) = row.committed() else { continue };
            let entry = self.entry(index)?;
            let leaf = Leaf::decode(&entry.leaf).map_err(|_| PackageError::Leaf(index))?;
            let Ok((salt, body)) = self.reveal(&entry, &leaf, &vault)? else { continue };
            // Messages are JSON, which is UTF-8; anything else is only in samples.
            let Ok(body) = String::from_utf8(body) else { continue };
            let line = serde_json::json!({ "index": index, "salt": salt, "body": body });
            writeln!(out, "{line}").map_err(failed)?;
        }
        out.flush().map_err(failed)
    }

    /// Salt (hexadecimal) and body of a leaf, or why there is none.
    pub(super) fn reveal(
        &self,
        entry: &Entry,
        leaf: &Leaf,
        vault: &Vault,
    ) -> Result<Result<(String, Vec<u8>), String>, PackageError> {
        let Some(committed) = leaf.payload else { return Ok(Err("this leaf has no body".to_owned())) };
        let db = self.maker.db;
        let revealed = match db.read_now("body", |read| payload::at(read, entry.place))? {
            Some((day, sealed)) => vault.reveal(db, day, leaf.id.as_bytes(), sealed, &committed.commitment),
            None => Err(VaultError::Erased),
        };
        match revealed {
            Ok((salt, body)) => {
                let salt = salt.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(Ok((salt, body)))
            }
            Err(error) => {
                let seal = self.maker.keys.row_seal();
                Ok(Err(Absence::of(db, &seal, (entry.place, leaf), error)?.to_string()))
            }
        }
    }
}
