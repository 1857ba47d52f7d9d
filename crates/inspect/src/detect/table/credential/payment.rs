//! Keys of payment services and shops, by the formats that their issuers publish.

use super::{around, token};
use crate::detect::check::secret;
use crate::detect::{Case, Detector, check};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    token(
        "adyen-key",
        &["AQE"],
        500,
        r"\bAQE[a-z][A-Za-z0-9+/]{50,}={0,2}-[A-Za-z0-9+/]{30,60}={0,2}-[A-Za-z0-9#-~]{10,24}",
        check::always,
        &[concat!(
            "AQE",
            "y4GFYMQmVznXGcbZHZc1hDhcwUEenIebha8oP6WiJma4paVjCPz9X7H2ufUJ7v5cUWMYPScBWK7CKcboC-P3VTsEE7AW4oWS934aC7fBf2gahuOtnnOQiY3Pc6ShY=-s3zJYVVAe3IHEVZ0"
        )],
        &["AQE", "AQEyshort"],
    ),
    token(
        "braintree-token",
        &["access_token$"],
        90,
        r"\baccess_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-z]{32}\b",
        check::always,
        &[concat!("access_token$production$", "7evkbpmlwkjxk4n5$03dd2ed73a11091acd2ffa1e527050b0")],
        &["access_token$", "access_token$sandbox$short"],
    ),
    token(
        "duffel-token",
        &["duffel_live_", "duffel_test_"],
        71,
        r"\b(?:duffel_live_|duffel_test_)[A-Za-z0-9_=-]{43}",
        check::always,
        &[
            concat!("duffel_live_", "8WoXpCET03im826H7OZ8hXy4rbIzX96VuXwA2AVdG-H"),
            concat!("duffel_test_", "5LEvLq6V6k-Zd59ZRlvRw0_0GagA_Gq7Sro6zW0aHac"),
        ],
        &["duffel_live_short", "duffel_live_TOKEN is read"],
    ),
    token(
        "easypost-key",
        &["EZAK", "EZTK"],
        74,
        r"\b(?:EZAK|EZTK)[A-Za-z0-9]{54}\b",
        check::always,
        &[
            concat!("EZAK", "sDFuJKiP6LD8WCbxJVOJOrQ6oveAIT6b2N0zN7GRs6keCu1uJmZ6Iu"),
            concat!("EZTK", "LKAw6X1WlX53RFxJVqAASGIOz6t4qECyeTXQggIGUrAPgkJtZqjrDK"),
        ],
        &["EZAKshort", "EZAKTOKEN is read"],
    ),
    token(
        "flutterwave-key",
        &["FLWSECK-", "FLWSECK_TEST-"],
        64,
        r"\b(?:FLWSECK-|FLWSECK_TEST-)[a-zA-Z0-9]{12,40}(?:-X)?\b",
        check::always,
        &[concat!("FLWSECK-", "b15ccd2601274eb95285fcf983f22e12-X")],
        &["FLWSECK-short", "FLWSECK-TOKEN is read"],
    ),
    token(
        "mollie-key",
        &["live_", "test_"],
        51,
        r"\b(?:live_|test_)[A-Za-z0-9]{30,35}\b",
        secret::numbered,
        &[
            concat!("live_", "pZ9NsJFDGnjwqZOJxkvDi06RCrLcpP"),
            concat!("test_", "7tgTSKedIpuo81CO1Wb2pFyxocwqlx"),
        ],
        &["live_", "test_", "test_reads_one_word_after_another_in_32", "live_abcdefghijklmnopqrstuvwxyzabcd"],
    ),
    around(
        "paypal-secret",
        &["paypal"],
        Case::Ignore,
        0,
        150,
        r#"(?i)paypal[A-Za-z0-9_ .-]{0,24}(?:secret|password|token|signature)["'\\]{0,2}\s{0,3}(?::=|=>|=|:)\s{0,3}["'\\]{0,2}([A-Za-z0-9_.-]{40,90})"#,
        secret::generated,
        &[concat!(
            "PAYPAL_CLIENT_SECRET=",
            "EWANb88gxSpsp5nBpWM10wAMhqi3Aq9o6dIV5_MWiXze_Jt0qoU5bEEeI_MX2n3AJQz7EP2IpHPLXae8"
        )],
        &["PAYPAL_CLIENT_SECRET=${SECRET}", "paypal secrets"],
    ),
    token(
        "plaid-token",
        &["access-production-", "access-sandbox-", "access-development-"],
        60,
        r"\b(?:access-production-|access-sandbox-|access-development-)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        check::always,
        &[concat!("access-production-", "e4cf49b0-317b-2bb5-2799-f6f80a898540")],
        &["access-production-short", "access-production-TOKEN is read"],
    ),
    token(
        "shippo-token",
        &["shippo_live_", "shippo_test_"],
        68,
        r"\b(?:shippo_live_|shippo_test_)[A-Fa-f0-9]{40}\b",
        check::always,
        &[
            concat!("shippo_live_", "24069d8fea93925d0d93af68dad1bfe08e828b0c"),
            concat!("shippo_test_", "39a89919f171578b38a728272fd3cd280c053a43"),
        ],
        &["shippo_live_short", "shippo_live_TOKEN is read"],
    ),
    token(
        "shopify-token",
        &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_"],
        55,
        r"\b(?:shpat_|shpca_|shppa_|shpss_|shptka_)[a-fA-F0-9]{32}\b",
        check::always,
        &[
            concat!("shpat_", "c46d066af0c01308634373cad4b6baf5"),
            concat!("shpca_", "e1e353a1844a5ffe6644cc9d9dc8216d"),
        ],
        &["shpat_short", "shpat_TOKEN is read"],
    ),
    token(
        "square-token",
        &["sq0", "EAAA"],
        80,
        r"(?:\bsq0[a-z]{3}-[A-Za-z0-9_-]{22,60}|\bEAAA[A-Za-z0-9_-]{60})(?:[^A-Za-z0-9_-]|$)",
        secret::numbered,
        &[
            concat!("sq0atp-", "c2Whf5mhTRFtUTcqmG6WRJ"),
            concat!("EAAA", "0Gz2H5KS1CWv_lN80fq20AeP9Ppb0v7nbPSUKt1dot4uwstcZCip87FIhdU5"),
        ],
        &["sq0atp-", "EAAAshort"],
    ),
    token(
        "stripe-key",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
        272,
        r"\b(?:sk_live_|sk_test_|rk_live_|rk_test_)[0-9A-Za-z]{16,}\b",
        check::always,
        &[concat!("sk_live_", "11symclx8y3ozYv1xb4Y6481"), concat!("sk_test_", "2URph08yk3VWwNcZQPqh4qlF")],
        &["sk_live_", "sk_test_short"],
    ),
    token(
        "webhook-secret",
        &["whsec_"],
        98,
        r"\bwhsec_[A-Za-z0-9+/]{24,80}={0,2}",
        check::always,
        &[concat!("whsec_", "QWBdd5sVtbXZXr7dkpnxNuVn4WHanILi")],
        &["whsec_short", "whsec_TOKEN is read"],
    ),
];
