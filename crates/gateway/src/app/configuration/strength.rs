//! How strong the settings are that mean something also where they are absent: the larger, the stronger.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::anchor::Lines;
use crate::app::telemetry::checkpoint_lines;
use crate::config::{Canaries, Log};
use crate::limits;

/// Of a recorded configuration, by the path of the setting.
pub(super) fn strengths(configuration: &Value) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    let publish = &configuration["policy"]["publish"];
    // Without `publish` the files count, and nobody's consent is asked for.
    let second =
        !publish.is_null() && publish["consent"].as_str().is_none_or(|consent| consent == "second_person");
    found.insert("policy.publish.consent".to_owned(), i64::from(second));
    let level = configuration["log"]["level"].as_str().map(str::to_owned);
    let kept = checkpoint_lines(&Log { format: None, level }) == Lines::Kept;
    found.insert("log.level".to_owned(), i64::from(kept));
    let defaults = [("ordinary_days", limits::ORDINARY_DAYS), ("privileged_days", limits::PRIVILEGED_DAYS)];
    for (name, default) in defaults {
        let all = configuration["retention"][name].as_i64().unwrap_or(i64::from(default));
        found.insert(format!("retention.{name}"), all);
        for server in configuration["servers"].as_array().into_iter().flatten() {
            let days = server["retention"][name].as_i64().unwrap_or(all);
            let server = server["name"].as_str().unwrap_or_default();
            found.insert(format!("servers[{server}].retention.{name}"), days);
        }
    }
    let canaries = &configuration["canaries"];
    if canaries["tests"].as_array().is_some_and(|tests| !tests.is_empty()) {
        let every = canaries["every_s"].as_i64().unwrap_or(Canaries::default().every_s.cast_signed());
        found.insert("canaries.every_s".to_owned(), -every);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(before: &Value, after: &Value, weaker: &[&str]) {
        let (before, after) = (strengths(before), strengths(after));
        let found: Vec<&str> = before
            .iter()
            .filter(|(path, was)| after.get(*path).is_some_and(|is| is < *was))
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(found, weaker);
    }

    #[test]
    fn what_is_absent_is_as_strong_as_its_default() {
        let none = json!({});
        check(&none, &none, &[]);
        check(&none, &json!({ "retention": { "ordinary_days": 400 } }), &[]);
        check(&none, &json!({ "retention": { "ordinary_days": 30 } }), &["retention.ordinary_days"]);
        check(&json!({ "retention": { "privileged_days": 900 } }), &none, &["retention.privileged_days"]);
        check(&none, &json!({ "log": { "level": "debug" } }), &[]);
        for level in ["off", "error", "warn", "info,countersign::checkpoint=off"] {
            check(&none, &json!({ "log": { "level": level } }), &["log.level"]);
        }
        check(&json!({ "log": { "level": "warn" } }), &none, &[]);
    }

    #[test]
    fn consent_that_is_not_asked_for_any_more_is_weaker_however_that_came() {
        let second = json!({ "policy": { "publish": {} } });
        let alone = json!({ "policy": { "publish": { "consent": "none" } } });
        let files = json!({ "policy": { "directory": "p" } });
        check(&second, &alone, &["policy.publish.consent"]);
        check(&second, &files, &["policy.publish.consent"]);
        check(&alone, &files, &[]);
        check(&alone, &second, &[]);
    }

    #[test]
    fn server_keeps_as_long_as_all_unless_it_says_otherwise() {
        let plain = json!({ "servers": [{ "name": "a" }, { "name": "b" }] });
        let shorter =
            json!({ "servers": [{ "name": "b", "retention": { "ordinary_days": 1 } }, { "name": "a" }] });
        check(&plain, &shorter, &["servers[b].retention.ordinary_days"]);
        check(&shorter, &plain, &[]);
        let rarer = |every: u64| json!({ "canaries": { "every_s": every, "tests": [{ "name": "x" }] } });
        check(&rarer(60), &rarer(3600), &["canaries.every_s"]);
        check(&rarer(3600), &json!({ "canaries": { "tests": [{ "name": "x" }] } }), &[]);
    }
}
