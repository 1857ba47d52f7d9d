//! Tables. Everything in them may come from callers or upstreams.

use evidence::package::{group, short};

use crate::report::html::escape;

/// A number that a verifier counts again: see `evidence::package::figures`.
pub(super) fn figure(name: &str, number: u64) -> String {
    format!("<span data-figure=\"{}\">{}</span>", escape(name), group(number))
}

/// A column: its head, and how it is set.
pub(super) enum Head {
    Text(&'static str),
    /// The cell holds the name of a figure, a space and its number.
    Figure(&'static str),
    Code(&'static str),
    File(&'static str),
}

/// A table of ours.
pub(super) fn table(out: &mut String, heads: &[Head], rows: &[Vec<String>]) {
    let class = if heads.len() < 3 { " class=\"narrow\"" } else { "" };
    out.push_str(&format!("<div class=\"wide\"><table{class}><thead><tr>"));
    for head in heads {
        match head {
            Head::Figure(name) => out.push_str(&format!("<th class=\"n\">{name}</th>")),
            Head::Text(name) | Head::Code(name) | Head::File(name) => {
                out.push_str(&format!("<th>{name}</th>"));
            }
        }
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (head, cell) in heads.iter().zip(row) {
            let cell = escape(cell);
            out.push_str(&match head {
                Head::Text(_) => format!("<td>{cell}</td>"),
                Head::Figure(_) => {
                    let (name, number) = cell.split_once(' ').unwrap_or((&cell, ""));
                    format!("<td class=\"n\" data-figure=\"{name}\">{number}</td>")
                }
                Head::Code(_) => format!("<td><code>{cell}</code></td>"),
                Head::File(_) => format!("<td><a href=\"{cell}\"><code>{cell}</code></a></td>"),
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// Columns that a report leaves out of a file that is wider than paper.
const WIDE: &[(&str, &[&str])] = &[
    ("populations/approvals.csv", &["call", "method", "approved_index", "end_index", "used_for"]),
    ("populations/definitions.csv", &["document"]),
    ("populations/keys.csv", &["kind", "created_by"]),
];

/// Rows of a derived file, each with the number of its line. Columns that are empty in all of them are left out; long
/// identifiers are cut, since the file has them whole.
pub(super) fn of_file(out: &mut String, path: &str, head: &[String], rows: &[(u64, Vec<String>)]) {
    let used =
        |column: &usize| rows.iter().any(|(_, row)| row.get(*column).is_some_and(|cell| !cell.is_empty()));
    let wide = WIDE.iter().find(|(of, _)| *of == path).map(|(_, left_out)| *left_out).unwrap_or_default();
    let fits = |at: &usize| !matches!(&*head[*at], "detail" | "lane") && !wide.contains(&&*head[*at]);
    let columns: Vec<usize> = (0..head.len()).filter(used).filter(fits).collect();
    let named: Vec<String> = columns.iter().map(usize::to_string).collect();
    out.push_str(&format!(
        "<div class=\"wide\"><table data-file=\"{}\" data-columns=\"{}\"><thead><tr>",
        escape(path),
        named.join(" ")
    ));
    for &column in &columns {
        let class = if is_number(&head[column]) { " class=\"n\"" } else { "" };
        out.push_str(&format!("<th{class}>{}</th>", escape(&head[column].replace('_', " "))));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (line, row) in rows {
        out.push_str(&format!("<tr data-line=\"{line}\">"));
        for &column in &columns {
            let class = match &*head[column] {
                name if is_number(name) => " class=\"n\"",
                name if is_time(name) => " class=\"t\"",
                "key" | "added" | "changed" | "removed" | "what" => " class=\"long\"",
                _ => "",
            };
            let cell = row.get(column).map(String::as_str).unwrap_or_default();
            out.push_str(&format!("<td{class}>{}</td>", escape(&short(cell))));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn is_time(head: &str) -> bool {
    matches!(
        head,
        "time"
            | "from"
            | "until"
            | "requested"
            | "approved"
            | "ended"
            | "first"
            | "last"
            | "expires"
            | "revoked"
    )
}

fn is_number(head: &str) -> bool {
    head.ends_with("index")
        || matches!(
            head,
            "seconds"
                | "theirs"
                | "ours"
                | "difference"
                | "rank"
                | "started"
                | "heartbeats"
                | "stopped"
                | "quorum"
        )
}
