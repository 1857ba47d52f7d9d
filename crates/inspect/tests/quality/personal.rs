//! Numbers, addresses and names of people who do not exist. Check digits are computed here, not by the validators.

use serde_json::json;

use super::Case;
use super::random::Random;

type Make = fn(&mut Random) -> String;

/// What a value is called in a record and on a form, and how it is made. The last says whether it is found by its looks,
/// so that it may also stand in a sentence that does not name it.
const KINDS: &[(&str, &str, Make, Looks)] = &[
    (
        "email",
        "E-mail",
        |r| {
            format!(
                "{}.{}@{}",
                given(r).to_lowercase(),
                r.range(1, 99),
                r.pick(&["example.com", "mail.example.org", "corp.example.co.uk"])
            )
        },
        Looks::Own,
    ),
    (
        "phone",
        "Phone",
        |r| format!("+44 20 7{:03} {:04}", r.range(100, 999), r.range(1000, 9999)),
        Looks::Own,
    ),
    (
        "mobile",
        "Mobile",
        |r| format!("+49 15{} {:07}", r.range(10, 79), r.range(1_000_000, 9_999_999)),
        Looks::Own,
    ),
    (
        "phone_number",
        "Telephone",
        |r| {
            format!("({}{}) {}-{:04}", r.range(2, 9), r.range(20, 80), r.range(220, 890), r.range(1000, 9999))
        },
        Looks::Own,
    ),
    (
        "contact_phone",
        "Tel",
        |r| format!("0{} {:03} {:04}", r.range(20, 99), r.range(100, 999), r.range(1000, 9999)),
        Looks::Named,
    ),
    ("card_number", "Card", |r| groups(&luhn(r, &[4], 16)), Looks::Own),
    ("pan", "Card number", |r| joined(&luhn(r, &[5, 3], 16)), Looks::Own),
    ("amex", "Credit card", |r| joined(&luhn(r, &[3, 7], 15)), Looks::Own),
    ("iban", "IBAN", |r| iban(r, "DE", 18), Looks::Own),
    ("account_iban", "Account", |r| spaced(&iban(r, "NL", 14)), Looks::Own),
    (
        "ssn",
        "SSN",
        |r| format!("{:03}-{:02}-{:04}", r.range(100, 660), r.range(10, 99), r.range(1000, 9998)),
        Looks::Own,
    ),
    (
        "social_security_number",
        "Social security number",
        |r| format!("{:03}{:02}{:04}", r.range(100, 660), r.range(10, 99), r.range(1000, 9998)),
        Looks::Named,
    ),
    ("cpf", "CPF", |r| cpf(r), Looks::Own),
    ("pesel", "PESEL", |r| pesel(r), Looks::Named),
    ("dni", "DNI", |r| dni(r), Looks::Named),
    ("sin", "SIN", |r| joined(&luhn(r, &[4], 9)), Looks::Named),
    ("nhs_number", "NHS number", |r| nhs(r), Looks::Named),
    ("personnummer", "Personnummer", |r| personnummer(r), Looks::Own),
    ("bsn", "BSN", |r| bsn(r), Looks::Named),
    ("npi", "NPI", |r| npi(r), Looks::Named),
    (
        "ip_address",
        "IP address",
        |r| format!("{}.{}.{}.{}", r.range(20, 99), r.range(30, 250), r.below(255), r.range(1, 250)),
        Looks::Own,
    ),
    (
        "mac_address",
        "MAC",
        |r| {
            let o: Vec<String> = (0..5).map(|_| r.text("0123456789abcdef", 2)).collect();
            format!("3c:{}", o.join(":"))
        },
        Looks::Own,
    ),
    (
        "date_of_birth",
        "Date of birth",
        |r| format!("{}-{:02}-{:02}", r.range(1940, 2010), r.range(1, 12), r.range(1, 28)),
        Looks::Named,
    ),
    (
        "dob",
        "DOB",
        |r| format!("{:02}/{:02}/{}", r.range(1, 12), r.range(1, 28), r.range(1940, 2010)),
        Looks::Named,
    ),
    (
        "passport_number",
        "Passport number",
        |r| format!("{}{}", r.text("CFGHJK", 1), r.range(10_000_000, 98_765_432)),
        Looks::Named,
    ),
    (
        "street_address",
        "Address",
        |r| {
            format!(
                "{} {} {}",
                r.range(1, 1200),
                r.pick(&["Maple", "Church", "Station", "Park", "Mill"]),
                r.pick(&["Street", "Avenue", "Road", "Lane"])
            )
        },
        Looks::Own,
    ),
    (
        "full_name",
        "Full name",
        |r| {
            format!(
                "{} {}",
                given(r),
                r.pick(&["Okafor", "Lindqvist", "Moreau", "Castellano", "Novak", "Tanaka"])
            )
        },
        Looks::Named,
    ),
    ("mrn", "MRN", |r| r.range(1_000_000, 9_876_543).to_string(), Looks::Named),
];

/// What gives a value away.
#[derive(Clone, Copy, PartialEq)]
enum Looks {
    Own,
    Named,
}

/// How many carriers of each there are, and how many of them name the value.
const CARRIERS: usize = 12;
const NAMING: usize = 8;

pub(crate) fn cases() -> Vec<Case> {
    let mut r = Random::new(424_242);
    let mut cases = Vec::new();
    for (key, label, make, looks) in KINDS {
        for which in (0..3 * CARRIERS).filter(|which| *looks == Looks::Own || which % CARRIERS < NAMING) {
            let value = make(&mut r);
            let document = carried(which % CARRIERS, key, label, &value);
            cases.push(Case { document, value: Some(value), kind: key, held_out: which % 2 == 1 });
        }
    }
    cases
}

fn carried(which: usize, key: &str, label: &str, value: &str) -> String {
    let text = |text: String| json!({"content": [{"type": "text", "text": text}]}).to_string();
    match which {
        0 => json!({"customer": {"id": 4711, key: value}}).to_string(),
        1 => json!({"rows": [{"status": "active", key: value}], "total": 1}).to_string(),
        2 => text(format!("Status: open\n{label}: {value}\nPriority: low")),
        3 => text(format!("The {label} is {value}, as given on the form.")),
        4 => json!({"columns": ["id", key, "status"], "rows": [[17, value, "new"]]}).to_string(),
        5 => text(json!({"ok": true, key: value}).to_string()),
        6 => text(format!("- **{label}:** {value}\n- **State:** done")),
        7 => text(format!("Ticket 5: customer changed {label} to {value} yesterday.")),
        8 => text(format!("As agreed I noted {value} and sent the parcel.")),
        9 => json!(["row", value, "x"]).to_string(),
        10 => text(format!("2026-02-03 11:04:55 WARN rejected \"{value}\" after 3 tries")),
        _ => text(format!("| 17 | {value} | shipped |")),
    }
}

fn given<'a>(r: &mut Random) -> &'a str {
    r.pick(&["Amara", "Bjorn", "Chantal", "Diego", "Elif", "Farid", "Greta", "Hiro"])
}

fn joined(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(digit + b'0')).collect()
}

fn groups(digits: &[u8]) -> String {
    digits.chunks(4).map(joined).collect::<Vec<_>>().join(" ")
}

fn spaced(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    signs.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn luhn(r: &mut Random, prefix: &[u8], length: usize) -> Vec<u8> {
    let mut digits = prefix.to_vec();
    digits.extend(r.digits(length - prefix.len() - 1));
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let digit = u32::from(digit);
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    digits.push(((10 - sum % 10) % 10) as u8);
    digits
}

fn sum(digits: &[u8], weights: &[u64]) -> u64 {
    digits.iter().zip(weights).map(|(&digit, weight)| u64::from(digit) * weight).sum()
}

fn iban(r: &mut Random, country: &str, digits: usize) -> String {
    let bank = if country == "NL" { r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4) } else { joined(&r.digits(4)) };
    let body = format!("{bank}{}", joined(&r.digits(digits - 4)));
    let number = format!("{body}{country}00");
    let rest = number.chars().fold(0_u64, |rest, sign| {
        let worth = u64::from(sign.to_digit(36).unwrap_or(0));
        (rest * if worth > 9 { 100 } else { 10 } + worth) % 97
    });
    format!("{country}{:02}{body}", 98 - rest)
}

fn cpf(r: &mut Random) -> String {
    let mut d = r.digits(9);
    for first in [10, 11] {
        let weights: Vec<u64> = (2..=first).rev().collect();
        let rest = sum(&d, &weights) % 11;
        d.push(if rest < 2 { 0 } else { 11 - rest as u8 });
    }
    let s = joined(&d);
    format!("{}.{}.{}-{}", &s[..3], &s[3..6], &s[6..9], &s[9..])
}

fn pesel(r: &mut Random) -> String {
    let date = format!("{:02}{:02}{:02}", r.range(40, 99), r.range(1, 12), r.range(1, 28));
    let mut d: Vec<u8> = date.bytes().map(|sign| sign - b'0').collect();
    d.extend(r.digits(4));
    let rest = sum(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10;
    d.push(((10 - rest) % 10) as u8);
    joined(&d)
}

fn dni(r: &mut Random) -> String {
    let number = r.range(10_000_000, 99_999_999);
    format!("{number}{}", char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize]))
}

fn nhs(r: &mut Random) -> String {
    loop {
        let mut d = vec![4];
        d.extend(r.digits(8));
        let rest = 11 - sum(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        if rest != 10 {
            d.push((rest % 11) as u8);
            let s = joined(&d);
            return format!("{} {} {}", &s[..3], &s[3..6], &s[6..]);
        }
    }
}

fn personnummer(r: &mut Random) -> String {
    let date = format!("{:02}{:02}{:02}", r.range(30, 99), r.range(1, 12), r.range(1, 28));
    let prefix: Vec<u8> = date.bytes().map(|sign| sign - b'0').collect();
    let d = joined(&luhn(r, &prefix, 10));
    format!("{}-{}", &d[..6], &d[6..])
}

fn bsn(r: &mut Random) -> String {
    loop {
        let mut d = vec![1];
        d.extend(r.digits(7));
        let rest = sum(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        if rest < 10 {
            d.push(rest as u8);
            return joined(&d);
        }
    }
}

fn npi(r: &mut Random) -> String {
    let d = luhn(r, &[8, 0, 8, 4, 0, 1], 15);
    joined(&d[5..])
}
