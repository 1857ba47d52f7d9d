//! Where commands that read evidence find it: the configuration names the database and the keys.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use aws_lc_rs::rand;
use evidence::leaf::EventType;
use evidence::note::VerifierKey;
use serde_json::Value;
use uuid::Uuid;

use crate::config::{self, Config, ConfigError};
use crate::ledger::{self, Keyring, Missing, keyring};
use crate::model::Party;
use crate::report::package::Deployment;
use crate::seal::Seal;
use crate::store::epoch::{self, Epoch};
use crate::store::notice::{self, Notice};
use crate::store::{Access, Db};

/// Where the configuration is: an option of every command that needs one, and of its subcommands.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ConfigFile {
    /// Configuration file.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        default_value = "countersign.yaml",
        env = "COUNTERSIGN_CONFIG",
        global = true
    )]
    pub(super) config: PathBuf,
}

/// Options of every command that shows or changes what the store holds, beside a running gateway.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Common {
    #[command(flatten)]
    pub(super) file: ConfigFile,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// Options of every command that reads evidence.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Source {
    #[command(flatten)]
    file: ConfigFile,
}

/// Evidence opened for reading, beside a running gateway or without one.
pub(super) struct Evidence {
    pub(super) db: Db,
    pub(super) config: Config,
}

/// An id on the command line.
pub(super) fn parse_id(text: &str) -> Result<Uuid, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no id; one looks like `01a21884-b973-7b97-8167-7b42c6da7924`"))
}

impl ConfigFile {
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        config::load(&self.config)
    }
}

impl Source {
    pub(super) fn open(&self) -> anyhow::Result<Evidence> {
        let config = self.file.load()?;
        let db = Db::open(&config.storage, Access::ReadOnly)?;
        Ok(Evidence { db, config })
    }
}

impl Evidence {
    /// As [`crate::app::assurance`], in words.
    pub(super) fn assurance(&self) -> String {
        crate::app::assurance(&self.config, &self.db).to_string()
    }

    /// What a package says about the deployment beside its log.
    pub(super) fn deployment(&self) -> Deployment {
        Deployment::of(&self.config, &self.db, self.assurance())
    }

    /// Names of the configured servers.
    pub(super) fn servers(&self) -> Vec<String> {
        self.config.servers.iter().map(|server| server.name.clone()).collect()
    }

    /// Every epoch of the log, the current one last.
    pub(super) fn epochs(&self) -> anyhow::Result<Vec<Epoch>> {
        Ok(self.db.read_now("epochs", epoch::all)?)
    }

    /// The public key of an epoch of the log.
    pub(super) fn verifier_key(&self, epoch: &Epoch) -> anyhow::Result<VerifierKey> {
        Ok(keyring::read_key_of(&self.config.storage.key_directory(), epoch.number)?)
    }

    /// The private keys, for what only they can show: recorded bodies and whose pseudonym is whose.
    pub(super) fn keys(&self) -> anyhow::Result<Keyring> {
        let directory = self.config.storage.key_directory();
        let epoch = self.db.read_now("epoch", epoch::current)?;
        let origin = ledger::origin(&self.config.deployment, epoch.number);
        Keyring::open_for(&directory, &origin, Missing::Refuse, self.config.signer.as_ref())
            .context("this needs the key directory; run it as the gateway's user")
    }

    /// What seals rows that gateways heed.
    pub(super) fn seal(&self) -> anyhow::Result<Seal> {
        keyring::read_row_seal(&self.config.storage.key_directory())
            .context("this needs the key directory; run it as the gateway's user")
    }

    /// A request for a leaf about this command, by whoever is at the keyboard as far as the system knows.
    pub(super) fn notice(&self, event: EventType, ts: i64, mut detail: Value) -> anyhow::Result<Notice> {
        let mut id = [0; 16];
        rand::fill(&mut id).map_err(|_| anyhow!("the system gave no random bytes"))?;
        detail["uid"] = rustix::process::getuid().as_raw().into();
        Ok(ledger::sealed_notice(&self.seal()?, id, ts, event, detail.to_string()))
    }

    /// Asks the gateway to write a leaf about this command; it does so within seconds, or when it next runs.
    pub(super) fn ask(&self, event: EventType, ts: i64, detail: Value) -> anyhow::Result<()> {
        let notice = self.notice(event, ts, detail)?;
        let db = Db::open(&self.config.storage, Access::Beside)?;
        Ok(db.write_now("notice", |tx| notice::insert(tx, &notice))?)
    }

    /// The pseudonym meant by `text`: one, or `issuer/subject`.
    pub(super) fn actor(&self, text: &str) -> anyhow::Result<String> {
        if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(text.to_ascii_lowercase());
        }
        let (issuer, subject) = text
            .split_once('/')
            .with_context(|| format!("`{text}` is neither a pseudonym nor `issuer/subject`"))?;
        let party = Party { issuer: issuer.to_owned(), subject: subject.to_owned() };
        Ok(ledger::pseudonym(&self.keys()?, &party))
    }
}
