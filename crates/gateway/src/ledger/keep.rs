//! Sealing of what other modules keep beside the log, under the same keys of the day: erasing a day erases it too.

use evidence::merkle::Hash;

use super::vault::VaultError;
use super::{Ledger, Unavailable};
use crate::store::Db;
use crate::store::approval::Sealed;

impl Ledger {
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
