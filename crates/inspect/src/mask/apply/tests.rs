use crate::mask::finding::{Alphabet, Coding};
use crate::mask::{FieldRule, Fields, Form, Keys, Part, Rules, Settings, Surface, layer, scan};

/// Masks a whole message in one form.
fn masked(message: &str, form: Form, fields: &[(&str, &str)]) -> String {
    let rules = Rules::new(&Settings::default()).expect("settings");
    let rule = |(path, name): &(&str, &str)| FieldRule {
        path: path.parse().expect("a path"),
        detector: (*name).to_owned(),
    };
    let fields = Fields::new(&fields.iter().map(rule).collect::<Vec<_>>());
    let surface = Surface::new([("", Part::Document)]);
    let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
    let findings = scan(message, &surface, &rules, &fields).expect("JSON");
    let masked = findings.apply(message, &keys, |_| form);
    assert_eq!(masked.receipts.len(), if form == Form::Plain { 0 } else { findings.len() });
    masked.splice(message).into_owned()
}

#[test]
fn value_is_replaced_and_nothing_else_changes() {
    let check = |message: &str, expected: &str| assert_eq!(masked(message, Form::Label, &[]), expected);
    check(r#"{ "a" : "x alice@example.com\ty", "n":1.10 }"#, r#"{ "a" : "x [email]\ty", "n":1.10 }"#);
    check(r#"["alice\u0040example.com \u00e9"]"#, r#"["[email] \u00e9"]"#);
    check(r#"["\ud800 alice@example.com \ud800"]"#, r#"["\ud800 [email] \ud800"]"#);
    check(r#"{"ssn":219099998}"#, r#"{"ssn":"[us-ssn]"}"#);
    check(r#"{"password":["a1","b2"]}"#, r#"{"password":["[password]","[password]"]}"#);
    check(r#"["a@example.com, b@example.com"]"#, r#"["[email], [email]"]"#);
}

#[test]
fn value_is_found_inside_encoded_text() {
    let check = |message: &str, expected: &str| assert_eq!(masked(message, Form::Label, &[]), expected);
    check(r#"["{\"a\":\"b@example.com\", \"n\":1.0}"]"#, r#"["{\"a\":\"[email]\", \"n\":1.0}"]"#);
    check(r#"["{\"password\":\"tr0ub4dor\"}"]"#, r#"["{\"password\":\"[password]\"}"]"#);
    check(r#"["a=b%40example.com&c=d%20e"]"#, r#"["a=%5Bemail%5D&c=d%20e"]"#);
    // "mail: alice@example.com." and "mail: [email]."
    check(r#"["see bWFpbDogYWxpY2VAZXhhbXBsZS5jb20u"]"#, r#"["see bWFpbDogW2VtYWlsXS4="]"#);
    check(r#"["6d61696c3a20616c696365406578616d706c652e636f6d"]"#, r#"["6d61696c3a205b656d61696c5d"]"#);
}

#[test]
fn value_across_the_lines_of_encoded_text_is_masked_and_the_lines_stay() {
    let plain = "To whom it may concern: the mail for this deploy is alice@example.com, and nothing else.";
    // A line of 76 signs is 57 bytes.
    assert!(plain[..57].ends_with("alice"), "the value stands in two lines");
    let lines = |text: &str| {
        let encoded =
            layer::encode(Coding::Base64(Alphabet::Standard), text, &format!("{}\n", "a".repeat(76)));
        assert!(encoded.contains('\n'), "{encoded}");
        encoded
    };
    for text in [lines(plain), format!("key:\n{}\n", lines(plain))] {
        let message = serde_json::to_string(&[&text]).expect("a list of strings");
        let masked: Vec<String> =
            serde_json::from_str(&masked(&message, Form::Label, &[])).expect("a list of strings");
        assert_eq!(
            masked[0],
            text.replace(&lines(plain), &lines(&plain.replace("alice@example.com", "[email]")))
        );
    }
}

#[test]
fn secret_behind_a_label_is_masked_to_its_end() {
    let secret = "kX9mP2vQ8rT4wY6zB1nC".repeat(200);
    let message = serde_json::to_string(&[format!("snykToken = '{secret}' # rotate")]).expect("a list");
    assert_eq!(masked(&message, Form::Label, &[]), r#"["snykToken = '[token]' # rotate"]"#);
}

#[test]
fn value_found_by_its_place_is_masked_wherever_it_stands() {
    let check = |message: &str, expected: &str| assert_eq!(masked(message, Form::Label, &[]), expected);
    check(r#"["pw tr0ub4dor!",{"password":"tr0ub4dor"}]"#, r#"["pw [password]!",{"password":"[password]"}]"#);
    check(r#"{"value":"tr0ub4dor","name":"password"}"#, r#"{"value":"[password]","name":"password"}"#);
    check(
        r#"{"name":"password","value":{"a":"tr0ub4dor"}}"#,
        r#"{"name":"password","value":{"a":"[password]"}}"#,
    );
    for table in [
        r#"{"columns":["id","password"],"rows":[[1,"tr0ub4dor"],[2,"cakewalk"]]}"#,
        r#"{"columns":[{"name":"id"},{"name":"password"}],"rows":[[1,"tr0ub4dor"],[2,"cakewalk"]]}"#,
        r#"{"rows":[[1,"tr0ub4dor"],[2,"cakewalk"]],"columns":["id","password"]}"#,
    ] {
        let expected = table.replace("tr0ub4dor", "[password]").replace("cakewalk", "[password]");
        check(table, &expected);
    }
}

#[test]
fn field_of_a_rule_is_masked_whatever_it_is() {
    let fields = [("$..salary", "salary"), ("/items/*/note", "email")];
    let check = |message: &str, expected: &str| assert_eq!(masked(message, Form::Label, &fields), expected);
    check(r#"{"a":{"salary":61500,"x":1}}"#, r#"{"a":{"salary":"[salary]","x":1}}"#);
    check(r#"{"salary":{"net":[1.5,true,null]}}"#, r#"{"salary":{"net":["[salary]","[salary]",null]}}"#);
    check(r#"{"items":[{"note":"hi"}],"note":"hi"}"#, r#"{"items":[{"note":"[email]"}],"note":"hi"}"#);
    check(r#"{"text":"{\"salary\":61500}"}"#, r#"{"text":"{\"salary\":\"[salary]\"}"}"#);
}

#[test]
fn forms_leave_what_they_say() {
    let message = r#"["alice@example.com",{"password":"tr0ub4dor","ssn":219099998}]"#;
    assert_eq!(masked(message, Form::Plain, &[]), message);
    assert_eq!(
        masked(message, Form::Partial, &[]),
        r#"["****.com",{"password":"****4dor","ssn":"****9998"}]"#
    );
    assert_eq!(masked(message, Form::Drop, &[]), r#"["",{"password":"","ssn":null}]"#);
    let token = masked(message, Form::Token, &[]);
    assert_eq!(token.matches("mk:k1:").count(), 3, "{token}");
    assert_eq!(masked(r#"{"password":"eightish"}"#, Form::Partial, &[]), r#"{"password":"[password]"}"#);
}

#[test]
fn mask_is_not_masked_again() {
    for form in [Form::Label, Form::Partial, Form::Token] {
        let message =
            r#"["x alice@example.com y",{"password":"tr0ub4dor","name":"password","value":"pw4711"}]"#;
        let once = masked(message, form, &[]);
        assert_eq!(masked(&once, form, &[]), once);
    }
}

#[test]
fn name_that_is_a_value_is_masked_and_stays_apart() {
    let check = |message: &str, expected: &str| assert_eq!(masked(message, Form::Label, &[]), expected);
    check(
        r#"{"a@example.com":1,"b@example.com":{"a@example.com":2},"c":3}"#,
        r#"{"[email]":1,"[email-2]":{"[email]":2},"c":3}"#,
    );
    check(r#"{"\u0061@example.com":1,"é":2}"#, r#"{"[email]":1,"é":2}"#);
    check(r#"{"to a@example.com now":1}"#, r#"{"to [email] now":1}"#);
    check(r#"{"[email]":0,"[email-7]":0,"a@example.com":1}"#, r#"{"[email]":0,"[email-7]":0,"[email-8]":1}"#);
    check(r#"["{\"a@example.com\":1}",{"a@example.com":1}]"#, r#"["{\"[email]\":1}",{"[email]":1}]"#);
    check(r#"{"cakewalk":1,"password":"cakewalk"}"#, r#"{"cakewalk":1,"password":"[password]"}"#);
    for form in [Form::Partial, Form::Drop] {
        let two = masked(r#"{"ab@example.com":1,"cb@example.com":2}"#, form, &[]);
        assert_eq!(two, r#"{"[email]":1,"[email-2]":2}"#, "no two become one");
    }
    let tokens = masked(r#"{"ab@example.com":1,"cb@example.com":2}"#, Form::Token, &[]);
    assert_eq!(tokens.matches("mk:k1:").count(), 2, "{tokens}");
}

#[test]
fn pointers_show_no_name_that_is_a_value() {
    let message =
        r#"{"a@example.com":{"x~/y":{"mail":"b@example.com"}},"t":"{\"c@example.com\":\"d@example.com\"}"}"#;
    let rules = Rules::new(&Settings::default()).expect("settings");
    let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
    let findings = scan(message, &Surface::everything(), &rules, &Fields::default()).expect("JSON");
    let masked = findings.apply(message, &keys, |_| Form::Label);
    let mut pointers: Vec<&str> = masked.receipts.iter().map(|receipt| receipt.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/[email]", "/[email]/x~0~1y/mail", "/t/[email-2]", "/t/[email-2]"]);
    assert_eq!(masked.pointer("/a@example.com/data"), "/[email]/data");
}
