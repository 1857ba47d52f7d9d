//! What the configuration says about masking, compiled.

use std::collections::HashMap;

use inspect::mask::{Custom, FieldRule, Fields, KeyName, Path, PathError, RuleError, Rules, Settings};

use super::Subject;
use crate::config::{Masking, ServerConfig, Tool};

/// What members are called whose names the operator added.
const KEY: &str = "configured-key";

/// Rules of the fields of some tools.
pub(super) struct ToolFields {
    tool: Tool,
    fields: Fields,
}

/// A setting of the operator's that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// In `masking`.
    #[error("`masking`: {0}")]
    Rule(#[from] RuleError),
    /// In `servers[].tools[].fields`.
    #[error("server `{server}`, tool `{tool}`: `{path}` is no path of a field: {cause}")]
    Field {
        /// Which server.
        server: String,
        /// Which tool.
        tool: String,
        /// As written.
        path: String,
        /// What is wrong.
        cause: PathError,
    },
}

/// Compiles what `masking` says: what is looked for.
///
/// # Errors
/// [`MaskError::Rule`]
pub fn rules(masking: &Masking) -> Result<Rules, MaskError> {
    let key = |name: &String| KeyName { name: words(name), detector: KEY.to_owned() };
    let custom = |detector: &crate::config::Detector| Custom {
        name: detector.name.clone(),
        literals: vec![detector.literal.clone()],
        pattern: Some(detector.pattern.clone()),
    };
    let built_in = Settings::default();
    let settings = Settings {
        off: masking.off.clone(),
        threshold: masking.threshold.unwrap_or(built_in.threshold),
        thresholds: masking.thresholds.clone(),
        allow: masking.allow.clone(),
        allow_patterns: masking.allow_patterns.clone(),
        keys: masking.keys.iter().map(key).collect(),
        literals: masking.detectors.iter().map(custom).collect(),
    };
    Ok(Rules::new(&settings)?)
}

pub(super) fn tools(servers: &[ServerConfig]) -> Result<HashMap<String, Vec<ToolFields>>, MaskError> {
    let of_server = |server: &ServerConfig| {
        let tools = server.tools.iter().filter(|tool| !tool.fields.is_empty());
        let compiled: Result<Vec<_>, _> = tools.map(|tool| of_tool(&server.name, tool)).collect();
        Ok((server.name.clone(), compiled?))
    };
    servers.iter().map(of_server).collect()
}

fn of_tool(server: &str, tool: &Tool) -> Result<ToolFields, MaskError> {
    let rule = |field: &crate::config::FieldAt| {
        let path = field.path.parse::<Path>().map_err(|cause| MaskError::Field {
            server: server.to_owned(),
            tool: tool.name.clone(),
            path: field.path.clone(),
            cause,
        })?;
        Ok(FieldRule { path, detector: field.detector.clone() })
    };
    let rules: Result<Vec<_>, MaskError> = tool.fields.iter().map(rule).collect();
    Ok(ToolFields { tool: tool.clone(), fields: Fields::new(&rules?) })
}

/// The rules for the tool a message is about.
pub(super) fn fields<'a>(
    tools: &'a HashMap<String, Vec<ToolFields>>,
    subject: Subject<'_>,
) -> Option<&'a Fields> {
    let name = subject.tool?;
    tools.get(subject.server)?.iter().find(|known| known.tool.fits(name)).map(|known| &known.fields)
}

/// A member's name as the detectors compare it: lower-case words, one space between.
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut before = '_';
    for c in name.chars() {
        let joint = !c.is_alphanumeric();
        let hump = c.is_uppercase() && before.is_lowercase();
        if (joint || hump) && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        if !joint {
            words.extend(c.to_lowercase());
        }
        before = c;
    }
    words.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members_are_compared_word_by_word() {
        for written in ["personnelNumber", "personnel_number", "Personnel-Number", "PERSONNEL NUMBER"] {
            assert_eq!(words(written), "personnel number", "{written}");
        }
        assert_eq!(words("_pin_"), "pin");
    }
}
