//! Classification of SQL: never panics, never overflows, always says why, and never knows less by knowing the dialect.

use inspect::statement::Dialect;
use inspect::statement::limits::{NAME_BYTES_MAX, NAMES_MAX, STACK_BYTES};
use inspect::statement::sql::{Class, Facts, Flag, classify};

/// The first byte chooses the dialect, the rest is the text.
pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let dialect = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let work = thread.spawn_scoped(scope, || check(text, dialect)).expect("a thread");
        work.join().expect("no panic");
    });
}

fn check(text: &str, dialect: Dialect) {
    let facts = classify(text, Some(dialect));
    hold(&facts);
    assert_eq!(classify(text, Some(dialect)), facts, "the same text, another answer");
    let any = classify(text, None);
    hold(&any);
    if facts.class != Class::Unknown {
        assert!(any.class >= facts.class, "{:?} to {dialect}, {:?} to any", facts.class, any.class);
    }
}

fn hold(facts: &Facts) {
    assert_eq!(facts.classes.last(), Some(&facts.class));
    assert_eq!(facts.class == Class::Unknown, !facts.reason.is_empty());
    assert_eq!(facts.statements > 1, facts.flags.contains(&Flag::MultiStatement));
    for names in [&facts.reads, &facts.writes, &facts.functions] {
        assert!(names.len() <= NAMES_MAX && names.iter().all(|name| name.len() <= NAME_BYTES_MAX));
    }
}
