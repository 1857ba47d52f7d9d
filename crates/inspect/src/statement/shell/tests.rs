//! What commands are called, one rule in each test.

use super::{Class, Kind, classify};

#[track_caller]
fn are(class: Class, texts: &[&str]) {
    let wrong: Vec<_> = texts
        .iter()
        .map(|text| (text, classify(text, Kind::Bash)))
        .filter(|(_, facts)| facts.class != class)
        .map(|(text, facts)| format!("{text}: {} ({})", facts.class.as_str(), facts.reason))
        .collect();
    assert!(wrong.is_empty(), "not {}:\n{}", class.as_str(), wrong.join("\n"));
}

#[test]
fn a_file_behind_a_switch_is_read_whatever_the_letter_means_elsewhere() {
    are(
        Class::SecretRead,
        &[
            "tail -f ~/.ssh/id_rsa",
            "tail -n5 -f .env",
            "od -c .env",
            "xxd -e .env",
            "hexdump -c .env",
            "column -t .env",
            "pr -t .env",
            "paste -s .env",
            "fold -s .env",
            "diff -w .env x",
            "cut -s .env",
            "cmp -b .env x",
            "ag -f x .env",
        ],
    );
    are(Class::Dynamic, &["tail -f $F", "tail -f \"$(cat x)\""]);
    are(Class::Privilege, &["touch -m /etc/passwd"]);
    are(
        Class::Safe,
        &[
            "head -n $N x",
            "tail -n 5 -f app.log",
            "od -A x -t x1z -j 4 x",
            "xxd -c 16 x",
            "cut -d , -f $N x",
            "column -t -s , -o '|' x",
            "date -d yesterday +%F",
        ],
    );
    let facts = classify("tail -f app.log", Kind::Bash);
    assert!(facts.reads.contains("app.log"));
}

#[test]
fn a_file_named_by_an_option_is_read() {
    are(
        Class::SecretRead,
        &[
            "date -f /etc/shadow",
            "du --files0-from=.env",
            "file -f /etc/shadow",
            "file -m /etc/shadow x",
            "diff --from-file=/etc/shadow a",
            "diff a --to-file /etc/shadow",
            "tar -cf x.tar -T /etc/shadow",
        ],
    );
}
