//! Rows as text: CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180), but with a line feed) and JSON
//! lines.
//!
//! A cell never holds a control character, so that a row is one line, and never begins like a formula, since
//! the names of tools come from upstreams and people open these files in spreadsheets.

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
    }
}
