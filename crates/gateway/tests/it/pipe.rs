//! Commands in pipes.

use std::process::{Command, Stdio};

#[test]
fn command_whose_reader_had_enough_ends_without_complaint() {
    for arguments in [&["inspect", "detectors"][..], &["openapi"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{arguments:?}");
    }
}
