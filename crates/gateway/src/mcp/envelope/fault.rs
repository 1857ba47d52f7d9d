//! Why bytes are not a message with exactly one meaning.

use std::fmt;

use inspect::walk;

use super::Field;
use crate::refusal::Refusal;

/// Why bytes are refused as a message. Each names what is wrong in terms of the protocol; none repeats the sender's
/// words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Begins with a byte-order mark, which RFC 8259 section 8.1 forbids and parsers treat differently.
    ByteOrderMark,
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON, at this byte; the length of the text when it ends too early.
    NotJson(usize),
    /// Something follows the message, at this byte.
    Trailing(usize),
    /// Objects and arrays nested beyond `limits::JSON_DEPTH_MAX`.
    TooDeep,
    /// A batch where a single message is due.
    Batch,
    /// A batch without messages.
    BatchEmpty,
    /// A batch of more than `limits::BATCH_MESSAGES_MAX` messages.
    BatchTooLong,
    /// Neither an object nor an array.
    NotObject,
    /// An object has a key twice; the key when it is one of the protocol's.
    Repeated(Option<Field>),
    /// A key that differs from one of the protocol's only in a way that some parsers disregard.
    Variant(Field),
    /// `jsonrpc` is missing or is not `"2.0"`.
    Version,
    /// A member of the protocol has a kind of value that it cannot have.
    Kind(Field),
    /// `params`, or another object whose keys are all judged, has more than `limits::MESSAGE_MEMBERS_MAX` members.
    TooManyMembers,
    /// A name that is not Unicode: it contains half a surrogate pair.
    NotText(Field),
    /// A name beyond `limits::NAME_BYTES_MAX`.
    TooLong(Field),
    /// Neither a method nor a result nor an error.
    NoMethod,
    /// A method beside a result or an error, or both of these.
    Mixed,
    /// `id` is null.
    IdNull,
    /// `id` is neither a string nor a whole number.
    IdKind,
    /// A response without `id`.
    IdMissing,
}

impl Fault {
    /// The refusal that a caller gets for it. An upstream's message that has it is `Refusal::AnswerMalformed`.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Batch | Self::BatchEmpty => Refusal::Batch,
            Self::TooDeep | Self::TooLong(_) | Self::TooManyMembers | Self::BatchTooLong => Refusal::TooLarge,
            _ => Refusal::Malformed,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("the body begins with a byte-order mark: send plain UTF-8"),
            Self::NotUtf8 => f.write_str("the body is not UTF-8"),
            Self::NotJson(at) => write!(f, "the body is not JSON: see byte {at}"),
            Self::Trailing(at) => {
                write!(f, "something follows the message at byte {at}: send one message per body")
            }
            Self::TooDeep => f.write_str("objects and arrays are nested too deeply"),
            Self::Batch => f.write_str("a batch is not allowed here: send one message per body"),
            Self::BatchEmpty => f.write_str("the batch has no messages"),
            Self::BatchTooLong => f.write_str("the batch has too many messages: send several"),
            Self::NotObject => f.write_str("the message is not a JSON object"),
            Self::Repeated(Some(field)) => write!(f, "`{}` appears twice: its meaning is open", field.name()),
            Self::Repeated(None) => f.write_str("an object has a key twice: its meaning is open"),
            Self::Variant(field) => {
                write!(f, "a key is not `{}` but some parsers read it so: spell it exactly", field.name())
            }
            Self::Version => f.write_str("`jsonrpc` is not `2.0`"),
            Self::Kind(field) => write!(f, "`{}` has the wrong kind of value", field.name()),
            Self::TooManyMembers => f.write_str("an object of the message has too many members"),
            Self::NotText(field) => write!(f, "`{}` is not Unicode text", field.name()),
            Self::TooLong(field) => write!(f, "`{}` is too long", field.name()),
            Self::NoMethod => f.write_str("the message has no `method`, `result` or `error`"),
            Self::Mixed => f.write_str("the message has more than one of `method`, `result` and `error`"),
            Self::IdNull => f.write_str("`id` is null: use a string or a whole number"),
            Self::IdKind => f.write_str("`id` is neither a string nor a whole number"),
            Self::IdMissing => f.write_str("the response has no `id`"),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// What a fault of the walk means for a message of `length` bytes.
    pub(super) fn of_walk(fault: walk::Fault, length: usize) -> Self {
        match fault {
            walk::Fault::Syntax(at) => Self::NotJson(at),
            walk::Fault::Unfinished => Self::NotJson(length),
            walk::Fault::Trailing(at) => Self::Trailing(at),
            walk::Fault::TooDeep(_) => Self::TooDeep,
        }
    }
}
