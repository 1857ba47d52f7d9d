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

#[test]
fn a_value_that_bash_evaluates_is_decided_when_it_runs() {
    are(
        Class::Dynamic,
        &[
            "x='a[$(rm M)]'; echo ${y:x}",
            "x='a[$(rm M)]'; echo ${y:0:x}",
            "x='a[$(rm M)]'; echo ${y[x]}",
            "x='a[$(rm M)]'; echo ${#y[x]}",
            "x='a[$(rm M)]'; echo ${!x}",
            "x='a[$(rm M)]'; echo ${!x:-z}",
            "x='a[$(rm M)]'; b[x]=1",
            "x='a[$(rm M)]'; y=([x]=1)",
            "x='a[$(rm M)]'; y[$x]=1",
            "x='a[$(rm M)]'; let x",
            "x='a[$(rm M)]'; let y=x",
            "x='a[$(rm M)]'; declare -i y=x",
            "echo ${x:'a[$(rm M)]'}",
            "echo ${x['$(rm M)']}",
            "typeset -i x='a[$(rm M)]'",
            "declare -i x; x='a[$(rm M)]'",
            "local -i v='a[$(rm M)]'",
            "declare -i 'x=a[$(rm M)]'",
            "declare -a 'x=($(rm M))'",
            "[ -v 'a[$(rm M)]' ]",
            "test -v 'a[$(rm M)]'",
            "[[ -v $x ]]",
            "read x; echo ${y:x}",
            "read -r x<f; a[x]=1",
            "declare -i x; read x",
            "echo ${1:$2}",
            "declare -i n=$1",
            "echo ${a[$1]}",
            "echo ${!1}",
        ],
    );
}

#[test]
fn a_number_a_key_of_a_map_and_a_known_name_are_evaluated_without_harm() {
    are(
        Class::Safe,
        &[
            "echo ${y:0:3} ${y: -1} \"${@:2}\" ${y:-x} ${y:+x}",
            "a=(x y z); echo ${a[0]} ${a[@]:1} ${#a[@]} ${!a[@]}",
            "for i in 1 2 3; do echo ${a[$i]}; done",
            "for ((i = 0; i < 3; i++)); do echo ${a[i]} ${s:$i:1}; done",
            "echo ${a[${#a[@]}-1]} ${a[$((1 + 1))]}",
            "declare -A m; m[key]=1; echo ${m[$k]}; m[$k]=2",
            "declare -i n=5; n=n+1; echo $n",
            "x=PWD; echo ${!x}",
            "i=0; let i++; let i=i+1; echo $i",
            "[ -v x ] && echo ${!BASH_@}",
        ],
    );
}
