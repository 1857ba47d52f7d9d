//! What looks like a secret or a number of a person, and is none.

use super::Case;
use super::carrier::{self, BARE, NAMED};
use super::random::{BASE64, HEX, LOWER, Random, UPPER, WORD};

type Make = fn(&mut Random) -> String;

/// Values that stand alone.
const BARE_VALUES: &[(&str, Make)] = &[
    ("uuid", |r| r.uuid()),
    ("sha-256", |r| r.text(HEX, 64)),
    ("git commit", |r| r.text(HEX, 40)),
    ("short commit", |r| r.text(HEX, 7)),
    ("md5", |r| r.text(HEX, 32)),
    ("order number", |r| format!("ORD-{}-{}", r.range(2019, 2026), r.range(100_000, 999_999))),
    ("invoice", |r| format!("INV{}", r.range(10_000_000, 99_999_999))),
    ("time stamp", |r| r.range(1_500_000_000, 1_800_000_000).to_string()),
    ("time stamp in ms", |r| r.range(1_500_000_000_000, 1_800_000_000_000).to_string()),
    ("date", |r| {
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:00Z",
            r.range(1990, 2026),
            r.range(1, 12),
            r.range(1, 28),
            r.below(24),
            r.below(60)
        )
    }),
    ("version", |r| format!("{}.{}.{}.{}", r.below(9), r.below(20), r.below(20), r.below(20))),
    ("integrity", |r| format!("sha512-{}==", r.text(BASE64, 86))),
    ("image digest", |r| format!("app@sha256:{}", r.text(HEX, 64))),
    ("path", |r| format!("/usr/lib/{}/{}.so.{}", r.text(LOWER, 8), r.text(LOWER, 6), r.below(9))),
    ("pod", |r| {
        format!(
            "checkout-{}-{}",
            r.text("bcdfghjklmnpqrstvwxz2456789", 9),
            r.text("bcdfghjklmnpqrstvwxz2456789", 5)
        )
    }),
    ("isbn", |r| {
        format!("978-{}-{}-{}-{}", r.below(9), r.range(100, 999), r.range(10_000, 99_999), r.below(10))
    }),
    ("sku", |r| format!("{}-{}", r.text(UPPER, 4), r.range(1000, 99_999))),
    ("id of ten digits", |r| r.range(1_000_000_000, 9_999_999_999).to_string()),
    ("id of nine digits", |r| r.range(100_000_000, 999_999_999).to_string()),
    ("id of eleven digits", |r| r.range(10_000_000_000, 99_999_999_999).to_string()),
    ("snowflake", |r| r.range(175_928_847_299_117_063, 1_275_928_847_299_117_063).to_string()),
    ("decimal", |r| format!("0.{}", r.range(10_u64.pow(15), 10_u64.pow(16) - 1))),
    ("ulid", |r| format!("01{}", r.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24))),
    ("nanoid", |r| r.text(WORD, 21)),
    ("coordinates", |r| {
        format!("{}.{}, {}.{}", r.below(90), r.range(10_000, 99_999), r.below(180), r.range(10_000, 99_999))
    }),
    ("color", |r| format!("#{}", r.text(HEX, 6))),
    ("arn", |r| format!("arn:aws:iam::{}:role/deploy", r.range(100_000_000_000, 999_999_999_999))),
    ("tracking", |r| format!("1Z{}", r.text(UPPER, 16))),
    ("trace", |r| format!("00-{}-{}-01", r.text(HEX, 32), r.text(HEX, 16))),
    ("etag", |r| format!("W/\"{}\"", r.text(HEX, 32))),
    ("loopback", |_| "http://127.0.0.1:8080/health".to_owned()),
    ("prose", |r| {
        r.pick(&[
            "the password policy requires twelve characters",
            "tokens are counted per request",
            "see section 4.2.1 of the manual",
            "a secret ballot of 12 members",
            "call the function twice",
            "she was born to run this team",
        ])
        .to_owned()
    }),
    ("code", |r| {
        r.pick(&[
            "fn token(&self) -> Token",
            "password = getpass.getpass()",
            "if secret is None:",
            "let key = keys[index + 1];",
            "user.apiKey = config.get('apiKey')",
            "auth: authMiddleware(options)",
        ])
        .to_owned()
    }),
];

/// Names that sound like secrets, with values that are none.
const NAMED_VALUES: &[(&str, Make)] = &[
    ("API_KEY", |_| "your_api_key_here".to_owned()),
    ("DB_PASSWORD", |_| "${DB_PASSWORD}".to_owned()),
    ("SECRET_NAME", |r| format!("checkout-{}", r.pick(&["db", "tls", "smtp"]))),
    ("TOKEN_TYPE", |_| "bearer".to_owned()),
    ("PASSWORD_POLICY", |r| r.pick(&["strict", "relaxed", "nist-2024"]).to_owned()),
    ("MAX_TOKENS", |r| r.range(100, 9000).to_string()),
    ("NEXT_PAGE_TOKEN", |r| r.text(WORD, 24)),
    ("KEY_ID", |r| r.uuid()),
    ("PUBLIC_KEY", |r| r.text(HEX, 64)),
    ("CACHE_KEY", |r| r.text(HEX, 40)),
    ("COMMIT", |r| r.text(HEX, 40)),
    ("REQUEST_ID", |r| r.uuid()),
    ("CHECKSUM", |r| r.text(HEX, 64)),
    ("CLIENT_SECRET", |_| "<client secret>".to_owned()),
    ("PARTITION_KEY", |r| format!("tenant-{}", r.range(1, 99_999))),
    ("PRIMARY_KEY", |r| r.range(1, 99_999_999).to_string()),
    ("PHONE_COUNT", |r| r.range(1, 99).to_string()),
    ("BUILD_NUMBER", |r| r.range(1_000_000, 99_999_999).to_string()),
];

/// At least `count` of them.
pub(crate) fn cases(count: usize) -> Vec<Case> {
    let mut r = Random::new(7_777);
    let mut cases = Vec::new();
    while cases.len() < count {
        for (kind, make) in BARE_VALUES {
            for which in (0..BARE).filter(|which| *which != 4) {
                let document = carrier::bare(which, &make(&mut r));
                cases.push(Case { document, value: None, kind, held_out: which % 2 == 1 });
            }
        }
        for (kind, make) in NAMED_VALUES {
            for which in 0..NAMED {
                let document = carrier::named(which, kind, &make(&mut r));
                cases.push(Case { document, value: None, kind, held_out: which % 2 == 1 });
            }
        }
    }
    cases
}
