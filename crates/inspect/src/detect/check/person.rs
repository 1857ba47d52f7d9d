//! What names people and where they live, and the documents they carry.

use super::digit::weigh;

/// A street and a number, as a person's address has them: a digit, a word, and nothing of a program.
pub(crate) fn street(text: &str) -> bool {
    let letters = text.chars().filter(|sign| sign.is_alphabetic()).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (5..=200).contains(&text.len())
        && letters >= 3
        && (1..=12).contains(&digits)
        && text.contains(' ')
        && !text.contains(['@', '{', '<', '=', '(', ';', '_', '\\'])
        && !text.contains("://")
        && !text.contains("0x")
}

/// A name of a person where its key says so: words of letters, none of them what systems write there.
pub(crate) fn name(text: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "string",
        "null",
        "none",
        "unknown",
        "anonymous",
        "admin",
        "root",
        "system",
        "test",
        "user",
        "default",
        "n/a",
        "true",
        "false",
        "undefined",
        "guest",
    ];
    let letters = text.chars().filter(|sign| sign.is_alphabetic()).count();
    let plain = text
        .chars()
        .all(|sign| sign.is_alphabetic() || matches!(sign, ' ' | '.' | '-' | '\'' | ',' | '’' | '·'));
    letters >= 2
        && plain
        && text.chars().count() <= 100
        && !OTHERS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A name after a title, a greeting or a label: not what letters to nobody in particular say.
pub(crate) fn addressed(text: &str) -> bool {
    const OTHERS: [&str; 22] = [
        "Sir",
        "Madam",
        "Customer",
        "Team",
        "All",
        "Colleague",
        "Friend",
        "Reader",
        "User",
        "Hiring",
        "Everyone",
        "Valued",
        "Member",
        "Editor",
        "Diary",
        "God",
        "Lord",
        "String",
        "Client",
        "Partner",
        "Subscriber",
        "Sirs",
    ];
    let first = text.split([' ', '-']).next().unwrap_or_default();
    let plural = first.strip_suffix('s').unwrap_or(first);
    name(text) && !OTHERS.iter().any(|other| *other == first || *other == plural)
}

/// A name beside an address of mail: no desk, team or program.
pub(crate) fn correspondent(text: &str) -> bool {
    const DESKS: [&str; 55] = [
        "account",
        "actions",
        "admin",
        "administrator",
        "agent",
        "alerts",
        "api",
        "app",
        "automation",
        "bank",
        "billing",
        "bot",
        "build",
        "center",
        "cloud",
        "company",
        "customer",
        "daemon",
        "data",
        "default",
        "department",
        "desk",
        "development",
        "engineering",
        "gateway",
        "gmbh",
        "group",
        "help",
        "inc",
        "info",
        "infrastructure",
        "integration",
        "internal",
        "labs",
        "limited",
        "llc",
        "management",
        "news",
        "notifications",
        "office",
        "operations",
        "pipeline",
        "platform",
        "project",
        "sales",
        "scheduler",
        "security",
        "server",
        "service",
        "software",
        "support",
        "system",
        "team",
        "university",
        "user",
    ];
    let word = |word: &str| {
        let word = word.trim_end_matches('s');
        !DESKS.iter().any(|desk| desk.trim_end_matches('s').eq_ignore_ascii_case(word))
    };
    name(text) && text.split([' ', '-']).all(word)
}

/// First and last name, each with a capital: where the name of a member tells of somebody, who may be a program.
pub(crate) fn full(text: &str) -> bool {
    let words = text.split(' ').count();
    let capital = |word: &str| {
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().any(char::is_lowercase)
    };
    let initial = |word: &str| word.chars().count() <= 2 && word.ends_with('.');
    (2..=4).contains(&words)
        && text.split(' ').all(|word| capital(word) || initial(word))
        && text.split(' ').filter(|word| capital(word)).count() >= 2
        && correspondent(text)
}

/// The number of a passport, driving licence or the like: signs among which at least five are digits that differ, or a
/// German one, nine signs of an alphabet without vowels.
pub(crate) fn document(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let seen = text.bytes().fold(0_u16, |seen, sign| match sign {
        b'0'..=b'9' => seen | 1 << (sign - b'0'),
        _ => seen,
    });
    let plain =
        text.bytes().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, b' ' | b'-' | b'.' | b'/'));
    let german = |sign: u8| b"CFGHJKLMNPRTVWXYZ0123456789".contains(&sign);
    digits >= 5 && seen.count_ones() >= 3 && plain && text.len() <= 24
        || text.len() == 9 && (1..9).contains(&digits) && text.bytes().all(german)
}

/// A line of the zone that machines read in travel documents (ICAO 9303): a name, or numbers whose digits check.
pub(crate) fn machine_read(text: &str) -> bool {
    const WEIGHTS: [u32; 3] = [7, 3, 1];
    let s = text.as_bytes();
    if !matches!(s.len(), 30 | 36 | 44) {
        return false;
    }
    let name = s.iter().all(|sign| sign.is_ascii_uppercase() || *sign == b'<') && text.contains("<<");
    let worth = |sign: u8| match sign {
        b'0'..=b'9' => u32::from(sign - b'0'),
        b'A'..=b'Z' => u32::from(sign - b'A') + 10,
        _ => 0,
    };
    let checked = |from: usize, to: usize| {
        let sum: u32 =
            s[from..to].iter().zip(WEIGHTS.iter().cycle()).map(|(sign, weight)| worth(*sign) * weight).sum();
        s[to].is_ascii_digit() && sum % 10 == worth(s[to])
    };
    match s.len() {
        _ if matches!(s[0], b'P' | b'I' | b'A' | b'C' | b'V') && name => true,
        30 => checked(5, 14) || checked(0, 6) && checked(8, 14),
        _ => checked(0, 9) && checked(13, 19) && checked(21, 27),
    }
}

/// Number of a vehicle, ISO 3779: seventeen signs, the ninth checks the others (49 CFR 565.15).
pub(crate) fn vin(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let Ok(signs) = <[u8; 17]>::try_from(text.as_bytes()) else { return false };
    let worth = signs.map(|sign| match sign.to_ascii_uppercase() {
        sign @ b'0'..=b'9' => sign - b'0',
        sign @ b'A'..=b'H' => sign - b'A' + 1,
        sign @ b'J'..=b'N' => sign - b'J' + 1,
        b'P' => 7,
        b'R' => 9,
        sign @ b'S'..=b'Z' => sign - b'S' + 2,
        _ => u8::MAX,
    });
    if worth.contains(&u8::MAX) || !signs.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    signs[8].to_ascii_uppercase() == b"0123456789X"[weigh(&worth, &WEIGHTS) as usize % 11]
}

/// Number of a vehicle where a word says so: only some makers check it. Seventeen signs, at least four of them digits.
pub(crate) fn chassis(text: &str) -> bool {
    let plain = |sign: u8| sign.is_ascii_digit() || sign.is_ascii_uppercase() && !b"IOQ".contains(&sign);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() == 17 && text.bytes().all(plain) && (4..17).contains(&digits)
}

/// The plate of a vehicle where a word says so: four to ten capitals and digits, some of each or digits with a joint.
pub(crate) fn plate(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_uppercase).count();
    let plain = text
        .bytes()
        .all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit() || matches!(sign, b' ' | b'-' | b'.'));
    let joined = text.contains(['-', ' ']) && digits >= 5;
    plain && (4..=10).contains(&(digits + letters)) && digits > 0 && (letters > 0 || joined)
}

/// Number of a mobile device, 3GPP TS 23.003: fifteen digits, Luhn.
pub(crate) fn imei(text: &str) -> bool {
    super::digit::digits::<15>(text).is_some_and(|d| super::digit::luhn(&d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streets_have_a_number_and_a_word() {
        assert!(street("12 Main Street") && street("Hauptstraße 5") && street("Apt 4, 77 Long Lane"));
        for other in ["Main Street", "0x7ffe 12", "alice@example.com 1", "12", "http://a.b/1 x", "f(1) x"] {
            assert!(!street(other), "{other}");
        }
    }

    #[test]
    fn names_are_words_of_letters() {
        assert!(name("Alice Miller") && name("Jean-Luc O'Neill") && name("Łukasz") && name("田中"));
        for other in ["admin", "srv-12", "a", "alice@example.com", "unknown", ""] {
            assert!(!name(other), "{other}");
        }
    }

    #[test]
    fn documents_vehicles_and_devices_keep_their_rules() {
        assert!(document("C01X00T47") || document("X1234567") && document("D123-456-78-901"));
        assert!(!document("A1234") && !document("00000000") && !document("abc_12345"));
        assert!(
            vin("1M8GDM9AXKP042788")
                && vin("1HGCM82633A004352")
                && !vin("1M8GDM9A1KP042788")
                && !vin("11111111111111111")
        );
        assert!(
            chassis("WVWZZZ1JZXW000001") && !chassis("ABCDEFGHJKLMNPRST") && !chassis("12345678901234567")
        );
        assert!(
            plate("7ABC 123") && plate("B-MW 4711") && plate("7-34226") && !plate("12345") && !plate("ABC")
        );
        assert!(imei("490154203237518") && imei("49-015420-323751-8") && !imei("490154203237517"));
    }
}
