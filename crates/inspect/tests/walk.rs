//! The walk against `serde_json`, over JSON of every shape and over JSON with something wrong.

use inspect::text;
use inspect::unique::Unique;
use inspect::value::Value;
use inspect::walk::{Step, Walk};
use proptest::prelude::*;
use serde::de::IgnoredAny;

fn space() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(String::new()), 1 => "[ \n\r\t]{1,3}"]
}

/// What stands between the quotes of a string: plain text, every escape, pairs and halves of surrogates.
fn raw_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 /_.~-]{0,12}",
        2 => "[^\"\\\\\u{0}-\u{1f}]{0,4}",
        2 => prop::sample::select(vec![
            r#"\""#, r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", r"\u0041", r"\u00e9", r"\uFFFF", r"\u0000",
            r"\ud83d\ude00", r"\ud800", r"\uDFFF", r"\ud800\u0041",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => raw_string().prop_map(|raw| format!("\"{raw}\"")),
        2 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?",
        1 => prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = (space(), scalar(), space()).prop_map(|(before, scalar, after)| before + &scalar + &after);
    leaf.prop_recursive(6, 64, 6, |inner| {
        let member = (space(), raw_string(), space(), inner.clone())
            .prop_map(|(before, key, after, value)| format!("{before}\"{key}\"{after}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|elements| format!(" [{}]", elements.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}\n", members.join(","))),
            Just("{ }".to_owned()),
        ]
    })
}

fn accepts(text: &str) -> bool {
    Value::parse(text, 128).is_ok()
}

fn repeats(text: &str) -> bool {
    let mut walk = Walk::new(text, 128);
    let mut unique = Unique::default();
    while let Some(step) = walk.step().expect("JSON") {
        let key = walk.key().filter(|_| !matches!(step, Step::Close(..)));
        let seen = key.map_or(Ok(()), |key| unique.member(&walk, key));
        let ended = match step {
            Step::Open(..) => {
                unique.open();
                Ok(())
            }
            Step::Close(..) => unique.close(),
            Step::Scalar(_) => Ok(()),
        };
        if seen.is_err() || ended.is_err() {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_json_text_is_walked(text in json()) {
        prop_assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        prop_assert!(accepts(&text), "{}", text);
    }

    #[test]
    fn text_with_one_change_is_json_for_both_or_for_neither(
        text in json(),
        at in any::<prop::sample::Index>(),
        with in prop_oneof![
            prop::sample::select(vec!["", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "\u{1}", "u", " ", "é"])
                .prop_map(str::to_owned),
            "\\PC",
        ],
        length in 0..3_usize,
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len() + 1);
        chars.splice(at..(at + length).min(chars.len()), with.chars());
        let changed: String = chars.into_iter().collect();
        prop_assert_eq!(accepts(&changed), serde_json::from_str::<IgnoredAny>(&changed).is_ok(), "{}", changed);
    }

    #[test]
    fn any_text_at_all_is_json_for_both_or_for_neither(text in "[\\[\\]{},:\"\\\\0-9eE.+tfn lurase-]{0,24}") {
        prop_assert_eq!(accepts(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn every_scalar_is_where_its_pointer_leads(text in json()) {
        // A map keeps one of two equal keys, and knows no halves of surrogates.
        let value = serde_json::from_str::<serde_json::Value>(&text).ok().filter(|_| !repeats(&text));
        let Some(value) = value else { return Ok(()) };
        let root = Value::parse(&text, 128).expect("JSON");
        let mut walk = Walk::new(&text, 128);
        while let Some(scalar) = walk.scalar().expect("JSON") {
            let pointer = walk.pointer();
            let raw = scalar.span.of(&text);
            let read: serde_json::Value = serde_json::from_str(raw).expect("a scalar");
            prop_assert_eq!(value.pointer(&pointer), Some(&read), "{} in {}", pointer, text);
            prop_assert_eq!(root.at(&pointer).map(Value::span), Some(scalar.span), "{} in {}", pointer, text);
        }
    }

    #[test]
    fn string_has_the_text_that_serde_json_reads(raw in raw_string()) {
        let theirs = serde_json::from_str::<String>(&format!("\"{raw}\"")).ok();
        prop_assert_eq!(text::unescape_strict(&raw).map(std::borrow::Cow::into_owned), theirs);
    }

    #[test]
    fn every_character_of_a_string_is_found_in_its_raw_form(raw in raw_string()) {
        let text = text::unescape_lossy(&raw);
        let mut end = 0;
        for (at, c) in text.char_indices() {
            let range = text::raw_range(&raw, at..at + c.len_utf8());
            prop_assert_eq!(range.start, end, "no gap and no overlap");
            let again = text::unescape_lossy(&raw[range.clone()]);
            prop_assert_eq!(again.chars().collect::<Vec<_>>(), vec![c]);
            end = range.end;
        }
        prop_assert_eq!(end, raw.len());
    }
}
