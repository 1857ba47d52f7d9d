//! What is looked for in messages, and what is said about single tools.

use super::approval::check_url;
use super::{Path, Problem, Report};
use crate::config::{Detector, Language, Masking, Recognizer, Tool};
use crate::limits;

/// Shortest literal of a detector: shorter ones occur everywhere.
const LITERAL_BYTES_MIN: usize = 3;

pub(super) fn check(masking: &Masking, path: &Path, report: &mut Report<'_>) {
    for (name, count) in [
        ("off", masking.off.len()),
        ("thresholds", masking.thresholds.len()),
        ("allow", masking.allow.len()),
        ("allow_patterns", masking.allow_patterns.len()),
        ("keys", masking.keys.len()),
        ("detectors", masking.detectors.len()),
    ] {
        bounded(count, limits::MASKING_ENTRIES_MAX, path.field(name), report);
    }
    report.texts(&masking.allow, &path.field("allow"));
    report.texts(&masking.allow_patterns, &path.field("allow_patterns"));
    report.texts(&masking.keys, &path.field("keys"));
    let detectors = path.field("detectors");
    let names = masking.detectors.iter().enumerate();
    report.unique(
        "detector name",
        names.map(|(i, detector)| (detector.name.as_str(), detectors.item(i).field("name"))),
    );
    if let Some(recognizer) = &masking.recognizer {
        check_recognizer(recognizer, &path.field("recognizer"), report);
    }
    for (index, detector) in masking.detectors.iter().enumerate() {
        check_detector(detector, &detectors.item(index), report);
    }
}

fn check_recognizer(recognizer: &Recognizer, path: &Path, report: &mut Report<'_>) {
    check_url(&recognizer.url, path.field("url"), report);
    let mut within = |name: &str, value: u64, max: u64| {
        if !(1..=max).contains(&value) {
            report.add(
                Problem::value(path.field(name), format!("{value} is out of range"))
                    .hint(format!("write 1 to {max}")),
            );
        }
    };
    within("timeout_ms", recognizer.timeout_ms, limits::RECOGNIZER_TIMEOUT_MS_MAX);
    let places = u64::try_from(recognizer.concurrency).unwrap_or(u64::MAX);
    within("concurrency", places, limits::RECOGNIZER_PLACES_MAX);
    within("threshold", recognizer.threshold.into(), 100);
    bounded(recognizer.entities.len(), limits::MASKING_ENTRIES_MAX, path.field("entities"), report);
    report.texts(&recognizer.entities, &path.field("entities"));
}

fn check_detector(detector: &Detector, path: &Path, report: &mut Report<'_>) {
    report.label(&detector.name, path.field("name"));
    if detector.literal.len() < LITERAL_BYTES_MIN {
        let text = format!("`{}` is too short to look for", detector.literal);
        report.add(
            Problem::value(path.field("literal"), text)
                .hint("write at least three bytes that every such value holds"),
        );
    }
}

pub(super) fn tools(tools: &[Tool], path: &Path, report: &mut Report<'_>) {
    bounded(tools.len(), limits::TOOLS_CONFIGURED_MAX, path.clone(), report);
    let names = tools.iter().enumerate();
    report.unique("tool name", names.map(|(i, tool)| (tool.name.as_str(), path.item(i).field("name"))));
    for (index, tool) in tools.iter().enumerate() {
        check_tool(tool, &path.item(index), report);
    }
}

fn check_tool(tool: &Tool, path: &Path, report: &mut Report<'_>) {
    let stem = tool.name.strip_suffix('*').unwrap_or(&tool.name);
    if tool.name.is_empty() || stem.contains('*') {
        report.add(
            Problem::value(path.field("name"), format!("`{}` names no tool", tool.name))
                .hint("write the name as the server lists it, or its beginning and `*`"),
        );
    }
    for (index, statement) in tool.statements.iter().enumerate() {
        let path = path.field("statements").item(index);
        if !statement.argument.starts_with('/') {
            report.add(
                Problem::value(
                    path.field("argument"),
                    format!("`{}` is no JSON Pointer", statement.argument),
                )
                .hint(format!("write `/{}` (RFC 6901)", statement.argument)),
            );
        }
        if statement.dialect.is_some() && statement.language != Language::Sql {
            report.add(
                Problem::key(path.field("dialect"), "only SQL has dialects")
                    .hint("remove `dialect`, or write `language: sql`"),
            );
        }
    }
    for (index, field) in tool.fields.iter().enumerate() {
        let path = path.field("fields").item(index);
        report.label(&field.detector, path.field("detector"));
        if !field.path.starts_with(['/', '$']) {
            report.add(
                Problem::value(path.field("path"), format!("`{}` is no path", field.path))
                    .hint("write a JSON Pointer (`/rows/*/name`) or a JSONPath (`$.rows[*].name`)"),
            );
        }
    }
}

fn bounded(count: usize, max: usize, path: Path, report: &mut Report<'_>) {
    if count > max {
        report.add(Problem::key(path, format!("{count} entries, at most {max} are allowed")));
    }
}
