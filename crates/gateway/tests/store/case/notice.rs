//! What commands leave for the gateway to record.

use countersign::store::{Db, notice};

use super::{read, write};

pub(crate) fn notices_wait_until_they_are_noted_or_refused(db: &Db) {
    let asked = |id: u8, event: &str| notice::Notice {
        id: [id; 16],
        ts: id.into(),
        event: event.into(),
        detail: "{}".into(),
        seal: Some([id; 32]).filter(|_| id != 6),
    };
    let rows = [asked(4, "recording.viewed"), asked(5, "hold.set"), asked(6, "hold.set")];
    let revision = |db: &Db| read(db, |read| notice::revision(read, ["hold.set", "hold.cleared"]));
    let before = revision(db);
    for row in &rows {
        write(db, |tx| notice::insert(tx, row));
    }
    assert_eq!(revision(db), before + 2);
    assert_eq!(read(db, |read| notice::waiting(read, 9)), rows);
    write(db, |tx| notice::note(tx, &[4; 16], 2));
    write(db, |tx| notice::refuse(tx, &[6; 16], 2));
    assert_eq!(read(db, |read| notice::waiting(read, 9)), rows[1..2]);
    write(db, |tx| notice::note(tx, &[5; 16], 3));
    assert!(read(db, |read| notice::waiting(read, 9)).is_empty());
    assert_eq!(read(db, |read| notice::of(read, "hold.set")), rows[1..], "a mark takes none away");
    assert_eq!(read(db, notice::refused), 1);
}
