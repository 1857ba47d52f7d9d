//! PostgreSQL, read by a parser of its whole grammar.
//!
//! Against PostgreSQL's own parser, on the statements of its regression suite, it reads 99.96 % where `sqlparser` reads
//! 92.8 %, and neither ever miscounts statements. The tree is walked without recursion. Conditions are handed to
//! `sqlparser`; one that it cannot read counts as none.

use squawk_syntax::ast::{AstNode, SourceFile, Stmt};
use squawk_syntax::{SyntaxKind as Kind, SyntaxNode};

use crate::statement::Dialect;

use super::condition::{Around, Truth, truth};
use super::fact::{Class, Facts, Flag};
use super::{function, grammar, setting};

mod kind;
mod name;

/// Operators that belong to PostgreSQL, and those of its well-known extensions for vectors, text and places.
const OPERATORS: [&str; 100] = [
    "!!", "!~", "!~*", "!~~", "!~~*", "#", "##", "#-", "#>", "#>>", "%", "%>", "%>>", "&", "&&", "&&&",
    "&/&", "&<", "&<|", "&>", "*", "*<", "*<=", "*<>", "*=", "*>", "*>=", "+", "-", "->", "->>", "-|-", "/",
    "<", "<#>", "<%", "<%>", "<+>", "<->", "<->>", "<->>>", "<<", "<<%", "<<->", "<<->>", "<<<->", "<<=",
    "<<@", "<<|", "<=", "<=>", "<>", "<@", "<^", "<~>", "=", "=>", ">", ">=", ">>", ">>=", ">^", "?", "?#",
    "?&", "?-", "?-|", "?|", "?||", "@", "@-@", "@>", "@>>", "@?", "@@", "@@@", "^", "^@", "|", "|&>", "|/",
    "|=|", "|>>", "||", "||/", "~", "~*", "~<=~", "~<~", "~=", "~>=~", "~>~", "~~", "~~*", "~==", "~=@",
    "@~", "^~", "%%", "!=",
];

/// Notes what a text would do. Whether the parser could read all of it.
pub(super) fn read(text: &str, facts: &mut Facts) -> bool {
    let parse = SourceFile::parse(text);
    let root = parse.syntax_node();
    let mut survey = Survey { facts, planned: 0, depth: 0, defines: false };
    survey.walk(&root);
    let statements: Vec<SyntaxNode> = root
        .children()
        .filter(|node| Stmt::can_cast(node.kind()) && node.kind() != Kind::EMPTY_STMT)
        .collect();
    facts.statements = u32::try_from(statements.len()).unwrap_or(u32::MAX);
    if let [only] = statements.as_slice() {
        facts.limit = rows(only);
    }
    if parse.errors().is_empty() {
        return true;
    }
    facts.raise("the parser cannot read it");
    false
}

struct Survey<'a> {
    facts: &'a mut Facts,
    /// `EXPLAIN`s around this node that do not run what they explain.
    planned: usize,
    /// Statements around this node.
    depth: usize,
    /// Whether a `WITH` was met. Without one, no name needs to be looked up.
    defines: bool,
}

impl Survey<'_> {
    /// Every node, from the outside in, without recursion.
    fn walk(&mut self, root: &SyntaxNode) {
        let mut node = root.clone();
        self.enter(&node);
        loop {
            if let Some(child) = node.first_child() {
                node = child;
                self.enter(&node);
                continue;
            }
            loop {
                self.leave(&node);
                if node == *root {
                    return;
                }
                if let Some(next) = node.next_sibling() {
                    node = next;
                    self.enter(&node);
                    break;
                }
                let Some(parent) = node.parent() else { return };
                node = parent;
            }
        }
    }

    fn enter(&mut self, node: &SyntaxNode) {
        self.names(node);
        if self.planned == 0 {
            self.effects(node);
        }
        if kind::is_statement(node.kind()) {
            self.depth += 1;
        }
        if node.kind() == Kind::EXPLAIN {
            if runs(node) {
                self.facts.flags.insert(Flag::ExplainAnalyze);
            } else {
                self.planned += 1;
            }
        }
    }

    fn leave(&mut self, node: &SyntaxNode) {
        if kind::is_statement(node.kind()) {
            self.depth -= 1;
        }
        if node.kind() == Kind::EXPLAIN && !runs(node) {
            self.planned -= 1;
        }
    }

    /// Tables, functions and operators.
    fn names(&mut self, node: &SyntaxNode) {
        match node.kind() {
            Kind::CALL_EXPR => self.call(node),
            Kind::FIELD_EXPR => self.attribute(node),
            Kind::CUSTOM_OP | Kind::OPERATOR_CALL => {
                let text = node.text().to_string();
                let own = OPERATORS.contains(&text.trim());
                let qualified = node.kind() == Kind::OPERATOR_CALL
                    && text
                        .to_lowercase()
                        .split_once("pg_catalog.")
                        .is_some_and(|(_, rest)| OPERATORS.contains(&rest.trim_end_matches(')').trim()));
                if !own && !qualified {
                    self.facts.flags.insert(Flag::UnknownFunction);
                    self.facts.raise("it calls an operator of which nothing is known");
                }
            }
            Kind::RELATION_NAME_REF | Kind::TABLE_NAME_REF | Kind::TABLE_NAME | Kind::VIEW_REF => {
                self.relation(node);
            }
            Kind::WITH_CLAUSE => self.defines = true,
            _ => {}
        }
    }

    fn call(&mut self, node: &SyntaxNode) {
        let Some(called) = node.first_child() else { return };
        if !matches!(called.kind(), Kind::NAME_REF | Kind::FIELD_EXPR) {
            // A function with a syntax of its own: standard SQL, harmless.
            return;
        }
        let Some(parts) = name::parts(&called) else {
            self.facts.raise("a name is written in a way that cannot be read");
            return;
        };
        let Some((last, qualifier)) = parts.split_last() else { return };
        self.facts.call(parts.join("."));
        // A trigger names a function; that it installs code is its class already. A sample names a method.
        let names = |outer: SyntaxNode| {
            matches!(
                outer.kind(),
                Kind::CREATE_TRIGGER | Kind::CREATE_EVENT_TRIGGER | Kind::TABLESAMPLE_CLAUSE
            )
        };
        if node.parent().is_some_and(names) {
            return;
        }
        let qualifier = qualifier.join(".").to_lowercase();
        function::note_call(&qualifier, &last.to_lowercase(), Dialect::Postgres, self.facts);
    }

    /// PostgreSQL calls a function for what looks like a column: `('x'::text).pg_read_file`.
    fn attribute(&mut self, node: &SyntaxNode) {
        let callee = node.parent().is_some_and(|parent| {
            parent.kind() == Kind::CALL_EXPR && parent.first_child().as_ref() == Some(node)
        });
        let last = node.children().last().filter(|last| last.kind() == Kind::NAME_REF);
        let Some(last) = last.filter(|_| !callee) else { return };
        let Some(attribute) = name::parts(&last).and_then(|parts| parts.into_iter().next_back()) else {
            self.facts.raise("a name is written in a way that cannot be read");
            return;
        };
        if function::note_danger(&attribute.to_lowercase(), Dialect::Postgres, self.facts) {
            self.facts.call(attribute);
        }
    }

    fn relation(&mut self, node: &SyntaxNode) {
        let Some(parts) = name::parts(node) else {
            self.facts.raise("a name is written in a way that cannot be read");
            return;
        };
        let holder = node.ancestors().skip(1).find(|outer| {
            !matches!(outer.kind(), Kind::RELATION_NAME | Kind::TABLE_RELATION_NAME | Kind::RELATION_LIST)
        });
        let holder = holder.map_or(Kind::SOURCE_FILE, |holder| holder.kind());
        let named = parts.join(".");
        match (node.kind(), holder) {
            (Kind::TABLE_NAME_REF, Kind::COPY_TABLE) => {
                let copy = node.ancestors().find(|outer| outer.kind() == Kind::COPY);
                let out = copy.is_some_and(|copy| copy.children().any(|part| part.kind() == Kind::COPY_TO));
                if out { self.facts.read(named) } else { self.facts.write(named) }
            }
            (Kind::RELATION_NAME_REF, Kind::INSERT | Kind::UPDATE | Kind::DELETE | Kind::LOCK) => {
                if self.planned == 0 {
                    self.facts.write(named);
                }
            }
            (Kind::TABLE_NAME_REF | Kind::TABLE_NAME | Kind::VIEW_REF, _) => {
                if self.planned == 0 {
                    self.facts.write(named);
                }
            }
            _ if self.defines && parts.len() == 1 && name::is_defined(node, &named) => {}
            _ => self.facts.read(named),
        }
    }

    /// What is changed.
    fn effects(&mut self, node: &SyntaxNode) {
        let kind = node.kind();
        if let Some(class) = kind::class(kind)
            && (class > Class::Read || self.depth == 0)
        {
            self.facts.add(class);
        }
        match kind {
            Kind::INSERT | Kind::UPDATE | Kind::DELETE | Kind::MERGE if self.depth > 0 => {
                self.facts.flags.insert(Flag::NestedWrite);
            }
            Kind::DO | Kind::EXECUTE => {
                self.facts.flags.insert(Flag::DynamicSql);
            }
            Kind::SELECT_INTO => {
                self.facts.flags.insert(Flag::SelectInto);
            }
            Kind::LOCK | Kind::LOCKING_CLAUSE => {
                self.facts.flags.insert(Flag::RowLock);
            }
            _ => {}
        }
        match kind {
            Kind::UPDATE | Kind::DELETE => self.bounded(node),
            Kind::WHERE_CLAUSE => {
                let flag = if restricts(node) { Flag::Where } else { Flag::WhereTautology };
                self.facts.flags.insert(flag);
            }
            Kind::MERGE => self.fusion(node),
            Kind::COPY => self.copy(node),
            Kind::READ_WRITE => self.guard(),
            Kind::DISCARD if is_whole(node) => self.guard(),
            // Row security of views hangs on it.
            Kind::ALTER_VIEW | Kind::ALTER_TABLE if alters_barrier(node) => self.guard(),
            Kind::RESET if node.children().any(|part| part.kind() == Kind::ALL) => self.guard(),
            Kind::CONFIG_PARAMETER_REF if node.parent().is_none_or(|parent| parent.kind() != Kind::SHOW) => {
                let parts = name::parts(node).unwrap_or_default();
                if parts.last().is_none_or(|last| setting::is_guard(&last.to_lowercase())) {
                    self.guard();
                } else if parts.len() > 1 {
                    // A setting of the application: row security may ask for it.
                    self.facts.flags.insert(Flag::GuardSetting);
                }
            }
            _ => {}
        }
        // A kind of statement that no list knows.
        let parts_decide = matches!(kind, Kind::UPDATE | Kind::DELETE | Kind::MERGE | Kind::COPY);
        if kind::is_statement(kind) && kind::class(kind).is_none() && !parts_decide {
            self.facts.raise("a kind of statement of which nothing is known");
        }
    }

    fn guard(&mut self) {
        self.facts.flags.insert(Flag::GuardSetting);
        self.facts.add(Class::Privilege);
    }

    fn bounded(&mut self, node: &SyntaxNode) {
        if node.children().any(|part| part.kind() == Kind::WHERE_CURRENT_OF) {
            self.facts.flags.insert(Flag::Where);
            self.facts.add(Class::Write);
            return;
        }
        match node.children().find(|part| part.kind() == Kind::WHERE_CLAUSE) {
            None => {
                self.facts.flags.insert(Flag::WhereMissing);
                self.facts.add(Class::WriteUnbounded);
            }
            Some(condition) if restricts(&condition) => self.facts.add(Class::Write),
            Some(_) => self.facts.add(Class::WriteUnbounded),
        }
    }

    fn fusion(&mut self, node: &SyntaxNode) {
        let on = node.descendants().find(|part| part.kind() == Kind::ON_CLAUSE);
        let always = on.as_ref().is_none_or(|on| condition(on) != Some(Truth::Depends));
        let changes = |part: &SyntaxNode| matches!(part.kind(), Kind::MERGE_UPDATE | Kind::MERGE_DELETE);
        let open = node.children().any(|when| {
            when.children().any(|part| changes(&part))
                && !when.children().any(|part| part.kind() == Kind::MERGE_CONDITION && restricts(&part))
        });
        if always && open {
            self.facts.flags.insert(Flag::WhereTautology);
            self.facts.add(Class::WriteUnbounded);
        } else {
            self.facts.add(Class::Write);
        }
    }

    fn copy(&mut self, node: &SyntaxNode) {
        let has = |kind: Kind| node.descendants().any(|part| part.kind() == kind);
        let program = node
            .descendants()
            .filter(|part| part.kind() == Kind::COPY_PROGRAM)
            .any(|part| part.children_with_tokens().any(|element| element.kind() == Kind::PROGRAM_KW));
        if has(Kind::COPY_PROGRAM) {
            self.facts.flags.insert(Flag::FileAccess);
            self.facts.add(if program { Class::Exec } else { Class::Export });
        } else if has(Kind::COPY_STDIN) {
            self.facts.add(Class::Write);
        } else {
            self.facts.add(Class::Export);
        }
    }
}

/// `DISCARD ALL`, which ends a role that was taken on, and every setting.
fn is_whole(discard: &SyntaxNode) -> bool {
    discard.text().to_string().to_ascii_lowercase().contains("all")
}

/// Whether an `ALTER` turns on or off how a view is guarded.
fn alters_barrier(alter: &SyntaxNode) -> bool {
    let text = alter.text().to_string().to_ascii_lowercase();
    text.contains("security_barrier") || text.contains("security_invoker")
}

/// Whether an `EXPLAIN` runs what it explains.
fn runs(explain: &SyntaxNode) -> bool {
    let off = |value: &str| {
        let value = value.trim().trim_matches('\'').to_ascii_lowercase();
        ["false", "off", "0", "no"].contains(&value.as_str())
    };
    explain.children().any(|part| match part.kind() {
        Kind::EXPLAIN_ANALYZE => true,
        Kind::EXPLAIN_OPTION_LIST => part.children().any(|option| {
            let mut named = false;
            let mut value = None;
            for element in option.children() {
                match element.kind() {
                    Kind::EXPLAIN_OPTION_NAME => {
                        let name = element.text().to_string().trim().trim_matches('"').to_ascii_lowercase();
                        named = name == "analyze" || name == "analyse";
                    }
                    Kind::EXPLAIN_OPTION_VALUE => value = Some(element.text().to_string()),
                    _ => {}
                }
            }
            named && !value.is_some_and(|value| off(&value))
        }),
        _ => false,
    })
}

/// Whether the condition of a clause restricts anything.
fn restricts(clause: &SyntaxNode) -> bool {
    matches!(condition(clause), Some(Truth::Depends | Truth::Never))
}

/// What the condition of a clause comes to, when it can be read.
fn condition(clause: &SyntaxNode) -> Option<Truth> {
    let expression = clause.children().last()?;
    let around = clause.parent().map_or_else(Around::default, |statement| around(&statement));
    grammar::parse_expression(&expression.text().to_string()).map(|expression| truth(&expression, &around))
}

/// What an `UPDATE` or a `DELETE` that names more than its own table changes and reads.
fn around(statement: &SyntaxNode) -> Around {
    let changes = matches!(statement.kind(), Kind::UPDATE | Kind::DELETE);
    let names = |node: SyntaxNode| {
        matches!(node.kind(), Kind::FROM_CLAUSE | Kind::USING_CLAUSE | Kind::IS_NOT | Kind::FIELD_EXPR)
    };
    if !changes || !statement.descendants().any(names) {
        return Around::default();
    }
    let tokens = grammar::tokenize(&statement.text().to_string(), Dialect::Postgres);
    match tokens.and_then(grammar::Tokens::parse).as_deref() {
        Some([statement]) => Around::of(statement),
        _ => Around::default(),
    }
}

/// The most rows that a query answers, where it says so.
fn rows(statement: &SyntaxNode) -> Option<u64> {
    let clauses =
        statement.children().filter(|part| matches!(part.kind(), Kind::LIMIT_CLAUSE | Kind::FETCH_CLAUSE));
    let counts = clauses.filter_map(|clause| {
        if clause.children().any(|part| part.kind() == Kind::WITH_TIES) {
            return None;
        }
        match clause.children().find(|part| part.kind() != Kind::FETCH_ONLY) {
            Some(value) => value.text().to_string().trim().parse().ok(),
            None => (clause.kind() == Kind::FETCH_CLAUSE).then_some(1),
        }
    });
    counts.min()
}

#[cfg(test)]
mod tests {
    use super::kind;
    use squawk_syntax::SyntaxKind as Kind;

    #[test]
    fn every_kind_of_statement_has_a_class_or_is_decided_by_its_parts() {
        let unknown: Vec<String> = (0..u16::MAX)
            .map_while(|number| (number < Kind::__LAST as u16).then(|| Kind::from(number)))
            .filter(|statement| kind::is_statement(*statement) && kind::class(*statement).is_none())
            .map(|statement| format!("{statement:?}"))
            .collect();
        assert_eq!(unknown, ["COPY", "DELETE", "MERGE", "UPDATE"]);
    }
}
