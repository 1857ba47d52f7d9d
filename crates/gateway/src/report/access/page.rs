//! The matrix as a page of HTML that needs nothing else and prints well.

use super::basis::Basis;
use super::duty::Concern;
use super::matrix::{Cell, Matrix};
use super::note::Notes;
use super::text::instant;
use crate::policy::Outcome;
use crate::report::html::escape;

const STYLE: &str = include_str!("page.css");

/// How to read the matrix.
pub const LEGEND: &str = "A cell speaks of every message that fits its row and its column and that the gateway can \
    read: allow, hold (people must agree first), deny, or a condition. Messages that cannot be read, because they are \
    malformed or beyond a limit, are denied whatever a cell says. A group stands for somebody in exactly these groups \
    whom no policy names. Definitions of tools are taken as they stood at that time.";

/// The whole matrix.
pub fn to_html(basis: &Basis, matrix: &Matrix, concerns: &[Concern]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>Access-control matrix, {at}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Access-control matrix</h1>\n<p>As of <b>{at}</b>, policy set \
         <code>{set}</code>, {since}.</p>\n<p class=\"legend\">{LEGEND}</p>\n",
        at = instant(basis.at),
        set = escape(&basis.policy_set),
        since = since(basis),
    );
    for note in &basis.notes {
        page.push_str(&format!("<p class=\"legend\">Note: {}.</p>\n", escape(note)));
    }
    findings(&mut page, concerns);
    for server in basis.servers.keys() {
        of_server(&mut page, server, matrix);
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Since when the policies were in force.
pub fn since(basis: &Basis) -> String {
    match basis.published {
        None => "not in force".to_owned(),
        Some((since, None)) => format!("in force since {}", instant(since)),
        Some((since, Some(index))) => format!("in force since {} (leaf {index})", instant(since)),
    }
}

fn findings(page: &mut String, concerns: &[Concern]) {
    page.push_str("<h2>Segregation of duties</h2>\n");
    if concerns.is_empty() {
        page.push_str("<p>Nothing to look at.</p>\n");
        return;
    }
    page.push_str("<ul>\n");
    for Concern { server, text, .. } in concerns {
        page.push_str(&format!("<li><b>{}</b>: {}</li>\n", escape(server), escape(text)));
    }
    page.push_str("</ul>\n");
}

fn of_server(page: &mut String, server: &str, matrix: &Matrix) {
    let rows: Vec<_> = matrix.rows.iter().filter(|(object, _)| object.server == server).collect();
    if rows.is_empty() {
        return;
    }
    let mut notes = Notes::default();
    page.push_str(&format!(
        "<section>\n<h2>{}</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>Action</th><th>Target</th>",
        escape(server)
    ));
    for subject in &matrix.subjects {
        page.push_str(&format!("<th class=\"who\">{}</th>", escape(&subject.label())));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for (object, cells) in rows {
        let statement =
            object.statement.as_deref().map(|statement| format!("<br><small>{}</small>", escape(statement)));
        page.push_str(&format!(
            "<tr><td>{}</td><th scope=\"row\">{}{}</th>",
            escape(&object.action),
            escape(&object.target),
            statement.unwrap_or_default(),
        ));
        for cell in cells {
            page.push_str(&of_cell(cell, notes.number(cell)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n<ol class=\"notes\">\n");
    for (outcome, text) in notes.texts() {
        page.push_str(&format!("<li class=\"{}\">{}</li>\n", outcome.as_str(), escape(&text)));
    }
    page.push_str("</ol>\n</section>\n");
}

fn of_cell(cell: &Cell, note: Option<usize>) -> String {
    let word = match cell.outcome {
        Outcome::Conditional => "if",
        other => other.as_str(),
    };
    let number = note.map(|number| format!("<sup>{number}</sup>")).unwrap_or_default();
    let title = if note.is_some() { cell.note() } else { "no policy permits it".to_owned() };
    format!("<td class=\"{}\" title=\"{}\">{word}{number}</td>", cell.outcome.as_str(), escape(&title))
}
