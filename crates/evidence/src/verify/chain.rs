//! Several epochs as one log: each is sound by itself, and each continues the one before.
//!
//! A key is trusted when it was given, or when a sound epoch beside it names it: a seal the next, a genesis the one
//! before. So one key is enough for all epochs that were sealed, and nobody can add, replace or leave out one of them
//! without a key.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::report::{GREEN, RED, YELLOW, line, mark};
use super::{DOES_NOT_ASSERT, Findings, KeySource, Paint, Trust, attest, package, verify, verify_epoch};
use crate::checkpoint::Checkpoint;
use crate::directory::{self, CHECKPOINT_FILE, Files, PUBLISHER};
use crate::epoch::{Origin, Previous, Seal};
use crate::note::{Note, VerifierKey};
use crate::text;

/// Begins the name of a directory that holds one epoch among others.
const EPOCH_PREFIX: &str = "epoch-";

/// The result of verifying several epochs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Whether every epoch is sound and continues the one before.
    pub sound: bool,
    /// The epochs, in their order.
    pub epochs: Vec<EpochFindings>,
    /// What is wrong between them.
    pub problems: Vec<ChainProblem>,
    /// What a reader should know.
    pub warnings: Vec<ChainProblem>,
    /// [`DOES_NOT_ASSERT`].
    pub does_not_assert: &'static str,
}

/// One epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpochFindings {
    /// Its number, as its checkpoint says; absent when that cannot be read.
    pub epoch: Option<u64>,
    /// Where it is.
    pub directory: String,
    /// What was found in it.
    pub findings: Findings,
}

/// Something about the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainProblem {
    /// Which epoch it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Where it is, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// What it is, in one sentence.
    pub reason: String,
}

/// A directory, before and after it was verified.
struct Member {
    directory: PathBuf,
    /// As an unverified checkpoint says.
    origin: Option<Origin>,
    findings: Option<Findings>,
    /// Whether it is a package, which need not hold its epoch from the beginning.
    package: bool,
}

/// The epochs in `directory`, when it is one that holds `epoch-1`, `epoch-2` and so on and no log itself.
///
/// # Errors
/// When it cannot be read, or holds something else beside epochs.
pub fn epochs_in(directory: &Path) -> Result<Option<Vec<PathBuf>>, directory::Error> {
    let io = |source| directory::Error::Io { path: directory.display().to_string(), source };
    if directory.is_file() {
        return Ok(None);
    }
    let mut epochs = Vec::new();
    let mut stranger = None;
    for entry in fs::read_dir(directory).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix(EPOCH_PREFIX)).and_then(text::read_decimal);
        match number {
            Some(number) if entry.file_type().map_err(io)?.is_dir() => epochs.push((number, entry.path())),
            _ if name == CHECKPOINT_FILE => return Ok(None),
            _ if name == PUBLISHER => {}
            _ => stranger = Some(entry.path()),
        }
    }
    epochs.sort();
    match stranger {
        _ if epochs.is_empty() => Ok(None),
        Some(path) => Err(directory::Error::Damaged { path: path.display().to_string() }),
        None => Ok(Some(epochs.into_iter().map(|(_, path)| path).collect())),
    }
}

/// What was verified: one log, or the epochs of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Verified {
    /// One directory.
    One(Box<Findings>),
    /// Several epochs.
    Many(Chain),
}

/// Verifies what is in `directories`: one log, the epochs of one, or one directory that holds its epochs. Cosignatures
/// are asked for on the last checkpoint, which leads to all before it.
///
/// # Errors
/// Only when the files cannot be read.
pub fn verify_all(
    directories: &[PathBuf],
    trust: &Trust,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, directory::Error> {
    let epochs = match directories {
        [directory] => epochs_in(directory)?,
        _ => Some(directories.to_vec()),
    };
    match (epochs, directories, &trust.keys[..]) {
        (None, [directory], [] | [_]) => {
            let mut findings = verify(directory, trust.keys.first(), progress)?;
            attest::check(directory, trust, &mut findings)?;
            Ok(Verified::One(Box::new(findings)))
        }
        (epochs, ..) => {
            let epochs = epochs.unwrap_or_else(|| directories.to_vec());
            let mut chain = verify_chain(&epochs, &trust.keys, progress)?;
            if let Some(EpochFindings { directory, findings, .. }) = chain.epochs.last_mut() {
                attest::check(Path::new(directory), trust, findings)?;
                chain.sound &= findings.sound;
            }
            Ok(Verified::Many(chain))
        }
    }
}

impl Verified {
    /// Whether no problem was found.
    pub const fn sound(&self) -> bool {
        match self {
            Self::One(findings) => findings.sound,
            Self::Many(chain) => chain.sound,
        }
    }

    /// The report for people.
    pub fn report(&self, paint: Paint) -> String {
        match self {
            Self::One(findings) => findings.report(paint),
            Self::Many(chain) => chain.report(paint),
        }
    }
}

/// The name of the directory for one epoch among others.
pub fn epoch_directory(epoch: u64) -> String {
    format!("{EPOCH_PREFIX}{epoch}")
}

/// Verifies the epochs of a log, each in a directory of its own, in any order. Without `keys` those in the directories
/// are used, and the findings say so. `progress` is as for [`super::verify`], for one epoch after the other.
///
/// # Errors
/// Only when the files cannot be read.
pub fn verify_chain(
    directories: &[PathBuf],
    keys: &[VerifierKey],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Chain, directory::Error> {
    let mut members = directories.iter().map(|path| Member::look(path)).collect::<Result<Vec<_>, _>>()?;
    members.sort_by(|left, right| left.origin.cmp(&right.origin));
    let mut chain = Chain::new();
    verify_each(&mut members, keys, &mut chain, progress)?;
    for key in keys {
        let origin = Origin::parse(key.name());
        let of = |member: &Member| member.package || member.origin.is_some() && member.origin == origin;
        if !members.iter().any(of) {
            chain
                .blame(None, format!("a key was given for `{}`, and no epoch is of that origin", key.name()));
        }
    }
    check_order(&members, &mut chain);
    for pair in members.windows(2) {
        check_link(&pair[0], &pair[1], &mut chain)?;
    }
    chain.epochs = members.into_iter().filter_map(Member::done).collect();
    chain.sound = chain.problems.is_empty() && chain.epochs.iter().all(|epoch| epoch.findings.sound);
    Ok(chain)
}

/// Verifies every epoch, those first whose key is known, since they may name the keys of others.
fn verify_each(
    members: &mut [Member],
    keys: &[VerifierKey],
    chain: &mut Chain,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), directory::Error> {
    let mut known: BTreeMap<String, (VerifierKey, KeySource)> = BTreeMap::new();
    for key in keys {
        known.insert(key.name().to_owned(), (key.clone(), KeySource::Given));
    }
    while let Some((member, (key, source))) = members.iter_mut().find_map(|member| {
        let origin = member.origin.as_ref().filter(|_| member.findings.is_none())?;
        let trusted = known.get(&origin.to_string())?.clone();
        Some((member, trusted))
    }) {
        let others: Vec<VerifierKey> = known.values().map(|(key, _)| key.clone()).collect();
        let mut findings = verify_epoch(&member.directory, Some(&key), &others, progress)?;
        findings.key_source = source;
        if findings.sound {
            for named in named_keys(&findings) {
                known.entry(named.name().to_owned()).or_insert((named, KeySource::Epoch));
            }
        }
        member.findings = Some(findings);
    }
    for member in members.iter_mut().filter(|member| member.findings.is_none()) {
        member.findings = Some(verify_epoch(&member.directory, None, &[], progress)?);
        if !keys.is_empty() {
            let reason = "its key was not given, and no sound epoch beside it names it";
            chain.blame(Some(member), reason);
        }
    }
    Ok(())
}

/// The keys that a sound epoch names for those beside it.
fn named_keys(findings: &Findings) -> Vec<VerifierKey> {
    let next = findings.seal.as_ref().and_then(Seal::key);
    let before = findings.genesis.as_ref().and_then(|genesis| genesis.previous.as_ref()?.open());
    next.into_iter().chain(before.map(|(_, key)| key)).collect()
}

/// Whether these are the epochs of one log, each once, from the first on.
fn check_order(members: &[Member], chain: &mut Chain) {
    let mut before: Option<&Origin> = None;
    for member in members {
        let Some(origin) = &member.origin else {
            chain.blame(Some(member), "its checkpoint does not say which epoch it is".to_owned());
            continue;
        };
        let begins = if member.package { origin.epoch } else { 1 };
        let first = before.map_or(begins, |before| before.epoch + 1);
        match before {
            Some(before) if before.log != origin.log => {
                chain.blame(Some(member), format!("it is of another log than `{before}`"));
            }
            Some(before) if before == origin => chain.blame(Some(member), "it is there twice".to_owned()),
            _ if origin.epoch > first => {
                let last = origin.epoch - 1;
                let missing = if first == last {
                    format!("epoch {first} is")
                } else {
                    format!("epochs {first} to {last} are")
                };
                chain.blame(Some(member), format!("{missing} missing before it"));
            }
            _ => {}
        }
        before = Some(origin);
    }
}

/// Whether an epoch continues the one before it.
fn check_link(before: &Member, after: &Member, chain: &mut Chain) -> Result<(), directory::Error> {
    let (Some(origin), Some(next)) = (&before.origin, &after.origin) else { return Ok(()) };
    let (Some(old), Some(new)) = (&before.findings, &after.findings) else { return Ok(()) };
    let (Some(ended), Some(_)) = (&old.checkpoint, &new.checkpoint) else { return Ok(()) };
    if origin == next {
        let same = old.checkpoint == new.checkpoint;
        if !same {
            chain.blame(Some(after), format!("two different logs claim to be epoch {}: a fork", next.epoch));
        }
        return Ok(());
    }
    if origin.next() != *next {
        return Ok(());
    }
    // An epoch that says nothing of the one before has been blamed for it.
    let Some(previous) = new.genesis.as_ref().and_then(|genesis| genesis.previous.as_ref()) else {
        if after.package {
            chain.warn(
                Some(after),
                "its part of the log begins later, so nothing here shows what it continues",
            );
        }
        return Ok(());
    };
    let Some((last, key)) = previous.open() else { return Ok(()) };
    if ended.key != key.to_string() {
        chain.blame(Some(before), format!("epoch {} continues one with another key", next.epoch));
        return Ok(());
    }
    check_end(before, ended.size, &last, previous, chain)?;
    match (&old.seal, &previous.loss) {
        (None, None) => {
            chain.blame(Some(before), format!("epoch {} says that it was sealed, and it is not", next.epoch));
        }
        (Some(_), Some(_)) => {
            chain.warn(Some(before), "it was sealed, and the epoch after it declares a loss all the same");
        }
        (Some(seal), None) => {
            let named = seal.next_key.as_ref();
            if named.is_some_and(|named| new.checkpoint.as_ref().is_none_or(|summary| summary.key != *named))
            {
                chain.blame(Some(after), "its key is not the one that the seal of the epoch before names");
            }
        }
        (None, Some(_)) => {}
    }
    Ok(())
}

/// Whether the epoch ends where the next one says.
fn check_end(
    before: &Member,
    size: u64,
    last: &Checkpoint,
    previous: &Previous,
    chain: &mut Chain,
) -> Result<(), directory::Error> {
    if size < last.size {
        let reason =
            format!("it was cut: it has {size} leaves, and the next epoch continues it after {}", last.size);
        chain.blame(Some(before), reason);
        return Ok(());
    }
    let anchor = previous.anchor().filter(|anchor| anchor.size <= size);
    for stated in std::iter::once(last.clone()).chain(anchor) {
        let reader = package::log_of(&before.directory)?;
        match reader.root_at(stated.size, size) {
            Ok(root) if root == stated.root => {}
            Ok(_) => {
                let reason = format!(
                    "its first {} leaves are not those that the next epoch continues: a fork",
                    stated.size
                );
                chain.blame(Some(before), reason);
            }
            Err(error @ directory::Error::Io { .. }) => return Err(error),
            Err(error) => chain.blame(Some(before), error.to_string()),
        }
    }
    if size > last.size {
        let extra = size - last.size;
        match previous.loss {
            Some(_) => chain.warn(Some(before), format!("it holds {extra} leaves that were declared lost")),
            None => chain.blame(Some(before), format!("it goes on for {extra} leaves after its end")),
        }
    }
    Ok(())
}

impl Member {
    /// Reads which epoch a directory says it holds.
    fn look(directory: &Path) -> Result<Self, directory::Error> {
        let signed = match package::log_of(directory)?.checkpoint() {
            Ok(signed) => signed,
            // Whatever is wrong with the file is found when the log is verified.
            Err(directory::Error::FileTooLarge { .. }) => None,
            Err(error) => return Err(error),
        };
        let note = signed.and_then(|signed| Note::parse(&signed).ok());
        let checkpoint = note.and_then(|note| note.text().parse::<Checkpoint>().ok());
        let origin = checkpoint.and_then(|checkpoint| Origin::parse(&checkpoint.origin));
        let package = package::is_package(&Files::open(directory)?)?;
        Ok(Self { directory: directory.to_owned(), origin, findings: None, package })
    }

    fn done(self) -> Option<EpochFindings> {
        let epoch = self.origin.map(|origin| origin.epoch);
        Some(EpochFindings {
            epoch,
            directory: self.directory.display().to_string(),
            findings: self.findings?,
        })
    }
}

impl ChainProblem {
    fn new(member: Option<&Member>, reason: String) -> Self {
        let epoch = member.and_then(|member| member.origin.as_ref()).map(|origin| origin.epoch);
        Self { epoch, directory: member.map(|member| member.directory.display().to_string()), reason }
    }

    fn place(&self) -> String {
        match (self.epoch, &self.directory) {
            (Some(epoch), _) => format!("epoch {epoch}: "),
            (None, Some(directory)) => format!("{directory}: "),
            (None, None) => String::new(),
        }
    }
}

impl Chain {
    fn new() -> Self {
        let does_not_assert = DOES_NOT_ASSERT;
        Self { sound: true, epochs: Vec::new(), problems: Vec::new(), warnings: Vec::new(), does_not_assert }
    }

    fn blame(&mut self, member: Option<&Member>, reason: impl Into<String>) {
        self.problems.push(ChainProblem::new(member, reason.into()));
    }

    fn warn(&mut self, member: Option<&Member>, reason: impl Into<String>) {
        self.warnings.push(ChainProblem::new(member, reason.into()));
    }

    /// The report for people.
    pub fn report(&self, paint: Paint) -> String {
        let mut text = String::new();
        for EpochFindings { epoch, directory, findings } in &self.epochs {
            match epoch {
                Some(epoch) => line(&mut text, format_args!("epoch {epoch} in {directory}")),
                None => line(&mut text, format_args!("an epoch in {directory}")),
            }
            findings.report_into(&mut text, paint);
            text.push('\n');
        }
        for warning in &self.warnings {
            mark(&mut text, "warning    ", YELLOW, paint);
            line(&mut text, format_args!("{}{}", warning.place(), warning.reason));
        }
        for problem in &self.problems {
            mark(&mut text, "problem    ", RED, paint);
            line(&mut text, format_args!("{}{}", problem.place(), problem.reason));
        }
        if self.sound {
            mark(&mut text, "SOUND", GREEN, paint);
            let count = self.epochs.len();
            line(&mut text, format_args!(": {count} epochs, each sound, each continuing the one before."));
        } else {
            mark(&mut text, "NOT SOUND", RED, paint);
            let bad: Vec<_> = self.epochs.iter().filter(|epoch| !epoch.findings.sound).collect();
            let between = self.problems.len();
            line(&mut text, format_args!(": {} epochs with problems, {between} between them.", bad.len()));
        }
        if let Some(EpochFindings { findings, .. }) = self.epochs.last() {
            line(&mut text, format_args!("\n{}", findings.assurance.text()));
        }
        line(&mut text, format_args!("{}", self.does_not_assert));
        text
    }
}
