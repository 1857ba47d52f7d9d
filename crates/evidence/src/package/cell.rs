//! Rows as text: CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180), but with a line feed) and JSON
//! lines.
//!
//! A cell never holds a control character, so that a row is one line, and never begins like a formula, since
//! the names of tools come from upstreams and people open these files in spreadsheets.

use serde_json::Value;

/// Characters of a cell that a report shows.
const SHOWN_MAX: usize = 200;

/// A cell without control characters.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// One line of CSV, without its line feed.
pub(super) fn csv<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let mut line = String::new();
    for (position, cell) in cells.into_iter().enumerate() {
        if position > 0 {
            line.push(',');
        }
        let guard = if is_formula(cell) { "'" } else { "" };
        if cell.contains([',', '"']) {
            line.extend(["\"", guard, &cell.replace('"', "\"\""), "\""]);
        } else {
            line.extend([guard, cell]);
        }
    }
    line
}

/// One line of JSON, without its line feed: an object of texts in the order given.
pub(super) fn json<'c>(cells: impl IntoIterator<Item = (&'c str, &'c str)>) -> String {
    let mut line = String::from("{");
    for (position, (name, cell)) in cells.into_iter().enumerate() {
        if position > 0 {
            line.push(',');
        }
        line.extend([&*quoted(name), ":", &*quoted(cell)]);
    }
    line.push('}');
    line
}

/// The cells of a line of CSV.
pub fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

/// A cell as the report has room for it: identifiers to eight characters, instants to the second, an object of JSON as its
/// members that hold something, `name: value; name: value`, and all of it to [`SHOWN_MAX`] characters.
pub fn short(cell: &str) -> String {
    let members = cell.starts_with('{').then(|| serde_json::from_str::<Value>(cell).ok()).flatten();
    let text = match &members {
        Some(Value::Object(members)) => {
            let member = |(name, value): (&String, &Value)| Some(format!("{name}: {}", shown(value)?));
            members.iter().filter_map(member).collect::<Vec<_>>().join("; ")
        }
        _ => shortened(cell),
    };
    // What JSON escapes is no control character any more.
    bounded(&clean(&text))
}

/// A member of an object, unless it is empty.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => shortened(text),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).map(shortened).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty() && text != "{}")
}

/// An identifier or an instant, shortened; anything else as it is.
fn shortened(cell: &str) -> String {
    let is_hex =
        |text: &str| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_hex(cell) {
        return format!("{}…", &cell[..8]);
    }
    if let Some((date, time)) = cell.split_once('T')
        && date.len() == 10
        && time.ends_with('Z')
        && let Some(time) = time.get(..8)
    {
        return format!("{date} {time}");
    }
    cell.to_owned()
}

fn bounded(cell: &str) -> String {
    let mut text: String = cell.chars().take(SHOWN_MAX).collect();
    if text.len() < cell.len() {
        text.push('…');
    }
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_formula(cell: &str) -> bool {
    let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    cell.starts_with(['=', '+', '@']) || cell.strip_prefix('-').is_some_and(|rest| !number(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_upstreams_stay_data_in_a_spreadsheet() {
        let line = csv(["=HYPERLINK(1,2)", "-32600", "-x", "a\"b", "plain"]);
        assert_eq!(line, r#""'=HYPERLINK(1,2)",-32600,'-x,"a""b",plain"#);
        assert_eq!(clean("a\nb"), "a\u{fffd}b");
        assert_eq!(cells(&line), ["'=HYPERLINK(1,2)", "-32600", "'-x", "a\"b", "plain"]);
    }

    #[test]
    fn report_shows_cells_shortened_by_one_rule() {
        assert_eq!(short("01a21884-b973-7b97-8167-7b42c6da7924"), "01a21884…");
        assert_eq!(short("2026-11-20T08:00:00.000000Z"), "2026-11-20 08:00:00");
        assert_eq!(short("as it is"), "as it is");
        assert_eq!(short(&"x".repeat(201)), format!("{}…", "x".repeat(200)));
        let object = format!(
            r#"{{"added":[],"by":"start","now":"{}","of":{{"a":1}},"tools":["a","b"]}}"#,
            "0a".repeat(32)
        );
        assert_eq!(short(&object), r#"by: start; now: 0a0a0a0a…; of: {"a":1}; tools: a b"#);
        assert_eq!(short("{not json"), "{not json");
    }
}
