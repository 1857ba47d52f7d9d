//! Any text is answered: bounded facts, the worst class is the class, and nothing around it makes it better.

use inspect::statement::shell::{Class, Facts, Kind, classify};

/// Classifies one text, alone and with harmless company.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [Kind::Posix, Kind::Bash, Kind::Powershell, Kind::Cmd] {
        check(&classify(text, kind));
    }
    let alone = classify(text, Kind::Bash);
    let company = classify(&format!("true\n{text}"), Kind::Bash);
    assert!(company.class >= alone.class, "{:?} below {:?}", company.class, alone.class);
    let facts = inspect::statement::path::read(text);
    assert!(facts.normalised.len() <= text.len() * 3 + 3);
    let facts = inspect::statement::url::read(text);
    assert!(facts.flags.len() <= 32);
}

fn check(facts: &Facts) {
    assert_eq!(facts.classes.last(), Some(&facts.class));
    assert!(facts.class == Class::Safe || !facts.reason.is_empty());
    assert!(facts.commands.len() <= 64 && facts.programs.len() <= 64);
    assert!(facts.reads.len() <= 64 && facts.writes.len() <= 64);
    let names = facts.programs.iter().chain(&facts.reads).chain(&facts.writes);
    assert!(names.into_iter().all(|name| name.len() <= 128));
}
