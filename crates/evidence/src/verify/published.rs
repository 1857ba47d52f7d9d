//! What a log that is published step by step holds beside its tree: the files of the trees it grew from, and what was
//! signed of them. None of it is needed, and all of it must agree: whoever replaced the log would have to replace these.

use super::{Findings, ProblemKind, Stamped};
use crate::checkpoint::Checkpoint;
use crate::directory::{self, CHECKPOINTS, Reader, STAMPS, checkpoint_file, stamp_file};
use crate::merkle::Hash;
use crate::note::VerifierKey;
use crate::stamp::Stamp;
use crate::text;
use crate::tile::{Entries, Row, Tile};
use crate::time::Timestamp;

/// A file of a tree that the log grew from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Earlier {
    /// A tile or bundle that was not full then.
    Tile(Tile),
    /// The checkpoint over this many leaves.
    Checkpoint(u64),
    /// A timestamp of the checkpoint over this many leaves, by the authority of this name.
    Stamp(u64, String),
}

impl Earlier {
    /// What a path names beside a tree of `size` leaves; `None`: it names no such file.
    pub(super) fn of(path: &str, size: u64) -> Option<Self> {
        if let Some(name) = path.strip_prefix(CHECKPOINTS) {
            return text::read_decimal(name.strip_prefix('/')?).map(Self::Checkpoint);
        }
        if let Some(name) = path.strip_prefix(STAMPS) {
            let (size, authority) = name.strip_prefix('/')?.strip_suffix(".tsr")?.split_once('.')?;
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let size = text::read_decimal(size).filter(|_| authority.bytes().all(fits))?;
            return Some(Self::Stamp(size, authority.to_owned()));
        }
        let tile: Tile = path.parse().ok()?;
        let now = Tile::in_tree(tile.row(), tile.index(), size)?;
        (tile.width() < now.width()).then_some(Self::Tile(tile))
    }
}

/// Holds what was found beside the tree against it.
pub(super) fn check(
    reader: &Reader,
    key: &VerifierKey,
    checkpoint: &Checkpoint,
    mut found: Vec<Earlier>,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    // Files of one tile follow each other, so that the tile they belong to is read once.
    found.sort();
    let mut whole: Option<(Tile, Vec<u8>)> = None;
    for earlier in found {
        match earlier {
            Earlier::Tile(tile) => {
                let Some(now) = Tile::in_tree(tile.row(), tile.index(), checkpoint.size) else { continue };
                if whole.as_ref().is_none_or(|(read, _)| *read != now) {
                    whole = reader.tile(now)?.map(|bytes| (now, bytes));
                }
                // One that is missing is blamed where the tree is read.
                let Some((_, bytes)) = &whole else { continue };
                if !begins(bytes, &reader.tile(tile)?.unwrap_or_default(), tile) {
                    let reason = "it is of a tree that this log did not grow from";
                    findings.blame_file(ProblemKind::Tile, tile, reason);
                }
            }
            Earlier::Checkpoint(size) => {
                if let Err(reason) = check_signed(reader, key, checkpoint, size)? {
                    findings.blame_file(ProblemKind::Checkpoint, checkpoint_file(size), reason);
                }
                findings.earlier_checkpoints += 1;
            }
            Earlier::Stamp(size, authority) => {
                match check_stamp(reader, key, checkpoint, size, &authority)? {
                    Ok(time) => findings.stamped.push(Stamped { size, authority, time }),
                    Err(reason) => {
                        findings.blame_file(ProblemKind::Timestamp, stamp_file(size, &authority), reason);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether the file of an earlier tree holds the first elements of the one in this tree, as many as its name says.
fn begins(whole: &[u8], earlier: &[u8], tile: Tile) -> bool {
    let count = match tile.row() {
        Row::Hashes(_) => Some(earlier.len() / 32).filter(|_| earlier.len().is_multiple_of(32)),
        Row::Entries => {
            Entries::new(earlier).collect::<Result<Vec<_>, _>>().ok().map(|entries| entries.len())
        }
    };
    count == Some(usize::from(tile.width())) && whole.starts_with(earlier)
}

/// When the checkpoint was stamped, as the timestamp says.
fn check_stamp(
    reader: &Reader,
    key: &VerifierKey,
    checkpoint: &Checkpoint,
    size: u64,
    authority: &str,
) -> Result<Result<Timestamp, String>, directory::Error> {
    let signed = if size == checkpoint.size { reader.checkpoint()? } else { reader.signed_at(size)? };
    let Some(signed) = signed else {
        return Ok(Err("the checkpoint that it is of is missing".to_owned()));
    };
    let Ok((_, note)) = Checkpoint::open(&signed, key) else {
        return Ok(Err("the checkpoint that it is of does not verify".to_owned()));
    };
    Ok(match Stamp::read(&reader.stamp(size, authority)?.unwrap_or_default()) {
        Ok(stamp) if stamp.imprint == Hash::of(note.text().as_bytes()) => Ok(stamp.time),
        Ok(_) => Err("it is of something else than this checkpoint".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

fn check_signed(
    reader: &Reader,
    key: &VerifierKey,
    checkpoint: &Checkpoint,
    size: u64,
) -> Result<Result<(), String>, directory::Error> {
    let bytes = reader.signed_at(size)?.unwrap_or_default();
    let signed = match Checkpoint::open(&bytes, key) {
        Ok((signed, _)) => signed,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if signed.size != size {
        return Ok(Err(format!("it covers {} leaves and its name says {size}", signed.size)));
    }
    if size > checkpoint.size {
        return Ok(Err(format!(
            "{size} leaves were signed, and `{}` covers {}: the log was cut, or is being published just now",
            directory::CHECKPOINT_FILE,
            checkpoint.size
        )));
    }
    Ok(match reader.root_at(size, checkpoint.size) {
        Ok(root) if root == signed.root => Ok(()),
        Ok(_) => Err("another tree of this size was signed: the log was rewritten".to_owned()),
        // Blamed where the tree is read.
        Err(_) => Ok(()),
    })
}
