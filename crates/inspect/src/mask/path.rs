//! Paths of field rules: JSON Pointers (RFC 6901) in which `*` is any one step, and a subset of JSONPath (RFC 9535).
//!
//! The subset: `$`, `.name`, `['name']`, `["name"]`, `[0]`, `[*]`, `.*`, and `..` before any of them. There are no
//! filters, slices, unions or negative indexes: a value is judged when it passes by, before what follows it is known.
//! The field is the value the path leads to, and everything below it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::limit;

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: Box<str>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    select: Select,
    /// At any depth below the step before.
    anywhere: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Select {
    Name(Box<str>),
    Index(usize),
    /// A pointer's number: an element or a member.
    Either(Box<str>, usize),
    Any,
}

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken<'a> {
    Name(Cow<'a, str>),
    Index(usize),
}

/// How far paths have come on the way to a value: bit n is set when n steps are behind.
pub(super) type Progress = u64;
/// Nothing is behind: at the root of a document.
pub(super) const AT_ROOT: Progress = 1;

impl Path {
    /// The steps after one more step of the way.
    pub(super) fn advance(&self, progress: Progress, taken: &Taken<'_>) -> Progress {
        let mut next = 0;
        for (at, step) in self.steps.iter().enumerate() {
            if progress >> at & 1 == 0 {
                continue;
            }
            if step.anywhere {
                next |= 1 << at;
            }
            if step.select.takes(taken) {
                next |= 1 << (at + 1);
            }
        }
        next
    }

    /// Whether the whole path is behind.
    pub(super) fn arrived(&self, progress: Progress) -> bool {
        progress >> self.steps.len() & 1 == 1
    }
}

impl Select {
    fn takes(&self, taken: &Taken<'_>) -> bool {
        match (self, taken) {
            (Self::Any, _) => true,
            (Self::Name(name) | Self::Either(name, _), Taken::Name(taken)) => **name == **taken,
            (Self::Index(index) | Self::Either(_, index), Taken::Index(taken)) => index == taken,
            _ => false,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with a path: the text, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError(String, &'static str);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a path of a field: {}", self.0, self.1)
    }
}

impl std::error::Error for PathError {}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let steps = match text.as_bytes().first() {
            None => Ok(Vec::new()),
            Some(b'/') => Ok(pointer(text)),
            Some(b'$') => query(&text[1..]),
            Some(_) => Err("it begins with `/` (JSON Pointer) or `$` (JSONPath)"),
        };
        let steps = steps.and_then(|steps| {
            if steps.len() > limit::PATH_STEPS_MAX { Err("it has too many steps") } else { Ok(steps) }
        });
        match steps {
            Ok(steps) => Ok(Self { text: text.into(), steps }),
            Err(why) => Err(PathError(text.to_owned(), why)),
        }
    }
}

fn pointer(text: &str) -> Vec<Step> {
    let select = |segment: &str| {
        let name: Box<str> = segment.replace("~1", "/").replace("~0", "~").into();
        match (segment, index(segment)) {
            ("*", _) => Select::Any,
            (_, Some(index)) => Select::Either(name, index),
            _ => Select::Name(name),
        }
    };
    text.split('/').skip(1).map(|segment| Step { select: select(segment), anywhere: false }).collect()
}

/// A number as RFC 6901 and RFC 9535 write it: no sign, no zero in front.
fn index(text: &str) -> Option<usize> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && digits).then(|| text.parse().ok()).flatten()
}

fn query(mut rest: &str) -> Result<Vec<Step>, &'static str> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let anywhere = rest.starts_with("..");
        if anywhere {
            rest = &rest[1..];
        }
        let select;
        if let Some(bracket) = rest.strip_prefix(if anywhere { ".[" } else { "[" }) {
            (select, rest) = bracketed(bracket)?;
        } else if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            let first = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_' || !c.is_ascii());
            let word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
            select = match name {
                "*" => Select::Any,
                name if first && name.chars().all(word) => Select::Name(name.into()),
                _ => {
                    return Err(
                        "a name with other characters than letters, digits and `_` is written ['name']",
                    );
                }
            };
            rest = after;
        } else {
            return Err("a step begins with `.` or `[`");
        }
        steps.push(Step { select, anywhere });
    }
    Ok(steps)
}

/// What stands between brackets, and what follows them.
fn bracketed(text: &str) -> Result<(Select, &str), &'static str> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        let (inside, rest) = text.split_once(']').ok_or("a bracket is not closed")?;
        return match (inside.trim(), index(inside.trim())) {
            ("*", _) => Ok((Select::Any, rest)),
            (_, Some(index)) => Ok((Select::Index(index), rest)),
            _ => Err("between brackets stands a quoted name, an index or `*`"),
        };
    };
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, escaped @ ('\\' | '\'' | '"' | '/'))) => name.push(escaped),
                _ => return Err("of escapes only those of quotes, `\\` and `/` are known"),
            },
            c if c == quote => {
                let rest = text[at + 1..].strip_prefix(']').ok_or("a bracket is not closed")?;
                return Ok((Select::Name(name.into()), rest));
            }
            c => name.push(c),
        }
    }
    Err("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(path: &str, way: &[Taken<'_>]) -> bool {
        let path: Path = path.parse().expect("a path");
        let progress = way.iter().fold(AT_ROOT, |progress, taken| path.advance(progress, taken));
        path.arrived(progress)
    }

    #[test]
    fn paths_lead_where_they_say() {
        let name = |name: &'static str| Taken::Name(name.into());
        let way = [name("users"), Taken::Index(3), name("a b"), name("ssn")];
        for path in [
            "/users/3/a b/ssn",
            "/users/*/*/ssn",
            "$.users[3]['a b'].ssn",
            "$.users[*][\"a b\"]['ssn']",
            "$..ssn",
            "$..users..ssn",
            "$.*[*]..ssn",
            "$..[3]..*",
            "$..*",
        ] {
            assert!(leads(path, &way), "{path}");
        }
        for path in ["/users/3/a b", "$.users[2]['a b'].ssn", "$.ssn", "$..ssn.x", "/users/~0", "$", ""] {
            assert!(!leads(path, &way), "{path}");
        }
        assert!(leads("", &[]) && leads("$", &[]));
        assert!(leads("/a~1b/~0", &[name("a/b"), name("~")]));
        assert!(leads("/0", &[name("0")]) && leads("/0", &[Taken::Index(0)]));
        assert!(!leads("$[0]", &[name("0")]));
        assert!(leads(r"$['it\'s']", &[name("it's")]));
    }

    #[test]
    fn path_outside_the_subset_is_refused_with_the_reason() {
        let check = |path: &str, reason: &str| {
            let error = path.parse::<Path>().expect_err(path).to_string();
            assert!(error.contains(reason), "{error}");
        };
        check("users", "begins with");
        check("$users", "a step begins");
        check("$.a[", "not closed");
        check("$.a[?(@.b)]", "between brackets");
        check("$.a[1:2]", "between brackets");
        check("$.a[-1]", "between brackets");
        check("$['a", "not closed");
        check("$.a-b", "is written ['name']");
        check("$..", "is written ['name']");
        check(&"/a".repeat(61), "too many");
    }
}
