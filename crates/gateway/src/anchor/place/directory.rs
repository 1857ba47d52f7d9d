//! A directory: on a file system of somebody else, or one that writes once.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use evidence::directory::PUBLISHER;

use super::{Hold, PlaceError, Strength, Written};

/// Where tiles are published.
#[derive(Debug)]
pub(in crate::anchor) struct Directory {
    root: PathBuf,
    /// Numbers unfinished files of this process.
    next: AtomicU64,
}

impl Directory {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), next: AtomicU64::new(0) }
    }

    pub(super) async fn get(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, PlaceError> {
        let full = self.root.join(path);
        on_thread(move || {
            let file = match File::open(&full) {
                Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
                opened => opened.map_err(|cause| io(&full, cause))?,
            };
            let mut bytes = Vec::new();
            let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
            file.take(limit).read_to_end(&mut bytes).map_err(|cause| io(&full, cause))?;
            if bytes.len() > bytes_max {
                return Err(PlaceError::TooLarge(full.display().to_string()));
            }
            Ok(Some(bytes))
        })
        .await
    }

    pub(super) async fn create(&self, path: &str, bytes: Vec<u8>) -> Result<Written, PlaceError> {
        let (full, draft) = (self.root.join(path), self.draft());
        on_thread(move || {
            if full.exists() {
                return Ok(Written::Exists);
            }
            write(&draft, &bytes).map_err(|cause| io(&draft, cause))?;
            let place = || {
                let parent = parent(&full);
                fs::create_dir_all(parent)?;
                // Unlike a rename it fails where another file stands, and unlike writing in place it is whole or not there.
                fs::hard_link(&draft, &full)?;
                File::open(parent)?.sync_all()
            };
            let placed = place();
            let removed = fs::remove_file(&draft);
            match placed {
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(Written::Exists),
                Err(cause) => Err(io(&full, cause)),
                Ok(()) => removed.map(|()| Written::New).map_err(|cause| io(&draft, cause)),
            }
        })
        .await
    }

    pub(super) async fn replace(&self, path: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        let (full, draft) = (self.root.join(path), self.draft());
        on_thread(move || {
            let replace = || {
                write(&draft, &bytes)?;
                fs::create_dir_all(parent(&full))?;
                fs::rename(&draft, &full)?;
                File::open(parent(&full))?.sync_all()
            };
            replace().map_err(|cause| io(&full, cause))
        })
        .await
    }

    /// A file system that writes once refuses both.
    pub(super) async fn prove(&self, name: &str) -> Result<Hold, PlaceError> {
        let full = self.root.join(PUBLISHER).join(name);
        self.create(&format!("{PUBLISHER}/{name}"), b"may this be removed?\n".to_vec()).await?;
        on_thread(move || {
            let changed = OpenOptions::new().write(true).open(&full).is_ok();
            let removed = fs::remove_file(&full).is_ok();
            let (by, strength) = if changed || removed {
                ("nothing: a file there was changed or removed again", Strength::None)
            } else {
                ("the file system refused to change or remove a file", Strength::Weak)
            };
            Ok(Hold { by: by.to_owned(), until: None, strength })
        })
        .await
    }

    fn draft(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.root.join(PUBLISHER).join(format!("{}-{number}.draft", std::process::id()))
    }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(parent(path))?;
    // What a killed process left under this name may be a second name of a file that is placed already: it is taken away,
    // never written to.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn io(path: &Path, cause: std::io::Error) -> PlaceError {
    PlaceError::Io { path: path.display().to_string(), cause }
}

async fn on_thread<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, PlaceError> + Send + 'static,
) -> Result<T, PlaceError> {
    let stopped = || PlaceError::Io { path: String::new(), cause: std::io::Error::other("the process ends") };
    tokio::task::spawn_blocking(f).await.map_err(|_| stopped())?
}
