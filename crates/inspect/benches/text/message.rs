//! Messages and texts whose time is taken, for the benches and for the example `speed`.

/// An answer as tools give it, with nothing to find: identifiers, times, numbers, prose, links.
pub(crate) fn clean(bytes: usize) -> String {
    let mut text = String::from("[");
    for n in 0_u64.. {
        let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text += &format!(
            r#"{{"id":"{:08x}-5c1d-4f0a-9b7e-{:012x}","sku":"ORD-{}","createdAt":"2026-0{}-1{}T08:{:02}:17Z","quantity":{},"price":{}.{:02},"active":true,"tags":["garden","outdoor"],"commit":"{:016x}{:016x}{:08x}","url":"https://shop.example/items/{}?page={}","description":"A sturdy watering can made of zinc, with a long spout and a comfortable handle. Holds nine litres and lasts for many seasons.\nReviewed {} times."}}"#,
            hash >> 32,
            hash & 0xffff_ffff_ffff,
            n % 90_000,
            n % 9 + 1,
            n % 10,
            n % 60,
            n % 40,
            n % 700,
            n % 100,
            hash,
            hash.rotate_left(17),
            (hash >> 32) ^ 0x77,
            n,
            n % 20,
            n % 300,
        );
        if text.len() >= bytes {
            break;
        }
        text.push(',');
    }
    text + "]"
}

/// An export of customers as they are: three findings in every record of about 650 bytes, between names of products,
/// times, identifiers and prose. One for 220.
pub(crate) fn export(bytes: usize) -> String {
    let mut text = String::from("[");
    for n in 0_u64.. {
        let hash = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        text += &format!(
            r#"{{"id":"{:08x}-5c1d-4f0a-9b7e-{:012x}","email":"user{n}@example.com","phone":"+1 415 555 {:04}","createdAt":"2026-0{}-1{}T08:{:02}:17Z","status":"active","plan":"professional","orders":{},"total":{}.{:02},"commit":"{:016x}{:016x}{:08x}","url":"https://shop.example/customers/{n}?page={}","address":{{"street":"{} Harbour Street","city":"Rotterdam","country":"NL"}},"note":"Prefers deliveries in the morning. The last parcel came two days late, and was replaced without a charge. Wants the new catalogue of garden tools as soon as it is out."}}"#,
            hash >> 32,
            hash & 0xffff_ffff_ffff,
            n % 10_000,
            n % 9 + 1,
            n % 10,
            n % 60,
            n % 40,
            n % 700,
            n % 100,
            hash,
            hash.rotate_left(17),
            (hash >> 32) ^ 0x77,
            n % 20,
            n % 200 + 1,
        );
        if text.len() >= bytes {
            break;
        }
        text.push(',');
    }
    text + "]"
}

/// Nothing but values: five findings in every record of 210 bytes, one for 42.
pub(crate) fn dense(bytes: usize) -> String {
    let mut text = String::from("[");
    for n in 0_u64.. {
        text += &format!(
            r#"{{"id":{n},"contact":"mail user{n}@example.com or call +1 415 555 {:04}","card":"4111 1111 1111 1111","password":"tr0ub4dor{n}","note":"key AKIA{:016}, renew soon","total":{}.50}}"#,
            n % 10_000,
            n % 1_000_000_000,
            n % 500,
        );
        if text.len() >= bytes {
            break;
        }
        text.push(',');
    }
    text + "]"
}

/// What is repeated to be slow.
pub(crate) const HOSTILE: &[&str] = &[
    "api_key=",
    "token='",
    "_TOKEN=",
    "219-09-9998 ",
    "4111 1111 1111 1111 ",
    "1 ",
    "password=",
    "pwd=",
    "%41",
    "eyJ",
    "-----BEGIN PRIVATE KEY-----",
    "ghp_",
    "://a:",
    "national id 1",
    "a@b.cd ",
    "::",
];

/// 64 KiB of a few signs, over and over, in one string.
pub(crate) fn hostile(part: &str) -> String {
    format!("\"{}\"", part.repeat((64 << 10) / part.len()))
}
