//! Names and values in a text that is no JSON: tables (comma-separated values, Markdown, what the shells of databases
//! print), rows that SQL inserts, and lines, attributes and elements that label what they hold.
//!
//! Nothing is understood here but where a name stands and where its value. Linear: each byte is in at most one cell, and
//! around a sign that may end a label a bounded neighbourhood is looked at.

use super::limit::COLUMNS_MAX;
use crate::walk::Span;

/// Longest name of a column, in bytes.
const HEADER_MAX: usize = 48;
/// Bytes before a sign in which a label may begin.
const LABEL_MAX: usize = 40;
/// Bytes after a sign in which what is labelled has its first digit.
const DIGIT_MAX: usize = 20;
/// Most bytes between the brackets of rows that are inserted.
const GROUP_MAX: usize = 16 * 1024;
/// Longest labelled value, in bytes.
const VALUE_MAX: usize = 64;
/// How much of a labelled word is judged, and how long one is at most, in bytes.
const JUDGED_MAX: usize = 1024;
const WORD_MAX: usize = 16 * 1024;

/// Calls `visit` with what the name of its column says and the place of each cell of every table. A table is one when
/// `read` says something of the name of a column; cells of the others are not visited.
pub(super) fn cells<'a, M: Copy>(
    text: &'a str,
    mut read: impl FnMut(&'a str) -> Option<M>,
    mut visit: impl FnMut(M, Span),
) {
    let mut table: Option<Header<M>> = None;
    // A header begins a text, or stands behind an empty line, a fence or the end of a sentence.
    let (mut fresh, mut before) = (true, Span::new(0, 0));
    let mut at = 0;
    while at < text.len() {
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length);
        let (start, line) = (at, trimmed(text, Span::new(at, end)));
        let bytes = line.of(text).as_bytes();
        at = end + 1;
        if bytes.is_empty() || bytes.starts_with(b"```") || bytes.ends_with(b":") {
            (table, fresh) = (None, true);
        } else if is_rule(bytes) {
            table = table.or_else(|| Header::read(text, before, b"|", &mut read));
        } else if let Some(header) = &table {
            if header.row(text, line, &mut read, &mut visit) {
                continue;
            }
            table = None;
        } else if fresh && end < text.len() {
            // Programs and sentences have commas too: machines write them at the margin and without a space behind.
            let mut commas = memchr::memchr_iter(b',', bytes);
            let prose = line.start > start || commas.any(|comma| bytes.get(comma + 1) == Some(&b' '));
            let separators: &[u8] = if prose { b"|" } else { b"|\t;," };
            table = Header::read(text, line, separators, &mut read);
            fresh = false;
        }
        if inserts(bytes) {
            at = inserted(text, line.start + INSERT.len(), &mut read, &mut visit).max(at);
        }
        before = line;
    }
}

/// What the names of the columns of a table say, and what stands between them.
struct Header<M> {
    columns: Vec<Option<M>>,
    /// The column that names what the other holds, as in `variable | value`.
    pair: Option<(usize, usize)>,
    between: u8,
}

/// The column of names and that of values, where a table has both.
fn pair(names: &[&str]) -> Option<(usize, usize)> {
    let at = |words: &[&str]| {
        names.iter().position(|name| words.iter().any(|word| name.eq_ignore_ascii_case(word)))
    };
    at(&["key", "name", "variable", "setting", "parameter", "option", "property", "what"])
        .zip(at(&["value", "val"]))
}

impl<M: Copy> Header<M> {
    /// A line as a header, when all between one of `separators` are names and one of them says something.
    fn read<'a>(
        text: &'a str,
        line: Span,
        separators: &[u8],
        read: &mut impl FnMut(&'a str) -> Option<M>,
    ) -> Option<Self> {
        let bytes = line.of(text).as_bytes();
        let between = *separators.iter().find(|byte| memchr::memchr(**byte, bytes).is_some())?;
        let mut names = Vec::new();
        let mut plain = true;
        fields(text, line, between, |span| {
            let name = span.of(text);
            plain = is_name(name) && names.len() < COLUMNS_MAX;
            names.push(name);
            plain
        });
        if !plain || names.len() < 2 {
            return None;
        }
        let pair = pair(&names);
        let columns: Vec<Option<M>> = names.into_iter().map(read).collect();
        (pair.is_some() || columns.iter().any(Option::is_some)).then_some(Self { columns, pair, between })
    }

    /// Visits the cells of a row; whether it has as many as the header.
    fn row<'a>(
        &self,
        text: &'a str,
        line: Span,
        read: &mut impl FnMut(&'a str) -> Option<M>,
        visit: &mut impl FnMut(M, Span),
    ) -> bool {
        let mut row = [Span::new(0, 0); COLUMNS_MAX];
        let mut count = 0;
        fields(text, line, self.between, |span| {
            if let Some(cell) = row.get_mut(count) {
                *cell = span;
            }
            count += 1;
            count <= COLUMNS_MAX
        });
        if count != self.columns.len() {
            return false;
        }
        for (column, cell) in self.columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            if let Some(column) = column {
                visit(*column, cell);
            }
        }
        let named = self.pair.and_then(|(name, value)| Some((read(row[name].of(text))?, row[value])));
        if let Some((says, value)) = named.filter(|(_, value)| !value.is_empty()) {
            visit(says, value);
        }
        true
    }
}

/// Calls `visit` with each part of a line between `between`, without the quotes and spaces around it, until it says no.
/// What separates inside quotes does not.
fn fields(text: &str, line: Span, between: u8, mut visit: impl FnMut(Span) -> bool) {
    let mut line = line;
    if between == b'|' {
        // Markdown has them at both ends.
        let bytes = line.of(text).as_bytes();
        let (first, last) = (bytes.first() == Some(&b'|'), bytes.len() > 1 && bytes.last() == Some(&b'|'));
        line = Span::new(line.start + usize::from(first), line.end - usize::from(last));
    }
    let bytes = text.as_bytes();
    let mut start = line.start;
    loop {
        let content = (start..line.end).find(|at| bytes[*at] != b' ').unwrap_or(line.end);
        let quote = bytes[content..line.end].first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let closed = quote.and_then(|quote| closing(bytes, content + 1, line.end, quote));
        let from = closed.unwrap_or(content);
        let end = memchr::memchr(between, &bytes[from..line.end]).map_or(line.end, |length| from + length);
        let cell = match closed {
            Some(closed) => Span::new(content + 1, closed),
            None => trimmed(text, Span::new(start, end)),
        };
        if !visit(cell) || end == line.end {
            return;
        }
        start = end + 1;
    }
}

/// Where the quote closes that opened before `from`; one that is doubled does not.
fn closing(bytes: &[u8], from: usize, end: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(quote, bytes.get(at..end)?)?;
        if bytes.get(at + 1) != Some(&quote) || at + 1 >= end {
            return Some(at);
        }
        at += 2;
    }
}

const INSERT: &[u8] = b"insert into ";

fn inserts(line: &[u8]) -> bool {
    line.first_chunk::<12>().is_some_and(|start| start.eq_ignore_ascii_case(INSERT))
}

/// Whether a text of one line may have cells.
pub(super) fn in_one_line(text: &str) -> bool {
    inserts(text.trim_start().as_bytes())
}

/// Visits the values of `insert into t (a, b) values (1, 2), (3, 4)`; where what was read ends.
fn inserted<'a, M: Copy>(
    text: &'a str,
    from: usize,
    read: &mut impl FnMut(&'a str) -> Option<M>,
    visit: &mut impl FnMut(M, Span),
) -> usize {
    let (names, mut at) = group(text, from);
    let header = names.and_then(|names| Header::read(text, names, b",", read));
    let Some(header) = header else { return at };
    loop {
        let (row, reached) = group(text, at + 1);
        let Some(row) = row else { return reached };
        let joint = text[at + 1..row.start].trim_matches([' ', ',', '(']);
        if !(joint.is_empty() || joint.eq_ignore_ascii_case("values")) || !header.row(text, row, read, visit)
        {
            return at;
        }
        at = reached;
    }
}

/// What stands in the brackets that open next on the line, and where they close; or the end of that line, when they do not
/// close within [`GROUP_MAX`].
fn group(text: &str, from: usize) -> (Option<Span>, usize) {
    let bytes = text.as_bytes();
    let from = from.min(bytes.len());
    let Some(open) = memchr::memchr3(b'(', b';', b'\n', &bytes[from..]).map(|length| from + length) else {
        return (None, bytes.len());
    };
    if bytes[open] != b'(' {
        return (None, open);
    }
    let until = bytes.len().min(open + GROUP_MAX);
    let closes = || {
        let mut at = open + 1;
        loop {
            at += memchr::memchr3(b')', b'\'', b'"', bytes.get(at..until)?)?;
            if bytes[at] == b')' {
                return Some(at);
            }
            at = closing(bytes, at + 1, until, bytes[at])? + 1;
        }
    };
    match closes() {
        Some(end) => (Some(Span::new(open + 1, end)), end),
        None => (None, memchr::memchr(b'\n', &bytes[open..]).map_or(bytes.len(), |length| open + length)),
    }
}

/// What stands behind a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Labelled {
    /// What it is: more than one word may belong to it.
    pub(super) value: Span,
    /// Its first word, which secrets are, as far as it is judged.
    pub(super) word: Span,
    /// It stands between the tags of an element, and nothing else does.
    pub(super) alone: bool,
}

impl Labelled {
    /// All of its first word.
    pub(super) fn whole_word(self, text: &str) -> Span {
        Span::new(self.word.start, word_end(text, self.word.start, WORD_MAX))
    }
}

/// Calls `visit` with what each label in the text says and what it labels: `Label: value`, `label = value`,
/// `label="value"`, `<label>value</label>`, `name: label` above `value: ..`. But in elements it has a digit near its start.
pub(super) fn labels<'a, M>(
    text: &'a str,
    mut read: impl FnMut(&'a str) -> Option<M>,
    mut visit: impl FnMut(M, Labelled),
) {
    let bytes = text.as_bytes();
    for at in memchr::memchr3_iter(b':', b'=', b'>', bytes) {
        // Most of these signs are in addresses.
        if bytes.get(at + 1) == Some(&b'/') {
            continue;
        }
        let quoted = |byte: &&u8| matches!(**byte, b' ' | b'*' | b'"' | b'\'' | b'\t' | b'`');
        let start = at + 1 + bytes[at + 1..].iter().take(8).take_while(quoted).count();
        let near = &bytes[start..bytes.len().min(start + DIGIT_MAX)];
        let digit = near.iter().take_while(|byte| **byte >= b' ' && **byte != b'<').any(u8::is_ascii_digit);
        let element =
            bytes[at] == b'>' && near.first().is_some_and(|byte| !matches!(byte, b'<' | b' ' | 0..b' '));
        if !digit && !element {
            continue;
        }
        let label = label_before(text, at);
        let Some(says) = (!label.is_empty()).then(|| read(label)).flatten() else { continue };
        let value = value_after(text, start);
        let alone = element && text[value.end..].starts_with("</");
        if !value.is_empty() && (digit || alone) {
            visit(says, Labelled { value, word: word_after(text, start), alone });
        }
    }
}

/// The label that ends at the sign at `at`.
fn label_before(text: &str, at: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(LABEL_MAX));
    let label = text[from..at].trim_end_matches([' ', '*', '"', '\'', '`']);
    let part = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b'.' | b'\'' | 0x80..)
    };
    let begin = label.as_bytes().iter().rposition(|byte| !part(byte)).map_or(0, |sign| sign + 1);
    let label = label[begin..].trim_start_matches(|c: char| !c.is_alphanumeric());
    match label {
        "td" | "dd" => cell_before(text, at),
        "value" => named_before(text, from + begin),
        _ => label,
    }
}

/// What `value` is the value of, where the name stands before it: `name: label` on the line above, `key="label"`.
fn named_before(text: &str, at: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(2 * LABEL_MAX));
    let before = text[from..at].trim_end();
    let Some(sign) = before.rfind([':', '=']) else { return "" };
    let names = ["name", "key"].iter().any(|word| before[..sign].trim_end().ends_with(word));
    if names { before[sign + 1..].trim_matches([' ', '"', '\'']) } else { "" }
}

/// The word that begins at `start`, as far as it is judged.
fn word_after(text: &str, start: usize) -> Span {
    Span::new(start, word_end(text, start, JUDGED_MAX))
}

fn word_end(text: &str, start: usize, longest: usize) -> usize {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`<>,;|".contains(byte);
    let word = &text.as_bytes()[start..text.len().min(start + longest)];
    text.floor_char_boundary(start + word.iter().position(ends).unwrap_or(word.len()))
}

/// The value that begins at `start`: between quotes, or to where a value ends.
fn value_after(text: &str, start: usize) -> Span {
    let quote = start.checked_sub(1).map(|at| text.as_bytes()[at]).filter(|byte| b"\"'`".contains(byte));
    let closed = |quote| text.as_bytes()[start..].iter().take(VALUE_MAX).position(|byte| *byte == quote);
    if let Some(length) = quote.and_then(closed) {
        return trimmed(text, Span::new(start, start + length));
    }
    let until = text.floor_char_boundary(text.len().min(start + VALUE_MAX));
    let value = &text[start..until];
    let ends = |c: char| matches!(c, '\n' | '\r' | '\t' | '<' | '"' | '`' | ';' | '|' | '&' | ')' | '*');
    let end = value.find(ends).unwrap_or(value.len());
    let value = trimmed(text, Span::new(start, start + end));
    match value.of(text).strip_suffix(['.', ',', '\'']) {
        Some(_) => Span::new(value.start, value.end - 1),
        None => value,
    }
}

/// What stands in the cell before the one whose tag ends at `at`: `<th>label</th><td>`.
fn cell_before(text: &str, at: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(2 * LABEL_MAX));
    let before = text[from..at].rfind('<').map_or("", |open| text[from..from + open].trim_end());
    let cell = ["</th>", "</td>", "</dt>"].iter().find_map(|close| before.strip_suffix(close));
    cell.and_then(|cell| cell.rfind('>').map(|open| cell[open + 1..].trim())).unwrap_or_default()
}

/// The line under a header: hyphens and what joins them.
fn is_rule(line: &[u8]) -> bool {
    line.len() > 2
        && line.iter().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b':' | b' ' | b'='))
        && line.contains(&b'-')
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '\'' | '/' | '(' | ')' | '*' | '#')
    };
    name.len() <= HEADER_MAX
        && name.starts_with(|c: char| c.is_alphabetic() || c == '*')
        && name.chars().all(plain)
}

/// `span` without the spaces at its ends.
fn trimmed(text: &str, span: Span) -> Span {
    let part = span.of(text);
    let start = span.start + (part.len() - part.trim_start().len());
    Span::new(start, start + part.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        cells(text, |name| (name != "id").then_some(name), |name, cell| found.push((name, cell.of(text))));
        found
    }

    #[test]
    fn cells_of_tables_have_the_names_of_their_columns() {
        let person = vec![("name", "Ana"), ("born", "1984-07-23")];
        for text in [
            "id,name,born\n7,Ana,1984-07-23\n",
            "rows:\nid;name;born\n7;Ana;1984-07-23",
            "Found one.\n\nid\tname\tborn\n7\tAna\t1984-07-23",
            "| id | name | born |\n|---|:--|---|\n| 7 | Ana | 1984-07-23 |\n",
            " id | name |    born\n----+------+------------\n  7 | Ana  | 1984-07-23\n(1 row)\n",
            "some text\nid | name | born\n---|---|---\n7 | Ana | 1984-07-23",
            "INSERT INTO people (id, name, born) VALUES (7, 'Ana', '1984-07-23');",
            "id,name,born\n7,\"Ana\",'1984-07-23'\n",
        ] {
            assert_eq!(table(text), person, "{text}");
        }
        let late = "insert into x (oops\n\nid,name,born\n7,Ana,1984-07-23";
        assert_eq!(table(late), person, "brackets that never close end with their line");
        let two = "insert into t (id, name) values (1, 'O''Neill, A'), (2, 'Bo')";
        assert_eq!(table(two), [("name", "O''Neill, A"), ("name", "Bo")]);
    }

    #[test]
    fn what_is_no_table_has_no_cells() {
        for text in [
            "Dear Ana, I hope, as ever, that you are well\nAna, Bo and Cy",
            "id\n7",
            "a,b\n1,2,3\n4,5",
            "",
            "insert into t values (1, 2)",
            "insert into t (a",
            "1,2\n3,4",
            "    return user, password\n    check(user, password)",
            "Name, password and so\none, two",
        ] {
            assert_eq!(table(text), [], "{text}");
        }
    }

    #[test]
    fn labels_are_found_with_what_they_label() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let mut found = Vec::new();
            labels(text, Some, |label, value| found.push((label, value.value.of(text))));
            assert_eq!(found, expected, "{text}");
        };
        check("Born: 1984-07-23\nId: 7", &[("Born", "1984-07-23"), ("Id", "7")]);
        check("- **Data di nascita:** 23/07/1984", &[("Data di nascita", "23/07/1984")]);
        check("x=\"1\" born=\"1984-07-23\" a", &[("x", "1"), ("born", "1984-07-23")]);
        check("<born>1984-07-23</born>", &[("born", "1984-07-23")]);
        check("  phone: '030 9018200'", &[("phone", "030 9018200")]);
        check("<th>Born</th><td>1984-07-23</td>", &[("th", "Born"), ("Born", "1984-07-23")]);
        check("<add key=\"Pin\" value=\"1984\"/>", &[("add key", "Pin"), ("Pin", "1984")]);
        check("- name: PIN\n  value: \"1984\"", &[("PIN", "1984")]);
        check("<name>Ana</name><b>Ana and <i>", &[("name", "Ana")]);
        check("{ address: '1.2.3.4', ttl: 60 }", &[("address", "1.2.3.4"), ("ttl", "60 }")]);
        check("Name: Ana\nhttps://example.com/a", &[]);
        check(": 1", &[]);
    }
}
