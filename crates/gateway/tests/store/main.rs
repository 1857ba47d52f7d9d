//! The storage seam: every case holds on SQLite and on PostgreSQL.

mod case;
mod news;
mod postgres;
mod tls;

use std::time::{Duration, Instant};

use countersign::store::{Access, Db, Error, ErrorKind};

#[test]
fn every_case_holds_on_sqlite() {
    for (name, case) in case::CASES {
        let directory = tempfile::tempdir().unwrap();
        println!("{name}");
        case(&Db::open_sqlite(directory.path(), Access::Gateway).unwrap());
    }
}

#[test]
fn every_case_holds_on_postgresql() {
    let place = postgres::Place::new();
    for (name, case) in case::CASES {
        println!("{name}");
        // As the role of a gateway wherever it may; what the database itself refuses is shown as the owner.
        case(&place.open(name, case::role(name)));
    }
}

#[test]
fn migrating_again_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        drop(Db::open_sqlite(directory.path(), Access::Gateway).unwrap());
    }
    assert!(Db::open_sqlite(directory.path(), Access::ReadOnly).is_ok());
}

#[test]
fn second_gateway_is_refused_and_a_reader_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Db::open_sqlite(directory.path(), Access::Gateway).unwrap();
    let refused = kind(Db::open_sqlite(directory.path(), Access::Gateway));
    assert_eq!(refused, Some(ErrorKind::Busy));
    let reader = Db::open_sqlite(directory.path(), Access::ReadOnly).unwrap();
    assert_eq!(kind(reader.writer()), Some(ErrorKind::ReadOnly));
    assert_eq!(kind(reader.write_now("write", |_| Ok(()))), Some(ErrorKind::ReadOnly));
    let beside = Db::open_sqlite(directory.path(), Access::Beside).unwrap();
    assert_eq!(kind(beside.writer()), Some(ErrorKind::ReadOnly));
    beside.write_now("write", |_| Ok(())).unwrap();
    drop(gateway);
    // A program that another test of this process starts has a copy of the lock until it runs.
    let until = Instant::now() + Duration::from_secs(10);
    while Db::open_sqlite(directory.path(), Access::Gateway).is_err() {
        assert!(Instant::now() < until, "it is free");
        std::thread::yield_now();
    }
}

#[test]
fn database_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    drop(Db::open_sqlite(directory.path(), Access::Gateway).unwrap());
    let path = directory.path().join(countersign::store::DATABASE);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = Db::open_sqlite(directory.path(), Access::Gateway).err().unwrap();
    assert!(refused.cause.contains("chmod 600"), "{refused}");
}

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}
