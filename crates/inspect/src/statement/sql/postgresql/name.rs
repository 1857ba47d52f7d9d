//! Names in PostgreSQL's tree.

use squawk_syntax::{SyntaxKind as Kind, SyntaxNode};

/// The parts of a qualified name, folded as PostgreSQL does it; `None` when one is written with Unicode escapes, whose
/// meaning depends on a clause elsewhere.
pub(super) fn parts(node: &SyntaxNode) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    for element in node.descendants_with_tokens() {
        let Some(token) = element.as_token() else { continue };
        if matches!(token.kind(), Kind::WHITESPACE | Kind::COMMENT | Kind::DOT | Kind::STAR) {
            continue;
        }
        let text = token.text();
        if text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("u&")) {
            return None;
        }
        // `ONLY` and parentheses may stand beside a table.
        if matches!(token.kind(), Kind::ONLY_KW | Kind::L_PAREN | Kind::R_PAREN) {
            continue;
        }
        parts.push(match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => text.to_lowercase(),
        });
    }
    Some(parts)
}

/// Whether a `WITH` around this reference defines the name, at this place.
pub(super) fn is_defined(reference: &SyntaxNode, name: &str) -> bool {
    let start = reference.text_range().start();
    reference.ancestors().any(|outer| {
        let Some(with) = outer.first_child().filter(|part| part.kind() == Kind::WITH_CLAUSE) else {
            return false;
        };
        let recursive = with.children_with_tokens().any(|element| element.kind() == Kind::RECURSIVE_KW);
        with.children().filter(|part| part.kind() == Kind::WITH_TABLE).any(|definition| {
            let defined = definition.children().find(|part| part.kind() == Kind::CTE_NAME);
            let defined =
                defined.and_then(|defined| parts(&defined)).and_then(|parts| parts.into_iter().next());
            (recursive || definition.text_range().end() <= start) && defined.as_deref() == Some(name)
        })
    })
}
