//! A tile has one path, and a bundle one reading.

use evidence::tile::{Entries, Tile, push_entry};

/// Reads one path and one bundle.
pub fn run(data: &[u8]) {
    if let Ok(path) = std::str::from_utf8(data)
        && let Ok(tile) = path.parse::<Tile>()
    {
        assert_eq!(tile.to_string(), path, "one spelling");
        assert!((1..=256).contains(&tile.width()));
    }
    if let Ok(entries) = Entries::new(data).collect::<Result<Vec<_>, _>>() {
        let mut bundle = Vec::new();
        for entry in entries {
            assert_eq!(push_entry(&mut bundle, entry), Ok(()));
        }
        assert_eq!(bundle, data, "nothing skipped");
    }
}
