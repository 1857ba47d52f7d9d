//! Tables. Everything in them may come from callers or upstreams.

use crate::report::html::escape;

/// A number with its thousands apart.
pub(super) fn group(number: u64) -> String {
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

/// A column: its head, and how it is set.
pub(super) enum Head {
    Text(&'static str),
    Number(&'static str),
    Code(&'static str),
    File(&'static str),
}

/// A table of ours.
pub(super) fn table(out: &mut String, heads: &[Head], rows: &[Vec<String>]) {
    out.push_str("<div class=\"wide\"><table><thead><tr>");
    for head in heads {
        match head {
            Head::Number(name) => out.push_str(&format!("<th class=\"n\">{name}</th>")),
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
                Head::Number(_) => format!("<td class=\"n\">{cell}</td>"),
                Head::Code(_) => format!("<td><code>{cell}</code></td>"),
                Head::File(_) => format!("<td><a href=\"{cell}\"><code>{cell}</code></a></td>"),
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// Rows of a derived file. Columns that are empty in all of them are left out; long identifiers are cut,
/// since the file has them whole.
pub(super) fn of_file(out: &mut String, head: &[String], rows: &[Vec<String>]) {
    let used = |column: &usize| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<usize> =
        (0..head.len()).filter(used).filter(|&at| !matches!(&*head[at], "detail" | "lane")).collect();
    out.push_str("<div class=\"wide\"><table><thead><tr>");
    for &column in &columns {
        let class = if is_number(&head[column]) { " class=\"n\"" } else { "" };
        out.push_str(&format!("<th{class}>{}</th>", escape(&head[column].replace('_', " "))));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for &column in &columns {
            let class = match &*head[column] {
                name if is_number(name) => " class=\"n\"",
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

/// A cell as a page has room for it.
fn short(cell: &str) -> String {
    let is_hex =
        |text: &str| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_hex(cell) {
        return format!("{}…", &cell[..8]);
    }
    // An instant to the second.
    if let Some((date, time)) = cell.split_once('T')
        && date.len() == 10
        && time.ends_with('Z')
        && let Some(time) = time.get(..8)
    {
        return format!("{date} {time}");
    }
    let mut text: String = cell.chars().take(120).collect();
    if text.len() < cell.len() {
        text.push('…');
    }
    text
}
