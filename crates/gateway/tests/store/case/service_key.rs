//! Keys for callers without an issuer.

use countersign::store::{Db, service_key};

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
        owner: Some("corp/alice".into()),
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
