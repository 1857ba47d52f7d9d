//! Keys of other services: monitoring, identity, documents, data, by the formats that their issuers publish.

use super::{around, token};
use crate::detect::check::secret;
use crate::detect::{Case, Detector, check};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    around(
        "airtable-token",
        &["airtable"],
        Case::Ignore,
        0,
        140,
        r#"(?i:airtable)[A-Za-z0-9_ .-]{0,24}["'\\]{0,2}\s{0,3}(?::=|=>|=|:)\s{0,3}["'\\]{0,2}(pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|key[A-Za-z0-9]{14})\b"#,
        check::always,
        &[concat!(
            "AIRTABLE_TOKEN=",
            "pathrg8Aqf07pqmxU.2c632b93ec2c2725f9848f0732de378f67da8e18a61b98a54dc6016f941806e7"
        )],
        &["AIRTABLE_TOKEN=$PAT", "airtable: keys"],
    ),
    around(
        "asana-token",
        &["asana"],
        Case::Ignore,
        0,
        130,
        r#"(?i:asana)[A-Za-z0-9_ .-]{0,24}["'\\]{0,2}\s{0,3}(?::=|=>|=|:)\s{0,3}["'\\]{0,2}([0-2]/[0-9]{16}(?:/[0-9]{16})?:[a-f0-9]{32})\b"#,
        check::always,
        &[concat!("ASANA_PAT=", "1/1139554589643678:a971693850106ef2158072c06dd2a40a")],
        &["ASANA_PAT=", "asana: 1/2"],
    ),
    token(
        "contentful-token",
        &["CFPAT-"],
        60,
        r"\bCFPAT-[A-Za-z0-9_-]{43}",
        check::always,
        &[concat!("CFPAT-", "M7_kahr27JCBsl7DYLTKXX7l7kf8EjEfTQGUQDmOf70")],
        &["CFPAT-", "CFPAT-short"],
    ),
    around(
        "datadog-key",
        &["datadog", "dd_api", "dd_app", "dd-api", "dd-app", "ddapi"],
        Case::Ignore,
        0,
        96,
        r#"(?i)(?:datadog|dd)[A-Za-z0-9_ .-]{0,24}key["'\\]{0,2}\s{0,3}(?::=|=>|=|:)\s{0,3}["'\\]{0,2}([a-f0-9]{32}(?:[a-f0-9]{8})?)\b"#,
        check::always,
        &[
            concat!("DD_API_KEY=", "3affb56c43487dd9e2fb57cf4f03098b"),
            concat!(r#"datadog_app_key: ""#, r#"a4345e0a8cf0201f766c77d39883bd6bcb095cf4""#),
        ],
        &["DD_API_KEY=$KEY", "datadog keys"],
    ),
    token(
        "dropbox-token",
        &["sl.u.", "sl.B", "sl.A"],
        1535,
        r"\b(?:sl\.u\.|sl\.B|sl\.A)[A-Za-z0-9_-]{70,}",
        secret::numbered,
        &[
            concat!(
                "sl.u.",
                "3bMldtOL35xfJAIzljW7Gu3JqGTV8tIDI9-QSp1LeWGauTTLcRZzGpbIpE4hjrgPRe9biSuqBX52EvhN5WHErGOvqSXkxA4P1UByV88LetI503IiGupBMQMUsTqh6FFaJh"
            ),
            concat!(
                "sl.B",
                "sXc1PqRIwzvasflt0chLyeKzRscqByqqbpQNxYyuhtyIMqeTT8320lJM4mYGAyYyOHPuOARB58USsZBqzOAEA5yKkDfSNtRMu_Q5LvnQVsVbsUUJUm8XSkdMUJwMaoc48A"
            ),
        ],
        &["sl.u.", "ssl.Build"],
    ),
    token(
        "dynatrace-token",
        &["dt0"],
        110,
        r"\bdt0[a-z][0-9]{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}\b",
        check::always,
        &[concat!(
            "dt0c01.",
            "JM2TUJVEWGYEBRX9V17J4NDE.KJ0SW3I7XJ7UZ45LVNHINL69IAYTP9U99II58Y7JRC65MMU8BA2TJWVNK4KQLKNN"
        )],
        &["dt0c01.short", "dt0c01.TOKEN is read"],
    ),
    token(
        "facebook-token",
        &["EAA"],
        324,
        r"\bEAA[A-Za-z0-9]{80,}\b",
        secret::numbered,
        &[
            concat!(
                "EAAM",
                "3gWAlvwiFldzneWsOcBVWhFEii0RBHTDfXm7kb4QfIWRX41nB6ASwYP7EVT2C81RM9rVA1oG6Bdvz5BJM4gfQ0iRrRuWeoSd85VR87yLLJqCAJovrlDLlYVc"
            ),
            concat!(
                "EAAC",
                "60MknXJ1k93IWsyxu44hBkedQSAFh92xnSmrH8pEv6CY7JLfBP1i7K60bdZ6XHTsUOQCnd7QYp9IImfpNOgidaUNYNo6Hb9tWhh6EZXjiEASaNLENIrnrdVk"
            ),
        ],
        &["EAAMshort", "EAAMTOKEN is read"],
    ),
    token(
        "figma-token",
        &["figd_", "figo_", "figu_", "figoh_"],
        62,
        r"\b(?:figd_|figo_|figu_|figoh_)[A-Za-z0-9_-]{38,60}",
        check::always,
        &[
            concat!("figd_", "4saLb4W5UJ83nAigX-6UqwuSqbqelPAP0UIJxnR3"),
            concat!("figo_", "HzokUrcuw_Mss_aAnmPsYU1xiX12JCdMD0X8dGhj"),
        ],
        &["figd_short", "figd_TOKEN is read"],
    ),
    around(
        "firebase-server-key",
        &[":APA91b"],
        Case::Exact,
        11,
        170,
        r"\bAAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{130,}",
        check::always,
        &[concat!(
            "AAAAk1RXAuV:APA",
            "91bnL5NVrKeectFB-AyVuuk6x_SASDgeWkHyA3KFFKHZMIocrgULv0KgOr96l9-pa-d2-IEzSRyF5qo9wCSJNn9Cln7OT0mjhXJeU_isFER_q3HSHn46nU2O5hAsYys4SXMay4x0B"
        )],
        &[":APA91b", "AAAA:APA91bshort"],
    ),
    token(
        "grafana-token",
        &["glsa_", "glc_"],
        446,
        r"\b(?:glsa_|glc_)[A-Za-z0-9+/_-]{32,}={0,3}",
        secret::numbered,
        &[
            concat!("glsa_", "YxAMNb9kAHhxySFipeO67WgPEMnmFjyCiR3DFGOfB"),
            concat!("glc_", "8opzyiZR8Nx2Ce1JFRhxnvDaeY5W1z1QtowT8QdCB"),
        ],
        &["glsa_short", "glsa_TOKEN is read"],
    ),
    token(
        "honeycomb-key",
        &["hcaik_", "hcbik_", "hcxik_", "hcamk_"],
        80,
        r"\b(?:hcaik_|hcbik_|hcxik_|hcamk_)[a-z0-9]{50,64}\b",
        check::always,
        &[
            concat!("hcaik_", "4xzb1ywn960rgjpjg19x6wh06fh7e4c4auh330ehw4mlf3qwiz1ti8rolf"),
            concat!("hcbik_", "ukavyvhwwo14pf9sqjs1wa7s1580yqkd1thuhp0tp5vurirkohfeqm35rp"),
        ],
        &["hcaik_short", "hcaik_TOKEN is read"],
    ),
    token(
        "hubspot-token",
        &["pat-na1-", "pat-na2-", "pat-eu1-", "pat-ap1-"],
        56,
        r"\b(?:pat-na1-|pat-na2-|pat-eu1-|pat-ap1-)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        check::always,
        &[concat!("pat-na1-", "3c3511c0-946b-e1a4-9d6e-dc74a7f78738")],
        &["pat-na1-short", "pat-na1-TOKEN is read"],
    ),
    token(
        "launchdarkly-key",
        &["sdk-", "api-", "mob-"],
        48,
        r"\b(?:sdk-|api-|mob-)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        check::always,
        &[concat!("sdk-", "7d3a1f20-9b4c-4e8d-a6f5-0c2e91b7d384")],
        &["sdk-", "api-server", "mob-7d3a1f20"],
    ),
    token(
        "linear-key",
        &["lin_api_", "lin_oauth_", "lin_wh_"],
        66,
        r"\b(?:lin_api_|lin_oauth_|lin_wh_)[A-Za-z0-9]{40,64}\b",
        check::always,
        &[
            concat!("lin_api_", "y9xew0omrWpKG9AIEc1OwOM6G8yMX7dxJmznh0Jh"),
            concat!("lin_oauth_", "Ns24eHT0zHom8i3knJiuJheE80uFupdWFdJliSRG"),
        ],
        &["lin_api_short", "lin_api_TOKEN is read"],
    ),
    token(
        "mapbox-secret",
        &["sk.eyJ"],
        240,
        r"\bsk\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{22}\b",
        check::always,
        &[concat!(
            "sk.ey",
            "Jc036B3KCowSOCAgDJpgj4g4Oq65LrKn2fog70ywexSmnSymy9Mbe7XAtCHGOpn6uHQIj3u.Q61GhUtnnuGDqH5nnnyJzq"
        )],
        &["sk.eyJshort", "sk.eyJTOKEN is read"],
    ),
    around(
        "new-relic-key",
        &["NRAK-", "NRII-", "NRJS-", "NRRA-", "NRAL", "NRSP-"],
        Case::Exact,
        36,
        50,
        r"(?:\bNR(?:AK|JS|RA|SP)-[A-Za-z0-9]{19,42}\b|\bNRII-[A-Za-z0-9_-]{25,}|\b[A-Za-z0-9]{36}NRAL\b)",
        secret::numbered,
        &[
            concat!("NRAK-", "U5OWZZ7DOL9EKOZTYYA7SNK0673"),
            concat!("7411804e9dd9c537f45acb7218b86a933029NR", "AL"),
        ],
        &["NRAK-", "ENRALL"],
    ),
    token(
        "notion-token",
        &["ntn_", "secret_"],
        52,
        r"(?:\bntn_[0-9]{9}[A-Za-z0-9_-]{30,}|\bsecret_[A-Za-z0-9]{43}\b)",
        secret::numbered,
        &[
            concat!("ntn_", "441281328382D8WTgerAFeAVNtzg90nY6wbf0bgvsgBp6G"),
            concat!("secret_", "iXGoYjFjUVLZXq2uqJHWwC29X3NUT03WZFkDoqAC9ju"),
        ],
        &["ntn_", "secret_key", "secret_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"],
    ),
    around(
        "okta-token",
        &["okta", "ssws "],
        Case::Ignore,
        0,
        100,
        r#"(?i:okta[A-Za-z0-9_ .-]{0,24}["'\\]{0,2}\s{0,3}(?::=|=>|=|:)\s{0,3}["'\\]{0,2}|ssws )(00[A-Za-z0-9_-]{40})(?:[^A-Za-z0-9_-]|$)"#,
        check::always,
        &[
            concat!("OKTA_API_TOKEN=", "00yLnzbvpBoq-7yDu2X_9lceTUEHzrG7i3BlBaLl1J"),
            concat!("Authorization: SSWS ", "00bIYIfTAqaX2bkmz4IAXUgve7FTyHIoLOY5qIBxZ2"),
        ],
        &["OKTA_API_TOKEN=00", "okta: 00u"],
    ),
    token(
        "onesignal-key",
        &["os_v2_app_", "os_v2_org_"],
        129,
        r"\b(?:os_v2_app_|os_v2_org_)[a-z2-7]{100,}\b",
        check::always,
        &[
            concat!(
                "os_v2_app_",
                "2xbzrheqdo7xkmhl3beyjpbotj7vdu7xid3tpubzinnd4xtddklasnrarjzgnoh25yxomxpdxanixwsgj4dtzytvlr2baeyo3q3hgmd"
            ),
            concat!(
                "os_v2_org_",
                "7payn75ktk4eaalqfzbg7vi5z5xvxlpplvl7a5s273ghatiau5j3ualrvoepvzhxsoxu47vleedtdtk7hgncglfhpccnynklhwjf3tb"
            ),
        ],
        &["os_v2_app_short", "os_v2_app_TOKEN is read"],
    ),
    // One format each, of issuers whose keys say by their beginning what they are.
    token(
        "other-service-key",
        &[
            "RGAPI-",
            "waka_",
            "tgp_v1_",
            "nyk_v0_",
            "llx-",
            "SWMTKN-1-",
            "SWMKEY-1-",
            "dnkey-",
            "IGQVJ",
            "amzn.mws.",
            "da2-",
        ],
        160,
        r"\b(?:RGAPI-|waka_|tgp_v1_|nyk_v0_|llx-|SWMTKN-1-|SWMKEY-1-|dnkey-|IGQVJ|amzn\.mws\.|da2-)[A-Za-z0-9_=-]{26,}",
        secret::numbered,
        &[
            concat!(
                "SWMTKN-1-",
                "gk3faepvsbewl4h4pr70x7t3z8yqumoqy2t3t1pjdwt17svak8-sdlfog6ff15pr0jlkbm61tewd"
            ),
            concat!("waka_", "7f325c08-92dd-9f87-b103-f1d1eeec7e21"),
        ],
        &["da2-key", "llx-api", "waka_time_settings_of_the_editor_plugin"],
    ),
    around(
        "pagerduty-key",
        &["pagerduty", "pd_api", "token token="],
        Case::Ignore,
        0,
        96,
        r#"(?i:(?:pagerduty|pd_api)[A-Za-z0-9_ .-]{0,24}["'\\]{0,2}\s{0,3}(?::=|=>|=|:)\s{0,3}["'\\]{0,2}|token token=)((?:[uye]\+|[A-Za-z0-9])[A-Za-z0-9_+-]{17,18}|[a-f0-9]{32})(?:[^A-Za-z0-9_+-]|$)"#,
        secret::generated,
        &[
            concat!("PAGERDUTY_TOKEN=", "u+t1Njvwo9YlFeK8cAxc"),
            concat!("Authorization: Token token=", "y+DS1wnjdwIZnRcogjER"),
        ],
        &["PAGERDUTY_TOKEN=$TOKEN", "pagerduty: pagerduty-service"],
    ),
    token(
        "posthog-key",
        &["phx_", "phs_"],
        63,
        r"\b(?:phx_|phs_)[A-Za-z0-9]{40,60}\b",
        check::always,
        &[
            concat!("phx_", "Bmq9TWdKsSFwpz9xvFD98kHFokEX71ttFeI74tVfRAz"),
            concat!("phs_", "WXxxZs8dRY4vLVfnRGq9ZZ52D2TWdgK3Q66Ze1mGWpN"),
        ],
        &["phx_short", "phx_TOKEN is read"],
    ),
    token(
        "postman-key",
        &["PMAK-", "PMAT-"],
        72,
        r"\b(?:PMAK-[a-f0-9]{24}-[a-f0-9]{34}|PMAT-[A-Z0-9]{26})\b",
        check::always,
        &[concat!("PMAK-", "eb2a3711998402e42ec95c1f-def0dea137e1e0a87b59ee180e48ad491e")],
        &["PMAK-short", "PMAK-TOKEN is read"],
    ),
    token(
        "prefect-key",
        &["pnu_", "pnb_"],
        56,
        r"\b(?:pnu_|pnb_)[A-Za-z0-9]{36}\b",
        check::always,
        &[
            concat!("pnu_", "t6dUbgOzUZ6ajTT8qXaZtAv9QNerknUTcMUx"),
            concat!("pnb_", "svCADvfYP6EKJR2gBDnbrWc5yiZBDNIUdfAA"),
        ],
        &["pnu_short", "pnu_TOKEN is read"],
    ),
    token(
        "readme-key",
        &["rdme_"],
        91,
        r"\brdme_[a-z0-9]{70}\b",
        check::always,
        &[concat!("rdme_", "vx1f083yme2uhfstap5nmjzb7yrww8xhb14gr6smew0fkm6eavlvkl936pd6l64vpzo2q8")],
        &["rdme_short", "rdme_TOKEN is read"],
    ),
    token(
        "sentry-token",
        &["sntrys_", "sntryu_"],
        720,
        r"\b(?:sntryu_[a-f0-9]{64}\b|sntrys_eyJ[A-Za-z0-9=+/_-]{60,})",
        check::always,
        &[
            concat!("sntryu_", "df520c583a78294a4bee2e172ded83611158d43608f6c848269359ac894b321e"),
            concat!(
                "sntrys_",
                "eyJ78y8mSBodyGnPC1XDbrH6n0NgYEWCwF5naOshjYR8EFMIdFgnVDPn6nBnM5Bi4gspFVYOxBogT9sG7Eak2APwGlNxdwhPTeof1BaKDvUtc95M9JeFuB9cseV"
            ),
        ],
        &["sntryu_", "sntrys_short"],
    ),
    token(
        "trello-token",
        &["ATTA"],
        84,
        r"\bATTA[a-f0-9]{64}[A-Z0-9]{8}\b",
        check::always,
        &[concat!("ATTA", "ea09fa3820f67bccdf4af4cfebadc3af872db4c6a169a1330d1c77e60d365c9fGCEZVL7X")],
        &["ATTAshort", "ATTATOKEN is read"],
    ),
    token(
        "twitter-bearer-token",
        &["AAAAAAAAAAAAAAAAAAAAA"],
        240,
        r"\bA{20}[A-Za-z0-9%+/]{40,}",
        secret::numbered,
        &[concat!(
            "AAAAAAAAAAAAAAAAAAAAA",
            "DJPE0EizwEGDkgHPQY0FuNvRQ0bM4fNieVLxTQukKRfG2hyispEzyIk8mmCmqHGoGaSGZAkP3GWeBCOf0eg2I6k9cU"
        )],
        &[
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ],
    ),
    token(
        "typeform-token",
        &["tfp_"],
        79,
        r"\btfp_[A-Za-z0-9_.=-]{44,62}",
        check::always,
        &[concat!("tfp_", "oBO7J_UF_C-CJkDrC6GFIiEi6Mt2nKPWRmh0KzwGdF1Bz4Rp2K6OGvGOE4c")],
        &["tfp_short", "tfp_TOKEN is read"],
    ),
    token(
        "zapier-webhook",
        &["hooks.zapier.com/"],
        90,
        r"hooks\.zapier\.com/hooks/(?:catch|standard)/([0-9]{4,12}/[A-Za-z0-9]{5,40})",
        check::always,
        &[concat!("https://hooks.zapier.com/hooks/catch/", "1234567/s6afibx")],
        &["https://hooks.zapier.com/", "https://hooks.zapier.com/hooks/catch/"],
    ),
];
