//! Sealing of what other modules keep beside the log, under the same keys of the day: erasing a day erases it too.

use aws_lc_rs::hmac;
use evidence::leaf::Leaf;
use evidence::merkle::Hash;

use super::draft::CONTEXT_ID;
use super::vault::{Vault, VaultError};
use super::{Keyring, Ledger, Unavailable};
use crate::model::{Party, TargetKind};
use crate::seal::Seal;
use crate::store::approval::Sealed;
use crate::store::entry::Place;
use crate::store::{Db, context, payload};

impl Ledger {
    /// Seals how far anchors have come.
    pub fn anchor_seal(&self) -> hmac::Key {
        self.0.keys.anchor_seal()
    }

    /// Seals rows that gateways and commands write and gateways heed.
    pub fn row_seal(&self) -> Seal {
        self.0.keys.row_seal()
    }

    /// Number of this process's lane: what it holds in its name is free once that lane is closed.
    pub fn lane(&self) -> u32 {
        self.0.lane
    }

    /// Opens sealed records, for reports.
    pub fn vault(&self) -> &Vault {
        self.0.drafter.vault()
    }

    /// The keys of the log, for what is signed with them besides: evidence packages.
    pub(crate) fn keys(&self) -> &Keyring {
        &self.0.keys
    }

    /// Seals `content` for the row with this `id`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn seal(&self, id: [u8; 16], content: Vec<u8>) -> Result<Sealed, Unavailable> {
        let moment = self.moment().await?;
        let sealed = self
            .compose(content.len(), move |drafter| {
                let sealed = drafter.vault().seal(moment.day, &moment.key, &id, &content);
                sealed.map_err(|error| Unavailable::Sealing(error.to_string().into()))
            })
            .await?;
        let commitment = *sealed.commitment.as_bytes();
        Ok(Sealed { day: sealed.day, commitment, record: sealed.record })
    }

    /// Opens what was sealed for the row with this `id`. Blocks: not for an async task.
    ///
    /// # Errors
    /// [`VaultError`]: the content was erased or changed.
    pub fn unseal(&self, db: &Db, id: &[u8; 16], sealed: Sealed) -> Result<Vec<u8>, VaultError> {
        let commitment = Hash::from_bytes(sealed.commitment);
        self.0.drafter.vault().open(db, sealed.day, id, sealed.record, &commitment)
    }
}

/// What was recorded beside a leaf.
#[derive(Debug)]
pub struct Recorded {
    /// The message, as it was masked.
    pub message: String,
    /// What was masked in it.
    pub receipts: Vec<serde_json::Value>,
}

/// The record of a body in which something was masked: see `part::record`.
#[derive(serde::Deserialize)]
struct Masked<'a> {
    #[serde(borrow)]
    message: &'a serde_json::value::RawValue,
    redactions: Vec<serde_json::Value>,
}

impl Ledger {
    /// Opens what was recorded beside a leaf at `place`; `None`: it has nothing beside it. Blocks: not for an async task.
    ///
    /// # Errors
    /// [`VaultError`]; [`VaultError::Erased`] when the body is not there: [`super::Absence::of`] says why.
    pub fn recorded(&self, db: &Db, place: Place, leaf: &Leaf) -> Result<Option<Recorded>, VaultError> {
        let Some(committed) = leaf.payload else { return Ok(None) };
        let found = db.read_now("body", |read| payload::at(read, place))?;
        let (day, record) = found.ok_or(VaultError::Erased)?;
        let commitment = *committed.commitment.as_bytes();
        let bytes = self.unseal(db, leaf.id.as_bytes(), Sealed { day, commitment, record })?;
        if leaf.redactions.is_empty() {
            let message = String::from_utf8_lossy(&bytes).into_owned();
            return Ok(Some(Recorded { message, receipts: Vec::new() }));
        }
        let masked: Masked<'_> = serde_json::from_slice(&bytes).map_err(|_| VaultError::Broken)?;
        Ok(Some(Recorded { message: masked.message.get().to_owned(), receipts: masked.redactions }))
    }

    /// Who and where a leaf's context commits to, as JSON; `None`: it was erased. Blocks: not for an async task.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn personal(&self, db: &Db, commitment: Hash) -> Result<Option<serde_json::Value>, VaultError> {
        let found = db.read_now("context", |read| context::find(read, commitment.as_bytes()))?;
        let Some((day, record)) = found else { return Ok(None) };
        self.open_personal(db, commitment, day, record)
    }

    /// The same, of a record that was read already.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_personal(
        &self,
        db: &Db,
        commitment: Hash,
        day: i64,
        record: Vec<u8>,
    ) -> Result<Option<serde_json::Value>, VaultError> {
        let sealed = Sealed { day, commitment: *commitment.as_bytes(), record };
        match self.unseal(db, &CONTEXT_ID, sealed) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| VaultError::Broken),
            Err(VaultError::Erased) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What stands in leaves for a tool that no list of the server ever named.
    pub fn unlisted(&self, server: &str, kind: TargetKind, name: &str) -> String {
        self.0.drafter.identifiers().target(server, kind, name).to_string()
    }

    /// The pseudonym that stands for a party in leaves.
    pub fn actor(&self, party: &Party) -> String {
        self.0.drafter.identifiers().actor(party)
    }
}
