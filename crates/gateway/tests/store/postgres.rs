//! What is PostgreSQL's alone: the schema made by its owner, the gateway's role, the server's settings.

use countersign::store::{Db, ErrorKind, Server};
use fixture::postgres::{self, Durability, GATEWAY, OWNER};

/// A server and its directory.
pub(crate) struct Place {
    pub(crate) server: postgres::Server,
    _directory: tempfile::TempDir,
}

impl Place {
    /// A server that forgets: nothing here is evidence.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        let server = postgres::Server::start(directory.path(), Durability::Forgotten);
        Self { server, _directory: directory }
    }

    fn server(&self, role: &str, database: &str) -> Server {
        Server::parse(&self.server.url(role, database)).unwrap()
    }

    /// A new database with the schema, opened as `role`.
    pub(crate) fn open(&self, name: &str, role: &str) -> Db {
        self.server.database(name);
        Db::migrate(&self.server(OWNER, name), GATEWAY).unwrap();
        self.again(name, role)
    }

    /// The same database, as another process opens it.
    pub(crate) fn again(&self, name: &str, role: &str) -> Db {
        Db::open_postgres(&self.server(role, name)).unwrap()
    }
}

#[test]
fn schema_is_made_by_its_owner_once() {
    let place = Place::new();
    place.server.database("schema");
    let (owner, gateway) = (place.server(OWNER, "schema"), place.server(GATEWAY, "schema"));
    let refused = Db::open_postgres(&gateway).err().unwrap();
    assert_eq!(refused.kind, ErrorKind::Schema);
    assert!(refused.to_string().contains("countersign migrate"), "{refused}");
    let plan = Db::plan_migration(&owner, GATEWAY).unwrap();
    let steps = Db::migrate(&owner, GATEWAY).unwrap();
    assert!(steps > 0);
    assert_eq!(Db::migrate(&owner, GATEWAY).unwrap(), 0);
    Db::open_postgres(&gateway).unwrap();
    // The plan, carried out by hand, gives the same.
    place.server.database("by_hand");
    let plan = format!("SET ROLE {OWNER}; {plan}");
    place.server.sql("by_hand", &plan);
    assert_eq!(Db::migrate(&place.server(OWNER, "by_hand"), GATEWAY).unwrap(), 0);
    Db::open_postgres(&place.server(GATEWAY, "by_hand")).unwrap();
}

#[test]
fn newer_schema_is_refused_only_when_it_says_so() {
    let place = Place::new();
    drop(place.open("newer", GATEWAY));
    let gateway = place.server(GATEWAY, "newer");
    place.server.sql("newer", "INSERT INTO migration (number, oldest) VALUES (1000, 1)");
    Db::open_postgres(&gateway).unwrap();
    place.server.sql("newer", "INSERT INTO migration (number, oldest) VALUES (1001, 1001)");
    let refused = Db::open_postgres(&gateway).err().unwrap();
    assert!(refused.to_string().contains("upgrade the program"), "{refused}");
}

#[test]
fn server_that_forgets_is_refused_for_evidence() {
    let place = Place::new();
    let refused = place.open("forgets", GATEWAY).writer().err().unwrap();
    assert_eq!(refused.kind, ErrorKind::Fsync);
    assert!(refused.cause.contains("`fsync`"), "{refused}");
}

#[test]
fn role_of_the_gateway_cannot_change_evidence() {
    let place = Place::new();
    let db = place.open("rights", GATEWAY);
    for sql in [
        "UPDATE entry SET ts = 0",
        "DELETE FROM entry",
        "TRUNCATE entry",
        "UPDATE checkpoint SET ts = 0",
        "DELETE FROM span",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "DROP TABLE entry",
        "UPDATE migration SET number = 0",
    ] {
        let refused = db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_err();
        let denied = refused.cause.contains("permission denied") || refused.cause.contains("must be owner");
        assert!(denied, "{sql}: {refused}");
    }
}

#[test]
fn role_that_owns_the_tables_is_refused_for_evidence() {
    let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
    let server = postgres::Server::start(directory.path(), Durability::Kept);
    let place = Place { server, _directory: directory };
    let refused = place.open("owned", OWNER).writer().err().unwrap();
    assert!(refused.cause.contains("may change or delete evidence"), "{refused}");
    let gateway = Db::open_postgres(&place.server(GATEWAY, "owned")).unwrap();
    gateway.writer().unwrap();
}
