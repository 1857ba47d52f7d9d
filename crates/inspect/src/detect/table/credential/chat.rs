//! Tokens of chat, mail and telephony, by the formats that their issuers publish.

use super::{around, token};
use crate::detect::check::secret;
use crate::detect::{Case, Detector, check};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    token(
        "brevo-key",
        &["xkeysib-", "xsmtpsib-"],
        100,
        r"\b(?:xkeysib-|xsmtpsib-)[A-Fa-f0-9]{64}-[A-Za-z0-9_-]{16}",
        check::always,
        &[concat!(
            "xkeysib-",
            "5a6f1c5f355e65e8f55a1168de43e929213595152b31cd3782c6cf05a15c7e85-eD2fq6hK0fKVVPK1"
        )],
        &["xkeysib-short", "xkeysib-TOKEN is read"],
    ),
    around(
        "discord-token",
        &["discord", "bot ", "bot_token"],
        Case::Ignore,
        0,
        130,
        r#"(?i:discord|bot)[A-Za-z0-9_ .-]{0,24}["'\\]{0,2}\s{0,3}(?::=|=>|=|:)?\s{0,3}["'\\]{0,2}([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})"#,
        check::always,
        &[
            concat!(
                "DISCORD_TOKEN=",
                "MT2WCGDaDAClOYvLC8irC5F43w.XbtMDN.79QJ8UHWokQTC9n2rx6VsJfu8d7YQW71iY1ePr"
            ),
            concat!("Authorization: Bot ", "Nz9DbtE03nOawCBdnbPMNMII.eFJCHf.tioJjKEqxELRrmMBqxVn8MGVyZO"),
        ],
        &["DISCORD_TOKEN=", "discord bots are fun"],
    ),
    token(
        "discord-webhook",
        &["/api/webhooks/"],
        140,
        "/api/webhooks/[0-9]{16,22}/([A-Za-z0-9_-]{40,100})",
        check::always,
        &[concat!(
            "https://discord.com/api/web",
            "hooks/956615633327998666/gFoWPMb3NWB5kM8hKdRmkkl7vTlLpjB9vskY3ZKgZopjn81CEBZsSrVb9jk2Th4zX6sb"
        )],
        &["https://discord.com/api/webhooks/", "/api/webhooks/orders"],
    ),
    around(
        "mailchimp-key",
        &["-us"],
        Case::Exact,
        32,
        6,
        r"\b[A-Za-z0-9]{32}-us[0-9]{1,2}\b",
        secret::generated,
        &[concat!("b2a4c6f9c1fe45c913d7d2e55f584706-u", "s14")],
        &["en-us", "d41d8cd98f00b204-us1"],
    ),
    token(
        "mailgun-key",
        &["key-", "pubkey-"],
        44,
        r"\b(?:pub)?key-[a-z0-9]{32}\b",
        secret::numbered,
        &[concat!("key-", "70496987c7f2819e2484e0dcdb5927f0")],
        &["key-value", "key-0123456789abcdef"],
    ),
    token(
        "resend-key",
        &["re_"],
        40,
        r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b",
        secret::numbered,
        &[concat!("re_", "aCNEuoU7_D4mFZDw6WvXhwjViwZl0ABhs")],
        &["re_", "core_files", "re_compile_pattern_of_several_words"],
    ),
    token(
        "sendgrid-key",
        &["SG."],
        80,
        r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}",
        secret::numbered,
        &[concat!("SG.", "TbqEFYZcMH6hUxSEVaSE63.MZQ7JDIx8HtpmdGKtoTxOFaunlNZzFRUEwh7SyvfINC")],
        &["SG.", "SG.short.key"],
    ),
    token(
        "slack-token",
        &[
            "xoxb-",
            "xoxp-",
            "xoxa-",
            "xoxr-",
            "xoxs-",
            "xoxc-",
            "xoxd-",
            "xoxe-",
            "xoxe.xoxb-",
            "xoxe.xoxp-",
            "xapp-",
        ],
        420,
        r"\b(?:xoxb-|xoxp-|xoxa-|xoxr-|xoxs-|xoxc-|xoxd-|xoxe-|xoxe\.xoxb-|xoxe\.xoxp-|xapp-)[A-Za-z0-9%/+-]{12,}",
        secret::numbered,
        &[
            concat!("xoxb-", "399575824147-483422153185-Gtt5jYlHg1OtVr9HUWrtg8ls"),
            concat!(
                "xapp-",
                "1-AQUXJDFY3NH-9156292196389-1246e179162a221a5da52024b6447e6270b0d4387f133c42219eecab67b1606b"
            ),
        ],
        &["xoxb-", "xapp-short"],
    ),
    token(
        "slack-webhook",
        &["hooks.slack.com/"],
        160,
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{30,})",
        check::always,
        &[concat!("https://hooks.slack.com/", "services/T042O4NQ02Q/BF3NQGSBVBM/wKycnp2qRlW1jR64aicmauKG")],
        &["https://hooks.slack.com/", "https://hooks.slack.com/services/"],
    ),
    token(
        "teams-webhook",
        &[".webhook.office.com/"],
        240,
        r"\.webhook\.office\.com/webhookb2/([a-f0-9@-]{60,80}/IncomingWebhook/[a-f0-9]{32}/[a-f0-9-]{36})",
        check::always,
        &[concat!(
            "https://acme.webhook.office.com/webhookb2/",
            "c52010a5-da0a-b406-da15-a39ea7734ab2@71c3f857-1021-6909-aff2-0c75ba1c0df4/IncomingWebhook/1893dd4cade8285b64fbfecabb724964/0298ae23-dcea-2f64-d19f-6ac2d1f34b37"
        )],
        &["https://acme.webhook.office.com/", "https://acme.webhook.office.com/webhookb2/x"],
    ),
    around(
        "telegram-token",
        &[":AA"],
        Case::Exact,
        10,
        40,
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
        check::always,
        &[concat!("2194662373:A", "ACdfSvNZFlGpAq6LdToDYYuZvfBTsGW3gr")],
        &["10:AA", "12345678:AAshort", "01:23:45:AA:BB:CC"],
    ),
    around(
        "twilio-key",
        &["twilio"],
        Case::Ignore,
        0,
        100,
        r#"(?i)twilio[A-Za-z0-9_ .-]{0,32}["'\\]{0,2}\s{0,3}(?::=|=>|=|:|,)\s{0,3}["'\\]{0,2}((?:SK)?[a-f0-9]{32})\b"#,
        check::always,
        &[
            concat!("TWILIO_AUTH_TOKEN=", "1a7b37a5ce1c867332e98c2cba2a27b8"),
            concat!(r#"twilio_api_key: ""#, r#"SK02635b5e5b497b00b1c83fbc8897a2f3""#),
        ],
        &["TWILIO_AUTH_TOKEN=$TOKEN", "twilio.rest"],
    ),
];
