use super::Schema;
use crate::mask::{FieldRule, Fields, Form, Keys, Masked, Part, Rules, Settings, Surface, limit, scan};

mod property;

const ROOT: &str = "/result/structuredContent";

fn rules() -> Rules {
    Rules::new(&Settings::default()).expect("settings")
}

/// Masks what stands in members `v`, and what detectors find, in a structured answer; gives it back masked.
fn answer(
    rules: &Rules,
    schema: Option<&Schema>,
    document: &str,
    form: Form,
    path: &str,
) -> (String, Masked) {
    let message = format!(r#"{{"result":{{"content":[],"structuredContent":{document}}}}}"#);
    let rule = FieldRule { path: path.parse().expect("a path"), detector: "secret".to_owned() };
    let surface = Surface::new([(ROOT, Part::Document)]);
    let findings = scan(&message, &surface, rules, &Fields::new(&[rule])).expect("JSON");
    let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
    let masked = findings.show(&message, &keys, |_| form, schema.map(|schema| (ROOT, schema)));
    let text = masked.splice(&message).into_owned();
    let start = message.len() - 2 - document.len();
    (text[start..text.len() - 2].to_owned(), masked)
}

fn kept(schema: &str, document: &str, form: Form) -> String {
    let schema = Schema::new(schema).expect("a schema");
    answer(&rules(), Some(&schema), document, form, "$..v").0
}

/// The label of `value` under a schema for it alone.
fn label(schema: &str, value: &str) -> String {
    let schema = format!(r#"{{"type":"object","properties":{{"v":{schema}}}}}"#);
    let masked = kept(&schema, &format!(r#"{{"v":{value}}}"#), Form::Label);
    masked.strip_prefix(r#"{"v":"#).and_then(|rest| rest.strip_suffix('}')).expect("an object").to_owned()
}

#[test]
fn type_stays() {
    assert_eq!(label(r#"{"type":"string"}"#, r#""abc""#), r#""[secret]""#);
    assert_eq!(label(r#"{"type":"integer"}"#, "61500"), "0");
    assert_eq!(label(r#"{"type":"number"}"#, "1e999"), "0");
    assert_eq!(label(r#"{"type":"boolean"}"#, "true"), "false");
    assert_eq!(label(r#"{"type":["number","string"]}"#, "5"), r#""[secret]""#);
    assert_eq!(label("{}", "5"), r#""[secret]""#);
    assert_eq!(label("true", "5"), r#""[secret]""#);
    assert_eq!(label(r#"{"type":"string","maxLength":4}"#, r#""\ud800a""#), r#""[sec""#);
    // Nothing satisfies these, and the type stays even so.
    assert_eq!(label(r#"{"type":"integer","pattern":"x","enum":[]}"#, "5"), "0");
    assert_eq!(label("false", "true"), "false");
}

#[test]
fn number_stays_within_its_bounds() {
    assert_eq!(label(r#"{"type":"integer","minimum":18,"maximum":99}"#, "42"), "18");
    assert_eq!(label(r#"{"type":"integer","maximum":-5}"#, "-42"), "-5");
    assert_eq!(label(r#"{"type":"integer","exclusiveMinimum":10}"#, "42"), "11");
    assert_eq!(label(r#"{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}"#, "0.3"), "0.5");
    assert_eq!(label(r#"{"type":"integer","minimum":101,"multipleOf":25}"#, "500"), "125");
    assert_eq!(
        label(r#"{"type":"integer","minimum":9007199254740993}"#, "9007199254740999"),
        "9007199254740993"
    );
}

#[test]
fn format_and_enumeration_give_an_example() {
    for (format, value, expected) in [
        ("email", "alice@example.com", "masked@example.invalid"),
        ("date", "2026-11-26", "1970-01-01"),
        ("date-time", "2026-11-26T13:00:00Z", "1970-01-01T00:00:00Z"),
        ("time", "13:00:00Z", "00:00:00Z"),
        ("uri", "https://example.com/alice", "https://example.invalid/"),
        ("uuid", "0191f3a0-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000"),
        ("ipv4", "10.1.2.3", "192.0.2.0"),
        ("ipv6", "fe80::1", "2001:db8::"),
        ("hostname", "db.example.com", "example.invalid"),
        ("colour", "red", "[secret]"),
    ] {
        let schema = format!(r#"{{"type":"string","format":"{format}"}}"#);
        assert_eq!(label(&schema, &format!("\"{value}\"")), format!("\"{expected}\""));
    }
    assert_eq!(label(r#"{"enum":["low","high"]}"#, r#""high""#), r#""low""#);
    assert_eq!(label(r#"{"enum":[{"a":1},3,4]}"#, "4"), "3");
    assert_eq!(label(r#"{"const":"only"}"#, r#""only""#), r#""only""#);
}

#[test]
fn length_and_pattern_are_kept() {
    assert_eq!(label(r#"{"type":"string","maxLength":4}"#, r#""abc""#), r#""[sec""#);
    assert_eq!(label(r#"{"type":"string","minLength":10}"#, r#""abcdefghijkl""#), r#""[secret]**""#);
    assert_eq!(label(r#"{"type":"string","pattern":"^\\d{3}-\\d{2}$"}"#, r#""123-45""#), r#""000-00""#);
    assert_eq!(label(r#"{"type":"string","pattern":"secret"}"#, r#""secret 5""#), r#""[secret]""#);
    assert_eq!(label(r#"{"type":"string","pattern":"(?=A)A."}"#, r#""A5""#), r#""X0""#);
    let both = r#"{"type":"string","pattern":"^[a-z]+","minLength":4,"maxLength":6}"#;
    assert_eq!(label(both, r#""alice""#), r#""x***""#);
}

#[test]
fn branch_that_held_goes_on_to_hold() {
    let either =
        r#"{"anyOf":[{"type":"string","format":"email"},{"type":"number","minimum":7},{"type":"null"}]}"#;
    assert_eq!(label(either, r#""alice@example.com""#), r#""masked@example.invalid""#);
    assert_eq!(label(either, "12"), "7");
    assert_eq!(label(r#"{"oneOf":[{"type":"integer"},{"type":"number","minimum":5}]}"#, "3"), "0");
    assert_eq!(label(r#"{"allOf":[{"type":"string"},{"maxLength":3}]}"#, r#""abc""#), r#""[se""#);
    assert_eq!(label(r#"{"type":"integer","not":{"const":0}}"#, "5"), "1");
    assert_eq!(label(r#"{"anyOf":[{"type":"string"},{"multipleOf":13,"minimum":5}]}"#, "26"), "13");
    // Which branch it is stands beside the value.
    let told = r#"{"oneOf":[
        {"properties":{"kind":{"const":"a"},"v":{"type":"string"}}},
        {"properties":{"kind":{"const":"b"},"v":{"type":"integer"}}}]}"#;
    assert_eq!(kept(told, r#"{"kind":"b","v":5}"#, Form::Label), r#"{"kind":"b","v":0}"#);
    let required = r#"{"anyOf":[{"required":["w"]},{"properties":{"v":{"type":"integer"}}}]}"#;
    assert_eq!(kept(required, r#"{"v":5}"#, Form::Label), r#"{"v":0}"#);
    assert_eq!(kept(told, r#"{"kind":"a","v":"b"}"#, Form::Label), r#"{"kind":"a","v":"[secret]"}"#);
}

#[test]
fn way_leads_through_members_elements_and_references() {
    let check = |schema: &str, document: &str, expected: &str| {
        assert_eq!(kept(schema, document, Form::Label), expected, "{schema}");
    };
    let number = r#"{"type":"number"}"#;
    check(&format!(r#"{{"additionalProperties":{number}}}"#), r#"{"v":5}"#, r#"{"v":0}"#);
    check(&format!(r#"{{"patternProperties":{{"^v":{number}}}}}"#), r#"{"v":5}"#, r#"{"v":0}"#);
    check(
        &format!(r#"{{"properties":{{"v":{{"prefixItems":[{{"enum":["k"]}}],"items":{number}}}}}}}"#),
        r#"{"v":["k",1]}"#,
        r#"{"v":["k",0]}"#,
    );
    check(
        &format!(r#"{{"properties":{{"v":{{"items":[{number}],"additionalItems":{{"type":"boolean"}}}}}}}}"#),
        r#"{"v":[1,true]}"#,
        r#"{"v":[0,false]}"#,
    );
    let tree = r##"{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"properties":{"v":{"type":"integer"},
        "next":{"$ref":"#"}}}}}"##;
    check(tree, r#"{"next":{"next":{"v":5}},"v":6}"#, r#"{"next":{"next":{"v":0}},"v":0}"#);
    // What leads nowhere, or round in circles, allows everything.
    let out = r#"{"properties":{"v":{"$ref":"https://example.com/schema"}}}"#;
    check(out, r#"{"v":5}"#, r#"{"v":"[secret]"}"#);
    check(r##"{"allOf":[{"$ref":"#"}]}"##, r#"{"v":5}"#, r#"{"v":"[secret]"}"#);
}

#[test]
fn mask_inside_a_text_stays_where_a_plain_text_is_fine() {
    let schema = r#"{"properties":{"note":{"type":"string"},"to":{"type":"string","format":"email"}}}"#;
    let document = r#"{ "note":"ask alice@example.com \u00e9", "to" : "alice@example.com" , "n":1.0}"#;
    assert_eq!(
        kept(schema, document, Form::Label),
        r#"{ "note":"ask [email] \u00e9", "to" : "masked@example.invalid" , "n":1.0}"#
    );
    let masked = kept(schema, document, Form::Partial);
    assert!(masked.contains(r#""ask ****.com \u00e9""#), "{masked}");
}

#[test]
fn dropped_value_becomes_null_where_that_is_allowed() {
    let check = |schema: &str, value: &str, expected: &str| {
        let schema = format!(r#"{{"properties":{{"v":{schema}}}}}"#);
        let masked = kept(&schema, &format!(r#"{{"v":{value}}}"#), Form::Drop);
        assert_eq!(masked, format!(r#"{{"v":{expected}}}"#));
    };
    check(r#"{"type":["number","null"]}"#, "5", "null");
    check(r#"{"type":"number"}"#, "5", "0");
    check(r#"{"type":["string","null"],"format":"email"}"#, r#""a@example.com""#, "null");
    check(r#"{"type":"string"}"#, r#""abc""#, r#""""#);
    check(r#"{"type":"string","minLength":2}"#, r#""abc""#, r#""**""#);
}

#[test]
fn without_a_schema_and_outside_its_document_masks_are_plain() {
    let document = r#"{"v":61500,"w":{"v":true}}"#;
    let plain = answer(&rules(), None, document, Form::Label, "$..v").0;
    assert_eq!(plain, r#"{"v":"[secret]","w":{"v":"[secret]"}}"#);
    let message = r#"{"ab":{"ssn":219099998},"a":{"ssn":219099998}}"#;
    let findings = scan(message, &Surface::everything(), &rules(), &Fields::default()).expect("JSON");
    let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
    let schema = Schema::new(r#"{"properties":{"ssn":{"type":"integer"}}}"#).expect("a schema");
    let masked = findings.show(message, &keys, |_| Form::Label, Some(("/a", &schema)));
    assert_eq!(masked.splice(message), r#"{"ab":{"ssn":"[us-ssn]"},"a":{"ssn":0}}"#);
}

#[test]
fn what_is_no_schema_or_too_much_of_one_is_none() {
    let many = format!(r#"{{"allOf":[{}true]}}"#, "{},".repeat(limit::SCHEMAS_MAX));
    let deep = format!("{}{{}}{}", r#"{"items":"#.repeat(200), "}".repeat(200));
    let long = format!(r#"{{"title":"{}"}}"#, "a".repeat(limit::SCHEMA_MAX));
    for text in ["", "[]", "5", r#"{"properties":{"a":5}}"#, &many, &deep, &long] {
        assert!(Schema::new(text).is_none(), "{}", &text[..text.len().min(40)]);
    }
}

#[test]
fn effort_is_bounded() {
    // Each level tries both branches of the one below.
    let level = |at: usize| {
        format!(r##""d{at}":{{"anyOf":[{{"$ref":"#/$defs/d{0}"}},{{"$ref":"#/$defs/d{0}"}}]}}"##, at + 1)
    };
    let defs: Vec<String> = (0..40).map(level).collect();
    let schema = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d40":{{}}}}}}"##, defs.join(","));
    assert_eq!(kept(&schema, r#"{"v":5}"#, Form::Label), r#"{"v":"[secret]"}"#);
}

#[test]
fn effort_is_enough_for_dense_documents() {
    let row = r##"{"anyOf":[{"$ref":"#/$defs/row"},{"type":"null"}]}"##;
    let schema = format!(
        r#"{{"properties":{{"v":{{"items":{row}}}}},"$defs":{{"row":{{"properties":{{
        "s":{{"allOf":[{{"type":"string"}},{{"pattern":"^\\d{{3}}-\\d{{2}}-\\d{{4}}$"}}]}},
        "n":{{"anyOf":[{{"type":"null"}},{{"type":"integer","minimum":1}}]}},
        "e":{{"enum":["low","mid","high"]}}}},"required":["s","n"]}}}}}}"#
    );
    let document = |row: &str| format!(r#"{{"v":[{}]}}"#, vec![row; 3000].join(","));
    let rows = document(r#"{"s":"219-09-9998","n":7,"e":"mid"}"#);
    let expected = document(r#"{"s":"000-00-0000","n":1,"e":"low"}"#);
    assert!(kept(&schema, &rows, Form::Label) == expected);
}
