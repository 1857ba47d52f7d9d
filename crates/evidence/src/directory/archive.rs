//! The one shape of an archive around a package (PKWARE APPNOTE 6.3): what `zip` writes with [`options`], files in the
//! order of their names and the manifest with its signature last.
//!
//! The format allows much more, by which two programs read two packages out of one file: files that only one of its two
//! lists names, other names for a file in places that not everybody reads, bytes before, between and behind. So every byte is
//! accounted for: each header must be the one that follows from name, size, checksum and place, and nothing else is there.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::package::{MANIFEST_FILE, SIGNATURE_FILE};

/// Above this a file is listed with 64-bit sizes, with some room for what does not compress.
const LARGE_BYTES: u64 = 3 * 1024 * 1024 * 1024;
/// Of the list of files: as much as of a manifest, which names them all.
const LIST_BYTES_MAX: u64 = crate::package::MANIFEST_BYTES_MAX as u64;
const CHUNK_BYTES: usize = 64 * 1024;

/// Length of the record at the end, and of what stands before it where 32 bits do not do.
const END_BYTES: u64 = 22;
const WIDE_END_BYTES: u64 = 56 + 20;
const WIDE: u32 = u32::MAX;

const END: &str =
    "its last bytes are not the end of an archive: it was cut, or a comment or something else stands there";
const SPAN: &str =
    "it does not consist of files, their list and its end: bytes stand before, between or behind them";
const TALLY: &str = "how many files there are, or where their list is, is not said as a gateway says it";
const LISTED: &str = "it is not listed as a gateway lists a file of this name and size: another program made or changed the \
     archive";
const ORDER: &str = "it is there twice, out of order, or not a name that a gateway gives to a file";
const LOCAL: &str = "what stands before its bytes is not what the list of files says of it";
const CONTENT: &str = "its bytes are not those that the list of files says: they end elsewhere or are others";

/// How a file of a package is written into an archive: hash tiles do not compress and are stored, all else is deflated at
/// the fastest level, and nothing is said of when and by whom.
pub fn options(path: &str, bytes: u64) -> SimpleFileOptions {
    let stored = is_stored(path);
    let method = if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    SimpleFileOptions::default()
        .compression_method(method)
        .compression_level(if stored { None } else { Some(1) })
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644)
        .large_file(bytes > LARGE_BYTES)
}

fn is_stored(path: &str) -> bool {
    path.starts_with("log/tile/") && !path.starts_with("log/tile/entries/")
}

/// What an archive has that it must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The file in it, where it is about one.
    pub(super) member: Option<String>,
    pub(super) reason: &'static str,
}

/// A file in an archive, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    crc: u32,
    packed: u64,
    bytes: u64,
    /// Where its header begins.
    at: u64,
}

/// The files of an archive that has the one shape.
pub(super) fn members(file: &mut (impl Read + Seek)) -> io::Result<Result<Vec<Member>, Fault>> {
    let length = file.seek(SeekFrom::End(0))?;
    let begins = bytes_at(file, 0, length.min(2))? == b"PK";
    let end = bytes_at(file, length.saturating_sub(END_BYTES), length.min(END_BYTES))?;
    let ends = end.starts_with(b"PK\x05\x06");
    if !begins && !ends {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a zip archive"));
    }
    let whole = |reason| Ok(Err(Fault { member: None, reason }));
    if !ends {
        return whole(END);
    }
    let mut tail = bytes_at(file, length.saturating_sub(END_BYTES + WIDE_END_BYTES), WIDE_END_BYTES)?;
    let wide = length >= END_BYTES + WIDE_END_BYTES && tail[56..].starts_with(b"PK\x06\x07");
    let (size, start) = if wide {
        (number(&tail, 40, 8), number(&tail, 48, 8))
    } else {
        tail.clear();
        (number(&end, 12, 4), number(&end, 16, 4))
    };
    tail.extend(end);
    if start.checked_add(size).and_then(|end| end.checked_add(tail.len() as u64)) != Some(length)
        || size > LIST_BYTES_MAX
    {
        return whole(SPAN);
    }
    let list = bytes_at(file, start, size)?;
    let members = match walk(file, &list, start)? {
        Ok(members) => members,
        Err(fault) => return Ok(Err(fault)),
    };
    if tail == ending(&members, size, start) { Ok(Ok(members)) } else { whole(TALLY) }
}

/// Goes through the list, and through the headers before the files.
fn walk(
    file: &mut (impl Read + Seek),
    mut list: &[u8],
    start: u64,
) -> io::Result<Result<Vec<Member>, Fault>> {
    let (mut members, mut at) = (Vec::<Member>::new(), 0_u64);
    while !list.is_empty() {
        let Some(member) = Member::read(list, at) else {
            return Ok(Err(Fault { member: None, reason: SPAN }));
        };
        let fault = |reason| Ok(Err(Fault { member: Some(member.name.clone()), reason }));
        let before = members.last().map(Member::rank);
        if !is_name(&member.name) || before.is_some_and(|before| before >= member.rank()) {
            return fault(ORDER);
        }
        let listed = member.listed();
        if !list.starts_with(&listed) {
            return fault(LISTED);
        }
        list = list.get(listed.len()..).unwrap_or_default();
        let local = member.local(member.is_large());
        let next = at.checked_add(local.len() as u64).and_then(|at| at.checked_add(member.packed));
        let Some(next) = next.filter(|next| *next <= start) else { return fault(LISTED) };
        if bytes_at(file, at, local.len() as u64)? != local {
            return fault(LOCAL);
        }
        at = next;
        members.push(member);
    }
    if at == start { Ok(Ok(members)) } else { Ok(Err(Fault { member: None, reason: SPAN })) }
}

impl Member {
    /// Takes from an entry of the list what nothing else gives; the rest is compared.
    fn read(list: &[u8], at: u64) -> Option<Self> {
        let name_end = 46 + usize::try_from(number(list.get(..46)?, 28, 2)).ok()?;
        // What is no such name is refused as one.
        let name = String::from_utf8_lossy(list.get(46..name_end)?).into_owned();
        let (mut packed, mut bytes) = (number(list, 20, 4), number(list, 24, 4));
        if bytes == u64::from(WIDE) {
            let extra = list.get(name_end..name_end + 20)?;
            (bytes, packed) = (number(extra, 4, 8), number(extra, 12, 8));
        }
        let crc = u32::try_from(number(list, 16, 4)).ok()?;
        Some(Self { name, crc, packed, bytes, at })
    }

    fn is_large(&self) -> bool {
        self.bytes > LARGE_BYTES
    }

    /// What is sorted by.
    fn rank(&self) -> (u8, &str) {
        let last = match self.name.as_str() {
            MANIFEST_FILE => 1,
            SIGNATURE_FILE => 2,
            _ => 0,
        };
        (last, &self.name)
    }

    fn version(&self, large: bool) -> u16 {
        if large {
            45
        } else if is_stored(&self.name) {
            10
        } else {
            20
        }
    }

    /// What both headers say: from the version that is needed to the length of the name.
    fn facts(&self, large: bool) -> Vec<u8> {
        let method: u16 = if is_stored(&self.name) { 0 } else { 8 };
        let narrow = |size: u64| if large { WIDE } else { u32::try_from(size).unwrap_or(WIDE) };
        let mut facts = Vec::new();
        for short in [self.version(large), 0, method, 0, 0x21] {
            facts.extend(short.to_le_bytes());
        }
        for long in [self.crc, narrow(self.packed), narrow(self.bytes)] {
            facts.extend(long.to_le_bytes());
        }
        facts.extend(u16::try_from(self.name.len()).unwrap_or(u16::MAX).to_le_bytes());
        facts
    }

    /// The header before the bytes.
    fn local(&self, large: bool) -> Vec<u8> {
        let wide = if large { wide(&[self.bytes, self.packed]) } else { Vec::new() };
        let length = u16::try_from(wide.len()).unwrap_or(u16::MAX).to_le_bytes();
        [&b"PK\x03\x04"[..], &self.facts(large), &length, self.name.as_bytes(), &wide].concat()
    }

    /// The entry of the list.
    fn listed(&self) -> Vec<u8> {
        self.entry(self.is_large())
    }

    fn entry(&self, large: bool) -> Vec<u8> {
        let mut values = if large { vec![self.bytes, self.packed] } else { Vec::new() };
        if self.at >= u64::from(WIDE) {
            values.push(self.at);
        }
        let wide = wide(&values);
        // Made on Unix, a file that its owner writes and everybody reads.
        let made = (3 << 8 | self.version(large)).to_le_bytes();
        let length = u16::try_from(wide.len()).unwrap_or(u16::MAX).to_le_bytes();
        let at = u32::try_from(self.at).unwrap_or(WIDE).to_le_bytes();
        let mode = (0o100_644_u32 << 16).to_le_bytes();
        let facts = self.facts(large);
        [&b"PK\x01\x02"[..], &made, &facts, &length, &[0; 6], &mode, &at, self.name.as_bytes(), &wide]
            .concat()
    }

    /// Whether its bytes are what is listed, all of them and nothing behind them.
    pub(super) fn fault(&self, file: &mut (impl Read + Seek)) -> io::Result<Option<Fault>> {
        file.seek(SeekFrom::Start(self.at + self.local(self.is_large()).len() as u64))?;
        let mut packed = BufReader::with_capacity(CHUNK_BYTES, file.take(self.packed));
        let (read, taken) = if is_stored(&self.name) {
            (sum(&mut packed, self.bytes), self.packed)
        } else {
            let mut unpacked = DeflateDecoder::new(packed);
            (sum(&mut unpacked, self.bytes), unpacked.total_in())
        };
        match read {
            Ok((bytes, crc)) if (bytes, crc, taken) == (self.bytes, self.crc, self.packed) => Ok(None),
            Err(error) if !is_content(&error) => Err(error),
            _ => Ok(Some(Fault { member: Some(self.name.clone()), reason: CONTENT })),
        }
    }
}

/// Length and checksum of what is read; one byte more than there should be is enough to know.
fn sum(from: &mut dyn Read, bytes_max: u64) -> io::Result<(u64, u32)> {
    let (mut chunk, mut bytes, mut crc) = (vec![0; CHUNK_BYTES], 0, Crc::new());
    while bytes <= bytes_max {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        crc.update(&chunk[..read]);
    }
    Ok((bytes, crc.sum()))
}

fn is_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

/// The field of 64-bit values.
fn wide(values: &[u64]) -> Vec<u8> {
    if values.is_empty() {
        return Vec::new();
    }
    let length = u16::try_from(values.len() * 8).unwrap_or(u16::MAX);
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [&1_u16.to_le_bytes()[..], &length.to_le_bytes(), &values].concat()
}

/// What stands behind the list.
fn ending(members: &[Member], size: u64, start: u64) -> Vec<u8> {
    let count = members.len() as u64;
    let is_wide = count > u64::from(u16::MAX) || size.max(start) > u64::from(WIDE);
    let mut end = Vec::new();
    if is_wide {
        let version = members.iter().map(|member| member.version(member.is_large())).max().unwrap_or(10);
        end.extend(b"PK\x06\x06");
        end.extend(44_u64.to_le_bytes());
        end.extend([version.to_le_bytes(), version.to_le_bytes()].concat());
        end.extend([0_u8; 8]);
        end.extend([count, count, size, start].map(u64::to_le_bytes).concat());
        end.extend(b"PK\x06\x07\0\0\0\0");
        end.extend((start + size).to_le_bytes());
        end.extend(1_u32.to_le_bytes());
    }
    let count = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
    let size = if is_wide { WIDE } else { u32::try_from(size).unwrap_or(WIDE) };
    end.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count].concat());
    end.extend(size.to_le_bytes());
    end.extend(u32::try_from(start).unwrap_or(WIDE).to_le_bytes());
    end.extend([0_u8; 2]);
    end
}

/// Whether it is a path below a directory that means the same on every system.
fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b':')
        && name.split('/').all(|part| !["", ".", ".."].contains(&part))
}

fn bytes_at(file: &mut (impl Read + Seek), at: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The little-endian number at a place; zero where there is none.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let digits = bytes.get(at..at + length).unwrap_or_default();
    digits.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::ZipWriter;

    use super::*;

    fn archive(names: impl Iterator<Item = String>, options: impl Fn(&str) -> SimpleFileOptions) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            zip.start_file(&name, options(&name)).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_written_has_the_shape_also_with_more_files_than_sixteen_bits_count() {
        for count in [1, 65_535, 65_536] {
            let names = (0..count).map(|number| format!("log/tile/0/{number:05}"));
            let bytes = archive(names.chain([MANIFEST_FILE.to_owned()]), |name| options(name, 1));
            let mut file = Cursor::new(&bytes);
            let found = members(&mut file).unwrap().unwrap();
            assert_eq!(found.len(), count + 1);
            for member in found.iter().rev().take(2) {
                assert_eq!(member.fault(&mut file).unwrap(), None);
            }
            // The end in 64 bits where it is not needed, or missing where it is.
            assert_eq!(bytes.windows(4).any(|at| at == b"PK\x06\x07"), count >= 65_535);
        }
    }

    #[test]
    fn headers_of_large_files_are_those_that_are_written() {
        for name in ["report.html", "log/tile/0/000"] {
            let bytes = archive([name.to_owned()].into_iter(), |name| options(name, 1).large_file(true));
            let size = number(&bytes, bytes.len() - 10, 4);
            let list = &bytes[usize::try_from(number(&bytes, bytes.len() - 6, 4)).unwrap()..];
            let member = Member::read(list, 0).unwrap();
            assert!(member.bytes == name.len() as u64 && bytes.starts_with(&member.local(true)), "{name}");
            assert_eq!(member.entry(true), list[..usize::try_from(size).unwrap()]);
            assert!(members(&mut Cursor::new(bytes)).unwrap().is_err(), "it is not large");
        }
        let far = Member { name: "a".into(), crc: 0, packed: 0, bytes: 0, at: 1 << 32 };
        let entry = far.entry(false);
        assert!(
            entry.ends_with(&[&b"a\x01\0\x08\0"[..], &(1_u64 << 32).to_le_bytes()].concat()),
            "{entry:?}"
        );
    }
}
