//! Where statements stand in arguments: where the configuration says, else where a name gives it away.

use inspect::statement::Dialect;
use inspect::statement::shell::Kind;
use inspect::value::Value;
use inspect::walk;

use crate::config::{self, StatementAt};
use crate::limits;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Sql(Option<Dialect>),
    Shell(Kind),
    Path,
    Url,
    /// What should be a text is none.
    Unreadable,
}

/// A text to be classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) language: Language,
    pub(super) text: String,
}

/// Names of arguments that hold SQL when the text begins like it.
const SQL_NAMES: &[&str] =
    &["sql", "query", "statement", "sql_query", "sqlquery", "raw_sql", "queries", "statements"];

/// Names of arguments that hold a command line.
const SHELL_NAMES: &[&str] = &[
    "command",
    "cmd",
    "commands",
    "shell",
    "bash",
    "script",
    "shell_command",
    "command_line",
    "commandline",
];

/// Words that statements of SQL begin with.
const SQL_WORDS: &[&str] = &[
    "alter", "analyze", "attach", "backup", "begin", "bulk", "call", "commit", "copy", "create", "declare",
    "delete", "desc", "describe", "detach", "do", "drop", "end", "exec", "execute", "explain", "export",
    "from", "grant", "handler", "import", "insert", "kill", "load", "lock", "merge", "optimize", "pragma",
    "prepare", "put", "reindex", "rename", "repair", "replace", "reset", "restore", "revoke", "rollback",
    "select", "set", "show", "shutdown", "start", "table", "truncate", "unload", "update", "use", "vacuum",
    "values", "with",
];

/// The texts at configured places. A place that is absent holds nothing; one that holds something other than text, or a
/// list of texts, cannot be read.
pub(super) fn configured(statements: &[StatementAt], arguments: Value<'_>) -> Vec<Place> {
    let found = statements.iter().filter_map(|at| Some((at, arguments.at(&at.argument)?)));
    bounded(found.flat_map(|(at, value)| texts(language(at), value)))
}

/// The texts that names give away: only at the top, where tools have their parameters.
///
/// A guess may be wrong either way. It can make policy stricter, never laxer: what is not recognised has no
/// `context.statement` for a policy to allow.
pub(super) fn guessed(arguments: Value<'_>) -> Vec<Place> {
    let found = arguments.members().flat_map(|member| {
        let name = member.name().to_ascii_lowercase();
        let named = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
        if named(SHELL_NAMES) {
            texts(Language::Shell(Kind::Bash), member.value)
        } else if named(SQL_NAMES) {
            let found = texts(Language::Sql(None), member.value);
            found.into_iter().filter(|place| resembles_sql(&place.text)).collect()
        } else {
            Vec::new()
        }
    });
    bounded(found)
}

/// One more than are looked at: the reader sees that there are too many.
fn bounded(places: impl Iterator<Item = Place>) -> Vec<Place> {
    places.take(limits::STATEMENTS_PER_CALL_MAX + 1).collect()
}

/// One text, or each of a list. A list for a shell is one command in parts.
fn texts(language: Language, value: Value<'_>) -> Vec<Place> {
    let unreadable = || vec![Place { language: Language::Unreadable, text: String::new() }];
    match value.kind() {
        walk::Kind::Null => Vec::new(),
        walk::Kind::String => match value.text() {
            Some(text) => vec![Place { language, text: text.into_owned() }],
            None => unreadable(),
        },
        walk::Kind::Array => {
            let parts: Option<Vec<String>> =
                value.elements().map(|part| part.text().map(std::borrow::Cow::into_owned)).collect();
            match (parts, language) {
                (None, _) => unreadable(),
                (Some(parts), Language::Shell(_)) => vec![Place { language, text: quoted(&parts) }],
                (Some(parts), _) => parts.into_iter().map(|text| Place { language, text }).collect(),
            }
        }
        _ => unreadable(),
    }
}

/// A command in parts as a shell would have to be given it, so that no part is read as more than one word.
fn quoted(parts: &[String]) -> String {
    let quote = |part: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
        let bare = !part.is_empty() && part.bytes().all(plain);
        if bare { part.clone() } else { format!("'{}'", part.replace('\'', r"'\''")) }
    };
    parts.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Whether a text is SQL rather than words to search for: it begins with a comment, a bracket or a word of SQL, or
/// holds a separator.
fn resembles_sql(text: &str) -> bool {
    let text =
        text.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';' || c == '\u{feff}');
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    text.starts_with("--")
        || text.starts_with("/*")
        || text.contains(';')
        || SQL_WORDS.contains(&word.to_ascii_lowercase().as_str())
}

fn language(at: &StatementAt) -> Language {
    match at.language {
        config::Language::Sql => Language::Sql(at.dialect),
        config::Language::Shell => Language::Shell(Kind::Bash),
        config::Language::Powershell => Language::Shell(Kind::Powershell),
        config::Language::Cmd => Language::Shell(Kind::Cmd),
        config::Language::Path => Language::Path,
        config::Language::Url => Language::Url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(arguments: &str) -> Vec<(Language, String)> {
        let arguments = Value::parse(arguments, limits::JSON_DEPTH_MAX).expect("JSON");
        guessed(arguments).into_iter().map(|place| (place.language, place.text)).collect()
    }

    #[test]
    fn names_give_statements_away() {
        let (shell, sql) = (Language::Shell(Kind::Bash), Language::Sql(None));
        assert_eq!(guess(r#"{"command":"ls -l"}"#), [(shell, "ls -l".to_owned())]);
        assert_eq!(guess(r#"{"cmd":["rm","-rf","a b"]}"#), [(shell, "rm -rf 'a b'".to_owned())]);
        assert_eq!(guess(r#"{"Query":" /* x */ select 1"}"#), [(sql, " /* x */ select 1".to_owned())]);
        assert_eq!(guess(r#"{"sql":["select 1","drop table a"]}"#).len(), 2);
        assert_eq!(guess(r#"{"query":"retention of logs","text":"rm -rf /"}"#), []);
    }

    #[test]
    fn what_is_no_text_cannot_be_read() {
        let unreadable = (Language::Unreadable, String::new());
        for arguments in [r#"{"command":7}"#, r#"{"command":["ls",{}]}"#, r#"{"command":"\ud800"}"#] {
            assert_eq!(guess(arguments), std::slice::from_ref(&unreadable), "{arguments}");
        }
        assert_eq!(guess(r#"{"command":null}"#), []);
    }

    #[test]
    fn configured_places_are_read_wherever_they_are() {
        let at =
            |argument: &str, language| StatementAt { argument: argument.into(), language, dialect: None };
        let arguments = Value::parse(r#"{"a":{"b":"drop table x"},"file":"/etc"}"#, 9).expect("JSON");
        let places = configured(
            &[
                at("/a/b", config::Language::Sql),
                at("/file", config::Language::Path),
                at("/gone", config::Language::Url),
            ],
            arguments,
        );
        let found: Vec<_> = places.into_iter().map(|place| (place.language, place.text)).collect();
        let expected =
            [(Language::Sql(None), "drop table x".to_owned()), (Language::Path, "/etc".to_owned())];
        assert_eq!(found, expected);
    }
}
