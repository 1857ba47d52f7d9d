//! Versions of detectors that find something else than when they were written. Receipts repeat them.

/// Names by version, sorted; all others are at version 1.
const REVISED: &[(u8, &[&str])] = &[(
    2,
    &[
        "ae-identity",
        "age-secret-key",
        "api-key",
        "ar-cuit",
        "artifactory-token",
        "at-insurance",
        "atlassian-token",
        "au-medicare",
        "au-tfn",
        "authorization",
        "aws-access-key-id",
        "aws-bedrock-key",
        "azure-signed-key",
        "baltic-person",
        "be-national",
        "bearer-token",
        "bg-egn",
        "br-cnpj",
        "br-cpf",
        "braintree-token",
        "brevo-key",
        "ca-sin",
        "circleci-token",
        "cl-rut",
        "clojars-token",
        "cloudflare-token",
        "co-nit",
        "command-credentials",
        "cz-birth",
        "de-pension",
        "de-tax",
        "digitalocean-token",
        "discord-webhook",
        "dk-cpr",
        "dropbox-token",
        "dynatrace-token",
        "ec-cedula",
        "eg-national",
        "es-dni",
        "eu-health-card",
        "facebook-token",
        "fi-hetu",
        "flutterwave-key",
        "fr-nir",
        "gb-nhs",
        "gb-nino",
        "gb-utr",
        "github-fine-grained-token",
        "github-token",
        "google-api-key",
        "gr-amka",
        "grafana-token",
        "groq-key",
        "heroku-token",
        "hk-identity",
        "hr-oib",
        "hu-person",
        "hugging-face-token",
        "iban",
        "id-nik",
        "ie-pps",
        "il-identity",
        "in-aadhaar",
        "in-pan",
        "ipv4",
        "ipv6",
        "is-kennitala",
        "jp-individual",
        "jwt",
        "kr-resident",
        "langsmith-key",
        "lu-matricule",
        "lv-person",
        "mac-address",
        "mailchimp-key",
        "mailgun-key",
        "mx-rfc",
        "my-identity",
        "neon-token",
        "new-relic-key",
        "nl-bsn",
        "no-birth",
        "notion-token",
        "npm-token",
        "npmrc-auth",
        "nz-ird",
        "other-model-key",
        "pagerduty-key",
        "password-assignment",
        "paypal-secret",
        "perplexity-key",
        "pl-nip",
        "pl-pesel",
        "posthog-key",
        "postman-key",
        "pt-nif",
        "render-token",
        "ro-cnp",
        "ru-inn",
        "ru-snils",
        "sa-identity",
        "se-person",
        "secret",
        "secret-assignment",
        "sendgrid-key",
        "session-cookie",
        "sg-nric",
        "shippo-token",
        "slack-token",
        "sourcegraph-token",
        "square-token",
        "terraform-token",
        "th-identity",
        "token",
        "token-assignment",
        "tr-identity",
        "tw-identity",
        "ua-tax",
        "us-bank-routing",
        "us-dea",
        "us-itin",
        "us-medicare",
        "us-npi",
        "us-ssn",
        "uy-cedula",
        "vercel-token",
        "xai-key",
        "yu-jmbg",
        "za-identity",
    ],
)];

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
