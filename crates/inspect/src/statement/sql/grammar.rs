//! From bytes to syntax trees: which parser reads which dialect, and what is done before and around it.
//!
//! Nothing is normalised before parsing: taking comments out rebuilds keywords, and folding characters makes a text
//! that the database never sees.

use std::any::TypeId;

use sqlparser::ast::{Expr, Statement};
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, Dialect as Grammar, GenericDialect, MsSqlDialect, MySqlDialect,
    PostgreSqlDialect, SQLiteDialect, SnowflakeDialect,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::statement::Dialect;
use crate::statement::limits::RECURSION_MAX;

/// A text as one dialect's tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    all: Vec<TokenWithSpan>,
    dialect: Dialect,
}

impl Tokens {
    /// Every token, white space and comments among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Token> {
        self.all.iter().map(|token| &token.token)
    }

    /// Tokens that are not white space or comments.
    pub(super) fn words(&self) -> impl Iterator<Item = &Token> {
        self.iter().filter(|token| !matches!(token, Token::Whitespace(_)))
    }

    /// What each comment says.
    pub(super) fn comments(&self) -> impl Iterator<Item = &str> {
        self.iter().filter_map(|token| match token {
            Token::Whitespace(
                Whitespace::SingleLineComment { comment, .. } | Whitespace::MultiLineComment(comment),
            ) => Some(comment.as_str()),
            _ => None,
        })
    }

    /// The same dialect's tokens, others in their place.
    pub(super) fn with(&self, all: Vec<Token>) -> Self {
        Self { all: all.into_iter().map(TokenWithSpan::wrap).collect(), dialect: self.dialect }
    }

    /// Cuts the text at every `;` that is not inside a string or a comment.
    pub(super) fn pieces(&self) -> Vec<Self> {
        let separator = |token: &TokenWithSpan| token.token == Token::SemiColon;
        let all = if self.dialect == Dialect::Mssql { self.batches() } else { self.all.clone() };
        let cut = all.split(separator).map(|all| Self { all: all.to_vec(), dialect: self.dialect });
        cut.filter(|piece| piece.words().next().is_some()).collect()
    }

    /// With a `;` for each line that says `GO`, at which programs cut what they send to SQL Server.
    fn batches(&self) -> Vec<TokenWithSpan> {
        let line = |token: Option<&TokenWithSpan>| {
            token.is_none_or(|token| matches!(token.token, Token::Whitespace(Whitespace::Newline)))
        };
        let go = |at: usize| {
            let word = matches!(&self.all[at].token, Token::Word(word)
                if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("go"));
            word && line(at.checked_sub(1).map(|before| &self.all[before])) && line(self.all.get(at + 1))
        };
        let cut =
            |at: usize| if go(at) { TokenWithSpan::wrap(Token::SemiColon) } else { self.all[at].clone() };
        (0..self.all.len()).map(cut).collect()
    }

    /// For MySQL, when they hold `||`: the same with `OR` for it, and `AND` for `&&`.
    pub(super) fn with_words_for_signs(&self) -> Option<Self> {
        let holds = self.dialect == Dialect::Mysql && self.iter().any(|token| *token == Token::StringConcat);
        holds.then(|| {
            let mut all = self.all.clone();
            for token in &mut all {
                token.token = match token.token {
                    Token::StringConcat => Token::make_keyword("OR"),
                    Token::Overlap => Token::make_keyword("AND"),
                    _ => continue,
                };
            }
            Self { all, dialect: self.dialect }
        })
    }

    /// Reads all statements.
    ///
    /// Not `Parser::parse_statements`: that one stops without an error at a word `END` and ignores what follows.
    pub(super) fn parse(self) -> Option<Vec<Statement>> {
        let grammar = grammar(self.dialect);
        let mut parser =
            Parser::new(grammar).with_recursion_limit(RECURSION_MAX).with_tokens_with_locations(self.all);
        let mut statements = Vec::new();
        loop {
            while parser.consume_token(&Token::SemiColon) {}
            if parser.peek_token_ref().token == Token::EOF {
                return Some(statements);
            }
            statements.push(parser.parse_statement().ok()?);
            if !matches!(parser.peek_token_ref().token, Token::SemiColon | Token::EOF) {
                return None;
            }
        }
    }
}

/// Cuts a text into tokens; `None` when the dialect has no such token or one does not end.
pub(super) fn tokenize(text: &str, dialect: Dialect) -> Option<Tokens> {
    let all = Tokenizer::new(grammar(dialect), text).with_unescape(false).tokenize_with_location().ok()?;
    Some(Tokens { all, dialect })
}

/// The same for MySQL, with `/*! */` as the comments that they are to another version of the server.
pub(super) fn tokenize_without_vendor_comments(text: &str) -> Option<Tokens> {
    let all = Tokenizer::new(&OtherVersion, text).with_unescape(false).tokenize_with_location().ok()?;
    Some(Tokens { all, dialect: Dialect::Mysql })
}

/// Reads a condition of PostgreSQL.
pub(super) fn parse_expression(text: &str) -> Option<Expr> {
    let tokens = tokenize(text, Dialect::Postgres)?;
    let mut parser = Parser::new(grammar(Dialect::Postgres))
        .with_recursion_limit(RECURSION_MAX)
        .with_tokens_with_locations(tokens.all);
    let expression = parser.parse_expr().ok()?;
    (parser.peek_token_ref().token == Token::EOF).then_some(expression)
}

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Mysql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Mssql => &MsSqlDialect {},
        Dialect::Snowflake => &SnowflakeDialect,
        Dialect::Bigquery => &BigQueryDialect,
        Dialect::Clickhouse => &ClickHouseDialect {},
        Dialect::Generic => &GenericDialect {},
    }
}

/// MySQL's lexical rules, vendor comments aside. Only ever used to cut tokens.
#[derive(Debug)]
struct OtherVersion;

impl Grammar for OtherVersion {
    fn dialect(&self) -> TypeId {
        MySqlDialect {}.dialect()
    }

    fn is_identifier_start(&self, character: char) -> bool {
        MySqlDialect {}.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        MySqlDialect {}.is_identifier_part(character)
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        MySqlDialect {}.is_delimited_identifier_start(character)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        MySqlDialect {}.supports_string_literal_backslash_escape()
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        MySqlDialect {}.ignores_wildcard_escapes()
    }

    fn supports_numeric_prefix(&self) -> bool {
        MySqlDialect {}.supports_numeric_prefix()
    }

    fn supports_hash_comment(&self) -> bool {
        MySqlDialect {}.supports_hash_comment()
    }

    fn requires_single_line_comment_whitespace(&self) -> bool {
        MySqlDialect {}.requires_single_line_comment_whitespace()
    }

    fn supports_national_string_literal(&self) -> bool {
        MySqlDialect {}.supports_national_string_literal()
    }

    fn supports_dollar_placeholder(&self) -> bool {
        MySqlDialect {}.supports_dollar_placeholder()
    }
}
