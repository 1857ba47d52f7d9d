//! Processes that die, hang, flood, fork and lie.

use tokio::io::AsyncReadExt;
use tokio::net::UnixListener;

use super::*;
use crate::config::EnvironmentValue;
use crate::secret::SecretSource;

const QUICK: Duration = Duration::from_millis(20);

#[tokio::test]
async fn killed_process_answers_promptly_and_ends_its_session() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let pid: i32 = alice.call(1, "pid", json!({})).await.parse().expect("a number");
    let begun = events(alice.send(&tool(2, "ask", json!({"method": "roots/list"}))).await);
    let mut begun = begun;
    begun.recv().await.expect("the question").expect("no error");
    let hang = tool(3, "hang", json!({}));
    let (outcome, ()) = tokio::join!(alice.send(&hang), async {
        let pid = rustix::process::Pid::from_raw(pid).expect("not zero");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    });
    assert!(matches!(&outcome, Err(StdioError::Exited(status)) if status.contains("SIGKILL")), "{outcome:?}");
    assert!(matches!(begun.recv().await, Some(Err(StdioError::Exited(_)))));
    assert!(matches!(alice.send(&tool(4, "pid", json!({}))).await, Ok(StdioAnswer::NoSession)));
    let health = stdio.health();
    assert_eq!(health.failures, 1);
    assert!(health.last_failure.expect("a failure").status.contains("SIGKILL"));
}

/// Starts grandchildren that hold a socket, ends them as `end` says, and waits until the last one let go.
async fn outlived_by_nobody(end: impl AsyncFnOnce(&Caller<'_>)) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("held");
    let listener = UnixListener::bind(&path).expect("a socket");
    let stdio = fake(Sharing::Session, &["stubborn"]);
    let stdio = Stdio::paced(
        "fake",
        &program(Sharing::Session, &["stubborn"]),
        Duration::from_mins(1),
        stdio.shared.surroundings.clone(),
        Pace { stop: QUICK, ..Pace::default() },
    );
    let alice = Caller::begin(&stdio, ALICE).await;
    let fork = tool(1, "fork", json!({"socket": path, "count": 20}));
    let (answer, accepted) = tokio::join!(alice.send(&fork), listener.accept());
    let (mut held, _) = accepted.expect("the process connects");
    text(answer).await;
    end(&alice).await;
    // Ends when nobody holds the other end any more.
    assert_eq!(held.read(&mut [0]).await.expect("readable"), 0);
    all_gone(&stdio).await;
}

#[tokio::test]
async fn grandchildren_end_with_their_session() {
    outlived_by_nobody(async |alice| {
        alice.ask(Ask::End).await.expect("ended");
    })
    .await;
}

#[tokio::test]
async fn grandchildren_end_with_a_parent_that_crashed() {
    outlived_by_nobody(async |alice| {
        let died = alice.send(&tool(2, "exit", json!({"status": 1}))).await;
        assert!(matches!(died, Err(StdioError::Exited(_))), "{died:?}");
    })
    .await;
}

#[tokio::test]
async fn grandchildren_end_with_the_gateway() {
    outlived_by_nobody(async |alice| alice.stdio.shutdown().await).await;
}

#[tokio::test]
async fn shutdown_leaves_nothing_and_starts_nothing() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let hang = tool(1, "hang", json!({}));
    let (outcome, ()) = tokio::join!(alice.send(&hang), stdio.shutdown());
    assert!(matches!(outcome, Err(StdioError::Exited(_))), "{outcome:?}");
    assert_eq!((stdio.health().processes.len(), stdio.health().failures), (0, 0));
    let late = stdio.send(legacy(ALICE, None, post(&initialize(&json!(1))))).await;
    assert!(matches!(late, Err(StdioError::Stopping)), "{late:?}");
}

#[tokio::test]
async fn crash_loop_is_refused_with_the_exit_status() {
    let stdio = fake(Sharing::Session, &["broken"]);
    let start = || stdio.send(legacy(ALICE, None, post(&initialize(&json!(1)))));
    for _ in 0..3 {
        let answer = start().await;
        assert!(
            matches!(&answer, Err(StdioError::Exited(status)) if status == "exit status: 3"),
            "{answer:?}"
        );
    }
    let answer = start().await;
    let Err(StdioError::KeepsExiting { status, retry_after_ms }) = answer else { panic!("{answer:?}") };
    assert_eq!(status, "exit status: 3");
    assert!((1..=500).contains(&retry_after_ms), "{retry_after_ms}");
    assert_eq!(stdio.health().starts, 3);
    // Whoever is not to blame is not held back.
    let other = stdio.send(legacy(BOB, None, post(&initialize(&json!(1))))).await;
    assert!(matches!(other, Err(StdioError::Exited(_))), "{other:?}");
}

#[tokio::test]
async fn program_that_does_not_exist_is_the_operators_fault() {
    let program =
        config::Stdio { command: vec!["/nonexistent/server".into()], ..program(Sharing::Session, &[]) };
    let surroundings = Surroundings::of_this_process(Arc::new(SystemClock));
    let stdio = Stdio::new("fake", &program, Duration::from_secs(5), surroundings);
    let answer = stdio.send(legacy(ALICE, None, post(&initialize(&json!(1))))).await;
    let Err(StdioError::Spawn(cause)) = answer else { panic!("{answer:?}") };
    assert!(cause.contains("`/nonexistent/server`"), "{cause}");
    assert_eq!((stdio.health().processes.len(), stdio.health().failures), (0, 1));
}

#[tokio::test]
async fn unused_process_is_ended_and_a_used_one_is_not() {
    let stdio = paced(Sharing::Session, &["modern"], Pace { idle: QUICK, ..Pace::default() });
    let listen = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen",
        "params": {"notifications": {"resourceSubscriptions": ["file:///a"]}}});
    let _used = events(stdio.send(modern(ALICE, &listen)).await);
    let alice = stdio.health().processes[0].pid;
    let bobs: i32 =
        text(stdio.send(modern(BOB, &tool(1, "pid", json!({})))).await).await.parse().expect("a pid");
    let running = stdio.shared.roster().running();
    let ends =
        running.iter().find(|process| i64::from(process.pid()) == i64::from(bobs)).map(|it| it.ended());
    drop(running);
    // Already gone, or gone soon.
    if let Some(ends) = ends {
        ends.await;
    }
    let health = stdio.health();
    assert_eq!(health.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [alice]);
    assert_eq!((health.starts, health.failures), (2, 0));
}

#[tokio::test]
async fn process_that_ignores_every_polite_word_is_killed() {
    let stdio = paced(Sharing::Session, &["stubborn"], Pace { stop: QUICK, ..Pace::default() });
    let alice = Caller::begin(&stdio, ALICE).await;
    let gone = all_gone(&stdio);
    alice.ask(Ask::End).await.expect("ended");
    gone.await;
    assert!(stdio.health().processes.is_empty());
}

#[tokio::test]
async fn process_that_closes_its_output_is_ended() {
    let stdio = paced(Sharing::Session, &[], Pace { stop: QUICK, ..Pace::default() });
    let alice = Caller::begin(&stdio, ALICE).await;
    let answer = alice.send(&tool(1, "close", json!({}))).await;
    assert!(matches!(answer, Err(StdioError::Exited(_))), "{answer:?}");
    assert_eq!(stdio.health().failures, 1);
}

#[tokio::test]
async fn ten_megabyte_answer_is_refused_and_others_are_not_disturbed() {
    for sharing in [Sharing::Session, Sharing::Shared] {
        let stdio = fake(sharing, &[]);
        let alice = Caller::begin(&stdio, ALICE).await;
        let huge = |last| json!({"bytes": 10_000_000, "last": last});
        let (first, second) = (tool(1, "huge", huge(false)), tool(2, "huge", huge(true)));
        let (first, second, echo) = tokio::join!(
            alice.send(&first),
            alice.send(&second),
            alice.call(3, "echo", json!({"text": "fine"}))
        );
        assert!(matches!(first, Err(StdioError::TooLarge)), "{first:?}");
        // Its id is a string of ours or a number of the caller's: both are recognised at the very end.
        assert!(matches!(second, Err(StdioError::TooLarge)), "{second:?}");
        assert_eq!(echo, "fine");
    }
}

#[tokio::test]
async fn flood_of_notifications_is_bounded_by_holding_the_process_back() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    // 100 MB, read slowly but read: nothing is lost and nothing piles up.
    let mut messages = events(alice.send(&tool(1, "flood", json!({"count": 1000, "bytes": 100_000}))).await);
    let mut count = 0;
    while let Some(message) = messages.recv().await {
        message.expect("no error");
        count += 1;
        tokio::task::yield_now().await;
    }
    assert_eq!(count, 1001);
}

#[tokio::test]
async fn caller_that_never_reads_loses_its_stream_but_not_its_session() {
    let stdio = paced(Sharing::Session, &[], Pace { stall: QUICK, ..Pace::default() });
    let alice = Caller::begin(&stdio, ALICE).await;
    let unread = events(alice.send(&tool(1, "flood", json!({"count": 1000, "bytes": 100_000}))).await);
    assert_eq!(alice.call(2, "echo", json!({"text": "here"})).await, "here");
    let mut unread = unread;
    let (mut bytes, mut end) = (0, None);
    while let Some(message) = unread.recv().await {
        match message {
            Ok(message) => bytes += message.len(),
            Err(error) => end = Some(error),
        }
    }
    assert_eq!(end, Some(StdioError::Stalled));
    assert!(bytes <= crate::limits::STDIO_STREAM_BYTES_MAX, "{bytes}");
}

#[tokio::test]
async fn noise_on_either_output_does_not_disturb() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    assert_eq!(alice.call(1, "noise", json!({"count": 100_000})).await, "quiet");
    assert_eq!(alice.call(2, "garbage", json!({})).await, "sorry");
}

#[tokio::test]
async fn process_sees_exactly_the_environment_it_is_given() {
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "s3cret\n").expect("written");
    let environment = Environment::from([
        ("MODE".to_owned(), EnvironmentValue::Literal("test".into())),
        ("TOKEN".to_owned(), EnvironmentValue::Secret(SecretSource::File(secret))),
    ]);
    let directory = directory.path().canonicalize().expect("it exists");
    let program =
        config::Stdio { environment, directory: Some(directory.clone()), ..program(Sharing::Session, &[]) };
    let surroundings = Surroundings {
        home: Some("/home/of/it".into()),
        ..Surroundings::of_this_process(Arc::new(SystemClock))
    };
    let stdio = Stdio::new("fake", &program, Duration::from_mins(1), surroundings);
    let alice = Caller::begin(&stdio, ALICE).await;
    let place: Value = serde_json::from_str(&alice.call(1, "place", json!({})).await).expect("JSON");
    assert_eq!(place["directory"], json!(directory));
    let environment = place["environment"].as_object().expect("an object");
    // Python sets `LC_CTYPE` itself when no locale is given.
    let names: Vec<_> = environment.keys().filter(|name| *name != "LC_CTYPE").collect();
    assert_eq!(names, ["HOME", "MODE", "PATH", "TOKEN"]);
    assert_eq!((&environment["TOKEN"], &environment["HOME"]), (&json!("s3cret"), &json!("/home/of/it")));
}

#[tokio::test]
async fn unreadable_secret_starts_nothing() {
    let missing = EnvironmentValue::Secret(SecretSource::File("/nonexistent/secret".into()));
    let environment = Environment::from([("TOKEN".to_owned(), missing)]);
    let program = config::Stdio { environment, ..program(Sharing::Session, &[]) };
    let surroundings = Surroundings::of_this_process(Arc::new(SystemClock));
    let stdio = Stdio::new("fake", &program, Duration::from_secs(5), surroundings);
    let answer = stdio.send(legacy(ALICE, None, post(&initialize(&json!(1))))).await;
    let Err(StdioError::Spawn(cause)) = answer else { panic!("{answer:?}") };
    assert!(cause.contains("secret file"), "{cause}");
    assert!(stdio.health().processes.is_empty());
}

#[tokio::test]
async fn principal_that_wants_too_many_processes_loses_the_one_it_used_least() {
    let stdio = fake(Sharing::Session, &[]);
    let mut sessions = Vec::new();
    for _ in 0..crate::limits::STDIO_PROCESSES_PER_PRINCIPAL_MAX {
        sessions.push(Caller::begin(&stdio, ALICE).await);
    }
    let bob = Caller::begin(&stdio, BOB).await;
    // The oldest is in use, so the second has to go.
    let _open = sessions[0].listen().await;
    sessions.push(Caller::begin(&stdio, ALICE).await);
    for (n, session) in sessions.iter().enumerate() {
        let answer = session.send(&tool(1, "pid", json!({}))).await;
        assert_eq!(matches!(answer, Ok(StdioAnswer::NoSession)), n == 1, "{n} {answer:?}");
    }
    assert_eq!(bob.call(1, "echo", json!({"text": "untouched"})).await, "untouched");
}

#[tokio::test]
async fn process_that_does_not_read_its_input_is_given_up_in_time() {
    let stdio = Stdio::paced(
        "fake",
        &program(Sharing::Session, &[]),
        Duration::from_mins(1),
        Surroundings::of_this_process(Arc::new(SystemClock)),
        Pace { stop: QUICK, ..Pace::default() },
    );
    let alice = Caller::begin(&stdio, ALICE).await;
    assert_eq!(alice.call(1, "deaf", json!({})).await, "deaf");
    let process = stdio.shared.roster().running().remove(0);
    let soon = || tokio::time::Instant::now() + QUICK;
    let large = Bytes::from(tool(2, "echo", json!({"text": "x".repeat(300_000)})).to_string());
    let owner = super::super::Owner::Session(2);
    let mut outcomes = Vec::new();
    for n in 0..80 {
        let message = String::from_utf8_lossy(&large).replacen(r#""id":2"#, &format!(r#""id":"{n}""#), 1);
        outcomes.push(super::super::exchange(&process, owner, &Bytes::from(message), soon()).await);
    }
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(StdioError::Timeout))), "{outcomes:?}");
    drop(process);
    let gone = all_gone(&stdio);
    alice.ask(Ask::End).await.expect("ended");
    gone.await;
}
