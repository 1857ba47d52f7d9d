//! What a report shows, found again in its text: numbers that name their figure, and rows that name the line of the
//! file they were taken from.
//!
//! `<b data-figure="rows.calls">1 234</b>`, any element; `<table data-file="gaps.csv" data-columns="0 3">` and in it
//! `<tr data-line="2"><td>..</td><td>..</td></tr>`, lines counted from 1, each cell shortened by [`super::short`].

/// A number in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Name of the figure.
    pub figure: String,
    /// What is shown for it.
    pub shown: String,
}

/// A row in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file it is taken from.
    pub file: String,
    /// Its line, from 1; `None`: a row that says of no line.
    pub line: Option<u64>,
    /// Which cells, from 0.
    pub columns: Vec<usize>,
    /// What is shown for them.
    pub cells: Vec<String>,
}

/// A number with its thousands apart.
pub fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// The marked numbers and rows of a report.
pub fn marks(html: &str) -> (Vec<Mark>, Vec<Row>) {
    let mut numbers = Vec::new();
    for part in html.split(" data-figure=\"").skip(1) {
        let (figure, rest) = part.split_once('"').unwrap_or((part, ""));
        numbers.push(Mark { figure: figure.to_owned(), shown: content(rest) });
    }
    let mut rows = Vec::new();
    for part in html.split("<table data-file=\"").skip(1) {
        let table = part.split("</table>").next().unwrap_or_default();
        let (file, rest) = table.split_once('"').unwrap_or((table, ""));
        let columns = rest.strip_prefix(" data-columns=\"").and_then(|rest| rest.split_once('"'));
        let columns = columns.map_or(Vec::new(), |(columns, _)| columns.split(' ').map(str::parse).collect());
        let columns: Vec<usize> = columns.into_iter().filter_map(Result::ok).collect();
        // The first row is the head.
        for row in rest.split("<tr").skip(2) {
            let line = row.strip_prefix(" data-line=\"").and_then(|row| row.split_once('"'));
            rows.push(Row {
                file: file.to_owned(),
                line: line.and_then(|(line, _)| line.parse().ok()),
                columns: columns.clone(),
                cells: row.split("<td").skip(1).map(content).collect(),
            });
        }
    }
    (numbers, rows)
}

/// The text of an element whose start tag ends in `rest`, up to the next tag.
fn content(rest: &str) -> String {
    let (_, text) = rest.split_once('>').unwrap_or_default();
    let text = text.split('<').next().unwrap_or_default();
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_rows_are_found_again() {
        let html = "<p>x <b class=\"n\" data-figure=\"rows.calls\">1\u{202f}234</b></p><table data-file=\"gaps.csv\" \
                    data-columns=\"0 3\"><thead><tr><th>a</th></tr></thead>\n<tr data-line=\"2\"><td>&lt;a&amp;</td><td \
                    class=\"n\">5</td></tr><tr><td>more</td></tr></table><table><tr><td>ours</td></tr></table>";
        let (numbers, rows) = marks(html);
        assert_eq!(numbers, [Mark { figure: "rows.calls".to_owned(), shown: group(1234) }]);
        let row = |line, cells: &[&str]| Row {
            file: "gaps.csv".to_owned(),
            line,
            columns: vec![0, 3],
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
        };
        assert_eq!(rows, [row(Some(2), &["<a&", "5"]), row(None, &["more"])]);
    }
}
