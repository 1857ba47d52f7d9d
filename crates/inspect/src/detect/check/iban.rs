//! International bank account numbers, ISO 13616: the country's length, and ISO 7064 MOD 97-10.

/// Country and length in characters, in order of the country: from the registry that SWIFT keeps (release 99), of
/// countries whose banks use the form without being in it, and of territories that write their own code.
const LENGTHS: &[&str] = &[
    "AD24", "AE23", "AL28", "AO25", "AT20", "AX18", "AZ28", "BA20", "BE16", "BF28", "BG22", "BH22", "BI27",
    "BJ28", "BL27", "BR29", "BY28", "CF27", "CG27", "CH21", "CI28", "CM27", "CR22", "CV25", "CY28", "CZ24",
    "DE22", "DJ27", "DK18", "DO28", "DZ26", "EE20", "EG29", "ES24", "FI18", "FK18", "FO18", "FR27", "GA27",
    "GB22", "GE22", "GF27", "GG22", "GI23", "GL18", "GP27", "GQ27", "GR27", "GT28", "GW25", "HN28", "HR21",
    "HU28", "IE22", "IL23", "IM22", "IQ23", "IR26", "IS26", "IT27", "JE22", "JO30", "KM27", "KW30", "KZ20",
    "LB28", "LC32", "LI21", "LT20", "LU20", "LV21", "LY25", "MA28", "MC27", "MD24", "ME22", "MF27", "MG27",
    "MK19", "ML28", "MN20", "MQ27", "MR27", "MT31", "MU30", "MZ25", "NC27", "NE28", "NI28", "NL18", "NO15",
    "OM23", "PF27", "PK24", "PL28", "PM27", "PS29", "PT25", "QA29", "RE27", "RO24", "RS22", "RU33", "SA24",
    "SC31", "SD18", "SE24", "SI19", "SK24", "SM27", "SN28", "SO23", "ST25", "SV28", "TD27", "TF27", "TG28",
    "TL23", "TN24", "TR26", "UA29", "VA22", "VG24", "WF27", "XK20", "YE30", "YT27",
];

/// Longest number of any country, in characters without separators.
const LENGTH_MAX: usize = 34;

/// An account number, plain or in groups with single spaces or hyphens.
pub(crate) fn number(text: &str) -> bool {
    let mut found = [0; LENGTH_MAX];
    let mut count = 0;
    let mut separated = true;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                let Some(place) = found.get_mut(count) else { return false };
                *place = byte.to_ascii_uppercase();
                count += 1;
                separated = false;
            }
            b' ' | b'-' if !separated => separated = true,
            _ => return false,
        }
    }
    let found = &found[..count];
    !separated && count > 4 && has_length_of_country(found) && remainder(found) == 1
}

fn has_length_of_country(found: &[u8]) -> bool {
    let row = LENGTHS.binary_search_by(|row| row.as_bytes()[..2].cmp(&found[..2]));
    row.is_ok_and(|row| LENGTHS[row][2..].parse() == Ok(found.len()))
}

/// The first four signs moved to the end, letters as 10 to 35, modulo 97.
fn remainder(found: &[u8]) -> u32 {
    let (head, tail) = found.split_at(4);
    tail.iter().chain(head).fold(0, |rest, &sign| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_in_order_so_that_the_search_finds_every_one() {
        assert!(LENGTHS.is_sorted_by(|one, two| one[..2] < two[..2]));
    }

    #[test]
    fn examples_of_the_registry_are_accounts() {
        let accounts = [
            "GB82 WEST 1234 5698 7654 32",
            "DE89370400440532013000",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NL91ABNA0417164300",
            "ES9121000418450200051332",
            "IT60X0542811101000000123456",
            "CH9300762011623852957",
            "BE68 5390 0754 7034",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "de89370400440532013000",
        ];
        for account in accounts {
            assert!(number(account), "{account}");
        }
    }

    #[test]
    fn wrong_sum_country_or_length_is_no_account() {
        let others = [
            "GB82 WEST 1234 5698 7654 33",
            "ZZ89370400440532013000",
            "DE8937040044053201300",
            "",
            "GB",
            "DE89-",
            "DE89  3704",
        ];
        for other in others {
            assert!(!number(other), "{other}");
        }
    }
}
