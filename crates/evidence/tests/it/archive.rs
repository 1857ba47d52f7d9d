//! Whatever may stand around, between, behind and inside the files of an archive: this crate and `verify.py` name it, with the
//! same words. Needs `python3` and `openssl`.

use std::fs;
use std::path::Path;

use evidence::verify::{ProblemKind, verify};
use serde_json::Value;

use super::package::{Package, check, check_again};

/// An archive, taken apart.
#[derive(Clone)]
struct Parts {
    before: Vec<u8>,
    files: Vec<File>,
    /// Between the last file and the list.
    between: Vec<u8>,
    /// Before the end record, behind the list.
    wide: Vec<u8>,
    end: Vec<u8>,
}

#[derive(Clone)]
struct File {
    local: Vec<u8>,
    data: Vec<u8>,
    after: Vec<u8>,
    listed: Vec<u8>,
}

fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    bytes[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn put(bytes: &mut [u8], at: usize, value: usize, length: usize) {
    bytes[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
}

impl Parts {
    fn read(bytes: &[u8]) -> Self {
        let (list, end) = bytes.split_at(bytes.len() - 22);
        let mut list = &list[number(end, 16, 4)..];
        let mut files = Vec::new();
        while !list.is_empty() {
            let (listed, rest) = list.split_at(46 + number(list, 28, 2));
            list = rest;
            let at = number(listed, 42, 4);
            let (local, rest) = bytes[at..].split_at(30 + number(listed, 28, 2));
            let data = rest[..number(listed, 20, 4)].to_vec();
            files.push(File { local: local.to_vec(), data, after: Vec::new(), listed: listed.to_vec() });
        }
        Self { before: Vec::new(), files, between: Vec::new(), wide: Vec::new(), end: end.to_vec() }
    }

    /// Puts it together, with places, sizes and counts that are right for what is there.
    fn write(mut self) -> Vec<u8> {
        let mut bytes = self.before;
        for file in &mut self.files {
            put(&mut file.listed, 42, bytes.len(), 4);
            bytes.extend([&*file.local, &file.data, &file.after].concat());
        }
        bytes.extend(&self.between);
        let start = bytes.len();
        for file in &self.files {
            bytes.extend(&file.listed);
        }
        let size = bytes.len() - start;
        put(&mut self.end, 8, self.files.len(), 2);
        put(&mut self.end, 10, self.files.len(), 2);
        put(&mut self.end, 12, size, 4);
        put(&mut self.end, 16, start, 4);
        if !self.wide.is_empty() {
            put(&mut self.wide, 24, self.files.len(), 8);
            put(&mut self.wide, 32, self.files.len(), 8);
            put(&mut self.wide, 40, size, 8);
            put(&mut self.wide, 48, start, 8);
            put(&mut self.wide, 64, start + size, 8);
        }
        [bytes, self.wide, self.end].concat()
    }
}

impl File {
    fn name(&self) -> &str {
        std::str::from_utf8(&self.listed[46..46 + number(&self.listed, 28, 2)]).unwrap()
    }

    /// Adds an extra field to the header before the file, and to the list.
    fn extend(&mut self, local: &[u8], listed: &[u8]) {
        put(&mut self.local, 28, local.len(), 2);
        self.local.extend(local);
        put(&mut self.listed, 30, listed.len(), 2);
        self.listed.extend(listed);
    }

    /// Overwrites a fact in both headers, which is four bytes further on in the list for all before the name's length.
    fn say(&mut self, at: usize, value: usize, length: usize) {
        put(&mut self.local, at, value, length);
        put(&mut self.listed, at + 2, value, length);
    }

    /// The same file with a name as long.
    fn renamed(mut self, name: &str) -> Self {
        self.local[30..].copy_from_slice(name.as_bytes());
        self.listed[46..].copy_from_slice(name.as_bytes());
        self
    }
}

/// Extra field 0x7075 of Info-ZIP: another name for readers that know it.
fn unicode_path(file: &File) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(file.name().as_bytes());
    let name = b"harmless.html";
    let length = u16::try_from(5 + name.len()).unwrap();
    [&b"up"[..], &length.to_le_bytes(), &[1], &crc.sum().to_le_bytes(), name].concat()
}

/// Sizes in 64 bits where 32 do.
fn wide_sizes(file: &File) -> Vec<u8> {
    let sizes = [number(&file.listed, 24, 4), number(&file.listed, 20, 4)].map(usize::to_le_bytes).concat();
    [&[1_u8, 0, 16, 0][..], &sizes].concat()
}

type Change = (&'static str, fn(&mut Parts));

const REPORT: &str = "report.html";

fn report(parts: &mut Parts) -> &mut File {
    parts.files.iter_mut().find(|file| file.name() == REPORT).unwrap()
}

/// Around the files.
const AROUND: &[Change] = &[
    ("a page before the first file", |parts| parts.before = b"<html>All fine</html><!--".to_vec()),
    ("bytes between files", |parts| report(parts).after = b"hidden".to_vec()),
    ("a file that the list does not name, at the end", |parts| {
        let file = report(parts).clone();
        parts.between = [file.local, file.data].concat();
    }),
    ("a file that the list does not name, between", |parts| {
        let file = report(parts).clone();
        report(parts).after = [file.local, file.data].concat();
    }),
    ("a file that is not listed any more", |parts| {
        let file = parts.files.pop().unwrap();
        parts.between = [file.local, file.data].concat();
    }),
    ("a comment", |parts| {
        put(&mut parts.end, 20, 5, 2);
        parts.end.extend(b"hello");
    }),
    ("an end behind a comment that looks like one", |parts| {
        let end = parts.end.clone();
        put(&mut parts.end, 20, 22, 2);
        parts.end.extend(end);
    }),
    ("bytes behind the end", |parts| parts.end.extend(b"\n")),
    ("a number of disks", |parts| put(&mut parts.end, 4, 1, 2)),
    ("an end in 64 bits that is not needed", |parts| {
        parts.wide = [&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[20, 0, 20, 0], &[0; 40]].concat();
        parts.wide.extend([&b"PK\x06\x07"[..], &[0; 12], &[1, 0, 0, 0]].concat());
    }),
];

/// In what is said of a file.
const SAID: &[Change] = &[
    ("another name for some, before the file", |parts| {
        let path = unicode_path(report(parts));
        report(parts).extend(&path, &[]);
    }),
    ("another name for some, in the list", |parts| {
        let path = unicode_path(report(parts));
        report(parts).extend(&[], &path);
    }),
    ("another name for some, in both", |parts| {
        let path = unicode_path(report(parts));
        report(parts).extend(&path, &path);
    }),
    ("a comment about a file", |parts| {
        put(&mut report(parts).listed, 32, 2, 2);
        report(parts).listed.extend(b"ok");
    }),
    ("another name before the file", |parts| report(parts).local[30..].copy_from_slice(b"harmle.html")),
    ("another size before the file", |parts| put(&mut report(parts).local, 22, 1, 4)),
    ("another packed size before the file", |parts| put(&mut report(parts).local, 18, 1, 4)),
    ("another checksum before the file", |parts| put(&mut report(parts).local, 14, 1, 4)),
    ("another method before the file", |parts| put(&mut report(parts).local, 8, 0, 2)),
    ("another method", |parts| report(parts).say(8, 0, 2)),
    ("a flag of encryption", |parts| report(parts).say(6, 1, 2)),
    ("a flag of names", |parts| report(parts).say(6, 0x800, 2)),
    ("a time", |parts| report(parts).say(10, 1, 2)),
    ("a link", |parts| put(&mut report(parts).listed, 38, 0o120_777 << 16, 4)),
    ("made by another system", |parts| put(&mut report(parts).listed, 4, 20, 2)),
    ("sizes behind the file", |parts| {
        let file = report(parts);
        let facts = file.listed[16..28].to_vec();
        file.say(6, 8, 2);
        put(&mut file.local, 14, 0, 8);
        put(&mut file.local, 22, 0, 4);
        file.after = [&b"PK\x07\x08"[..], &facts].concat();
    }),
    ("other sizes behind the file", |parts| {
        let file = report(parts);
        put(&mut file.local, 6, 8, 2);
        file.after = b"PK\x07\x08\0\0\0\0\x01\0\0\0\x01\0\0\0".to_vec();
    }),
    ("sizes in 64 bits that are not needed", |parts| {
        let wide = wide_sizes(report(parts));
        report(parts).say(18, usize::MAX, 8);
        report(parts).extend(&wide, &wide);
    }),
    ("sizes in 64 bits before the file only", |parts| {
        let wide = wide_sizes(report(parts));
        put(&mut report(parts).local, 18, usize::MAX, 8);
        report(parts).extend(&wide, &[]);
    }),
    ("a place in 64 bits that is not needed", |parts| {
        report(parts).extend(&[], &[1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }),
];

/// In the files and their names.
const FILES: &[Change] = &[
    ("a file twice", |parts| {
        let file = report(parts).clone();
        let at = parts.files.iter().position(|file| file.name() == REPORT).unwrap();
        parts.files.insert(at, file);
    }),
    ("a file twice, once at the end", |parts| {
        let file = report(parts).clone();
        parts.files.push(file);
    }),
    ("files in another order", |parts| parts.files.swap(0, 1)),
    ("the manifest before the others", |parts| {
        let at = parts.files.len() - 2;
        let manifest = parts.files.remove(at);
        parts.files.insert(0, manifest);
    }),
    ("a name that leads outside", |parts| {
        let file = report(parts).clone().renamed("../a/b.html");
        parts.files.insert(0, file);
    }),
    ("a name with two bars", |parts| {
        let file = report(parts).clone().renamed("a//aaa.html");
        let at = parts.files.iter().position(|file| file.name() > "a//").unwrap();
        parts.files.insert(at, file);
    }),
    ("a directory", |parts| {
        let file = report(parts).clone().renamed("zzzzzzzzzz/");
        let at = parts.files.len() - 2;
        parts.files.insert(at, file);
    }),
    ("a name with another bar", |parts| {
        let file = report(parts).clone().renamed("zzzz\\zzzzzz");
        let at = parts.files.len() - 2;
        parts.files.insert(at, file);
    }),
    ("bytes behind the end of a packed file", |parts| {
        let file = report(parts);
        file.data.extend(b"PK\x03\x04 hidden");
        let size = file.data.len();
        file.say(18, size, 4);
    }),
    ("a packed file that was cut", |parts| {
        let file = report(parts);
        file.data.truncate(file.data.len() / 2);
        let size = file.data.len();
        file.say(18, size, 4);
    }),
    ("a file that is longer than is said", |parts| {
        let file = report(parts);
        let size = number(&file.listed, 24, 4);
        file.say(22, size - 1, 4);
    }),
    ("a file that is shorter than is said", |parts| {
        let file = report(parts);
        let size = number(&file.listed, 24, 4);
        file.say(22, size + 1, 4);
    }),
    ("another checksum", |parts| report(parts).say(14, 7, 4)),
    ("a stored file that is longer than is said", |parts| {
        let file = parts.files.iter_mut().find(|file| file.name().starts_with("log/tile/0/")).unwrap();
        file.data.extend(b"hidden");
        let size = file.data.len();
        file.say(18, size, 4);
    }),
    ("bytes that are no packed file", |parts| report(parts).data.fill(0xff)),
];

/// What both say: where, and why.
fn said(path: &Path, what: &str) -> (String, String) {
    let ours = check(path);
    let [problem] = &ours.problems[..] else { panic!("{what}: {:?}", ours.problems) };
    assert_eq!(problem.kind, ProblemKind::Archive, "{what}: {problem:?}");
    let theirs = check_again(path);
    let as_json = serde_json::to_value(problem).unwrap();
    let problems = theirs["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{what}: {theirs}");
    for member in ["kind", "path", "reason"] {
        assert_eq!(problems[0][member], as_json[member], "{what}: {theirs}");
    }
    assert_eq!((&theirs["sound"], ours.sound), (&Value::Bool(false), false), "{what}");
    (problem.path.clone().unwrap(), problem.reason.clone())
}

#[test]
fn archive_is_accounted_for_byte_by_byte_by_both() {
    let package = Package::new(300);
    let path = package.zip();
    let good = fs::read(&path).unwrap();
    assert_eq!(Parts::read(&good).write(), good);
    assert!(check(&path).sound && check_again(&path)["sound"] == true);
    for (changes, whole) in [(AROUND, true), (SAID, false), (FILES, false)] {
        for (what, change) in changes {
            let mut parts = Parts::read(&good);
            change(&mut parts);
            fs::write(&path, parts.write()).unwrap();
            let (at, reason) = said(&path, what);
            let names_archive = at == path.to_str().unwrap();
            assert!(
                !whole
                    || names_archive
                    || reason.contains("before its bytes")
                    || reason.contains("not listed"),
                "{what}: {at} {reason}"
            );
            assert!(whole || !names_archive, "{what}: {at} {reason}");
        }
    }
    for cut in [1, 10, 22, good.len() / 2] {
        fs::write(&path, &good[..good.len() - cut]).unwrap();
        assert_eq!(said(&path, "cut").0, path.to_str().unwrap());
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn every_byte_of_a_header_matters_to_both() {
    let package = Package::new(300);
    let path = package.zip();
    let good = fs::read(&path).unwrap();
    let parts = Parts::read(&good);
    let last = parts.files.last().unwrap();
    let start = number(&parts.end, 16, 4);
    let local = start - last.data.len() - last.local.len();
    let list = good.len() - 22 - last.listed.len();
    let places = (local..local + last.local.len()).chain(list..good.len());
    for (number, at) in places.enumerate() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        let ours = check(&path);
        assert!(
            ours.problems.iter().all(|problem| problem.kind == ProblemKind::Archive) && !ours.sound,
            "{at}"
        );
        // Every one would take Python a minute.
        if number % 5 == 0 {
            said(&path, &format!("byte {at}"));
        }
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn what_is_no_archive_at_all_cannot_be_read() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("evidence.zip");
    for content in ["", "rubbish", "<html>"] {
        fs::write(&path, content).unwrap();
        assert!(verify(&path, None, &mut |_, _| ()).is_err());
    }
}
