//! What a text of SQL would do: the class of every statement in it, and facts for policies.
//!
//! What every dialect reads alike is read by a small grammar of its own ([`plain`]). Any other text is cut into tokens and parsed as its dialect does it ([`grammar`]); every node of the tree is looked at
//! ([`survey`]), each statement gets a class ([`kind`]), each function too ([`function`]). The worst class found is the
//! class of the text. What the parser cannot read is `unknown`, a few statements aside that their first words give away
//! ([`head`]).

use std::collections::BTreeSet;

use crate::statement::Dialect;
use crate::statement::limits::TEXT_BYTES_MAX;

mod catalog;
mod condition;
mod definition;
mod fact;
mod function;
mod grammar;
mod head;
mod kind;
mod lexical;
mod name;
mod plain;
mod postgresql;
mod reword;
mod setting;
mod survey;

pub use fact::{Class, Facts, Flag};

/// What `text` would do. Without a dialect, and for [`Dialect::Generic`], it is read as every dialect would read it, and
/// the worst reading counts.
///
/// Never panics by itself, but parsers recurse: call it where the stack is as large as
/// [`STACK_BYTES`](crate::statement::limits::STACK_BYTES), as the threads of
/// [`Classifier`](crate::statement::Classifier) have it.
pub fn classify(text: &str, dialect: Option<Dialect>) -> Facts {
    if text.len() > TEXT_BYTES_MAX {
        return Facts::unknown("the text is too long");
    }
    if let Some(reason) = lexical::oddity(text) {
        return Facts::unknown(reason);
    }
    let dialect = dialect.filter(|dialect| *dialect != Dialect::Generic);
    let plain = plain::read(text).and_then(|plain| plain.facts(dialect));
    plain.unwrap_or_else(|| parse(text, dialect))
}

/// The same by the parsers.
fn parse(text: &str, dialect: Option<Dialect>) -> Facts {
    match dialect {
        Some(dialect) => read(text, dialect, &[dialect]).facts,
        None => read_as_any(text),
    }
}

/// A text as one dialect reads it.
struct Reading {
    facts: Facts,
    /// Whether the dialect's parser could read all of it. What only its first words gave away does not count.
    parsed: bool,
    /// What it would do at a glance, to compare readings of which one failed.
    glance: lexical::Glance,
}

/// Takes the worst of every reading. A dialect that cannot read the text only counts when its tokens show a word or a
/// separator that no successful reading saw: then what another dialect takes for a string is code to this one.
fn read_as_any(text: &str) -> Facts {
    let readings: Vec<Reading> =
        Dialect::ALL.into_iter().map(|dialect| read(text, dialect, &Dialect::ALL)).collect();
    let mut facts: Option<Facts> = None;
    let mut seen = lexical::Glance::default();
    let mut dialects = BTreeSet::new();
    for (reading, dialect) in readings.iter().zip(Dialect::ALL).filter(|(reading, _)| reading.parsed) {
        dialects.insert(dialect);
        seen.join(reading.glance);
        match &mut facts {
            Some(facts) => facts.join(&reading.facts),
            None => facts = Some(reading.facts.clone()),
        }
    }
    let Some(mut facts) = facts else {
        // Nobody reads it. What its first words give away holds only where every dialect says so.
        return readings
            .into_iter()
            .map(|reading| reading.facts)
            .max_by_key(|facts| facts.class)
            .unwrap_or_else(|| Facts::unknown("no dialect reads it"));
    };
    for reading in readings.iter().filter(|reading| !reading.parsed) {
        if !seen.covers(reading.glance) {
            facts.raise("another dialect would cut it differently");
        } else if reading.facts.class != Class::Unknown {
            // Its first words gave it away, or it would be refused for what others take for a name.
            facts.join(&reading.facts);
        }
    }
    facts.dialects = dialects;
    facts
}

/// Reads a text as `dialect` does, when all that is known is that it may be of any of `dialects`.
fn read(text: &str, dialect: Dialect, dialects: &[Dialect]) -> Reading {
    let Some(tokens) = grammar::tokenize(text, dialect) else {
        let facts = Facts::unknown("the text cannot be cut into tokens");
        return Reading { facts, parsed: false, glance: lexical::Glance::worst() };
    };
    let glance = lexical::Glance::of(&tokens);
    let mut reading = read_tokens(text, tokens, dialect, Facts::empty(dialects), glance);
    // To some versions of the server they are code, to others a comment.
    if dialect == Dialect::Mysql && lexical::has_vendor_comment(text) {
        reading.facts.flags.insert(Flag::VendorComment);
        match grammar::tokenize_without_vendor_comments(text) {
            Some(tokens) => {
                let other = read_tokens(text, tokens, dialect, Facts::empty(dialects), glance);
                reading.facts.join(&other.facts);
                reading.parsed |= other.parsed;
            }
            None => reading.facts.raise("a vendor comment cannot be read"),
        }
        // MariaDB runs what MySQL takes for a comment.
        if let Some(text) = lexical::as_mariadb(text) {
            let other = match grammar::tokenize(&text, dialect) {
                Some(tokens) => {
                    read_tokens(&text, tokens, dialect, Facts::empty(dialects), lexical::Glance::worst())
                        .facts
                }
                None => Facts::unknown("a vendor comment cannot be read"),
            };
            reading.facts.join(&other);
        }
    }
    reading
}

/// Reads tokens; for MySQL twice when they hold `||`, which is `OR` to it or, by a setting, joins strings.
fn read_tokens(
    text: &str,
    tokens: grammar::Tokens,
    dialect: Dialect,
    facts: Facts,
    glance: lexical::Glance,
) -> Reading {
    let Some(logical) = tokens.with_words_for_signs() else {
        return read_once(text, tokens, dialect, facts, glance);
    };
    let mut reading = read_once(text, tokens, dialect, facts.clone(), glance);
    let other = read_once(text, logical, dialect, facts, glance);
    reading.facts.join(&other.facts);
    reading
}

fn read_once(
    text: &str,
    tokens: grammar::Tokens,
    dialect: Dialect,
    mut facts: Facts,
    glance: lexical::Glance,
) -> Reading {
    if tokens.words().next().is_none() {
        facts.finish();
        return Reading { facts, parsed: true, glance };
    }
    if let Some(reason) = lexical::excess(&tokens) {
        return Reading { facts: Facts::unknown(reason), parsed: false, glance };
    }
    lexical::note(&tokens, text, dialect, &mut facts);
    if dialect == Dialect::Postgres {
        let parsed = postgresql::read(text, &mut facts);
        catalog::note(dialect, &mut facts);
        facts.finish();
        return Reading { facts, parsed, glance };
    }
    let pieces = tokens.pieces();
    let parsed = match tokens.parse() {
        Some(statements) => survey::survey(&statements, dialect, &mut facts),
        None => read_pieces(pieces, dialect, &mut facts),
    };
    facts.finish();
    Reading { facts, parsed, glance }
}

/// When the text as a whole cannot be read: each statement for itself. Whether all could be read.
fn read_pieces(pieces: Vec<grammar::Tokens>, dialect: Dialect, facts: &mut Facts) -> bool {
    let mut all = true;
    for piece in pieces {
        let guess = head::recognize(&piece, dialect);
        let again = reword::reword(&piece, dialect);
        match piece.parse() {
            Some(statements) => all &= survey::survey(&statements, dialect, facts),
            None => {
                all = false;
                if let Some(reword::Reworded { tokens, class, flag }) = again
                    && let Some(statements) = tokens.parse()
                {
                    survey::survey(&statements, dialect, facts);
                    facts.add(class);
                    facts.flags.extend(flag);
                    continue;
                }
                facts.statements += 1;
                match guess {
                    Some(guess) => head::apply(guess, facts),
                    None => facts.raise("the parser cannot read it"),
                }
            }
        }
    }
    catalog::note(dialect, facts);
    all
}
