//! Entry bundles: each entry preceded by its length as two bytes, big-endian.

/// Why a bundle cannot be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry that the length field cannot express.
    #[error("entry of {bytes} bytes is larger than 65535")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The bundle ends inside an entry.
    #[error("the bundle ends inside an entry")]
    Truncated,
}

/// Appends one entry to a bundle.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let bytes = entry.len();
    let length = u16::try_from(bytes).map_err(|_| BundleError::TooLong { bytes })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Entries<'b> {
    rest: &'b [u8],
}

impl<'b> Entries<'b> {
    /// The entries of `bundle`, in order.
    pub const fn new(bundle: &'b [u8]) -> Self {
        Self { rest: bundle }
    }

    /// The bytes not yet read.
    pub const fn rest(&self) -> &'b [u8] {
        self.rest
    }
}

impl<'b> Iterator for Entries<'b> {
    type Item = Result<&'b [u8], BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = self
            .rest
            .split_first_chunk::<2>()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let Some((entry, rest)) = split else {
            self.rest = &[];
            return Some(Err(BundleError::Truncated));
        };
        self.rest = rest;
        Some(Ok(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_their_bundle() {
        let long = vec![7; 65536];
        let entries: [&[u8]; 3] = [b"one", b"", &long[1..]];
        let mut bundle = Vec::new();
        for entry in entries {
            push_entry(&mut bundle, entry).unwrap();
        }
        assert_eq!(bundle[..5], *b"\0\x03one");
        assert_eq!(Entries::new(&bundle).collect::<Result<Vec<_>, _>>().unwrap(), entries);
        assert_eq!(push_entry(&mut bundle, &long), Err(BundleError::TooLong { bytes: 65536 }));
    }

    #[test]
    fn truncated_bundle_is_an_error_and_ends() {
        for bad in [&b"\0"[..], b"\0\x01", b"\0\x02a", b"\xff\xff"] {
            let mut entries = Entries::new(bad);
            assert_eq!(entries.next(), Some(Err(BundleError::Truncated)));
            assert_eq!(entries.next(), None);
        }
    }
}
