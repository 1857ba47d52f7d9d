//! Commands in pipes.

use std::process::{Command, Stdio};

/// What a program that SIGPIPE ends leaves: nobody may take it for a verdict, as of `verify` or `doctor`.
const UNREAD: i32 = 141;

#[test]
fn command_whose_reader_had_enough_ends_without_complaint_and_claims_nothing() {
    let nothing = tempfile::tempdir().expect("a directory");
    let nothing = nothing.path().to_str().expect("UTF-8");
    let cases: [&[&str]; 4] = [
        &["inspect", "detectors"],
        &["openapi"],
        &["doctor", "-c", "there-is-none.yaml"],
        &["verify", nothing],
    ];
    for arguments in cases {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(UNREAD), "{arguments:?}: {ended:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{arguments:?}");
    }
}
