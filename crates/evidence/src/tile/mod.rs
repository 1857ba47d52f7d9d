//! Tiles and entry bundles: [C2SP tlog-tiles](https://c2sp.org/tlog-tiles), tiles of height 8.

mod bundle;
mod edge;

use std::fmt;
use std::str::FromStr;

pub use bundle::{BundleError, Entries, push_entry};
pub use edge::{Edge, ResumeError};

use crate::text;

/// The most hashes in a tile and entries in a bundle.
pub const WIDTH_MAX: u16 = 256;

const LEVEL_MAX: u8 = 63;

/// Which row of files a tile belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Entry bundles: the leaves themselves.
    Entries,
    /// Hash tiles of this level, 0 to 63. Level 0 holds leaf hashes, level `l` the roots of full tiles of `l - 1`.
    Hashes(u8),
}

/// One tile or bundle file: its path is its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    row: Row,
    index: u64,
    width: u16,
}

/// The text is not the path of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct ParseTileError;

impl Tile {
    /// The tile number `index` of `row` in a tree of `size` leaves; `None` when that tree has no such tile.
    pub const fn in_tree(row: Row, index: u64, size: u64) -> Option<Self> {
        let count = row.hashes_in(size);
        let width = WIDTH_MAX as u64;
        if index < count / width {
            Some(Self { row, index, width: WIDTH_MAX })
        } else if index == count / width && !count.is_multiple_of(width) {
            #[expect(clippy::cast_possible_truncation, reason = "a remainder of 256 fits")]
            Some(Self { row, index, width: (count % width) as u16 })
        } else {
            None
        }
    }

    /// The row.
    pub const fn row(&self) -> Row {
        self.row
    }

    /// Position in the row, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it holds all 256.
    pub const fn is_full(&self) -> bool {
        self.width == WIDTH_MAX
    }

    /// Whether a tree of `size` leaves consists of this tile among others.
    pub fn belongs_to(&self, size: u64) -> bool {
        Self::in_tree(self.row, self.index, size) == Some(*self)
    }

    /// The first leaf below the hash or entry at `position`; saturates far beyond any real log.
    pub const fn first_leaf(&self, position: u64) -> u64 {
        let shift = self.row.shift();
        let at = self.index.saturating_mul(WIDTH_MAX as u64).saturating_add(position);
        if shift >= 64 { u64::MAX } else { at.saturating_mul(1 << shift) }
    }
}

impl Row {
    /// Whether there is one hash or entry for each leaf.
    pub const fn is_lowest(self) -> bool {
        matches!(self, Self::Entries | Self::Hashes(0))
    }

    const fn shift(self) -> u32 {
        match self {
            Self::Entries => 0,
            Self::Hashes(level) => level as u32 * 8,
        }
    }

    /// How many hashes or entries this row has in a tree of `size` leaves.
    pub const fn hashes_in(self, size: u64) -> u64 {
        let shift = self.shift();
        if shift >= 64 { 0 } else { size >> shift }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Row::Entries => formatter.write_str("tile/entries/")?,
            Row::Hashes(level) => write!(formatter, "tile/{level}/")?,
        }
        let mut divisor = 1;
        while self.index / divisor >= 1000 {
            divisor *= 1000;
        }
        while divisor > 1 {
            write!(formatter, "x{:03}/", self.index / divisor % 1000)?;
            divisor /= 1000;
        }
        write!(formatter, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(formatter, ".p/{}", self.width) }
    }
}

impl FromStr for Tile {
    type Err = ParseTileError;

    fn from_str(path: &str) -> Result<Self, ParseTileError> {
        let tile = read(path).ok_or(ParseTileError)?;
        // Superfluous leading elements (`x000/001`) show as a different spelling.
        if tile.to_string() == path { Ok(tile) } else { Err(ParseTileError) }
    }
}

fn read(path: &str) -> Option<Tile> {
    let (row, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let row = match row {
        "entries" => Row::Entries,
        level => {
            let level = u8::try_from(text::read_decimal(level)?).ok()?;
            if level > LEVEL_MAX {
                return None;
            }
            Row::Hashes(level)
        }
    };
    let (number, width) = match rest.split_once(".p/") {
        None => (rest, WIDTH_MAX),
        Some((number, width)) => {
            let width = u16::try_from(text::read_decimal(width)?).ok()?;
            (number, Some(width).filter(|width| (1..WIDTH_MAX).contains(width))?)
        }
    };
    let mut index = 0_u64;
    let mut elements = number.split('/').peekable();
    while let Some(element) = elements.next() {
        let digits = if elements.peek().is_some() { element.strip_prefix('x')? } else { element };
        if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(Tile { row, index, width })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, row: Row, index: u64, width: u16) {
        let tile = Tile { row, index, width };
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        check("tile/0/x001/x234/067", Row::Hashes(0), 1_234_067, 256);
        check("tile/0/000", Row::Hashes(0), 0, 256);
        check("tile/63/999.p/255", Row::Hashes(63), 999, 255);
        check("tile/entries/x001/000.p/1", Row::Entries, 1000, 1);
        check("tile/1/x018/x446/x744/x073/x709/x551/615", Row::Hashes(1), u64::MAX, 256);
    }

    #[test]
    fn other_paths_are_refused() {
        for bad in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/001",
            "tile/00/001",
            "tile/64/001",
            "tile/-1/001",
            "tile/+1/001",
            "tile/entries/x001",
            "tile/0/001/002",
            "tile/0/x001/x002",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/",
            "tile/0/001.p",
            "/tile/0/001",
            "tile/0/001/",
            "tile/0/001.p/1/",
            "tile/0/x001/../001",
            "tile/data/001",
            "tile/0/+01",
            "tile/1/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(bad.parse::<Tile>(), Err(ParseTileError), "{bad}");
        }
    }

    #[test]
    fn tree_of_70000_has_the_tiles_of_the_specification() {
        let widths = |row| {
            let tiles = (0..).map_while(move |index| Tile::in_tree(row, index, 70_000));
            let (full, partial): (Vec<_>, Vec<_>) = tiles.partition(Tile::is_full);
            (full.len(), partial.iter().map(Tile::width).collect::<Vec<_>>())
        };
        assert_eq!(widths(Row::Entries), (273, vec![112]));
        assert_eq!(widths(Row::Hashes(0)), (273, vec![112]));
        assert_eq!(widths(Row::Hashes(1)), (1, vec![17]));
        assert_eq!(widths(Row::Hashes(2)), (0, vec![1]));
        assert_eq!(widths(Row::Hashes(3)), (0, vec![]));
        assert_eq!(widths(Row::Hashes(63)), (0, vec![]));
    }

    #[test]
    fn tree_of_256_has_a_partial_tile_above_its_full_one() {
        assert!(Tile::in_tree(Row::Hashes(0), 0, 256).unwrap().is_full());
        assert_eq!(Tile::in_tree(Row::Hashes(1), 0, 256).unwrap().width(), 1);
        assert_eq!(Tile::in_tree(Row::Hashes(0), 1, 256), None);
        assert!(!"tile/0/000.p/255".parse::<Tile>().unwrap().belongs_to(256));
        assert_eq!("tile/1/000".parse::<Tile>().unwrap().first_leaf(3), 768);
    }
}
