use super::*;

/// Every step as `pointer=raw`, containers with `{`, `}`, `[`, `]`.
fn trace(text: &str) -> Result<Vec<String>, Fault> {
    let mut walk = Walk::new(text, 128);
    let mut seen = Vec::new();
    while let Some(step) = walk.step()? {
        let what = match step {
            Step::Open(Kind::Object, _) => "{".to_owned(),
            Step::Open(_, _) => "[".to_owned(),
            Step::Close(_, span) => span.of(text).to_owned(),
            Step::Scalar(scalar) => scalar.span.of(text).to_owned(),
        };
        seen.push(format!("{}={what}", walk.pointer()));
    }
    Ok(seen)
}

#[test]
fn steps_name_each_value_by_pointer_and_span() {
    let text = r#" {"a":[1,{"b/c":"x\n"},[]],"~":{},"t":true} "#;
    let expected = [
        "={",
        "/a=[",
        "/a/0=1",
        "/a/1={",
        r#"/a/1/b~1c="x\n""#,
        r#"/a/1={"b/c":"x\n"}"#,
        "/a/2=[",
        "/a/2=[]",
        r#"/a=[1,{"b/c":"x\n"},[]]"#,
        "/~0={",
        "/~0={}",
        "/t=true",
        &format!("={}", text.trim()),
    ];
    assert_eq!(trace(text).expect("JSON"), expected);
}

#[test]
fn text_that_is_not_json_is_refused_where_it_goes_wrong() {
    let check = |text: &str, expected: Fault| assert_eq!(trace(text), Err(expected), "{text}");
    check("", Fault::Unfinished);
    check("  ", Fault::Unfinished);
    check("{", Fault::Unfinished);
    check("[1", Fault::Unfinished);
    check("tru", Fault::Unfinished);
    check("\"a", Fault::Unfinished);
    check("\"\\", Fault::Unfinished);
    check("\"\\u12", Fault::Unfinished);
    check("-", Fault::Unfinished);
    check("1.", Fault::Unfinished);
    check("1e+", Fault::Unfinished);
    check("{\"a\"", Fault::Unfinished);
    check("{\"a\":", Fault::Unfinished);
    check("[1,]", Fault::Syntax(3));
    check("[,1]", Fault::Syntax(1));
    check("{,}", Fault::Syntax(1));
    check("{\"a\":1,}", Fault::Syntax(7));
    check("{\"a\" 1}", Fault::Syntax(5));
    check("{a:1}", Fault::Syntax(1));
    check("{'a':1}", Fault::Syntax(1));
    check("[1 2]", Fault::Syntax(3));
    check("[1}", Fault::Syntax(2));
    check("{\"a\":1]", Fault::Syntax(6));
    check("01", Fault::Trailing(1));
    check("1 1", Fault::Trailing(2));
    check("{}x", Fault::Trailing(2));
    check("nulll", Fault::Trailing(4));
    check("truE", Fault::Syntax(0));
    check("+1", Fault::Syntax(0));
    check(".5", Fault::Syntax(0));
    check("1.e1", Fault::Syntax(2));
    check("-a", Fault::Syntax(1));
    check("NaN", Fault::Syntax(0));
    check("\"\t\"", Fault::Syntax(1));
    check("\"12345678\u{1}\"", Fault::Syntax(9));
    check("\"\\x\"", Fault::Syntax(2));
    check("\"\\u12g4\"", Fault::Syntax(5));
    check("\u{feff}1", Fault::Syntax(0));
    check("/**/1", Fault::Syntax(0));
    check("1\u{a0}", Fault::Trailing(1));
}

#[test]
fn nesting_is_allowed_up_to_the_limit_and_not_beyond() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(trace(&nested(128)).is_ok());
    assert_eq!(trace(&nested(129)), Err(Fault::TooDeep(128)));
    assert_eq!(trace(&"[".repeat(1_000_000)), Err(Fault::TooDeep(128)));
    assert_eq!(trace(&"{\"a\":".repeat(1_000_000)), Err(Fault::TooDeep(5 * 128)));
}

#[test]
fn key_belongs_to_the_value_of_the_last_step() {
    let text = r#"{"a":{"b":[0]},"c":1}"#;
    let mut walk = Walk::new(text, 8);
    let mut keys = Vec::new();
    while walk.step().expect("JSON").is_some() {
        keys.push((walk.depth(), walk.key().map(|key| key.span.of(text))));
    }
    let expected = [
        (0, None),
        (1, Some("a")),
        (2, Some("b")),
        (3, None),
        (2, Some("b")),
        (1, Some("a")),
        (1, Some("c")),
        (0, None),
    ];
    assert_eq!(keys, expected);
}

#[test]
fn scalars_come_without_their_containers() {
    let text = r#"[{"a":"\u0041"},null,[[-1.5e3]],"b"]"#;
    let mut walk = Walk::new(text, 8);
    let mut seen = Vec::new();
    while let Some(scalar) = walk.scalar().expect("JSON") {
        seen.push((scalar.kind, scalar.span.of(text), scalar.escaped));
    }
    let expected = [
        (Kind::String, r#""\u0041""#, true),
        (Kind::Null, "null", false),
        (Kind::Number, "-1.5e3", false),
        (Kind::String, "\"b\"", false),
    ];
    assert_eq!(seen, expected);
}
