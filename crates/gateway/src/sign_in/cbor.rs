//! As much of CBOR (RFC 8949) as authenticators write: [CTAP2 canonical form][1], which has definite lengths, no fractions and
//! few levels.
//!
//! [1]: https://fidoalliance.org/specs/fido-v2.1-ps-20210615/fido-client-to-authenticator-protocol-v2.1-ps-errata-20220621.html#ctap2-canonical-cbor-encoding-form

/// Levels of maps and arrays inside one another; CTAP allows 4.
const LEVELS_MAX: usize = 4;

/// One item. What a passkey needs nothing of is read and dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Map(Vec<(Item<'a>, Item<'a>)>),
    Other,
}

impl<'a> Item<'a> {
    /// The first item of `bytes`, and what follows it.
    pub(super) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut rest = bytes;
        let item = item(&mut rest, LEVELS_MAX)?;
        Some((item, rest))
    }

    /// The value of a member of a map; `None` unless it is there once.
    pub(super) fn member(&self, name: &Item<'_>) -> Option<&Item<'a>> {
        let Self::Map(members) = self else { return None };
        let mut found = members.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

fn item<'a>(rest: &mut &'a [u8], levels: usize) -> Option<Item<'a>> {
    let (head, after) = rest.split_first()?;
    *rest = after;
    let argument = match head & 0x1f {
        small @ 0..=23 => u64::from(small),
        24 => number::<1>(rest)?,
        25 => number::<2>(rest)?,
        26 => number::<4>(rest)?,
        27 => number::<8>(rest)?,
        // Indefinite lengths.
        _ => return None,
    };
    Some(match head >> 5 {
        0 => Item::Integer(i64::try_from(argument).ok()?),
        1 => Item::Integer(-1 - i64::try_from(argument).ok()?),
        2 => Item::Bytes(take(rest, argument)?),
        3 => Item::Text(std::str::from_utf8(take(rest, argument)?).ok()?),
        4 => {
            let inner = levels.checked_sub(1)?;
            for _ in 0..argument {
                item(rest, inner)?;
            }
            Item::Other
        }
        5 => {
            let inner = levels.checked_sub(1)?;
            // Grows with what is there, not with what is announced.
            let mut members = Vec::new();
            for _ in 0..argument {
                members.push((item(rest, inner)?, item(rest, inner)?));
            }
            Item::Map(members)
        }
        // Simple values; tags and fractions are not in the form.
        7 if head & 0x1f < 24 => Item::Other,
        _ => return None,
    })
}

fn number<const N: usize>(rest: &mut &[u8]) -> Option<u64> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_and_what_is_not_canonical_is_refused() {
        let check = |bytes: &[u8], expected: Option<Item<'_>>| {
            let read = Item::read(bytes).filter(|(_, rest)| rest.is_empty());
            assert_eq!(read.map(|(item, _)| item), expected, "{bytes:02x?}");
        };
        check(&[0x0a], Some(Item::Integer(10)));
        check(&[0x39, 0x01, 0x00], Some(Item::Integer(-257)));
        check(&[0x42, 1, 2], Some(Item::Bytes(&[1, 2])));
        check(&[0x61, b'a'], Some(Item::Text("a")));
        check(&[0xa1, 0x01, 0x20], Some(Item::Map(vec![(Item::Integer(1), Item::Integer(-1))])));
        check(&[0x82, 0xf5, 0xf6], Some(Item::Other));
        // Cut off, more announced than is there, indefinite, a tag, a fraction, too deep.
        check(&[0x42, 1], None);
        check(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], None);
        check(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], None);
        check(&[0x5f, 0xff], None);
        check(&[0xc0, 0x01], None);
        check(&[0xf9, 0, 0], None);
        check(&[0x81, 0x81, 0x81, 0x81, 0x01], Some(Item::Other));
        check(&[0x81, 0x81, 0x81, 0x81, 0x81, 0x01], None);
        let twice = [0xa2, 1, 2, 1, 3];
        let (map, _) = Item::read(&twice).expect("a map");
        assert_eq!(map.member(&Item::Integer(1)), None);
    }
}
