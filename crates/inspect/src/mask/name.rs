//! What the name of a member says about its value.

use std::collections::HashMap;

use super::limit;
use crate::detect::scan::{Id, Topics, Trigrams, Words};

/// Last words that make a name harmless: `passwordCount` is no password.
const DISARMING: &[&str] = &[
    "age",
    "algorithm",
    "alg",
    "at",
    "changed",
    "column",
    "count",
    "counts",
    "created",
    "date",
    "description",
    "disabled",
    "enabled",
    "endpoint",
    "error",
    "exists",
    "expiration",
    "expires",
    "expiry",
    "field",
    "file",
    "format",
    "help",
    "hint",
    "id",
    "ids",
    "index",
    "key_id",
    "kind",
    "label",
    "length",
    "limit",
    "max",
    "message",
    "method",
    "min",
    "mode",
    "name",
    "names",
    "path",
    "pattern",
    "placeholder",
    "policies",
    "policy",
    "present",
    "prompt",
    "regex",
    "required",
    "rotation",
    "rule",
    "rules",
    "scope",
    "size",
    "state",
    "status",
    "strength",
    "total",
    "ttl",
    "type",
    "types",
    "updated",
    "uri",
    "url",
    "usage",
    "used",
    "valid",
    "verified",
    "version",
];
/// First words that do the same: `hasPassword`, `maxTokens`.
const QUESTIONS: &[&str] = &[
    "allow", "can", "count", "forgot", "has", "hide", "is", "max", "min", "need", "needs", "no", "num",
    "require", "requires", "show", "total", "use", "uses",
];

/// Words before `token` that make it a place in a list or the name of a request.
const PLACES: &[&str] = &[
    "cancel",
    "cancellation",
    "change",
    "client",
    "continuation",
    "continue",
    "cursor",
    "delta",
    "end",
    "etag",
    "idempotency",
    "lock",
    "marker",
    "next",
    "nextpage",
    "page",
    "pagination",
    "paging",
    "pre",
    "prev",
    "previous",
    "request",
    "resume",
    "scroll",
    "skip",
    "start",
    "starting",
    "stop",
    "sync",
    "task",
    "version",
    "watch",
];

/// What a member is to the others of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// Nothing in particular.
    #[default]
    Plain,
    /// Names what the member beside it holds: `{"name": .., "value": ..}`.
    Name,
    /// Holds what the member beside it names.
    Value,
    /// Names the columns of the rows beside it.
    Columns,
    /// Holds rows.
    Rows,
}

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Meaning {
    /// Whose names it is one of.
    pub(super) owner: Option<Id>,
    /// Whom its words speak for.
    pub(super) topics: Topics,
}

impl Meaning {
    pub(super) fn says_nothing(self) -> bool {
        self == Self::default()
    }
}

/// All names that mean something.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By first word.
    phrases: HashMap<Box<str>, Vec<Phrase>>,
    filter: Trigrams,
}

#[derive(Debug)]
struct Phrase {
    words: Vec<Box<str>>,
    /// The whole name must be it.
    whole: bool,
    owner: Id,
}

impl Names {
    /// Adds a name in the notation of [`crate::detect::Find::Key`].
    pub(super) fn add(&mut self, owner: Id, name: &str) {
        let whole = name.starts_with('=');
        let name = name.trim_start_matches('=');
        let apart: Vec<Box<str>> = name.split(' ').map(Into::into).collect();
        self.admit(name);
        self.admit(&name.replace(' ', "_"));
        let joined: Box<str> = apart.concat().into();
        self.admit(&joined);
        // The filter knows capitals of ASCII only.
        let mut letters = name.chars();
        if let Some(first) = letters.next().filter(|first| !first.is_ascii()) {
            self.admit(&first.to_uppercase().chain(letters).collect::<String>());
            self.admit(&name.to_uppercase());
        }
        for words in if apart.len() > 1 { vec![vec![joined], apart] } else { vec![apart] } {
            self.phrases.entry(words[0].clone()).or_default().push(Phrase { words, whole, owner });
        }
    }

    /// Lets names through the filter in which `start` stands. Shorter names pass anyway.
    pub(super) fn admit(&mut self, start: &str) {
        self.filter.add(start.as_bytes());
        // A word of two letters goes on with any joint or with the next word.
        for joint in ["-", ".", " ", "_"] {
            self.filter.add(start.replace(' ', joint).as_bytes());
        }
    }

    /// Whether `name` may say something. Most names do not, and this is quick. Those longer than [`limit::NAME_MAX`]
    /// say nothing.
    pub(super) fn may_mean(&self, name: &str) -> bool {
        let mut candidate = name.len() < 4;
        self.filter.candidates(name.as_bytes(), |_| candidate = true);
        candidate && name.len() <= limit::NAME_MAX
    }

    /// What `name` says.
    pub(super) fn read(&self, name: &str, words: &Words) -> Meaning {
        let split = split(name);
        Meaning { owner: self.owner(&split), topics: words.of(split.join(" ").as_bytes()) }
    }

    fn owner(&self, words: &[String]) -> Option<Id> {
        let last = words.iter().rposition(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))?;
        let words = &words[..=last];
        let mut best: Option<&Phrase> = None;
        for (at, first) in words.iter().enumerate() {
            // A plural is the same name.
            let singular = first.strip_suffix('s').unwrap_or(first);
            let phrases = [first.as_str(), singular].into_iter().filter_map(|word| self.phrases.get(word));
            for phrase in phrases.flatten() {
                let end = at + phrase.words.len();
                let there = words.get(at..end).is_some_and(|there| {
                    there.iter().zip(&phrase.words).all(|(word, of)| {
                        **word == **of || word.strip_suffix('s').is_some_and(|singular| *singular == **of)
                    })
                });
                let all = at == 0 && end == words.len();
                let armed = end == words.len() || !DISARMING.contains(&words[words.len() - 1].as_str());
                let told = at == 0 || !QUESTIONS.contains(&words[0].as_str());
                let placed = *phrase.words[phrase.words.len() - 1] == *"token"
                    && words[..at].last().is_some_and(|before| PLACES.contains(&before.as_str()));
                let better = best.is_none_or(|best| phrase.words.len() > best.words.len());
                if there && better && !placed && if phrase.whole { all } else { armed && told } {
                    best = Some(phrase);
                }
            }
        }
        best.map(|phrase| phrase.owner)
    }
}

/// What a member called `name` is to its neighbours.
pub(super) fn role(name: &str) -> Role {
    match name {
        "name" | "key" | "field" | "label" | "system" | "parameter" | "param" | "attribute" | "property"
        | "variable" | "Name" | "Key" => Role::Name,
        "value" | "val" | "Value" | "current" | "newValue" | "new_value" | "oldValue" | "old_value" => {
            Role::Value
        }
        "columns" | "headers" | "header" | "fields" | "cols" | "columnNames" | "column_names" => {
            Role::Columns
        }
        "rows" | "data" | "values" | "records" | "results" | "items" => Role::Rows,
        _ => Role::Plain,
    }
}

/// The words of a name in lower case: at joints, where a capital follows a small letter, where a word follows an
/// acronym, and around numbers.
fn split(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1);
        let begins = before.is_some_and(|before| {
            c.is_uppercase() && before.is_lowercase()
                || c.is_uppercase()
                    && before.is_uppercase()
                    && after.is_some_and(|after| after.is_lowercase())
                || c.is_numeric() != before.is_numeric()
        });
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_where_people_see_words() {
        let check = |name: &str, words: &[&str]| assert_eq!(split(name), words, "{name}");
        check("userPassword", &["user", "password"]);
        check("DB_PASSWORD", &["db", "password"]);
        check("X-Api-Key", &["x", "api", "key"]);
        check("APIKey", &["api", "key"]);
        check("oauth2Token", &["oauth", "2", "token"]);
        check("date of birth", &["date", "of", "birth"]);
        check("straßeNr", &["straße", "nr"]);
        check("", &[]);
    }

    #[test]
    fn name_means_what_its_words_say_and_its_last_word_allows() {
        let mut names = Names::default();
        names.add(1, "password");
        names.add(2, "api key");
        names.add(3, "=street");
        names.add(4, "first name");
        names.add(5, "ip address");
        names.add(6, "token");
        let owner = |name: &str| {
            let meaning = names.read(name, &Words::default());
            meaning.owner.filter(|_| names.may_mean(name))
        };
        for (name, expected) in [
            ("password", 1),
            ("dbPassword", 1),
            ("PASSWORDS", 1),
            ("password_2", 1),
            ("password_old", 1),
            ("apiKey", 2),
            ("apikey", 2),
            ("my.api-key", 2),
            ("api_keys", 2),
            ("X-API-KEY", 2),
            ("street", 3),
            ("userFirstName", 4),
            ("firstname", 4),
            ("clientIpAddress", 5),
            ("client_ip_address", 5),
            ("cloudToken", 6),
        ] {
            assert_eq!(owner(name), Some(expected), "{name}");
        }
        for name in [
            "passwordCount",
            "password_policy",
            "hasPassword",
            "passwordless",
            "apiKeyId",
            "keyApi",
            "mainStreet",
            "name",
            "first",
            "",
            "maxPasswords",
            "nextPageToken",
            "tokenType",
        ] {
            assert_eq!(owner(name), None, "{name}");
        }
    }
}
