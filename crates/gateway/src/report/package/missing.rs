//! Bodies that a package should hold and does not: each is accounted for by a leaf of the log, which comes along with its
//! proof, or is an exception. What is listed follows from what was written, so it is made again by whoever goes on.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use evidence::leaf::Leaf;
use evidence::merkle::{Hash, leaf_hash, node_hash, prove_inclusion};
use evidence::note::Note;
use evidence::package::{
    BODIES_FILE, Bodies, Derived, Disposal, ERASURES, EXCEPTIONS_FILE, Erasures, FIGURES_FILE, MISSING_FILE,
    Missing, SAMPLES,
};
use evidence::proof::Proof;

use super::body::{ROWS, Row};
use super::{Draft, PackageError, spool::Spool};
use crate::follower;
use crate::ledger::Absence;
use crate::store::entry::{self, Entry};
use crate::store::epoch;
use crate::store::{self, checkpoint};

/// The exceptions until they are complete.
const UNFINISHED: &str = "exceptions.unfinished";

/// Hashes of subtrees that the database does not hold yet, by epoch, level and index.
type Known = HashMap<(u64, u32, u64), Hash>;

/// An opened body, as far as it says whose it is.
#[derive(serde::Deserialize)]
struct Whose {
    index: u64,
}

impl Draft<'_> {
    /// Lists what is missing, and writes what follows from it: the last exceptions and the figures.
    pub(super) fn write_missing(&self, derived: &mut Derived) -> Result<(), PackageError> {
        let missing = self.missing()?;
        let erasures = self.write_erasures(&missing)?;
        for path in [MISSING_FILE, FIGURES_FILE] {
            let full = self.work.join(path);
            if full.exists() {
                fs::remove_file(&full).map_err(failed(&full))?;
            }
        }
        let (mut spool, mut exceptions) = (Spool::new(&self.work), self.own_exceptions()?);
        let mut emit = |path: &str, line: &str| match path {
            EXCEPTIONS_FILE => writeln!(exceptions, "{line}"),
            _ => spool.write(path, line),
        };
        let all = failed(&self.work);
        let mut list = Missing::begin(erasures, &mut emit).map_err(&all)?;
        for index in missing {
            let (entry, leaf) = self.leaf(index)?;
            list.push(index, &leaf, &entry.leaf, &mut emit).map_err(&all)?;
        }
        derived.close(list, &mut emit).map_err(&all)?;
        spool.finish().map_err(&all)?;
        exceptions.flush().map_err(&all)?;
        fs::rename(self.work.join(UNFINISHED), self.work.join(EXCEPTIONS_FILE)).map_err(&all)
    }

    /// Indexes of leaves whose bodies should be there and are not, in order.
    fn missing(&self) -> Result<BTreeSet<u64>, PackageError> {
        let mut missing = BTreeSet::new();
        if self.order.bodies == Bodies::Opened {
            let mut opened = HashSet::new();
            self.each_line(BODIES_FILE, |line| {
                opened.insert(serde_json::from_str::<Whose>(line)?.index);
                Ok(())
            })?;
            self.each_line(ROWS, |line| {
                let index = serde_json::from_str::<Row>(line)?.committed();
                missing.extend(index.filter(|index| !opened.contains(index)));
                Ok(())
            })?;
        }
        let samples = self.work.join(SAMPLES);
        if samples.exists() {
            for folder in fs::read_dir(&samples).map_err(failed(&samples))? {
                let folder = folder.map_err(failed(&samples))?.path();
                if folder.is_dir() {
                    missing.extend(bare(&folder)?);
                }
            }
        }
        Ok(missing)
    }

    /// Writes the leaves that account for what is missing, each with its proof.
    fn write_erasures(&self, missing: &BTreeSet<u64>) -> Result<Erasures, PackageError> {
        let (mut erasures, mut known) = (Erasures::default(), Known::new());
        for &index in missing {
            let (entry, leaf) = self.leaf(index)?;
            if leaf.payload.is_none() || erasures.of(&leaf).is_some() {
                continue;
            }
            let seal = self.maker.keys.row_seal();
            let find = |read: &mut store::Read<'_>| Absence::find(read, &seal, entry.place, &leaf);
            let Absence::Erased(erased) = self.maker.db.read_now("absence", find)? else { continue };
            let at = erased.index.ok_or(PackageError::Pending)?;
            let (bytes, proof, origin) = self.prove_erasure(at, &mut known)?;
            let (hash, said) = (leaf_hash(&bytes), Leaf::decode(&bytes).ok());
            let disposal = said.and_then(|said| Disposal::read(&said, &origin, proof.index));
            let disposal = disposal.ok_or(PackageError::Leaf(at))?;
            self.put(&format!("{ERASURES}/{hash}.leaf.json"), &bytes)?;
            self.put(&format!("{ERASURES}/{hash}.tlog-proof"), proof.to_string().as_bytes())?;
            erasures.add(hash, disposal);
        }
        Ok(erasures)
    }

    /// A leaf that says what was erased, its proof under the first checkpoint that covers it, and the log it is in.
    fn prove_erasure(&self, index: u64, known: &mut Known) -> Result<(Vec<u8>, Proof, String), PackageError> {
        let found = self.maker.db.read_now("erasure", |read| {
            let (epoch, mut leaf) = (epoch::at(read, index)?, Vec::new());
            entry::scan(read, index, index + 1, |stored| {
                leaf = stored.leaf.to_vec();
                Ok(())
            })?;
            let ends = epoch.end.unwrap_or(u64::MAX);
            let covering = checkpoint::covering(read, index + 1)?.filter(|signed| signed.size <= ends);
            let Some(signed) = covering else { return Ok(None) };
            let (within, size) = (epoch.within(index), epoch.within(signed.size));
            let (nodes, known) = (follower::Nodes::new(read, epoch, size), RefCell::new(known));
            let path = prove_inclusion(within, size, |level, at| {
                node(&nodes, &mut known.borrow_mut(), (epoch.number, level, at))
            });
            nodes.finish()?;
            Ok(Some((epoch, leaf, signed, path)))
        })?;
        let (epoch, leaf, signed, path) = found.ok_or(PackageError::Pending)?;
        let path = path.map_err(|_| PackageError::Pending)?;
        let note = Note::parse(&signed.note).map_err(|_| PackageError::Leaf(index))?;
        let proof = Proof { extra: None, index: epoch.within(index), path, checkpoint: note };
        let key = self.maker.keys.key_of(epoch.number)?;
        // Else the database is not what was signed.
        proof.verify(&leaf, &key).map_err(|_| PackageError::Leaf(index))?;
        Ok((leaf, proof, key.name().to_owned()))
    }

    fn leaf(&self, index: u64) -> Result<(Entry, Leaf), PackageError> {
        let entry = self.entry(index)?;
        let leaf = Leaf::decode(&entry.leaf).map_err(|_| PackageError::Leaf(index))?;
        Ok((entry, leaf))
    }

    /// The exceptions of the leaves themselves, without what an earlier run added.
    fn own_exceptions(&self) -> Result<BufWriter<File>, PackageError> {
        let path = self.work.join(UNFINISHED);
        let mut out = BufWriter::new(File::create(&path).map_err(failed(&path))?);
        self.each_line(EXCEPTIONS_FILE, |line| {
            if line.starts_with(Missing::EXCEPTION) { Ok(()) } else { writeln!(out, "{line}") }
        })?;
        Ok(out)
    }

    /// Calls `f` with each line of a file, if there is one.
    fn each_line(
        &self,
        path: &str,
        mut f: impl FnMut(&str) -> std::io::Result<()>,
    ) -> Result<(), PackageError> {
        let path = self.work.join(path);
        if !path.exists() {
            return Ok(());
        }
        let lines = BufReader::new(File::open(&path).map_err(failed(&path))?).lines();
        lines.into_iter().try_for_each(|line| f(&line?)).map_err(failed(&path))
    }
}

/// Leaves of a sample without a body.
fn bare(folder: &Path) -> Result<Vec<u64>, PackageError> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder).map_err(failed(folder))? {
        let name = file.map_err(failed(folder))?.file_name().into_string().unwrap_or_default();
        let Some(stem) = name.strip_suffix(".leaf.json") else { continue };
        if !folder.join(format!("{stem}.body")).exists() {
            found.extend(stem.parse::<u64>());
        }
    }
    Ok(found)
}

/// The hash of a complete subtree, by epoch, level and index: as it is stored, or from its leaves where the log was not
/// followed that far.
fn node(nodes: &follower::Nodes<'_, '_>, known: &mut Known, at: (u64, u32, u64)) -> Option<Hash> {
    if let Some(hash) = known.get(&at) {
        return Some(*hash);
    }
    let (epoch, level, index) = at;
    if let Some(hash) = nodes.node(level, index) {
        return Some(hash);
    }
    let left = node(nodes, known, (epoch, level.checked_sub(1)?, index * 2))?;
    let right = node(nodes, known, (epoch, level - 1, index * 2 + 1))?;
    let hash = node_hash(&left, &right);
    known.insert(at, hash);
    Some(hash)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> PackageError {
    let path = path.to_owned();
    move |cause| PackageError::Io { path: path.clone(), cause }
}
