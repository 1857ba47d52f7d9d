//! The files of the page, compiled in: one row each.

/// Name below `assets/console`, and content.
#[rustfmt::skip]
pub(super) const ASSETS: &[(&str, &[u8])] = &[
    ("api.js", include_bytes!("../../assets/console/api.js")),
    ("approval.js", include_bytes!("../../assets/console/approval.js")),
    ("chart.js", include_bytes!("../../assets/console/chart.js")),
    ("code.js", include_bytes!("../../assets/console/code.js")),
    ("diff.js", include_bytes!("../../assets/console/diff.js")),
    ("document.js", include_bytes!("../../assets/console/document.js")),
    ("dom.js", include_bytes!("../../assets/console/dom.js")),
    ("index.html", include_bytes!("../../assets/console/index.html")),
    ("keys.js", include_bytes!("../../assets/console/keys.js")),
    ("main.js", include_bytes!("../../assets/console/main.js")),
    ("mark.svg", include_bytes!("../../assets/console/mark.svg")),
    ("merkle.js", include_bytes!("../../assets/console/merkle.js")),
    ("note.js", include_bytes!("../../assets/console/note.js")),
    ("part.js", include_bytes!("../../assets/console/part.js")),
    ("passkey.js", include_bytes!("../../assets/console/passkey.js")),
    ("proposal.js", include_bytes!("../../assets/console/proposal.js")),
    ("replay.js", include_bytes!("../../assets/console/replay.js")),
    ("statement.js", include_bytes!("../../assets/console/statement.js")),
    ("style.css", include_bytes!("../../assets/console/style.css")),
    ("text.js", include_bytes!("../../assets/console/text.js")),
    ("theme.js", include_bytes!("../../assets/console/theme.js")),
    ("view-access.js", include_bytes!("../../assets/console/view-access.js")),
    ("view-account.js", include_bytes!("../../assets/console/view-account.js")),
    ("view-activity.js", include_bytes!("../../assets/console/view-activity.js")),
    ("view-approvals.js", include_bytes!("../../assets/console/view-approvals.js")),
    ("view-breakglass.js", include_bytes!("../../assets/console/view-breakglass.js")),
    ("view-call.js", include_bytes!("../../assets/console/view-call.js")),
    ("view-evidence.js", include_bytes!("../../assets/console/view-evidence.js")),
    ("view-log.js", include_bytes!("../../assets/console/view-log.js")),
    ("view-policies.js", include_bytes!("../../assets/console/view-policies.js")),
    ("view-reviews.js", include_bytes!("../../assets/console/view-reviews.js")),
    ("view-servers.js", include_bytes!("../../assets/console/view-servers.js")),
    ("view-sessions.js", include_bytes!("../../assets/console/view-sessions.js")),
    ("view-sign-in.js", include_bytes!("../../assets/console/view-sign-in.js")),
];

/// Media types by the ending of the name.
const TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("webmanifest", "application/manifest+json"),
    ("woff2", "font/woff2"),
];

/// The file with this name, and its media type.
pub(super) fn find(name: &str) -> Option<(&'static [u8], &'static str)> {
    let (_, content) = ASSETS.iter().find(|(known, _)| *known == name)?;
    let (_, ending) = name.rsplit_once('.')?;
    let (_, media) = TYPES.iter().find(|(known, _)| *known == ending)?;
    Some((content, media))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn files(directory: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).expect("readable") {
            let path = entry.expect("readable").path();
            let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
            if path.is_dir() {
                files(&path, &format!("{name}/"), found);
            } else {
                found.insert(name);
            }
        }
    }

    #[test]
    fn every_file_of_the_page_is_compiled_in_with_a_type() {
        let mut found = BTreeSet::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/console"), "", &mut found);
        let known: BTreeSet<String> = ASSETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(found, known, "add a row to `ASSETS`");
        for name in &known {
            assert!(find(name).is_some(), "add the ending of `{name}` to `TYPES`");
        }
    }
}
