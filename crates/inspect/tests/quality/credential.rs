//! Secrets of many issuers, and of none.

use super::Case;
use super::carrier::{self, BARE, NAMED};
use super::random::{BASE64, HEX, LOWER, Random, UPPER, WORD};

type Make = fn(&mut Random) -> String;

/// Tokens that speak for themselves.
const TOKENS: &[(&str, Make)] = &[
    ("aws", |r| format!("AKIA{}", r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))),
    ("github", |r| format!("{}_{}", r.pick(&["ghp", "gho", "ghs"]), r.text(WORD, 36))),
    ("github fine-grained", |r| format!("github_pat_{}_{}", r.text(WORD, 22), r.text(WORD, 59))),
    ("gitlab", |r| format!("glpat-{}", r.text(WORD, 20))),
    ("slack", |r| {
        format!(
            "xoxb-{}-{}-{}",
            r.range(10_u64.pow(11), 10_u64.pow(12) - 1),
            r.range(10_u64.pow(11), 10_u64.pow(12) - 1),
            r.text(WORD, 24)
        )
    }),
    ("stripe", |r| format!("{}_{}_{}", r.pick(&["sk", "rk"]), r.pick(&["live", "test"]), r.text(WORD, 24))),
    ("openai", |r| format!("sk-proj-{}", r.text(WORD, 74))),
    ("anthropic", |r| format!("sk-ant-api03-{}AA", r.text(WORD, 93))),
    ("hugging face", |r| {
        format!("hf_{}", r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 34))
    }),
    ("google", |r| format!("AIza{}", r.text(WORD, 35))),
    ("npm", |r| format!("npm_{}", r.text(WORD, 36))),
    ("sendgrid", |r| format!("SG.{}.{}", r.text(WORD, 22), r.text(WORD, 43))),
    ("digitalocean", |r| format!("dop_v1_{}", r.text(HEX, 64))),
    ("shopify", |r| format!("shpat_{}", r.text(HEX, 32))),
    ("databricks", |r| format!("dapi{}", r.text(HEX, 32))),
    ("vault", |r| format!("hvs.{}", r.text(WORD, 90))),
    ("terraform", |r| format!("{}.atlasv1.{}", r.text(WORD, 14), r.text(WORD, 67))),
    ("linear", |r| format!("lin_api_{}", r.text(WORD, 40))),
    ("postman", |r| format!("PMAK-{}-{}", r.text(HEX, 24), r.text(HEX, 34))),
    ("telegram", |r| format!("{}:AA{}", r.range(10_u64.pow(9), 10_u64.pow(10) - 1), r.text(WORD, 33))),
    ("grafana", |r| format!("glsa_{}_{}", r.text(WORD, 32), r.text(HEX, 8))),
    ("sentry", |r| format!("sntryu_{}", r.text(HEX, 64))),
    ("new relic", |r| format!("NRAK-{}", r.text(UPPER, 27))),
    ("pypi", |r| format!("pypi-AgEIcHlwaS5vcmc{}", r.text(WORD, 150))),
    ("docker", |r| format!("dckr_pat_{}", r.text(WORD, 27))),
    ("jwt", |r| {
        format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI{}.{}", r.text(WORD, 30), r.text(WORD, 43))
    }),
    ("azure secret", |r| format!("{}8Q~{}", r.text(WORD, 3), r.text(WORD, 34))),
    ("mailchimp", |r| format!("{}-us{}", r.text(HEX, 32), r.range(1, 20))),
    ("age", |r| format!("AGE-SECRET-KEY-1{}", r.text("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58))),
    ("doppler", |r| format!("dp.pt.{}", r.text(WORD, 43))),
    ("groq", |r| format!("gsk_{}", r.text(WORD, 52))),
    ("replicate", |r| format!("r8_{}", r.text(WORD, 37))),
    ("figma", |r| format!("figd_{}", r.text(WORD, 40))),
    ("square", |r| format!("sq0atp-{}", r.text(WORD, 22))),
    ("circleci", |r| format!("CCIPAT_{}_{}", r.text(WORD, 22), r.text(HEX, 40))),
];

/// Secrets that only a name gives away: the name, and the value.
const NAMES: &[(&str, Make)] = &[
    ("API_KEY", |r| r.text(HEX, 32)),
    ("DATADOG_API_KEY", |r| r.text(HEX, 32)),
    ("CLIENT_SECRET", |r| r.text(WORD, 40)),
    ("AWS_SECRET_ACCESS_KEY", |r| r.text(BASE64, 40)),
    ("DB_PASSWORD", |r| password(r)),
    ("ADMIN_PASSWORD", |r| password(r)),
    ("ACCESS_TOKEN", |r| r.text(WORD, 48)),
    ("AUTH_TOKEN", |r| r.text(HEX, 40)),
    ("JWT_SECRET", |r| r.text(BASE64, 44)),
    ("SECRET_KEY", |r| r.text("abcdefghijklmnopqrstuvwxyz0123456789!@#$%^*-_=+", 50)),
    ("TWILIO_AUTH_TOKEN", |r| r.text(HEX, 32)),
    ("ALGOLIA_API_KEY", |r| r.text(HEX, 32)),
    ("HEROKU_API_KEY", |r| r.uuid()),
    ("ENCRYPTION_KEY", |r| format!("{}=", r.text(BASE64, 43))),
    ("SLACK_SIGNING_SECRET", |r| r.text(HEX, 32)),
    ("CLOUDFLARE_API_TOKEN", |r| r.text(WORD, 40)),
    ("REFRESH_TOKEN", |r| r.text(LOWER, 36)),
    ("SMTP_PASSWORD", |r| r.text(WORD, 16)),
];

/// Addresses with a password.
const SCHEMES: &[&str] =
    &["postgres", "mysql", "mongodb+srv", "redis", "amqp", "https", "postgresql+psycopg2"];

/// A password as people choose it.
fn password(r: &mut Random) -> String {
    let words =
        ["summer", "Dragon", "coffee", "Monday", "tiger", "Welcome", "river", "shadow", "orange", "Falcon"];
    let marks = ["!", "#", "@", "$", "*", "?", "!!", "-"];
    match r.below(4) {
        0 => format!("{}{}{}", r.pick(&words), r.range(10, 2030), r.pick(&marks)),
        1 => format!("{}{}{}{}", r.pick(&words), r.pick(&marks), r.pick(&words), r.range(1, 99)),
        2 => format!("{}{}", r.text(WORD, 10), r.range(10, 99)),
        _ => format!("{}{}", r.pick(&words), r.range(100, 999)),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut r = Random::new(20_260_301);
    let mut cases = Vec::new();
    let mut add = |kind, document: String, value: String, carrier: usize| {
        cases.push(Case { document, value: Some(value), kind, held_out: carrier % 2 == 1 });
    };
    for (kind, make) in TOKENS {
        for which in 0..BARE {
            let value = make(&mut r);
            add(kind, carrier::bare(which, &value), value.clone(), which);
        }
    }
    for (name, make) in NAMES {
        for which in 0..NAMED {
            let value = make(&mut r);
            add(name, carrier::named(which, name, &value), value.clone(), which);
        }
    }
    for scheme in SCHEMES {
        for which in 0..NAMED {
            let value = password(&mut r).replace(['#', '?', '@', '/'], "");
            let url =
                format!("{scheme}://svc_app:{value}@db-{}.internal.example.com:5432/main", r.range(1, 9));
            add("url", carrier::named(which, "DATABASE_URL", &url), value.clone(), which);
        }
    }
    for which in 0..NAMED {
        let value = r.text(BASE64, 64);
        let key = format!("-----BEGIN {} KEY-----\n{value}\n-----END {} KEY-----", "PRIVATE", "PRIVATE");
        let document = serde_json::json!({"name": "id", "pem": key, "n": which}).to_string();
        add("pem", document, value, which);
    }
    cases
}
