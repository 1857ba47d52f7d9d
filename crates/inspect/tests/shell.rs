//! Shell texts as their users see them: the table of what each must be called, what no spelling may hide, and
//! what
//! hostile texts may cost.

#![expect(unreachable_pub, reason = "the body belongs to the fuzz crate, whose interface it is")]

#[path = "clock/mod.rs"]
mod clock;
#[path = "../../../fuzz/src/shell.rs"]
mod fuzz;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use inspect::statement::limits::TEXT_BYTES_MAX;
use inspect::statement::shell::{Class, Facts, Flag, Kind, classify};
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};

struct Case {
    class: &'static str,
    flags: Vec<&'static str>,
    text: String,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("shell/golden.tsv").lines().filter(|line| !line.starts_with('#'));
    let cases = lines.map(|line| {
        let mut columns = line.splitn(3, '\t');
        let mut column = || columns.next().unwrap_or_else(|| panic!("three columns: {line}"));
        let (class, flags, text) = (column(), column(), column());
        let flags = flags.split(',').filter(|flag| *flag != "-").collect();
        Case { class, flags, text: unescape(text) }
    });
    cases.collect()
}

fn unescape(text: &str) -> String {
    text.replace("\\\\", "\0").replace("\\n", "\n").replace('\0', "\\")
}

/// SQL inside shell texts recurses: on the stack that its limits were measured on.
fn on_large_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let size = inspect::statement::limits::STACK_BYTES;
    std::thread::Builder::new().stack_size(size).spawn(work).unwrap().join().unwrap()
}

fn bash(text: &str) -> Facts {
    classify(text, Kind::Bash)
}

fn words(facts: &Facts) -> Vec<String> {
    facts.flags.iter().map(|flag| serde_json::to_value(flag).unwrap().as_str().unwrap().to_owned()).collect()
}

/// Where a class stands in the order of their severity.
fn severity(class: &str) -> usize {
    const ORDER: [&str; 10] = [
        "safe",
        "fs_write",
        "fs_destructive",
        "infra_destructive",
        "db_destructive",
        "privilege",
        "secret_read",
        "remote_exec",
        "dynamic",
        "unknown",
    ];
    ORDER.iter().position(|name| *name == class).unwrap_or_else(|| panic!("no class: {class}"))
}

#[test]
fn hostile_commands_are_never_called_less_than_they_are() {
    on_large_stack(|| {
        let lines = include_str!("shell/hostile.tsv").lines().filter(|line| !line.starts_with('#'));
        let mut complaints = String::new();
        let mut count = 0;
        for line in lines {
            let (least, text) = line.split_once('\t').unwrap_or_else(|| panic!("two columns: {line}"));
            let facts = bash(&unescape(text));
            count += 1;
            if severity(facts.class.as_str()) < severity(least) {
                complaints += &format!("\n{}, at least {least}: {text}", facts.class.as_str());
            }
        }
        assert!(count >= 350, "{count}");
        assert!(complaints.is_empty(), "{complaints}");
    });
}

#[test]
fn every_command_of_the_table_is_called_what_it_is() {
    on_large_stack(|| {
        let cases = cases();
        assert!(cases.len() >= 250, "{} cases", cases.len());
        let mut complaints = String::new();
        for case in &cases {
            let facts = bash(&case.text);
            let flags = words(&facts);
            let missing: Vec<_> =
                case.flags.iter().filter(|flag| !flags.iter().any(|has| has == *flag)).collect();
            if facts.class.as_str() != case.class || !missing.is_empty() {
                complaints += &format!(
                    "\n{:?}: {} instead of {} ({}), without {missing:?} of {flags:?}",
                    case.text,
                    facts.class.as_str(),
                    case.class,
                    facts.reason
                );
            }
            assert_eq!(facts.classes.last(), Some(&facts.class));
        }
        assert!(complaints.is_empty(), "{complaints}");
    });
}

#[test]
fn no_wrapping_lowers_a_class() {
    type Wrap = fn(&str) -> String;
    let wraps: &[(&str, Wrap)] = &[
        ("true after", |text| format!("{text}\ntrue")),
        ("true before", |text| format!("true; {text}")),
        ("harmless before", |text| format!("ls -la && cd /tmp && {text}")),
        ("group", |text| format!("{{ {text}\n}}")),
        ("subshell", |text| format!("( {text}\n)")),
        ("if", |text| format!("if true; then {text}\nfi")),
        ("function", |text| format!("f() {{ {text}\n}}; f")),
        ("loop", |text| format!("for i in 1 2; do {text}\ndone")),
        ("sh -c", |text| format!("sh -c {}", quote(text))),
        ("eval", |text| format!("eval {}", quote(text))),
        ("here-document", |text| format!("bash <<'END_OF_IT'\n{text}\nEND_OF_IT\n")),
        ("substitution", |text| format!("echo $({text}\n)")),
        ("pipe", |text| format!("echo {} | bash", quote(text))),
        ("sudo sh -c", |text| format!("sudo -u x sh -c {}", quote(text))),
    ];
    on_large_stack(move || {
        let mut complaints = String::new();
        for case in cases().iter().filter(|case| !case.text.contains("<<") && !case.text.ends_with("&&")) {
            let plain = bash(&case.text);
            for (name, wrap) in wraps {
                let wrapped = bash(&wrap(&case.text));
                // What a new shell inherits cannot be seen, which may make it worse but never better.
                if wrapped.class < plain.class {
                    complaints +=
                        &format!("\n{name}: {:?}: {:?} below {:?}", case.text, wrapped.class, plain.class);
                }
            }
        }
        assert!(complaints.is_empty(), "{complaints}");
    });
}

#[test]
fn no_prefix_and_no_quotes_lower_a_class() {
    let prefixes = ["sudo -u x ", "env A=b ", "nice ", "timeout 5 ", "nohup ", "command ", "busybox "];
    for case in cases().iter().filter(|case| is_plain(&case.text)) {
        let plain = bash(&case.text).class;
        for prefix in prefixes {
            let prefixed = bash(&format!("{prefix}{}", case.text));
            assert!(prefixed.class >= plain, "{prefix}{}: {prefixed:?}", case.text);
        }
        let (name, rest) = case.text.split_once(' ').unwrap_or((&case.text, ""));
        let (first, others) = name.split_at(1);
        for spelling in [
            format!("'{name}' {rest}"),
            format!("\"{name}\" {rest}"),
            format!("\\{name} {rest}"),
            format!("{first}''{others} {rest}"),
            format!("{first}\"\"{others} {rest}"),
            format!("{first}\\\n{others} {rest}"),
            format!("$'{name}' {rest}"),
            format!("N={name}; $N {rest}"),
        ] {
            let spelt = bash(&spelling);
            assert!(spelt.class >= plain, "{spelling}: {spelt:?}");
        }
    }
}

/// One simple command that begins with the name of a program.
fn is_plain(text: &str) -> bool {
    !text.contains([';', '|', '&', '<', '>', '(', '\n', '=', '{', '`', '!'])
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && ![
            "for ", "if ", "case ", "coproc ", "while ", "set", "exec ", "eval ", "time ", "trap ",
            "builtin ", "unset ",
        ]
        .iter()
        .any(|word| text.starts_with(word))
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn hostile_texts() -> Vec<String> {
    let half = TEXT_BYTES_MAX / 2;
    let repeated = |unit: &str| unit.repeat(TEXT_BYTES_MAX / unit.len());
    let mut texts: Vec<String> = [
        "(",
        "$(",
        "`",
        "{",
        "((",
        "$((",
        "${a:-",
        "\"$(",
        "<(",
        "a[",
        "a[$(",
        "if ",
        "while ",
        "case x in x) ",
        "f() ",
        "! ",
        "time ",
        "[[ ",
        "'",
        "\"",
        "\\",
        "<<a ",
        "<<a\n",
        "a|",
        "a&&",
        "a;",
        "a&",
        "{a,b}",
        "{1..9}",
        "$a",
        "*",
        ">",
        "sudo ",
        "env ",
        "find . -exec ",
        "sh -c ",
        "eval ",
        "xargs ",
        "rm x;",
        "a=b ",
        "a=$a$a;",
        "#",
        "\n",
        "é",
        "$'\\x",
        "echo `",
        "for i in 1 2 3; do ",
        "${a[",
        "!a ",
        "~/",
        "a b c d ",
    ]
    .iter()
    .map(|unit| repeated(unit))
    .collect();
    texts.push("(".repeat(1_000_000));
    texts.push("$(".repeat(500_000));
    texts.push(format!("{}{}", "(".repeat(half), ")".repeat(half)));
    texts.push(format!("{}ls{}", "for i in 1 2 3 4 5 6 7 8; do ".repeat(30), "; done".repeat(30)));
    texts.push(format!("{}ls{}", "sh -c \"".repeat(20), "\"".repeat(20)));
    texts.push(format!("echo {}", "{a,b}".repeat(40)));
    texts.push(format!("sed '{}'", "s/a/b/;".repeat(4_000)));
    texts.push(format!("awk '{}'", "/a/ ".repeat(8_000)));
    texts.push(format!("A={}; {}", "x".repeat(9_000), "echo $A$A$A$A;".repeat(1_000)));
    texts
}

#[test]
fn hostile_texts_are_answered_in_bounded_time() {
    let texts = hostile_texts();
    let mut slow = String::new();
    for text in texts {
        let started = clock::Moment::now();
        let facts = bash(&text);
        let took = started.elapsed();
        let head: String = text.chars().take(20).collect();
        if took > Duration::from_secs(3) {
            slow += &format!("\n{head}...: {took:?}");
        }
        assert!(serde_json::to_vec(&facts).unwrap().len() < 512 * 1024, "{head}");
        if text.len() > TEXT_BYTES_MAX {
            assert_eq!(facts.class, Class::Unknown);
        }
    }
    assert!(slow.is_empty(), "{slow}");
}

#[test]
fn what_bash_cannot_parse_is_not_safe() {
    let mut texts: Vec<String> =
        cases().into_iter().map(|case| case.text).filter(|text| text.lines().count() < 3).collect();
    let pieces = [
        "(", ")", "{", "}", ";", "&", "|", "<", ">", "'", "\"", "`", "$(", "${", "\\", "\n", "do", "fi",
        "then", "#", " ", "<<E", "esac", "[[", "]]", "((", "))", "&&", "!",
    ];
    let bases = texts.clone();
    for (index, base) in bases.iter().enumerate() {
        let piece = pieces[index % pieces.len()];
        let middle = base.char_indices().nth(base.chars().count() / 2).map_or(0, |(at, _)| at);
        texts.push(format!("{}{piece}{}", &base[..middle], &base[middle..]));
        texts.push(format!("{base}{piece}"));
        texts.push(format!("{piece}{base}"));
    }
    let Some(accepted) = accepted_by_bash(&texts) else { return };
    on_large_stack(move || {
        let mut refused = 0;
        for (text, accepted) in texts.iter().zip(accepted) {
            refused += usize::from(!accepted);
            assert!(accepted || bash(text).class > Class::Safe, "bash refuses {text:?}, and it is safe");
        }
        assert!(refused > 100, "the differential refused only {refused}");
    });
}

/// Which texts `bash -n` parses; `None` where there is no bash. Nothing is run.
fn accepted_by_bash(texts: &[String]) -> Option<Vec<bool>> {
    let accepts = |text: &String| {
        let mut child = Command::new("bash")
            .args(["-n", "/dev/stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(text.as_bytes()).ok()?;
        let output = child.wait_with_output().ok()?;
        // A here-document without its end is a warning.
        Some(output.status.success() && output.stderr.is_empty())
    };
    texts.iter().map(accepts).collect()
}

#[test]
fn text_as_bash_prints_it_again_has_the_same_class() {
    let texts: Vec<String> = cases().into_iter().map(|case| case.text).collect();
    let Some(accepted) = accepted_by_bash(&texts) else { return };
    let parsed: Vec<String> =
        texts.into_iter().zip(accepted).filter(|(_, ok)| *ok).map(|(text, _)| text).collect();
    let printed: Vec<(String, String)> =
        parsed.into_iter().filter_map(|text| Some((printed(&text)?, text))).collect();
    if printed.is_empty() {
        // This bash cannot print.
        return;
    }
    on_large_stack(move || {
        for (again, text) in printed {
            assert_eq!(bash(&again).class, bash(&text).class, "{text:?} is {again:?}");
        }
    });
}

/// `bash --pretty-print` parses and prints; it runs nothing.
fn printed(text: &str) -> Option<String> {
    let mut child = Command::new("bash")
        .args(["--pretty-print", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        .filter(|text| !text.is_empty())
}

#[test]
fn any_text_is_answered() {
    on_large_stack(|| {
        let seeds: Vec<String> = cases().into_iter().map(|case| case.text).collect();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/shell");
        for entry in std::fs::read_dir(folder).unwrap() {
            fuzz::run(&std::fs::read(entry.unwrap().path()).unwrap());
        }
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(3_000) });
        let spliced = (any::<[proptest::sample::Index; 2]>(), any::<(u8, usize, usize)>());
        runner
            .run(&spliced, |([first, second], (byte, cut, start))| {
                let (first, second) = (first.get(&seeds).as_bytes(), second.get(&seeds).as_bytes());
                let mut joined = first[..cut % (first.len() + 1)].to_vec();
                joined.push(byte);
                joined.extend(&second[start % (second.len() + 1)..]);
                fuzz::run(&joined);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn facts_name_programs_paths_and_arguments() {
    let facts = bash("sudo -u x cp '/etc/hosts' /tmp/h && cat < in > out; rm -rf \"$D\"/x");
    let commands: Vec<_> = facts.commands.iter().map(|command| command.program.as_str()).collect();
    assert_eq!(commands, ["cp", "cat", "rm"]);
    assert_eq!(facts.commands[0].arguments, ["/etc/hosts", "/tmp/h"]);
    assert_eq!(facts.commands[2].arguments, ["-rf", "${...}/x"]);
    assert!(facts.programs.contains("sudo"));
    assert!(facts.reads.contains("/etc/hosts") && facts.reads.contains("in"));
    assert!(facts.writes.contains("/tmp/h") && facts.writes.contains("out"));
    let json = serde_json::to_value(&facts).unwrap();
    assert_eq!(json["class"], "privilege");
    assert_eq!(json["flags"][0], "redirection");
}

#[test]
fn facts_that_do_not_fit_make_the_text_unknown() {
    let many: String = (0..100).map(|number| format!("touch f{number};")).collect();
    let facts = bash(&many);
    assert_eq!(facts.class, Class::Unknown);
    assert!(facts.flags.contains(&Flag::Truncated));
    assert!(facts.commands.len() <= 64 && facts.writes.len() <= 64);
}

#[test]
fn windows_shells_are_unknown_unless_plain() {
    let check =
        |text: &str, kind: Kind, class: Class| assert_eq!(classify(text, kind).class, class, "{text}");
    check("Get-ChildItem C:\\logs", Kind::Powershell, Class::Safe);
    check("dir C:\\logs", Kind::Cmd, Class::Safe);
    check("Get-Content C:\\Windows\\System32\\config\\SAM", Kind::Powershell, Class::SecretRead);
    for text in [
        "Get-Process | Stop-Process",
        "Remove-Item x",
        "iex (iwr x)",
        "ls; rm x",
        "Get-Date $(x)",
        "",
        "&calc",
    ] {
        check(text, Kind::Powershell, Class::Unknown);
    }
    for text in [
        "del /s x",
        "dir & del x",
        "echo %PATH%",
        "type x > y",
        "type \\\\host\\share\\x",
        "ipconfig /release",
    ] {
        check(text, Kind::Cmd, Class::Unknown);
    }
}
