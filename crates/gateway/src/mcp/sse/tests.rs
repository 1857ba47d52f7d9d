use proptest::prelude::*;

use super::*;

const MOST: usize = 1 << 20;

/// Everything a stream gives when it comes in `chunks`: its events, and the rest.
fn events<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Bytes) {
    let mut framer = Framer::new(MOST);
    let mut events = Vec::new();
    for chunk in chunks {
        framer.feed(Bytes::copy_from_slice(chunk));
        while let Some(event) = framer.cut().expect("small events") {
            events.push(event);
        }
    }
    let end = framer.finish();
    events.extend(end.event);
    (events, end.rest)
}

fn one(stream: &str) -> Event {
    let (mut events, rest) = events([stream.as_bytes()]);
    assert_eq!((events.len(), rest.len()), (1, 0), "{stream:?}");
    events.remove(0)
}

fn shown(event: &Event) -> String {
    let text =
        |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    format!("{:?} {:?} {:?} {:?}", text(&event.data), text(&event.id), text(&event.event), event.retry)
}

#[test]
fn block_is_read_by_the_rules_of_the_spec() {
    let check = |stream: &str, expected: &str| assert_eq!(shown(&one(stream)), expected, "{stream:?}");
    check("data: x\n\n", r#"Some("x") None None None"#);
    check("data:x\r\n\r\n", r#"Some("x") None None None"#);
    check("data:  x \r\r", r#"Some(" x ") None None None"#);
    check("data\n\n", r#"Some("") None None None"#);
    check("data:\n\n", r#"Some("") None None None"#);
    check("data: {\ndata:  1\ndata:}\n\n", r#"Some("{\n 1\n}") None None None"#);
    check("id: 7\nretry: 250\ndata:\n\n", r#"Some("") Some("7") None Some(250)"#);
    check("event: message\nid\ndata: a:b\n\n", r#"Some("a:b") Some("") Some("message") None"#);
    check("id: a\nid: b\nretry: 1\nretry: x\n\n", r#"None Some("b") None Some(1)"#);
    check("id: a\nid: b\0\nretry: -1\nretry: 99999999999999999999\n\n", r#"None Some("a") None None"#);
    check("\u{feff}data: x\n\n", r#"Some("x") None None None"#);
    check(": hello\n\n", "None None None None");
    check("Data: x\ndatax: y\n data: z\n\n", "None None None None");
    check("\n", "None None None None");
    check("data: x\u{2028}y\u{85}z\n\n", "Some(\"x\\u{2028}y\\u{85}z\") None None None");
}

#[test]
fn block_without_a_field_says_so() {
    for (stream, expected) in [(": ping\n\n", true), ("\n", true), ("foo: x\n\n", true), ("data\n\n", false)]
    {
        assert_eq!(one(stream).comments_only, expected, "{stream:?}");
    }
}

#[test]
fn unfinished_block_is_no_event() {
    for stream in ["data: x", "data: x\n", "data: x\r\n", "data: x\r", "{\"jsonrpc\":\"2.0\"}", "\u{feff}"] {
        let (events, rest) = events([stream.as_bytes()]);
        assert!(events.is_empty(), "{stream:?}");
        assert_eq!(rest, stream.as_bytes(), "{stream:?}");
    }
    let (events, rest) = events([&b"data: x\r\n\r"[..]]);
    assert_eq!((events.len(), rest.len()), (1, 0), "only an LF of the same line end could follow");
}

#[test]
fn event_of_a_stream_with_bare_cr_is_not_late() {
    let mut framer = Framer::new(MOST);
    framer.feed(Bytes::from_static(b"data: x\r\r"));
    assert!(framer.cut().expect("small").is_some());
    framer.feed(Bytes::from_static(b"\ndata: y\r\r"));
    let event = framer.cut().expect("small").expect("complete");
    assert_eq!(event.raw().as_ref(), b"\ndata: y\r\r");
    assert_eq!(event.data.as_deref(), Some(&b"y"[..]));
    assert_eq!(event.encode(b"z").as_ref(), b"\ndata: z\r\r");
}

#[test]
fn block_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: x\n\nid: 1\ndata: y\n\n");
    let mut framer = Framer::new(MOST);
    framer.feed(chunk.clone());
    let first = framer.cut().expect("small").expect("complete");
    let second = framer.cut().expect("small").expect("complete");
    assert_eq!(first.raw().as_ptr(), chunk.as_ptr());
    assert_eq!(second.raw().as_ptr(), chunk[9..].as_ptr());
    assert_eq!(second.data.expect("has data").as_ptr(), chunk[21..].as_ptr());
}

#[test]
fn event_beyond_the_limit_ends_the_stream() {
    let mut framer = Framer::new(16);
    framer.feed(Bytes::from_static(b"data: 12345678\n\ndata: 123456789\n\ndata: x\n\n"));
    assert!(framer.cut().expect("exactly 16 bytes").is_some());
    assert_eq!(framer.cut().map(|_| ()), Err(Fault::TooLarge(16)));
    framer.feed(Bytes::from_static(b"data: x\n\n"));
    assert_eq!(framer.cut().map(|_| ()), Err(Fault::TooLarge(16)));
    assert!(framer.finish().event.is_none());
    let mut slow = Framer::new(16);
    for _ in 0..16 {
        slow.feed(Bytes::from_static(b"a"));
        assert!(slow.cut().expect("not yet").is_none());
    }
    slow.feed(Bytes::from_static(b"a"));
    assert_eq!(slow.cut().map(|_| ()), Err(Fault::TooLarge(16)));
}

#[test]
fn encoding_changes_the_data_lines_only() {
    let check = |stream: &str, data: &str, expected: &str| {
        assert_eq!(one(stream).encode(data.as_bytes()), expected, "{stream:?}");
    };
    check(
        "event: message\nid: 5\ndata: old\nretry: 9\n\n",
        "new",
        "event: message\nid: 5\ndata: new\nretry: 9\n\n",
    );
    check("data: a\r\ndata: b\r\nid:1\r\n\r\n", "c", "data: c\r\nid:1\r\n\r\n");
    check("data: a\n\n", "b\nc\r\nd\re", "data: b\ndata: c\ndata: d\ndata: e\n\n");
    check("id: 1\n\n", "x", "id: 1\ndata: x\n\n");
    check("data: a\n\n", "", "data: \n\n");
    check("\u{feff}data: a\n\n", "b", "\u{feff}data: b\n\n");
    check("data: a\nid: 1\rdata: b\n\n", "c", "data: c\nid: 1\n\n");
}

#[test]
fn what_no_parser_reads_does_not_go_on() {
    let check = |stream: &str, expected: &str| assert_eq!(one(stream).forward(), expected, "{stream:?}");
    check("data: x\n\n", "data: x\n\n");
    check("id: 1\nretry: 5\ndata:\n\n", "id: 1\nretry: 5\ndata:\n\n");
    check(":\n\n", ":\n\n");
    check(": secret\n\n", ":\n\n");
    check("{\"secret\":1}\ndata: x\nX-Secret: y\n:z\n\n", "data: x\n:\n\n");
    assert_eq!(one("a: secret\ndata: x\n: y\n\n").encode(b"z"), "data: z\n:\n\n");
    check("event: secret\nevent: message\ndata: x\n\n", "event: message\ndata: x\n\n");
    check("id: secret\nid: 2\ndata: x\n\n", "id: 2\ndata: x\n\n");
    check("id: sec\0ret\ndata: x\n\n", "data: x\n\n");
    check("retry: secret\nretry: 99999999999\nretry: 5\ndata: x\n\n", "retry: 5\ndata: x\n\n");
    assert_eq!(one("id: secret\ndata: x\n\n").without_id().forward(), "data: x\n\n");
    assert_eq!(one("id: secret\ndata: x\n\n").without_id().encode(b"z"), "data: z\n\n");
}

#[test]
fn only_messages_are_messages() {
    let check = |stream: &str, expected: bool| assert_eq!(one(stream).is_message(), expected, "{stream:?}");
    check("data: x\n\n", true);
    check("event\ndata: x\n\n", true);
    check("event: message\ndata: x\n\n", true);
    check("event: Message\ndata: x\n\n", false);
    check("event: endpoint\ndata: x\n\n", false);
    check("event: message\nevent: secret\ndata: x\n\n", false);
}

/// Bytes that meet every branch often.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop_oneof![Just("\n"), Just("\r"), Just("\r\n"), Just("\n\n"), Just("\r\r"), Just("\r\n\r\n")],
        4 => prop_oneof![Just("data"), Just("data:"), Just("data: x"), Just("id: 7"), Just("event: message")],
        2 => prop_oneof![Just("retry: 10"), Just(": ping"), Just("foo: bar"), Just(" "), Just(":"), Just("\0")],
        1 => prop_oneof![Just("\u{feff}"), Just("é"), Just("id"), Just("{\"a\":1}")],
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
}

/// `bytes` in pieces that end at `cuts`.
fn split<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        bytes in stream(),
        cuts in proptest::collection::vec(any::<usize>(), 0..12),
    ) {
        let read = |chunks: Vec<&[u8]>| {
            let (events, rest) = events(chunks);
            let raw: Vec<Bytes> = events.iter().map(|event| event.raw().clone()).collect();
            (events.iter().map(shown).collect::<Vec<_>>(), raw, rest)
        };
        let whole = read(vec![&bytes]);
        prop_assert_eq!(&whole, &read(split(&bytes, &cuts)));
        prop_assert_eq!(&whole, &read(bytes.chunks(1).collect()));
        let all: Vec<u8> = whole.1.iter().flatten().chain(&whole.2).copied().collect();
        prop_assert_eq!(all, bytes, "every byte is in one block or in the rest");
    }

    #[test]
    fn events_are_those_of_another_implementation(
        bytes in stream(),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        use futures_util::{StreamExt, stream::iter};
        // It dispatches at a CR; ours waits for the LF. At the end of a stream both have the same.
        let chunks: Vec<Result<Bytes, std::io::Error>> =
            split(&bytes, &cuts).into_iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let theirs = futures_util::FutureExt::now_or_never(
            sse_stream::SseByteStream::new(iter(chunks)).map(|event| event.expect("valid UTF-8")).collect::<Vec<_>>(),
        );
        let theirs: Vec<String> = theirs
            .expect("nothing to wait for")
            .into_iter()
            .map(|event| format!("{:?} {:?} {:?} {:?}", event.data, event.id, event.event, event.retry))
            .collect();
        let ours: Vec<String> = events([&bytes[..]]).0.iter().map(shown).collect();
        let empty = "None None None None";
        let filled = |events: Vec<String>| events.into_iter().filter(|event| event != empty).collect::<Vec<_>>();
        prop_assert_eq!(filled(ours), filled(theirs));
    }

    #[test]
    fn encoded_data_is_read_back(bytes in stream(), data in "[ -~\n]{0,40}") {
        for event in events([&bytes[..]]).0 {
            let encoded = event.encode(data.as_bytes());
            // On its own it begins a stream, so what ended the block before it is left out.
            let alone = encoded.strip_prefix(b"\n").filter(|_| event.raw().len() > 1).unwrap_or(&encoded);
            let (again, rest) = events([alone]);
            prop_assert_eq!((again.len(), rest.len()), (1, 0));
            prop_assert_eq!(again[0].data.as_deref(), Some(data.as_bytes()));
            prop_assert_eq!(&again[0].id, &event.id);
            prop_assert!(again[0].is_message());
            prop_assert_eq!(again[0].retry, event.retry);
        }
    }
}
