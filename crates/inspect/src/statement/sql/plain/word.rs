//! Words: those the grammar knows, those that are a keyword somewhere, and all others, which are names.

use std::collections::HashMap;
use std::sync::LazyLock;

use sqlparser::keywords::ALL_KEYWORDS;

use super::super::lexical::{RISKY, TRANSACT_STARTS};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// No keyword of any dialect.
    Name,
    /// A keyword that every dialect takes for a name where one may stand.
    Soft,
    /// A keyword that names a function before a bracket and is nothing else here.
    Function,
    /// The same of a function that must have an argument.
    Given,
    /// The same of a function that must have two.
    Pair,
    And,
    As,
    Asc,
    Between,
    By,
    Case,
    Cross,
    Delete,
    Desc,
    Distinct,
    Else,
    End,
    Exists,
    False,
    From,
    Full,
    Group,
    Having,
    In,
    Inner,
    Insert,
    Interval,
    Into,
    Is,
    Join,
    Left,
    Like,
    Limit,
    Not,
    Null,
    Offset,
    On,
    Or,
    Order,
    Outer,
    Over,
    Partition,
    Right,
    Select,
    Set,
    Then,
    True,
    Update,
    Values,
    When,
    Where,
    With,
}

impl Word {
    /// Whether it may name a column or a table.
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Name | Self::Soft)
    }
}

/// The words of the grammar.
const OWN: [(&str, Word); 48] = [
    ("and", Word::And),
    ("as", Word::As),
    ("asc", Word::Asc),
    ("between", Word::Between),
    ("by", Word::By),
    ("case", Word::Case),
    ("cross", Word::Cross),
    ("delete", Word::Delete),
    ("desc", Word::Desc),
    ("distinct", Word::Distinct),
    ("else", Word::Else),
    ("end", Word::End),
    ("exists", Word::Exists),
    ("false", Word::False),
    ("from", Word::From),
    ("full", Word::Full),
    ("group", Word::Group),
    ("having", Word::Having),
    ("in", Word::In),
    ("inner", Word::Inner),
    ("insert", Word::Insert),
    ("interval", Word::Interval),
    ("into", Word::Into),
    ("is", Word::Is),
    ("join", Word::Join),
    ("left", Word::Left),
    ("like", Word::Like),
    ("limit", Word::Limit),
    ("not", Word::Not),
    ("null", Word::Null),
    ("nullif", Word::Pair),
    ("offset", Word::Offset),
    ("on", Word::On),
    ("or", Word::Or),
    ("order", Word::Order),
    ("outer", Word::Outer),
    ("over", Word::Over),
    ("partition", Word::Partition),
    ("right", Word::Right),
    ("select", Word::Select),
    ("set", Word::Set),
    ("then", Word::Then),
    ("true", Word::True),
    ("update", Word::Update),
    ("values", Word::Values),
    ("when", Word::When),
    ("where", Word::Where),
    ("with", Word::With),
];

/// Keywords that are names wherever a name may stand, as the tests of this module show for every dialect.
pub(super) const SOFT: &str = "account action category change class connection contact content cost data day detail domain \
     element endpoint error event fields file files first hash history hosts hour id items key keys \
     label language last level line lines list location log login logs main mapping message metadata \
     method metric metrics minute mode module month name names network node object objects owner part \
     path plan plans privileges profile properties property purchase quarter query region \
     relationship result role roles second sequence sets size source statistics status stream \
     subscription tables tag target task template type types url uuid valid value version views \
     volume warning week year";

/// Keywords that are functions like any other before a bracket, as the tests of this module show for every dialect.
pub(super) const FUNCTIONS: &str = "abs avg char_length corr count dense_rank exp first_value lag last_value lead ln lower max min \
     octet_length power rank replace row_number sqrt sum upper";

/// Those of them that must have an argument.
pub(super) const GIVEN: &str = "coalesce greatest least";

/// Keywords of PostgreSQL's parser that are none of `sqlparser`'s. It has no list of them to be asked for.
const MORE: &str = "analyse assertion assignment attribute breadth checkpoint comments conditional constraints \
     content conversion delimiters depth destination document edge expression graph graph_table \
     implicit indent indexes inline isnull json_array json_arrayagg json_exists json_object \
     json_objectagg json_query json_scalar json_serialize json_value keep label merge_action move \
     node notice oids others perform prepared procedural properties property publication quotes \
     reassign relationship repack reverse schema_name slice split standalone strip subscription sysid \
     transform trusted unconditional unencrypted vertex wait whitespace xmlattributes xmlconcat \
     xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable year yes zone";

/// Every word that is not simply a name, in upper case; none for those that are not read here.
static WORDS: LazyLock<HashMap<String, Option<Word>>> = LazyLock::new(|| {
    let refused = ALL_KEYWORDS
        .iter()
        .copied()
        .chain(MORE.split(' '))
        .chain(RISKY)
        .chain(TRANSACT_STARTS)
        .map(|word| (word, None));
    let soft = SOFT.split(' ').map(|word| (word, Word::Soft));
    let functions = FUNCTIONS.split(' ').map(|word| (word, Word::Function));
    let given = GIVEN.split(' ').map(|word| (word, Word::Given));
    let known = soft.chain(functions).chain(given).chain(OWN).map(|(word, is)| (word, Some(is)));
    refused.chain(known).map(|(word, is)| (word.to_ascii_uppercase(), is)).collect()
});

/// Longest keyword, in bytes.
const KEYWORD_MAX: usize = 48;
/// Longest name that is read here, in bytes.
const NAME_MAX: usize = 60;

/// What a word is; none for a keyword that is not read here, and for what is too long to be a name of any kind.
pub(super) fn look_up(word: &str) -> Option<Word> {
    let mut upper = [0; NAME_MAX];
    let upper = upper.get_mut(..word.len())?;
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    let known = std::str::from_utf8(upper).ok().filter(|word| word.len() <= KEYWORD_MAX);
    known.and_then(|word| WORDS.get(word)).copied().unwrap_or(Some(Word::Name))
}
