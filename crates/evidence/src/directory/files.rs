//! Where files come from: a directory, or a zip archive (PKWARE APPNOTE 6.3) read in place, without unpacking
//! it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use zip::ZipArchive;

use super::Error;
use super::archive::{self, Fault, Member};

/// Deeper than any path of a package: `log`, `tile`, row, seven elements of a number, width.
const DEPTH_MAX: usize = 13;

/// Files below one directory, on disk or in an archive.
#[derive(Clone)]
pub struct Files {
    kind: Kind,
    /// What stands before every path; empty, or with a final `/`.
    prefix: String,
}

#[derive(Clone)]
enum Kind {
    Directory(PathBuf),
    Archive(PathBuf, Rc<Archive>),
    /// An archive out of which two programs may read two packages: it has no files.
    Refused(PathBuf, Fault),
}

struct Archive {
    zip: RefCell<ZipArchive<BufReader<File>>>,
    members: Vec<Member>,
}

impl Files {
    /// Opens a directory, or a zip archive when `path` is a file. One that has not the one shape of an archive is opened as if
    /// it held nothing: see [`fault`](Self::fault).
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fail = |error| io_error(path, error);
        let kind = if fs::metadata(path).map_err(fail)?.is_file() {
            let mut file = BufReader::new(File::open(path).map_err(fail)?);
            match archive::members(&mut file).map_err(fail)? {
                Ok(members) => {
                    let zip = ZipArchive::new(file).map_err(|error| fail(error.into()))?;
                    Kind::Archive(path.to_owned(), Rc::new(Archive { zip: RefCell::new(zip), members }))
                }
                Err(fault) => Kind::Refused(path.to_owned(), fault),
            }
        } else {
            fs::read_dir(path).map_err(fail)?;
            Kind::Directory(path.to_owned())
        };
        Ok(Self { kind, prefix: String::new() })
    }

    /// What is wrong with the archive itself, if it is one: the file in it, or the archive, and the reason. Reads all of it.
    pub fn fault(&self) -> Result<Option<(String, &'static str)>, Error> {
        let (path, fault) = match &self.kind {
            Kind::Directory(_) => return Ok(None),
            Kind::Refused(path, fault) => (path, Some(fault.clone())),
            Kind::Archive(path, archive) => {
                let find = || -> io::Result<Option<Fault>> {
                    let mut file = File::open(path)?;
                    for member in &archive.members {
                        if let Some(fault) = member.fault(&mut file)? {
                            return Ok(Some(fault));
                        }
                    }
                    Ok(None)
                };
                (path, find().map_err(|error| io_error(path, error))?)
            }
        };
        let named = |fault: Fault| (fault.member.unwrap_or_else(|| path.display().to_string()), fault.reason);
        Ok(fault.map(named))
    }

    /// The files below `directory`, a path with `/` between its elements.
    #[must_use]
    pub fn below(&self, directory: &str) -> Self {
        Self { kind: self.kind.clone(), prefix: format!("{}{directory}/", self.prefix) }
    }

    /// The content of a plain file of at most `bytes_max` bytes; `None` when there is none.
    pub fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        let found = self.with(path, &mut |file| file.take(limit).read_to_end(&mut bytes).map(drop))?;
        if bytes.len() > bytes_max {
            return Err(Error::FileTooLarge { path: format!("{}{path}", self.prefix) });
        }
        Ok(found.then_some(bytes))
    }

    /// Hands a plain file to `f` as a stream; `false` when there is none.
    pub fn with(
        &self,
        path: &str,
        f: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> Result<bool, Error> {
        let name = format!("{}{path}", self.prefix);
        match &self.kind {
            Kind::Directory(directory) => {
                let full = directory.join(&name);
                match fs::symlink_metadata(&full) {
                    // Opening a pipe would wait for ever, and a link leads outside the log.
                    Ok(metadata) if !metadata.is_file() => return Ok(false),
                    Err(error) if is_absent(&error) => return Ok(false),
                    Ok(_) | Err(_) => {}
                }
                let mut run = || f(&mut File::open(&full)?);
                run().map_err(|error| io_error(&full, error))?;
                Ok(true)
            }
            Kind::Refused(..) => Ok(false),
            Kind::Archive(path, archive) => {
                let mut zip = archive.zip.borrow_mut();
                let fail = |error| io_error(&path.join(&name), error);
                match zip.by_name(&name) {
                    Ok(mut file) => f(&mut file).map(|()| true).map_err(fail),
                    Err(zip::result::ZipError::FileNotFound) => Ok(false),
                    Err(error) => Err(fail(error.into())),
                }
            }
        }
    }

    /// Calls `visit` with the path of everything here that is not a directory, `/` between its elements;
    /// `None` for a name that is not UTF-8, a link or another special file, or too deep a directory.
    pub fn walk(&self, visit: &mut dyn FnMut(Option<String>, &Path)) -> Result<(), Error> {
        match &self.kind {
            Kind::Directory(directory) => {
                let directory = directory.join(&self.prefix);
                if directory.is_dir() { walk_below(&directory, "", 0, visit) } else { Ok(()) }
            }
            Kind::Refused(..) => Ok(()),
            Kind::Archive(full, archive) => {
                for Member { name, .. } in &archive.members {
                    if let Some(path) = name.strip_prefix(&self.prefix) {
                        visit(Some(path.to_owned()), &full.join(name));
                    }
                }
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Kind::Directory(path) | Kind::Archive(path, _) | Kind::Refused(path, _)) = &self.kind;
        formatter.debug_struct("Files").field("path", path).field("prefix", &self.prefix).finish()
    }
}

fn walk_below(
    directory: &Path,
    prefix: &str,
    depth: usize,
    visit: &mut dyn FnMut(Option<String>, &Path),
) -> Result<(), Error> {
    for entry in fs::read_dir(directory).map_err(|error| io_error(directory, error))? {
        let entry = entry.map_err(|error| io_error(directory, error))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| io_error(&path, error))?;
        let name = entry.file_name();
        match name.to_str() {
            Some(name) if kind.is_dir() && depth < DEPTH_MAX => {
                walk_below(&path, &format!("{prefix}{name}/"), depth + 1, visit)?;
            }
            Some(name) if kind.is_file() => visit(Some(format!("{prefix}{name}")), &path),
            _ => visit(None, &path),
        }
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(super) fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.display().to_string(), source }
}
