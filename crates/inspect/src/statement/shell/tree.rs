//! What a shell text is made of, after POSIX.1-2024 XCU chapter 2 and the manual of bash.
//!
//! Only what decides which programs run with which words is kept: `&&`, `||` and `;` all become "one after
//! the
//! other", since any of the commands may run.

/// Commands that stand one after the other.
pub(super) type List = Vec<Statement>;

/// A pipeline, and whether it runs in the background.
#[derive(Debug)]
pub(super) struct Statement {
    /// The commands, each reading what the one before it writes.
    pub(super) stages: Vec<Node>,
    /// Whether it ends in `&`.
    pub(super) background: bool,
    /// Whether it runs only if another one succeeded or failed.
    pub(super) conditional: bool,
}

/// A command with its redirections.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) redirects: Vec<Redirect>,
}

/// One command, simple or compound.
#[derive(Debug)]
pub(super) enum NodeKind {
    /// A program, builtin or function with its words; without words, only assignments or redirections.
    Simple { assignments: Vec<Assignment>, words: Vec<Word> },
    /// `{ ...; }`: runs here, once.
    Group(List),
    /// A subshell: what it assigns is forgotten at its end.
    Subshell(List),
    /// Conditions and bodies of `if`, `while` and `until`, in the order of the text.
    Branches(List),
    /// `for` and `select`.
    Loop { variable: String, values: Vec<Word>, body: List },
    /// `for ((...))`: an expression, then a body.
    Counting { expression: Word, body: List },
    /// `case`: the subject and the patterns, then every body.
    Case { words: Vec<Word>, bodies: List },
    /// The definition of a function.
    Function { name: String, body: Box<Node> },
    /// `[[ ... ]]`: its words, operators among them.
    Test(Vec<Word>),
    /// `(( ... ))`.
    Arithmetic(Word),
}

/// `name=value`, `name+=value`, `name[index]=value` or `name=(values)`.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    /// What stands in `name[...]=`, which is evaluated.
    pub(super) subscript: Option<Word>,
    /// One value for a plain assignment, any number for an array.
    pub(super) values: Vec<Word>,
    /// How the value is put together.
    pub(super) form: AssignmentForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssignmentForm {
    /// `name=value`.
    Plain,
    /// Anything that depends on what the variable held before.
    Part,
}

/// `descriptor operator target`.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) operator: Operator,
    pub(super) target: Target,
    /// Whether it is standard input that is read elsewhere, if the operator reads.
    pub(super) standard: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `<`
    Read,
    /// `>`, `>|`, `&>`
    Write,
    /// `>>`, `&>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&`, `>&`: a copy of a descriptor; a file when the target is no number.
    Duplicate,
    /// `<<`, `<<-`
    Document,
    /// `<<<`
    String,
}

#[derive(Debug)]
pub(super) enum Target {
    Word(Word),
    /// Index of the here-document in [`Script::documents`].
    Document(usize),
}

/// One word before expansion.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
}

/// A piece of a word. `quoted` pieces are neither split nor matched against file names.
#[derive(Debug)]
pub(super) enum Part {
    Text {
        text: String,
        quoted: bool,
    },
    /// `$name`, `${name}`.
    Variable {
        name: String,
        quoted: bool,
    },
    /// `${name...}` in any other form, with the words inside it.
    Expansion {
        name: String,
        /// What stands in `${name[...]}`, which is evaluated.
        subscript: Option<Word>,
        form: Form,
        inner: Word,
        quoted: bool,
    },
    /// `$(...)` and backticks.
    Substitution {
        body: List,
        quoted: bool,
    },
    /// `<(...)` and `>(...)`.
    Process {
        body: List,
        into: bool,
    },
    /// `$((...))` and `$[...]`.
    Arithmetic {
        inner: Word,
    },
}

/// What `${name...}` does beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A length: always a number.
    Length,
    /// Default values, cutting, replacing, upper and lower case, names of variables and keys of arrays.
    Value,
    /// `${name:offset:length}`: both are evaluated.
    Slice,
    /// `${!name}`: the value is the name of another variable, or a part of it, and is evaluated.
    Indirect,
    /// `${name:=word}`: assigns.
    Assign,
    /// `${name@P}` and `${name@E}`: expands the value again.
    Prompt,
}

/// A whole text.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) list: List,
    pub(super) documents: Vec<Word>,
    /// Whether an interactive shell would replace something by a command of its history.
    pub(super) history: bool,
    /// Whether a word is spelt by codes of characters.
    pub(super) encoded: bool,
}

impl Word {
    /// The text, when the word is one unquoted piece of it (what a reserved word or a name has to be).
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }

    /// An operator of `[[ ... ]]`, which no word can be mistaken for.
    pub(super) fn operator(text: &str) -> Self {
        Self { parts: vec![Part::Text { text: text.to_owned(), quoted: false }] }
    }

    /// A word of which the text is known.
    pub(super) fn quoted(text: &str) -> Self {
        Self { parts: vec![Part::Text { text: text.to_owned(), quoted: true }] }
    }
}
