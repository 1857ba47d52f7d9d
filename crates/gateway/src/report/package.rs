//! Evidence packages: a period of the log, everything derived from it, and a report, as files that anybody
//! can check. The format and its verification are `evidence::package`; here is only who writes it.
//!
//! One pass over the leaves, in short transactions, so a running gateway is not disturbed. What is in memory
//! does not grow with the number of leaves, but with calls that are open at the same time, people, tools and
//! days. Parts that are finished are noted in a journal: who is killed goes on from there.

mod access;
mod archive;
mod body;
mod change;
mod describe;
mod excerpt;
mod journal;
mod missing;
mod page;
mod prove;
mod spool;
mod succession;

use std::fs;
use std::path::{Path, PathBuf};

use evidence::checkpoint::Checkpoint;
use evidence::directory::{self, Durability, Reader, Writer};
use evidence::leaf::Leaf;
use evidence::merkle::leaf_hash;
use evidence::note::VerifierKey;
use evidence::package::{
    BEFORE_FILE, CONSISTENCY_FILE, COUNTS_FILE, Counts, CountsError, Derivation, Derived, Draw, FORMAT,
    LEAVERS_FILE, LOG, Leavers, LogPart, MANIFEST_FILE, Manifest, Period, SIGNATURE_FILE, Setting,
};
use evidence::time::Timestamp;

pub use evidence::package::Bodies;

pub use self::access::check_access;
use crate::config::{Config, ServerConfig};
use crate::ledger::{Keyring, KeyringError, SignError, VaultError, keyring};
use crate::limits;
use crate::report::access as matrix;
use crate::store::epoch::{self, Epoch};
use crate::store::{self, Db, ErrorKind, checkpoint, entry};
use archive::Output;
use excerpt::Excerpt;
use journal::{Begun, Journal};
use spool::Spool;
use succession::list;
pub use succession::{Part, epochs};

/// What a package shall hold.
#[derive(Debug, Clone)]
pub struct Order {
    /// The period.
    pub period: Period,
    /// Which epoch of the log, where the period touches several: a package is of one.
    pub epoch: Option<u64>,
    /// Upstreams that the populations are limited to; none: all.
    pub servers: Vec<String>,
    /// Counts to compare with: a CSV file.
    pub counts: Option<String>,
    /// Whose access ended outside of the gateway, by pseudonym: a CSV file.
    pub leavers: Option<String>,
    /// Samples to open.
    pub draw: Option<Draw>,
    /// What becomes of recorded bodies of privileged calls.
    pub bodies: Bodies,
}

/// What is known about the deployment beside its log. No secrets.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// Upstreams and how they are reached.
    pub servers: Vec<(String, &'static str)>,
    /// Issuers whose people and programs are believed.
    pub issuers: Vec<String>,
    /// Which database holds the log.
    pub storage: &'static str,
    /// How strongly the log is anchored, and what that means.
    pub assurance: String,
    /// Release of the program.
    pub release: &'static str,
    /// The key of each epoch of the log, by its number, as far as it is kept.
    pub epochs: Vec<(u64, String)>,
    /// Keys of the witnesses that are asked to cosign.
    pub witnesses: Vec<String>,
}

impl Deployment {
    /// As configured, with the keys of all epochs that are kept. Blocks on the database and the disk.
    pub fn of(config: &Config, db: &Db, assurance: String) -> Self {
        let server = |server: &ServerConfig| {
            let how = match (&server.http, &server.stdio) {
                (Some(_), _) => "HTTP",
                _ => "a process of its own (stdio)",
            };
            (server.name.clone(), how)
        };
        let keys = config.storage.key_directory();
        let key =
            |epoch: &Epoch| Some((epoch.number, keyring::read_key_of(&keys, epoch.number).ok()?.to_string()));
        Self {
            name: config.deployment.clone(),
            servers: config.servers.iter().map(server).collect(),
            issuers: config.identity.issuers.iter().map(|issuer| issuer.name.clone()).collect(),
            storage: if config.storage.postgres.is_some() { "PostgreSQL" } else { "SQLite" },
            assurance,
            release: env!("CARGO_PKG_VERSION"),
            epochs: db.read_now("epochs", epoch::all).unwrap_or_default().iter().filter_map(key).collect(),
            witnesses: config.anchors.witnesses.iter().map(|witness| witness.key.clone()).collect(),
        }
    }
}

/// A package that was written.
#[derive(Debug)]
pub struct Written {
    /// SHA-256 of its manifest.
    pub manifest: String,
    /// Files in it.
    pub files: u64,
    /// The part of the log in it.
    pub log: LogPart,
    /// What was derived.
    pub derived: Derived,
}

/// Why a package cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Nothing of the period is under a checkpoint.
    #[error(
        "the log holds no signed leaf of this period: a running gateway signs what it wrote every ten seconds"
    )]
    Empty,
    /// The period touches several epochs, and none was chosen.
    #[error("the period touches several epochs of the log ({}), and a package is of one: have one made for each", list(.0))]
    Epochs(Vec<u64>),
    /// How a later epoch began cannot be shown.
    #[error("how epoch {0} began cannot be shown: its first leaf is under no checkpoint")]
    Succession(u64),
    /// The public key of an epoch is not there.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// There is no such population to draw from.
    #[error(
        "no samples can be drawn from `{0}`: choose calls, privileged, denials, approvals or another list of single leaves"
    )]
    Draw(String),
    /// The counts are refused.
    #[error(transparent)]
    Counts(#[from] CountsError),
    /// The database refused, or a leaf is missing.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The log cannot be written, or is not what was signed.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// A leaf is not one.
    #[error("leaf {0} is not a leaf: export the log and verify it")]
    Leaf(u64),
    /// What says that a body was erased is not under a checkpoint yet.
    #[error(
        "a leaf that says what was erased is under no checkpoint yet: they come every ten seconds, run this again"
    )]
    Pending,
    /// A recorded body cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Who may do what cannot be computed.
    #[error(transparent)]
    Access(matrix::Error),
    /// Somebody else makes the same package.
    #[error("another command is making this package (`{0}` is locked): wait for it, or choose another name")]
    Busy(PathBuf),
    /// The manifest cannot be signed.
    #[error(transparent)]
    Manifest(#[from] SignError),
    /// A file cannot be written.
    #[error("`{path}`: {cause}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// Where a package comes from.
pub struct Maker<'m> {
    /// The database.
    pub db: &'m Db,
    /// The keys of the log.
    pub keys: &'m Keyring,
    /// What else is known.
    pub deployment: &'m Deployment,
    /// Now.
    pub now: Timestamp,
}

/// Where a package is until it has its name.
fn work_of(output: &Path) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!(".{name}.making"))
}

/// Removes what a process that ended left of the package at `output`; `false` when somebody makes it.
pub fn discard(output: &Path) -> bool {
    journal::discard(&work_of(output))
}

/// The package being made.
struct Draft<'m> {
    maker: &'m Maker<'m>,
    order: &'m Order,
    /// Indexes in the package are those within it.
    epoch: Epoch,
    /// Epochs that the period touches.
    touched: Vec<u64>,
    /// Of the epoch.
    key: VerifierKey,
    checkpoint: Checkpoint,
    log: LogPart,
    /// When it was begun.
    created: Timestamp,
    work: PathBuf,
}

impl Maker<'_> {
    /// Writes the package that `order` asks for to `output`: a zip archive if its name ends in `.zip`, else a
    /// new directory. `progress` is told steps done and steps in all. `sealing` is told the manifest's hash
    /// before the package appears under its name, so that its export can be recorded first.
    ///
    /// After a kill or a failure the same call goes on from the parts that were finished.
    ///
    /// # Errors
    /// [`PackageError`], or what `sealing` returned; nothing is at `output` then.
    pub fn write<E: From<PackageError>>(
        &self,
        order: &Order,
        output: &Path,
        progress: &mut dyn FnMut(u64, u64),
        sealing: impl FnOnce(&Written) -> Result<(), E>,
    ) -> Result<Written, E> {
        if output.exists() {
            let cause = std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                "it is there already: choose another name",
            );
            return Err(PackageError::Io { path: output.to_owned(), cause }.into());
        }
        let work = work_of(output);
        let mut journal = Journal::open(&work, self.fingerprint(order))?;
        let made = self.make(order, &work, output, &mut journal, progress);
        let done = made.map_err(E::from).and_then(|(written, finished)| {
            sealing(&written)?;
            finished.publish(output).map_err(E::from)?;
            Ok(written)
        });
        drop(fs::remove_file(archive::unfinished(&work)));
        if done.is_ok() || journal.derived().is_none() {
            journal.remove(&work);
        }
        done
    }

    /// What must be the same for an unfinished package to be continued.
    fn fingerprint(&self, order: &Order) -> String {
        let key = self.keys.verifier_key();
        let text = format!("{order:?}\n{:?}\n{key}", self.deployment);
        evidence::merkle::Hash::of(text.as_bytes()).to_string()
    }

    fn make(
        &self,
        order: &Order,
        work: &Path,
        output: &Path,
        journal: &mut Journal,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(Written, archive::Finished), PackageError> {
        if let Some(draw) = &order.draw
            && !draw.is_possible()
        {
            return Err(PackageError::Draw(draw.population.clone()));
        }
        let draft = Draft::begin(self, order, work, journal)?;
        let mut derived = match journal.derived() {
            Some(derived) => derived,
            None => {
                let derived = draft.scan(progress)?;
                journal.scanned(&derived)?;
                derived
            }
        };
        draft.write_proofs()?;
        draft.write_succession()?;
        draft.write_documents(&derived)?;
        journal.part("bodies", || draft.open_bodies())?;
        journal.part("samples", || draft.write_samples(&derived))?;
        draft.write_missing(&mut derived)?;
        let access = draft.write_access()?;
        draft.write_texts(&derived, &Excerpt::read(work)?, &access)?;
        draft.pack(derived, output)
    }
}

impl<'m> Draft<'m> {
    /// Finds the part of the log that holds the period, or takes the one that the journal names.
    fn begin(
        maker: &'m Maker<'m>,
        order: &'m Order,
        work: &Path,
        journal: &mut Journal,
    ) -> Result<Self, PackageError> {
        let parts = epochs(maker.db, order.period)?;
        let touched: Vec<u64> = parts.iter().map(|part| part.epoch.number).collect();
        let part = match (order.epoch, &parts[..]) {
            (None, []) => return Err(PackageError::Empty),
            (None, [part]) => part,
            (None, _) => return Err(PackageError::Epochs(touched)),
            (Some(number), parts) => {
                parts.iter().find(|part| part.epoch.number == number).ok_or(PackageError::Empty)?
            }
        };
        let epoch = part.epoch;
        let key = maker.keys.key_of(epoch.number)?;
        if let Some(Begun { log, created }) = journal.state.begun.clone() {
            let size = epoch.first_index + log.size;
            let found = maker.db.read_now("checkpoint", |read| checkpoint::of_size(read, size))?;
            let note = found.ok_or(PackageError::Empty)?.note;
            let (checkpoint, _) = Checkpoint::open(&note, &key).map_err(directory::Error::from)?;
            let work = work.to_owned();
            return Ok(Self { maker, order, epoch, touched, key, checkpoint, log, created, work });
        }
        let (first, end) = (part.first, &part.end);
        let (checkpoint, _) = Checkpoint::open(&end.note, &key).map_err(directory::Error::from)?;
        let before = maker.db.read_now("before", |read| checkpoint::up_to(read, first))?;
        let first = before.map_or(0, |before| epoch.within(before.size));
        let bundle = u64::from(evidence::tile::WIDTH_MAX);
        let log = LogPart { first: first / bundle * bundle, size: checkpoint.size, root: checkpoint.root };
        let created = maker.now;
        journal.state.begun = Some(Begun { log, created });
        let work_at = work.to_owned();
        let draft = Self { maker, order, epoch, touched, key, checkpoint, log, created, work: work_at };
        spool::private_directory(work)?;
        draft.save_given()?;
        Ok(draft)
    }

    /// The one pass over the leaves.
    fn scan(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Derived, PackageError> {
        let counts = self.order.counts.as_deref().map(Counts::parse).transpose()?;
        let leavers = self.order.leavers.as_deref().map(Leavers::parse).transpose()?;
        let setting = Setting {
            period: self.order.period,
            servers: self.order.servers.clone(),
            log: self.log,
            counts,
            leavers,
            draw: self.order.draw.clone(),
        };
        let mut writer = Writer::slice(&self.work.join(LOG), self.log.first, Durability::Later)?;
        let mut spool = Spool::new(&self.work);
        let mut emit = |path: &str, line: &str| spool.write(path, line);
        let failed = |cause| PackageError::Io { path: self.work.clone(), cause };
        let mut derivation = Derivation::begin(setting, &mut emit).map_err(failed)?;
        while writer.size() < self.log.size {
            let from = writer.size();
            let until = self.log.size.min(from + limits::SCAN_LEAVES_MAX);
            let mut trouble = None;
            let scanned = self.maker.db.read_now("package", |read| {
                let base = self.epoch.first_index;
                entry::scan(read, base + from, base + until, |stored| {
                    let mut take = || {
                        writer.push(stored.leaf)?;
                        let index = stored.index - base;
                        if index < self.log.first {
                            return Ok(());
                        }
                        let leaf = Leaf::decode(stored.leaf).map_err(|_| PackageError::Leaf(index))?;
                        let hash = leaf_hash(stored.leaf);
                        derivation.push(index, &leaf, stored.leaf, &hash, &mut emit).map_err(failed)?;
                        Ok(())
                    };
                    take().map_err(|error| {
                        trouble = Some(error);
                        store::Error::new(ErrorKind::Other, "writing the package failed")
                    })
                })
            });
            match trouble {
                Some(error) => return Err(error),
                None => scanned?,
            }
            progress(until, self.log.size);
        }
        let derived = derivation.finish(&mut emit).map_err(failed)?;
        spool.finish().map_err(failed)?;
        writer.finish(&self.signed()?, &self.key)?;
        Ok(derived)
    }

    fn signed(&self) -> Result<String, PackageError> {
        let size = self.epoch.first_index + self.log.size;
        let found = self.maker.db.read_now("checkpoint", |read| checkpoint::of_size(read, size))?;
        Ok(String::from_utf8_lossy(&found.ok_or(PackageError::Empty)?.note).into_owned())
    }

    /// Keeps what came from somewhere else.
    fn save_given(&self) -> Result<(), PackageError> {
        for (path, given) in [(COUNTS_FILE, &self.order.counts), (LEAVERS_FILE, &self.order.leavers)] {
            if let Some(given) = given {
                self.put(path, given.as_bytes())?;
            }
        }
        Ok(())
    }

    /// The checkpoint before the slice, and that the log only grew since.
    fn write_proofs(&self) -> Result<(), PackageError> {
        let first = self.epoch.first_index + self.log.first;
        let bundle = u64::from(evidence::tile::WIDTH_MAX);
        // A later checkpoint may lie within the first bundle, too, also one of the next epoch.
        let last = (first + bundle - 1).min(self.epoch.first_index + self.log.size);
        let wanted = self.maker.db.read_now("before", |read| checkpoint::up_to(read, last))?;
        let Some(before) =
            wanted.filter(|before| before.size >= first && before.size > self.epoch.first_index)
        else {
            return Ok(());
        };
        let reader = Reader::open(&self.work.join(LOG))?;
        let path = reader.prove_consistency(self.epoch.within(before.size), self.log.size)?;
        let text: String = path.iter().map(|hash| format!("{}\n", prove::base64(hash))).collect();
        self.put(BEFORE_FILE, &before.note)?;
        self.put(CONSISTENCY_FILE, text.as_bytes())
    }

    fn write_texts(
        &self,
        derived: &Derived,
        excerpt: &Excerpt,
        access: &access::Access,
    ) -> Result<(), PackageError> {
        let facts = describe::Facts {
            deployment: self.maker.deployment,
            order: self.order,
            log: &self.log,
            checkpoint: &self.checkpoint,
            key: &self.key,
            signer: &self.maker.keys.verifier_key(),
            epoch: self.epoch.number,
            touched: &self.touched,
            derived,
            access,
            drift: self.drift(derived)?,
            created: self.created,
        };
        self.put("report.html", page::render(&facts, excerpt).as_bytes())?;
        self.put("system-description.md", describe::system(&facts).as_bytes())?;
        self.put("controls.md", super::criterion::markdown().as_bytes())?;
        self.put("README.md", describe::readme(&facts).as_bytes())?;
        self.put("trust/keys.txt", describe::keys(&facts).as_bytes())?;
        self.put("verify/verify.py", describe::VERIFY_PY.as_bytes())?;
        self.put("verify/HOWTO.md", describe::howto(&facts).as_bytes())
    }

    fn pack(self, derived: Derived, output: &Path) -> Result<(Written, archive::Finished), PackageError> {
        let mut out = Output::create(&self.work, output)?;
        let files = out.add_all()?;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            origin: self.checkpoint.origin.clone(),
            created: self.created,
            period: self.order.period,
            servers: self.order.servers.clone(),
            bodies: self.order.bodies,
            log: self.log,
            assurance: self.maker.deployment.assurance.clone(),
            sample: self.order.draw.clone(),
            does_not_assert: evidence::package::DOES_NOT_ASSERT.iter().map(|&text| text.to_owned()).collect(),
            files,
        };
        let bytes = manifest.encode();
        let note = self.maker.keys.sign_manifest(&bytes)?;
        out.add(MANIFEST_FILE, &bytes)?;
        out.add(SIGNATURE_FILE, note.as_bytes())?;
        let written = Written {
            manifest: evidence::merkle::Hash::of(&bytes).to_string(),
            files: manifest.files.len() as u64,
            log: self.log,
            derived,
        };
        Ok((written, out.finish()?))
    }

    /// Writes one file.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), PackageError> {
        spool::put(&self.work.join(path), bytes)
    }
}
