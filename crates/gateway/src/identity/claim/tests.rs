use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

fn expectation() -> Expectation<'static> {
    Expectation {
        issuer: "corp",
        identifier: "https://id.example",
        profile: Profile::AccessToken,
        audiences: &["here"],
        now: Timestamp::from_second(NOW).unwrap(),
        token: TokenId([0; 16]),
    }
}

/// What good claims with `claims` over them prove, where the issuer keeps things as `map` says.
fn identify(map: Value, claims: Value) -> Result<Principal, Reason> {
    let map = ClaimMap::new(&serde_json::from_value(map).unwrap()).unwrap();
    let mut usual = json!({"sub": "alice", "aud": "here", "exp": NOW + 300});
    usual.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    map.identify(usual.as_object().unwrap(), &expectation())
}

fn check_groups(map: Value, claims: Value, expected: Result<&[&str], Reason>) {
    let found = identify(json!({"groups": map}), claims.clone()).map(|principal| principal.groups);
    assert_eq!(
        found,
        expected.map(|groups| groups.iter().map(|&group| group.to_owned()).collect()),
        "{claims}"
    );
}

fn check_kind(map: Value, claims: Value, expected: PrincipalKind) {
    assert_eq!(identify(map, claims.clone()).unwrap().kind, expected, "{claims}");
}

#[test]
fn groups_are_found_plain_nested_and_namespaced() {
    check_groups(json!(["groups"]), json!({"groups": ["b", "a", "b"]}), Ok(&["a", "b"]));
    check_groups(
        json!(["realm_access.roles", "resource_access.gateway.roles"]),
        json!({"realm_access": {"roles": ["r"]}, "resource_access": {"gateway": {"roles": ["g"]}}}),
        Ok(&["g", "r"]),
    );
    check_groups(
        json!(["/https:~1~1example.com~1groups"]),
        json!({"https://example.com/groups": ["x"]}),
        Ok(&["x"]),
    );
    check_groups(json!(["/a/b~0c"]), json!({"a": {"b~c": ["x"]}}), Ok(&["x"]));
    check_groups(json!(["cognito:groups"]), json!({"cognito:groups": ["x"]}), Ok(&["x"]));
}

#[test]
fn text_of_groups_is_words_and_elements_are_whole() {
    check_groups(json!(["groups"]), json!({"groups": " b  a "}), Ok(&["a", "b"]));
    check_groups(json!(["groups"]), json!({"groups": ["Domain Users"]}), Ok(&["Domain Users"]));
}

#[test]
fn absent_groups_are_none_and_malformed_ones_are_refused() {
    check_groups(json!(["groups", "a.b"]), json!({}), Ok(&[]));
    check_groups(json!(["groups", "a.b"]), json!({"groups": null, "a": "text"}), Ok(&[]));
    for groups in [json!(7), json!({"a": 1}), json!(["a", 7]), json!([["a"]]), json!(true)] {
        check_groups(json!(["groups"]), json!({"groups": groups}), Err(Reason::Claims));
    }
}

#[test]
fn groups_are_taken_whole_or_not_at_all() {
    let names = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    let found = identify(json!({}), json!({"groups": names(limits::GROUPS_MAX)})).unwrap();
    assert_eq!(found.groups.len(), limits::GROUPS_MAX);
    check_groups(json!(["groups"]), json!({"groups": names(limits::GROUPS_MAX + 1)}), Err(Reason::Groups));
    let long = "x".repeat(limits::CLAIM_BYTES_MAX + 1);
    check_groups(json!(["groups"]), json!({"groups": [long]}), Err(Reason::Groups));
}

#[test]
fn groups_left_out_by_the_issuer_are_refused() {
    let names =
        json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}});
    check_groups(json!(["groups"]), names.clone(), Err(Reason::GroupsOverage));
    check_groups(json!(["groups"]), json!({"hasgroups": true}), Err(Reason::GroupsOverage));
    check_groups(json!(["groups"]), json!({"hasgroups": "true"}), Err(Reason::GroupsOverage));
    check_groups(json!(["groups"]), json!({"hasgroups": false}), Ok(&[]));
    check_groups(json!(["roles"]), names, Ok(&[]));
}

#[test]
fn kind_follows_the_configuration() {
    let agents = json!({"agent": {"claim": "actor.type", "values": ["agent", "bot"]}});
    check_kind(agents.clone(), json!({"actor": {"type": "bot"}}), PrincipalKind::Agent);
    check_kind(agents.clone(), json!({"actor": {"type": ["x", "agent"]}}), PrincipalKind::Agent);
    check_kind(agents.clone(), json!({"actor": {"type": "robot"}}), PrincipalKind::Human);
    check_kind(agents.clone(), json!({"actor": "agent"}), PrincipalKind::Human);
    let services = json!({"service": {"claim": "gty", "values": ["client-credentials"]}});
    check_kind(services.clone(), json!({"gty": "client-credentials"}), PrincipalKind::Service);
    check_kind(services, json!({"client_id": "alice"}), PrincipalKind::Human);
    let flags = json!({"agent": {"claim": "is_agent", "values": ["true"]}});
    check_kind(flags.clone(), json!({"is_agent": true}), PrincipalKind::Agent);
    check_kind(flags, json!({"is_agent": false}), PrincipalKind::Human);
    let phrases = json!({"agent": {"claim": "use", "values": ["coding agent"]}});
    check_kind(phrases, json!({"use": "coding agent"}), PrincipalKind::Agent);
    assert_eq!(identify(agents, json!({"actor": {"type": 7}})), Err(Reason::Claims));
}

#[test]
fn client_that_acts_for_itself_is_a_service() {
    check_kind(json!({}), json!({"client_id": "alice"}), PrincipalKind::Service);
    check_kind(json!({}), json!({"azp": "alice"}), PrincipalKind::Service);
    check_kind(json!({}), json!({"azp": "app"}), PrincipalKind::Human);
    check_kind(json!({}), json!({"client_id": "app", "azp": "alice"}), PrincipalKind::Human);
}

#[test]
fn subject_must_be_plain_text() {
    let long = "x".repeat(limits::CLAIM_BYTES_MAX + 1);
    for subject in [json!(null), json!(""), json!(7), json!("a\nb"), json!("a\u{202e}b"), json!(long)] {
        assert_eq!(identify(json!({}), json!({"sub": subject})), Err(Reason::Claims), "{subject}");
    }
    assert!(identify(json!({}), json!({"sub": "Zoë ✓"})).is_ok());
}

#[test]
fn display_claims_are_left_out_when_unusable() {
    let check = |claims: Value, name: Option<&str>, email: Option<&str>| {
        let principal = identify(json!({}), claims.clone()).unwrap();
        assert_eq!((principal.name.as_deref(), principal.email.as_deref()), (name, email), "{claims}");
    };
    check(json!({"name": "Alice", "email": "a@example.com"}), Some("Alice"), Some("a@example.com"));
    check(json!({"email": "a@example.com", "email_verified": true}), None, Some("a@example.com"));
    check(json!({"email": "a@example.com", "email_verified": false}), None, None);
    check(json!({"email": "a@example.com", "email_verified": "no"}), None, None);
    check(json!({"name": "ecilA\u{202e}", "email": ["x"]}), None, None);
}

#[test]
fn scopes_are_words_or_elements() {
    let scopes = |claims: Value| identify(json!({}), claims).map(|principal| principal.scopes);
    let expected = Ok(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(scopes(json!({"scope": "b a b"})), expected);
    assert_eq!(scopes(json!({"scp": "b a"})), expected);
    assert_eq!(scopes(json!({"scp": ["b", "a"]})), expected);
    assert_eq!(scopes(json!({"scope": "a", "scp": ["b"]})), expected);
    assert_eq!(scopes(json!({"scope": 7})), Err(Reason::Claims));
}

#[test]
fn actors_are_recorded_from_the_present_one_back() {
    let found = identify(
        json!({}),
        json!({"act": {"sub": "agent", "act": {"sub": "portal", "iss": "https://id.example"}}}),
    );
    let party = |subject: &str| Party { issuer: "corp".into(), subject: subject.into() };
    assert_eq!(found.unwrap().actors, [party("agent"), party("portal")]);
}

#[test]
fn actor_of_another_issuer_never_gets_a_configured_name() {
    let found =
        identify(json!({}), json!({"act": {"sub": "agent", "iss": "https://other.example"}})).unwrap();
    assert_eq!(found.actors, [Party { issuer: "https://other.example".into(), subject: "agent".into() }]);
}

#[test]
fn chain_of_actors_is_bounded_and_well_formed() {
    let chain = |length: usize| {
        (0..length).fold(json!(null), |inner, n| json!({"sub": format!("actor-{n}"), "act": inner}))
    };
    let longest = identify(json!({}), json!({"act": chain(limits::ACTORS_MAX)})).unwrap();
    assert_eq!(longest.actors.len(), limits::ACTORS_MAX);
    let act = [
        chain(limits::ACTORS_MAX + 1),
        json!("agent"),
        json!([]),
        json!({}),
        json!({"sub": 7}),
        json!({"sub": "a", "iss": 7}),
        json!({"sub": "a", "act": {"iss": "x"}}),
    ];
    for act in act {
        assert_eq!(identify(json!({}), json!({"act": act})), Err(Reason::Actors), "{act}");
    }
}

#[test]
fn claim_paths_that_lead_nowhere_are_refused() {
    for path in ["", ".", "a.", ".a", "a..b", "/", "/a/", "//a", "/a~", "/a~2", "/~"] {
        assert_eq!(ClaimPath::parse(path), Err(ClaimPathError(path.into())), "{path}");
    }
    assert!(ClaimPath::parse(&["a"; 17].join(".")).is_err());
}

/// Any JSON, a few levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("(sub|iss|act|a)", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_claims_never_panic_and_never_exceed_the_limits(
        name in "(sub|aud|exp|nbf|iat|azp|client_id|scope|scp|groups|roles|act|name|email|cnf|email_verified)",
        value in value(),
    ) {
        if let Ok(principal) = identify(json!({}), json!({name: value})) {
            prop_assert!(principal.groups.len() <= limits::GROUPS_MAX && principal.groups.is_sorted());
            prop_assert!(principal.actors.len() <= limits::ACTORS_MAX);
            prop_assert!(is_plain(&principal.party.subject));
        }
    }
}
