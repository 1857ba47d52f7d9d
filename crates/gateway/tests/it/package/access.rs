//! The matrix in a package: computed again from the policies in it, so that no cell can be written by hand.

use super::{Copy, countersign, key, stolen};
use serde_json::Value;

/// What `countersign verify` says: whether it is sound, and what it says of access.
fn verified(copy: &Copy) -> (bool, Value) {
    let path = copy.path();
    let said = countersign(&["verify", path.to_str().expect("UTF-8"), "--key", &key().to_string(), "--json"]);
    let result: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    (said.status.success(), result["access"].clone())
}

#[test]
fn matrix_is_computed_again_from_the_policies_in_the_package() {
    let copy = Copy::new();
    let (sound, access) = verified(&copy);
    assert!(sound && access["sound"] == true, "{access}");
    let csv = std::fs::read_to_string(copy.path().join("access/end.csv")).expect("a matrix");
    let cell = csv.lines().find(|line| line.contains("tools/call,") && line.contains(",hold,"));
    assert!(cell.is_some_and(|cell| cell.contains("staff-write")), "{csv}");
    let unused = std::fs::read_to_string(copy.path().join("access/unused.csv")).expect("a list");
    assert!(unused.contains("export") && !unused.contains("person-"), "{unused}");
    let duties = std::fs::read_to_string(copy.path().join("access/end.duties.csv")).expect("a list");
    assert!(duties.contains("asks_and_approves"), "{duties}");
}

#[test]
fn cell_written_by_hand_is_named() {
    for (file, old, new) in [
        ("access/end.csv", ",hold,", ",deny,"),
        ("access/end.html", ">hold<", ">deny<"),
        ("access/end.duties.csv", "asks_and_approves", "nobody_approves"),
    ] {
        let copy = Copy::new();
        copy.edit(file, |text| text.replacen(old, new, 1));
        copy.sign_again(&stolen());
        let (sound, access) = verified(&copy);
        assert!(!sound && access["problems"][0]["path"] == file, "{file}: {access}");
    }
}

#[test]
fn matrix_of_other_policies_is_named() {
    let copy = Copy::new();
    let basis = std::fs::read_to_string(copy.path().join("access/end.basis.json")).expect("a basis");
    let basis: Value = serde_json::from_str(&basis).expect("JSON");
    let set = basis["policy_set"].as_str().expect("a hash");
    copy.edit("access/end.basis.json", |text| text.replace(set, &"0".repeat(64)));
    copy.sign_again(&stolen());
    let (sound, access) = verified(&copy);
    assert!(!sound && access["problems"][0]["path"] == "access/end.basis.json", "{access}");
}
