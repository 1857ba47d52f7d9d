use super::{Engine, Entry, Ignore, Topics, Want};
use crate::detect::{Need, Scanner, check};

fn found(scanner: Scanner, text: &str) -> Vec<&str> {
    all(&[(Need::None, Want::Scanner(scanner))], text)
}

/// What detectors with those needs find, in the order in which they do.
fn all<'a>(wanted: &[(Need, Want<'static>)], text: &'a str) -> Vec<&'a str> {
    let entry = |(id, (need, find)): (u16, &(Need, Want<'static>))| Entry {
        id,
        check: check::always,
        context: &["card"],
        shared: &[],
        need: *need,
        find: *find,
    };
    let entries: Vec<Entry<'_>> = (0..).zip(wanted).map(entry).collect();
    let engine = Engine::new(&entries).expect("compiles");
    let mut hits = Vec::new();
    engine.find(text, Topics::default(), &mut hits);
    hits.iter().map(|hit| hit.span.of(text)).collect()
}

#[test]
fn what_is_inside_a_sure_finding_is_no_other() {
    const CARD: Want<'_> = Want::Scanner(Scanner::Digits { min: 16, max: 16, group_min: 4, separators: " " });
    const SHORT: Want<'_> = Want::Scanner(Scanner::Digits { min: 8, max: 8, group_min: 4, separators: " " });
    const FORM: Want<'_> = Want::Scanner(Scanner::Shape(&["AA9999"]));
    const PLUS: Want<'_> = Want::Scanner(Scanner::International);
    const KEY: Want<'_> = Want::Literal {
        literals: &["key"],
        ignore_case: Ignore::Nothing,
        before: 0,
        window: 40,
        pattern: "key[A-Z0-9]+",
    };
    let check = |wanted: &[(Need, Want<'static>)], text: &str, expected: &[&str]| {
        assert_eq!(all(wanted, text), expected, "{text}");
    };
    let card = "4111 1111 1111 1111";
    check(&[(Need::None, CARD), (Need::None, SHORT)], card, &[card]);
    // Where groups go on behind a number, another may begin in it, up to one that has all the rest.
    let on = "1234 1234 1234 1234 4321";
    let parts = ["1234 1234 1234 1234", "1234 1234", "1234 1234 1234 4321"];
    check(&[(Need::None, CARD), (Need::None, SHORT)], on, &parts);
    // Nobody is sure of one that lacks its word.
    let unsure = [(Need::Optional, CARD), (Need::None, SHORT)];
    check(&unsure, card, &[card, "4111 1111", "1111 1111", "1111 1111"]);
    check(&unsure, "card 4111 1111 1111 1111", &[card]);
    // A number with a plus is that and nothing else, as far as it goes.
    check(&[(Need::None, PLUS), (Need::None, SHORT)], "+1234 5678 9012", &["+1234 5678 9012"]);
    check(&[(Need::None, PLUS), (Need::None, SHORT)], "+123 4567 8901x", &["4567 8901"][..0]);
    // A word of letters and digits is part of the key that it stands in, and of no other.
    check(&[(Need::None, KEY), (Need::None, FORM)], "keyAB AB1234", &["keyAB", "AB1234"]);
    check(
        &[(Need::None, KEY), (Need::None, FORM)],
        "keyAB1234 (AB1234) keyX",
        &["keyAB1234", "keyX", "AB1234"],
    );
}

#[test]
fn shapes_are_found_between_words_only() {
    let check = |shape: &'static [&'static str], text: &str, expected: &[&str]| {
        assert_eq!(found(Scanner::Shape(shape), text), expected, "{text}");
    };
    check(&["999-99-9999"], "is 219-09-9998.", &["219-09-9998"]);
    check(&["999-99-9999"], "219-09-99981 a219-09-9998 9-219-09-9998 219-09-9998-1", &[]);
    check(&["99999999A"], "12345678Z, 12345678z", &["12345678Z"]);
    check(&["99999999a"], "12345678z", &["12345678z"]);
    check(&["AA 99 99 99 A"], "no: QQ 12 34 56 C!", &["QQ 12 34 56 C"]);
    check(&["AA999999A"], "QQ123456C", &["QQ123456C"]);
    check(&["AAAAAA99A99A999A"], "RSSMRA85T10A562S", &["RSSMRA85T10A562S"]);
    check(&["X9999999A", "A9999999A"], "X1234567L", &["X1234567L", "X1234567L"]);
    check(&["9XX9"], "1A23 12A3 1AB", &["1A23", "12A3"]);
    check(&["999.999.999-99"], "CPF 529.982.247-25", &["529.982.247-25"]);
}

#[test]
fn digits_are_found_in_groups_that_are_allowed() {
    let digits = |min, max, group_min, separators| Scanner::Digits { min, max, group_min, separators };
    let check = |scanner, text: &str, expected: &[&str]| assert_eq!(found(scanner, text), expected, "{text}");
    check(digits(16, 16, 4, " -"), "a 4111 1111 1111 1111 b", &["4111 1111 1111 1111"]);
    check(digits(16, 16, 4, " -"), "4111-1111-1111-1111", &["4111-1111-1111-1111"]);
    check(digits(16, 16, 4, " -"), "12 4111 1111 1111 1111", &["4111 1111 1111 1111"]);
    check(digits(16, 16, 4, " -"), "4111.1111.1111.1111 41111111111111112 x4111111111111111", &[]);
    check(digits(9, 9, 1, ""), "{\"n\":123456789}", &["123456789"]);
    check(digits(9, 9, 1, ""), "0.123456789 123456789.5 12345678-9", &[]);
}

#[test]
fn addresses_and_accounts_are_found_whole() {
    let check = |scanner, text: &str, expected: &[&str]| assert_eq!(found(scanner, text), expected, "{text}");
    check(Scanner::Ipv4, "from 10.0.0.1:80, 1.2.3.4.", &["10.0.0.1", "1.2.3.4"]);
    check(
        Scanner::Ipv4,
        "Chrome/120.4.0.7 at http://10.1.0.0/, see /Hosts/10.0.0.2",
        &["10.1.0.0", "10.0.0.2"],
    );
    check(Scanner::Ipv4, "1.2.3 1.2.3.4.5 256.1.1.1 v1.2.3.4 01.2.3.4", &[]);
    check(Scanner::Ipv6, "at 2001:db8::1, [fe80::1:2]", &["2001:db8::1", "fe80::1:2"]);
    check(Scanner::Ipv6, "12:30:45 a::b::c std::net::Ipv6Addr", &[]);
    check(Scanner::Mac, "00:1b:44:11:3a:b7 00-1B-44-11-3A-B7", &["00:1b:44:11:3a:b7", "00-1B-44-11-3A-B7"]);
    check(Scanner::Mac, "00:1b:44:11:3a:b7:01 00:1b:44:11:3a", &[]);
    check(
        Scanner::International,
        "+1 (415) 555-2671 or +442079460958",
        &["+1 (415) 555-2671", "+442079460958"],
    );
    check(Scanner::International, "+1 415 1+415555267 a+4155552671 +1234567890123456", &[]);
    check(Scanner::Iban, "DE89 3704 0044 0532 0130 00 and", &["DE89 3704 0044 0532 0130 00"]);
    check(Scanner::Iban, "GB82WEST12345698765432", &["GB82WEST12345698765432"]);
}

#[test]
fn literal_is_found_with_its_pattern_around_it() {
    let find = Want::Literal {
        literals: &["://"],
        ignore_case: super::Ignore::Nothing,
        before: 20,
        window: 200,
        pattern: r"[a-z][a-z0-9+]{1,15}://[^\s:/@]*:([^\s@/]+)@",
    };
    let entry = Entry { id: 3, check: check::always, context: &[], shared: &[], need: Need::None, find };
    let engine = Engine::new(&[entry]).expect("compiles");
    let text = "see https://example.com/ and postgres://app:s3cr\u{e9}t@db:5432/x";
    let mut hits = Vec::new();
    engine.find(text, Topics::default(), &mut hits);
    assert_eq!(hits.iter().map(|hit| hit.span.of(text)).collect::<Vec<_>>(), ["s3cr\u{e9}t"]);
}
