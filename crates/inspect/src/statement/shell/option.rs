//! Options and operands, as `getopt_long` tells them apart.

use super::word::SPLIT;

/// The arguments of one command.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    /// Name without dashes, and value, in the order of the text.
    given: Vec<(&'a str, Option<&'a str>)>,
    /// What is no option.
    pub(super) operands: Vec<&'a str>,
    /// Where the first operand stands, if there is one.
    pub(super) rest: usize,
}

/// Which options take a value from the next argument.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Valued {
    /// Letters.
    pub(super) short: &'static str,
    /// Names without dashes.
    pub(super) long: &'static [&'static str],
}

impl<'a> Options<'a> {
    /// Reads all arguments; options may stand behind operands.
    pub(super) fn read(arguments: &'a [String], valued: Valued) -> Self {
        Self::read_with(arguments, valued, &[])
    }

    /// As [`Options::read`], with more options that take a value, letters and names alike.
    pub(super) fn read_with(arguments: &'a [String], valued: Valued, more: &[&[&str]]) -> Self {
        let mut read = Self { rest: arguments.len(), ..Self::default() };
        let mut at = 0;
        while at < arguments.len() {
            at = read.step(arguments, at, (valued, more), &mut |options, at| {
                options.rest = options.rest.min(at);
                options.operands.push(&arguments[at]);
                at + 1
            });
        }
        read
    }

    /// Reads options up to the first operand; the operands are what follows it.
    pub(super) fn leading(arguments: &'a [String], valued: Valued) -> Self {
        let mut read = Self { rest: arguments.len(), ..Self::default() };
        let mut at = 0;
        while at < arguments.len() {
            at = read.step(arguments, at, (valued, &[]), &mut |options, at| {
                options.rest = options.rest.min(at);
                options.operands.extend(arguments[at..].iter().map(String::as_str));
                arguments.len()
            });
        }
        read
    }

    fn step(
        &mut self,
        arguments: &'a [String],
        at: usize,
        (valued, more): (Valued, &[&[&str]]),
        operand: &mut dyn FnMut(&mut Self, usize) -> usize,
    ) -> usize {
        let argument = arguments[at].as_str();
        let next = arguments.get(at + 1).map(String::as_str);
        let takes_value = |name: &str| {
            valued.long.contains(&name)
                || name.len() == 1 && valued.short.contains(name)
                || more.iter().any(|names| names.contains(&name))
        };
        if argument == "--" {
            self.rest = self.rest.min(at + 1);
            self.operands.extend(arguments[at + 1..].iter().map(String::as_str));
            return arguments.len();
        }
        if let Some(long) = argument.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let takes = value.is_none() && name.len() > 1 && takes_value(name);
            self.given.push((name, if takes { next } else { value }));
            return at + 1 + usize::from(takes);
        }
        let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            return operand(self, at);
        };
        // `-name` and `-json` of programs that know only long options.
        if letters.len() > 1 && takes_value(letters) {
            self.given.push((letters, next));
            return at + 2;
        }
        for (index, letter) in letters.char_indices() {
            let end = index + letter.len_utf8();
            if takes_value(&letters[index..end]) {
                let attached = &letters[end..];
                let value = if attached.is_empty() { next } else { Some(attached) };
                self.given.push((&letters[index..end], value));
                return at + 1 + usize::from(attached.is_empty());
            }
            self.given.push((&letters[index..end], None));
        }
        if letters.len() > 1 {
            self.given.push((letters, None));
        }
        at + 1
    }

    /// Whether one of the options was given. A long one may be cut short, as `getopt_long` allows.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.given.iter().any(|(given, _)| names.iter().any(|name| is(given, name)))
    }

    /// The values of these options.
    pub(super) fn values(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        self.given
            .iter()
            .filter(|(given, _)| names.iter().any(|name| is(given, name)))
            .filter_map(|(_, value)| *value)
    }

    /// The values of all options but these, and the operands.
    pub(super) fn words_but(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        let options = self.given.iter().filter(|(given, _)| !names.iter().any(|name| is(given, name)));
        options.filter_map(|(_, value)| *value).chain(self.operands.iter().copied())
    }

    /// The names of all options given.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.given.iter().map(|(name, _)| *name)
    }
}

fn is(given: &str, name: &str) -> bool {
    given == name || (given.len() >= 3 && name.len() > given.len() && name.starts_with(given))
}

/// Whether one of the arguments may become options that the text does not show.
pub(super) fn may_hide_options(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument.contains(SPLIT))
}
