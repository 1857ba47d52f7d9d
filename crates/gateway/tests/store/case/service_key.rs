//! Keys for callers without an issuer.

use countersign::store::{Db, notice, service_key};

use super::{read, write};

pub(crate) fn service_keys_live_and_die(db: &Db) {
    let key = service_key::ServiceKey {
        id: "k1".into(),
        hash: [1; 32],
        kind: "service".into(),
        label: "ci".into(),
        groups: "[]".into(),
        servers: "[]".into(),
        created_by: "root".into(),
        created: 1,
        expires: 100,
        revoked: None,
        used: None,
    };
    write(db, |tx| service_key::insert(tx, &key));
    assert_eq!(read(db, |read| service_key::find(read, "k1")), Some(key.clone()));
    assert_eq!(read(db, |read| service_key::find(read, "k2")), None);
    assert_eq!(read(db, |read| service_key::unnoted(read, 9))[0].1, service_key::Unnoted::Created);
    write(db, |tx| service_key::note(tx, "k1", service_key::Unnoted::Created, 2));
    assert!(read(db, |read| service_key::unnoted(read, 9)).is_empty());
    assert!(db.write_now("revoke", |tx| service_key::revoke(tx, "k1", 50)).unwrap());
    assert!(!db.write_now("revoke", |tx| service_key::revoke(tx, "k1", 60)).unwrap());
    assert_eq!(read(db, |read| service_key::unnoted(read, 9))[0].1, service_key::Unnoted::Revoked);
    write(db, |tx| service_key::note(tx, "k1", service_key::Unnoted::Revoked, 51));
    assert!(read(db, |read| service_key::unnoted(read, 9)).is_empty());
    write(db, |tx| service_key::touch(tx, "k1", 40));
    let listed = read(db, |read| service_key::list(read, "", 10));
    assert_eq!((listed[0].revoked, listed[0].used), (Some(50), Some(40)));
    assert!(read(db, |read| service_key::list(read, "k1", 10)).is_empty());
}

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
    assert_eq!(read(db, |read| notice::of(read, "hold.set")), rows[1..2]);
    assert_eq!(read(db, notice::refused), 1);
}
