//! Canaries that could never sing.

use inspect::detect::DETECTORS;

use super::{Path, Problem, Report};
use crate::config::{Canaries, CanaryExpect, CanaryTest, Config};
use crate::limits;

/// The issuer of service keys.
const KEYS: &str = "keys";

pub(super) fn check(canaries: &Canaries, config: &Config, path: &Path, report: &mut Report<'_>) {
    let (least, most) = (limits::CANARY_EVERY_S_MIN, limits::CANARY_EVERY_S_MAX);
    if !(least..=most).contains(&canaries.every_s) {
        let text = format!("{} is not a time between two runs", canaries.every_s);
        report.add(
            Problem::value(path.field("every_s"), text).hint(format!("write seconds, {least} to {most}")),
        );
    }
    let place = path.field("tests");
    if canaries.tests.len() > limits::CANARIES_MAX {
        let text = format!("{} canaries, at most {} are allowed", canaries.tests.len(), limits::CANARIES_MAX);
        report.add(Problem::key(place.clone(), text));
    }
    let names = canaries.tests.iter().enumerate();
    report.unique("canary name", names.map(|(i, test)| (test.name.as_str(), place.item(i).field("name"))));
    for (index, test) in canaries.tests.iter().enumerate() {
        check_one(test, config, &place.item(index), report);
    }
}

fn check_one(test: &CanaryTest, config: &Config, path: &Path, report: &mut Report<'_>) {
    report.label(&test.name, path.field("name"));
    if !config.servers.iter().any(|server| server.name == test.server) {
        let text = format!("`{}` is no server here", test.server);
        report.add(Problem::value(path.field("server"), text).hint("write the `name` of one of `servers`"));
    }
    if test.issuer != KEYS && !config.identity.issuers.iter().any(|issuer| issuer.name == test.issuer) {
        let text = format!("`{}` is no issuer here", test.issuer);
        report.add(
            Problem::value(path.field("issuer"), text)
                .hint("write the `name` of one of `identity.issuers`, or `keys`"),
        );
    }
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&test.arguments);
    if object.is_err() {
        report.add(
            Problem::key(path.field("arguments"), "the arguments are not a JSON object")
                .hint("write `'{\"id\": 7}'`"),
        );
    }
    report.texts(&test.groups, &path.field("groups"));
    report.texts(std::slice::from_ref(&test.tool), &path.field("tool"));
    match (&test.detector, test.expect) {
        (Some(name), CanaryExpect::Masked) if !DETECTORS.iter().any(|known| known.name == name) => {
            report.add(
                Problem::value(path.field("detector"), format!("`{name}` is no built-in detector"))
                    .hint("`countersign inspect detectors` lists them"),
            );
        }
        (None, CanaryExpect::Masked) => report.add(
            Problem::key(path.clone(), "it does not say which detector must find something")
                .hint("write `detector: payment-card`, for instance"),
        ),
        (Some(_), CanaryExpect::Denied | CanaryExpect::Held) => report.add(
            Problem::key(path.field("detector"), "nothing is planted where nothing is answered")
                .hint("remove it, or write `expect: masked`"),
        ),
        _ => {}
    }
}
