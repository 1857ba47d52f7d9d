//! Statements that the parser does not know, in words that it does.
//!
//! Only for a statement that it could not read. Words may go or be replaced where they change nothing of what the
//! statement does, or make it look worse; all others stay, so that nothing is hidden.

use sqlparser::tokenizer::Token;

use crate::statement::Dialect;

use super::fact::Class;
use super::grammar::Tokens;
use super::head::is;

/// The same statement in other words, and the class that it has at least.
pub(super) fn reword(piece: &Tokens, dialect: Dialect) -> Option<(Tokens, Class)> {
    let words: Vec<Token> = piece.words().cloned().collect();
    let (words, class) = match dialect {
        Dialect::Mysql => mysql(words)?,
        _ => return None,
    };
    Some((piece.with(words), class))
}

fn mysql(mut words: Vec<Token>) -> Option<(Vec<Token>, Class)> {
    // Calls functions as a query does, and answers nothing.
    if words.first().is_some_and(|first| is(first, "do")) {
        words[0] = Token::make_keyword("SELECT");
        return Some((words, Class::Session));
    }
    None
}
