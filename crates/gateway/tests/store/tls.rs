//! TLS to a real server: a gateway that asks for it speaks to the server it was told of, or to none.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use countersign::config;
use countersign::store::{Db, Error, ErrorKind, Server};
use fixture::postgres::{self, Durability, GATEWAY, Identity, OWNER};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The name in the certificate; the address 127.0.0.1 is not in it.
const NAME: &str = "localhost";

/// An authority, with its certificate in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(directory: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let file = directory.join(name);
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    fn identity(&self, special: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        special(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

/// A server on a port, and what a gateway would be configured with.
struct Place {
    port: u16,
    server: postgres::Server,
    authority: Authority,
    other: Authority,
    directory: tempfile::TempDir,
}

impl Place {
    fn new(identity: impl FnOnce(&Authority) -> Option<Identity>) -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).unwrap();
        let authority = Authority::new(directory.path(), "authority.pem");
        let other = Authority::new(directory.path(), "other.pem");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = directory.path().join("s");
        std::fs::create_dir(&place).unwrap();
        let server =
            postgres::Server::start_on(&place, Durability::Kept, port, identity(&authority).as_ref());
        server.database("audit");
        Self { port, server, authority, other, directory }
    }

    fn connect(&self, role: &str, host: &str, authorities: Option<&Path>) -> Result<Db, Error> {
        let url = format!("postgresql://{role}@{host}:{}/audit?sslmode=verify-full", self.port);
        let postgres = config::Postgres {
            url: url.parse().unwrap(),
            password: None,
            authorities: authorities.map(Path::to_owned),
            silence_ms: 60_000,
        };
        let server = Server::new(&postgres)?;
        if role == OWNER {
            Db::migrate(&server, GATEWAY)?;
        }
        Db::open_postgres(&server)
    }

    /// That the connection is refused with these words, before anything was sent.
    fn assert_refused(&self, host: &str, authorities: Option<&Path>, words: [&str; 2]) {
        let refused = self.connect(GATEWAY, host, authorities).err().unwrap();
        assert_eq!(refused.kind, ErrorKind::Connection, "{refused}");
        for word in words {
            assert!(refused.to_string().contains(word), "`{word}`: {refused}");
        }
        println!("{refused}");
    }
}

#[test]
fn server_is_believed_by_its_authority_and_its_name_and_not_otherwise() {
    let place = Place::new(|authority| Some(authority.identity(|_| ())));
    let good = place.authority.file.clone();
    drop(place.connect(OWNER, NAME, Some(&good)).unwrap());
    let db = place.connect(GATEWAY, NAME, Some(&good)).unwrap();
    let sql = "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl AND version LIKE 'TLS%'";
    let encrypted = db.read_now("encrypted", |read| read.first(sql, &[], |row| row.int(0)));
    assert_eq!(encrypted.unwrap(), Some(1));
    db.writer().unwrap();
    assert_eq!(db.can_tell().unwrap(), Some(true));
    let ours = "no authority that this gateway trusts";
    place.assert_refused(NAME, None, [ours, "storage.postgres.authorities"]);
    place.assert_refused(NAME, Some(&place.other.file), [ours, "storage.postgres.authorities"]);
    place.assert_refused("127.0.0.1", Some(&good), ["for another name", "storage.postgres.url"]);
    assert!(place.directory.path().exists());
    assert_eq!(place.server.sql("audit", "SELECT count(*) > 0 FROM pg_stat_ssl WHERE ssl"), "t");
}

#[test]
fn certificate_that_is_over_is_refused() {
    let place = Place::new(|authority| {
        Some(authority.identity(|params| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }))
    });
    place.assert_refused(NAME, Some(&place.authority.file), ["not valid now", "renew it"]);
}

#[test]
fn server_without_tls_gets_nothing_from_a_gateway_that_wants_it() {
    let place = Place::new(|_| None);
    let words = ["offers no TLS, and nothing is sent", "switch `ssl` on"];
    place.assert_refused(NAME, Some(&place.authority.file), words);
}
