use super::*;

const INTENT: &str = include_str!("../../tests/golden/intent.json");
const OUTCOME: &str = include_str!("../../tests/golden/outcome.json");
const GENESIS: &str = include_str!("../../tests/golden/genesis.json");

fn decode(text: &str) -> Result<Leaf, Error> {
    Leaf::decode(text.trim_end().as_bytes())
}

fn full() -> Leaf {
    let hash = Hash::from_bytes([0xab; 32]);
    let id = Id::from_bytes(*b"\x01\x9a\xa1\xb2\xc3\xd4\x7e\x5f\x8a\x9b\x0c\x1d\x2e\x3f\x4a\x5b");
    let subject = Subject { id: "s-2\u{1}\"é".to_owned(), issuer: "corp".to_owned() };
    Leaf {
        actor: Some(Actor {
            id: Some("s-1".to_owned()),
            issuer: Some("corp".to_owned()),
            kind: ActorKind::Agent,
            on_behalf_of: vec![subject],
            token: Some(hash),
        }),
        approval: Some(ApprovalStep { id, leaf: Some(hash) }),
        call: Some(id),
        context: Some(hash),
        decision: Some(Decision {
            approval: Some(Grant { id, leaf: hash }),
            effect: Effect::Hold,
            policies: vec!["z".to_owned(), "a".to_owned()],
            policy_set: hash,
        }),
        definition: Some(hash),
        detail: Some(jcs::Object::parse(br#"{"z":[{"b":1,"a":2}],"a":"\u20ac"}"#).unwrap()),
        forwarded: Some(hash),
        frame: Some(7),
        frames: Some(Frames { count: 1, digest: hash }),
        kind: Some(MessageKind::Request),
        method: Some("tools/call".to_owned()),
        outcome: Some(Outcome { code: Some(-32603), status: Status::ToolError }),
        payload: Some(Payload { bytes: 12, commitment: hash }),
        redactions: BTreeMap::from([("iban".to_owned(), 2), ("aws_key".to_owned(), 1)]),
        refusal: Some("policy.denied".to_owned()),
        server: Some("billing".to_owned()),
        session: Some(id),
        statement: Some(jcs::Object::parse(br#"{"language":"sql"}"#).unwrap()),
        target: Some(Target { id: Some(hash), kind: TargetKind::Resource, name: Some("x\ny".to_owned()) }),
        ..Leaf::new(
            EventType::CallIntent,
            id,
            Timestamp::from_micros(1_795_168_800_000_000).unwrap(),
            LanePosition { lane: id, seq: 1, prev: hash },
        )
    }
}

/// A leaf of this type with exactly the members it requires, found by adding what the error asks for.
fn least(event: EventType) -> Leaf {
    let all = full();
    let mut leaf = Leaf::new(
        event,
        all.id,
        all.ts,
        LanePosition { lane: all.lane, seq: all.lane_seq, prev: all.lane_prev },
    );
    while let Err(Error::Missing { member, .. }) = leaf.encode() {
        match member {
            "actor" => leaf.actor.clone_from(&all.actor),
            "approval" => {
                let first = matches!(event, EventType::ApprovalRequested | EventType::BreakglassProposed);
                let answered = (!first).then_some(Hash::ZERO);
                leaf.approval = Some(ApprovalStep { id: all.id, leaf: answered });
            }
            "call" => leaf.call = all.call,
            "decision" => leaf.decision.clone_from(&all.decision),
            "detail" => leaf.detail.clone_from(&all.detail),
            "frame" => leaf.frame = all.frame,
            "method" => leaf.method.clone_from(&all.method),
            "outcome" => leaf.outcome = all.outcome,
            "payload" => leaf.payload = all.payload,
            "refusal" => leaf.refusal.clone_from(&all.refusal),
            "server" => leaf.server.clone_from(&all.server),
            "session" => leaf.session = all.session,
            other => panic!("no sample of `{other}`"),
        }
    }
    leaf
}

#[test]
fn serde_output_is_canonical_for_every_member() {
    let bytes = full().write();
    assert_eq!(String::from_utf8(jcs::canonicalize(&bytes).unwrap()), String::from_utf8(bytes.clone()));
    assert_eq!(serde_json::from_slice::<Leaf>(&bytes).unwrap(), full());
}

#[test]
fn golden_leaves_survive() {
    for golden in [INTENT, OUTCOME, GENESIS] {
        let leaf = decode(golden).unwrap();
        assert_eq!(String::from_utf8(leaf.encode().unwrap()).unwrap(), golden.trim_end());
        jcs::check(golden.trim_end().as_bytes()).unwrap();
    }
}

#[test]
fn every_type_survives_with_its_least_members() {
    for event in EventType::ALL {
        let leaf = least(event);
        assert_eq!(Leaf::decode(&leaf.encode().unwrap()).unwrap(), leaf, "{event}");
    }
}

#[test]
fn member_of_another_type_is_refused() {
    for event in EventType::ALL {
        let mut leaf = least(event);
        if event != EventType::CallFrame {
            leaf.frame = Some(0);
            assert_eq!(leaf.encode(), Err(Error::Unexpected { event, member: "frame" }));
        }
    }
}

#[test]
fn every_change_of_a_byte_is_refused_or_changes_the_leaf() {
    for golden in [INTENT, OUTCOME, GENESIS] {
        let good = golden.trim_end().as_bytes();
        let leaf = Leaf::decode(good).unwrap();
        for at in 0..good.len() {
            for flip in [1, 0x20, 0x80] {
                let mut bad = good.to_vec();
                bad[at] ^= flip;
                if let Ok(other) = Leaf::decode(&bad) {
                    assert_ne!(other, leaf);
                    assert_eq!(other.encode().unwrap(), bad);
                }
            }
        }
    }
}

#[test]
fn other_spellings_are_refused() {
    let malformed = [
        INTENT.replace(r#""v":1"#, r#""v":2"#),
        INTENT.replace(r#""v":1"#, r#""v":"1""#),
        INTENT.replace(r#""v":1"#, r#""v":1,"v":1"#),
        INTENT.replace(r#""v":1"#, r#""v":1,"x":1"#),
        INTENT.replace("call.intent", "call.intend"),
        INTENT.replace(".000000Z", "Z"),
        INTENT.replace(r#""lane_seq":2"#, r#""lane_seq":-2"#),
        INTENT.replace(r#""lane_seq":2"#, r#""lane_seq":2.0"#),
        INTENT.replace(r#"{"kinds":"#, r#"{"kinds" :"#),
        INTENT.replace("allow", "maybe"),
        format!("{}{{}}", INTENT.trim_end()),
    ];
    for bad in &malformed {
        assert!(matches!(decode(bad), Err(Error::Malformed { .. })), "{bad}");
    }
    let respelled = [
        INTENT.replace(r#","v":1"#, r#", "v":1"#),
        INTENT.replace("tools/call", "tools\\/call"),
        INTENT.replace(r#","v":1"#, "").replacen('{', r#"{"v":1,"#, 1),
        INTENT.replace("}\n", "} "),
        INTENT.replace(r#""session":"019aa1b2-c3d4-7000-8000-00000000000a""#, r#""session":null"#),
    ];
    for bad in &respelled {
        assert_eq!(Leaf::decode(bad.trim_end_matches('\n').as_bytes()), Err(Error::NotCanonical), "{bad}");
    }
}

#[test]
fn values_outside_their_range_are_refused() {
    let mut wrong = Vec::new();
    let base = decode(INTENT).unwrap();
    let mut edit = |change: fn(&mut Leaf)| {
        let mut leaf = base.clone();
        change(&mut leaf);
        wrong.push(leaf);
    };
    edit(|leaf| leaf.id = Id::from_bytes([0; 16]));
    edit(|leaf| leaf.lane_seq = 0);
    edit(|leaf| leaf.lane_prev = Hash::ZERO);
    edit(|leaf| leaf.lane_seq = 1 << 53);
    edit(|leaf| leaf.method = Some(String::new()));
    edit(|leaf| leaf.payload.as_mut().unwrap().bytes = 1 << 53);
    edit(|leaf| leaf.actor.as_mut().unwrap().id = None);
    edit(|leaf| leaf.actor.as_mut().unwrap().id = Some(String::new()));
    edit(|leaf| leaf.target.as_mut().unwrap().name = None);
    edit(|leaf| leaf.target.as_mut().unwrap().id = Some(Hash::ZERO));
    edit(|leaf| leaf.redactions = BTreeMap::from([("Not A Detector".to_owned(), 1)]));
    for leaf in wrong {
        assert!(matches!(leaf.encode(), Err(Error::Value(_))), "{leaf:?}");
        assert!(Leaf::decode(&leaf.write()).is_err());
    }
}

#[test]
fn leaf_beyond_the_limit_is_refused() {
    let mut leaf = decode(INTENT).unwrap();
    leaf.server = Some(String::new());
    let room = LEAF_BYTES_MAX - leaf.write().len();
    leaf.server = Some("x".repeat(room));
    assert_eq!(leaf.encode().unwrap().len(), LEAF_BYTES_MAX);
    leaf.server = Some("x".repeat(room + 1));
    assert_eq!(leaf.encode(), Err(Error::TooLarge { bytes: LEAF_BYTES_MAX + 1 }));
    assert_eq!(Leaf::decode(&leaf.write()), Err(Error::TooLarge { bytes: LEAF_BYTES_MAX + 1 }));
}

#[test]
fn errors_do_not_repeat_the_content() {
    let secret = INTENT.replace("\"kind\":\"request\"", "\"kind\":\"hunter2\"");
    let error = decode(&secret).unwrap_err();
    assert!(matches!(error, Error::Malformed { byte } if byte > 100), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
