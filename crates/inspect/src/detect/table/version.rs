//! Versions of detectors that find something else than when they were written. Receipts repeat them.

/// Names by version, sorted; all others are at version 1.
const REVISED: &[(u8, &[&str])] = &[
    (
        2,
        &[
            "address",
            "age-secret-key",
            "api-key",
            "artifactory-token",
            "at-insurance",
            "atlassian-token",
            "au-medicare",
            "authorization",
            "aws-access-key-id",
            "aws-bedrock-key",
            "azure-signed-key",
            "bearer-token",
            "birth-date",
            "br-cnpj",
            "braintree-token",
            "brevo-key",
            "circleci-token",
            "clojars-token",
            "cloudflare-token",
            "command-credentials",
            "date-of-birth",
            "digitalocean-token",
            "discord-webhook",
            "dropbox-token",
            "dynatrace-token",
            "eg-national",
            "eu-health-card",
            "flutterwave-key",
            "fr-nir",
            "gb-nhs",
            "github-fine-grained-token",
            "github-token",
            "google-api-key",
            "grafana-token",
            "groq-key",
            "heroku-token",
            "hugging-face-token",
            "iban",
            "id-nik",
            "identity-number",
            "in-pan",
            "ipv4",
            "ipv6",
            "jwt",
            "langsmith-key",
            "mac-address",
            "mailchimp-key",
            "mailgun-key",
            "mx-rfc",
            "neon-token",
            "new-relic-key",
            "notion-token",
            "npm-token",
            "npmrc-auth",
            "nz-ird",
            "other-model-key",
            "pagerduty-key",
            "passport",
            "password",
            "paypal-secret",
            "perplexity-key",
            "person",
            "person-name",
            "phone",
            "phone-international",
            "phone-national",
            "phone-north-american",
            "posthog-key",
            "postman-key",
            "render-token",
            "secret",
            "secret-assignment",
            "sendgrid-key",
            "session-cookie",
            "shippo-token",
            "slack-token",
            "sourcegraph-token",
            "square-token",
            "terraform-token",
            "token",
            "token-assignment",
            "us-bank-routing",
            "us-dea",
            "us-medicare",
            "us-npi",
            "vehicle-number",
            "vercel-token",
            "xai-key",
        ],
    ),
    (
        3,
        &[
            "ae-identity",
            "ar-cuit",
            "au-tfn",
            "baltic-person",
            "be-national",
            "bg-egn",
            "br-cpf",
            "ca-sin",
            "cl-rut",
            "co-nit",
            "cz-birth",
            "de-pension",
            "de-tax",
            "dk-cpr",
            "ec-cedula",
            "es-dni",
            "facebook-token",
            "fi-hetu",
            "gb-nino",
            "gb-utr",
            "gr-amka",
            "hk-identity",
            "hr-oib",
            "hu-person",
            "ie-pps",
            "il-identity",
            "in-aadhaar",
            "is-kennitala",
            "jp-individual",
            "kr-resident",
            "lu-matricule",
            "lv-person",
            "my-identity",
            "nl-bsn",
            "no-birth",
            "password-assignment",
            "pl-nip",
            "pl-pesel",
            "pt-nif",
            "ro-cnp",
            "ru-inn",
            "ru-snils",
            "sa-identity",
            "se-person",
            "sg-nric",
            "th-identity",
            "tr-identity",
            "tw-identity",
            "ua-tax",
            "us-itin",
            "us-ssn",
            "uy-cedula",
            "yu-jmbg",
            "za-identity",
        ],
    ),
];

/// The version of a detector.
pub(super) const fn of(name: &str) -> u8 {
    let mut row = 0;
    while row < REVISED.len() {
        let (version, names) = REVISED[row];
        let mut at = 0;
        while at < names.len() {
            if equal(names[at], name) {
                return version;
            }
            at += 1;
        }
        row += 1;
    }
    1
}

const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::REVISED;
    use crate::detect::DETECTORS;

    #[test]
    fn every_revised_detector_is_one_and_has_its_version() {
        for (version, names) in REVISED {
            assert!(names.is_sorted() && *version > 1);
            for name in *names {
                let detector = DETECTORS.iter().find(|detector| detector.name == *name);
                assert_eq!(detector.map(|detector| detector.version), Some(*version), "{name}");
            }
        }
    }
}
