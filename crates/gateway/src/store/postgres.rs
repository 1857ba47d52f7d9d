//! PostgreSQL: a server that several gateways share. Facts relied on:
//! <https://www.postgresql.org/docs/current/runtime-config-wal.html>,
//! <https://www.postgresql.org/docs/current/transaction-iso.html>.
//!
//! Works through a pooler that gives connections away between transactions (pgbouncer, `pool_mode = transaction`): what
//! must hold is set inside each transaction, and no statement outlives one.

pub(super) mod listen;
mod session;
mod tls;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::{Client, NoTls};
use secrecy::ExposeSecret as _;

pub(super) use session::{Purpose, Session};

use super::{Error, ErrorKind};
use crate::config;
use crate::limits;
use crate::trust;

/// How a server is reached, and as whom.
#[derive(Clone)]
pub struct Server {
    config: postgres::Config,
    tls: Option<tls::Connector>,
}

impl Server {
    /// The server of a configuration; the password is read now.
    ///
    /// # Errors
    /// [`ErrorKind::Connection`]: what is wrong with the configuration, without the password.
    pub fn new(postgres: &config::Postgres) -> Result<Self, Error> {
        let mut server = Self::parse(postgres.url.as_str())?;
        if let Some(password) = &postgres.password {
            let password = password.read().map_err(|error| unreachable(error.to_string()))?;
            server.config.password(password.expose_secret());
        }
        // What is not on this machine is reached by TLS, whatever the URL says.
        if !postgres.is_local() || server.config.get_ssl_mode() == SslMode::Require {
            let tls = trust::tls(postgres.authorities.as_deref()).map_err(unreachable)?;
            server.config.ssl_mode(SslMode::Require);
            server.tls = Some(tls::Connector::new(tls));
        }
        Ok(server)
    }

    /// The server at `url`, a libpq connection string, without TLS: for a server on this machine.
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] when it is no connection string.
    pub fn parse(url: &str) -> Result<Self, Error> {
        // The driver has no word for it; TLS of ours always checks the certificate and the name in it.
        let url = url.replace("sslmode=verify-full", "sslmode=require");
        let mut config: postgres::Config =
            url.parse().map_err(|error: postgres::Error| unreachable(Error::from(error).cause))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unreachable("the connection string names no host".to_owned()));
        }
        config
            .application_name("countersign")
            .connect_timeout(Duration::from_millis(limits::DATABASE_CONNECT_MS))
            .tcp_user_timeout(Duration::from_millis(limits::DATABASE_SILENCE_MS))
            .keepalives_idle(Duration::from_millis(limits::DATABASE_SILENCE_MS));
        Ok(Self { config, tls: None })
    }

    /// The same server, as another role.
    #[must_use]
    pub fn with_role(&self, role: &str, password: Option<&str>) -> Self {
        let mut server = self.clone();
        server.config.user(role);
        server.config.password(password.unwrap_or_default());
        server
    }

    /// The role that connects.
    pub fn role(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    fn connect(&self) -> Result<Client, Error> {
        let connected = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.clone().ssl_mode(SslMode::Disable).connect(NoTls),
        };
        connected.map_err(|error| {
            let cause = match tls::refusal(&error) {
                Some(refusal) => refusal,
                None => Error::from(error).cause,
            };
            unreachable(format!("{}: {cause}", self.place()))
        })
    }

    /// Host and database, for messages.
    fn place(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        format!("`{}` on `{host}`", self.config.get_dbname().unwrap_or_default())
    }
}

fn unreachable(cause: String) -> Error {
    Error::new(ErrorKind::Connection, cause)
}

/// A server and its idle connections.
pub(super) struct Postgres {
    server: Server,
    idle: Mutex<Vec<Client>>,
}

impl Postgres {
    pub(super) fn new(server: &Server) -> Self {
        Self { server: server.clone(), idle: Mutex::default() }
    }

    pub(super) fn connection(&self) -> Result<Client, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(client) if !client.is_closed() => Ok(client),
            _ => self.connect(),
        }
    }

    /// A connection on which a transaction has begun. An idle one may have been cut since it was used: then a new one.
    pub(super) fn begin(&self, purpose: Purpose) -> Result<Client, Error> {
        let mut client = self.connection()?;
        match Session::start(&mut client, purpose) {
            Err(error) if error.kind == ErrorKind::Connection => {
                client = self.connect()?;
                Session::start(&mut client, purpose)?;
            }
            started => started?,
        }
        Ok(client)
    }

    pub(super) fn connect(&self) -> Result<Client, Error> {
        self.server.connect()
    }

    pub(super) fn put(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limits::DATABASE_READS_MAX {
            idle.push(client);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        // The driver says goodbye with a runtime of its own, which must not be done on a thread of another.
        drop(std::thread::spawn(move || drop(idle)));
    }
}

/// The server's time, in microseconds since 1970.
pub(super) const TIME: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// Refuses a server that does not keep what it acknowledged, and a role that could change what was acknowledged.
pub(super) fn check_evidence(client: &mut Client) -> Result<(), Error> {
    let mut session = Session::begin(client, Purpose::Evidence)?;
    let text = |session: &mut Session<'_>, sql: &str| -> Result<String, Error> {
        let rows = session.query(sql, &[])?;
        let row = rows.first().ok_or_else(|| Error::new(ErrorKind::Shape, "the server answered nothing"))?;
        Ok(row.try_get::<_, String>(0)?)
    };
    for (setting, wanted) in [
        ("fsync", &["on"][..]),
        ("full_page_writes", &["on"]),
        ("synchronous_commit", &["on", "remote_apply"]),
        ("transaction_isolation", &["read committed"]),
        ("server_encoding", &["UTF8"]),
    ] {
        let found = text(&mut session, &format!("SELECT current_setting('{setting}')"))?;
        if !wanted.contains(&found.as_str()) {
            let cause = format!(
                "the server runs with `{setting}` = `{found}` and may lose evidence; it must be `{}`",
                wanted[0]
            );
            return Err(Error::new(ErrorKind::Fsync, cause));
        }
    }
    if text(&mut session, "SELECT current_setting('transaction_read_only')")? == "on" {
        return Err(Error::new(ErrorKind::ReadOnly, "the server is a standby; connect to the primary"));
    }
    let version = text(&mut session, "SELECT current_setting('server_version_num')")?;
    if version.parse::<u32>().is_ok_and(|version| version < limits::POSTGRES_VERSION_MIN) {
        let cause =
            format!("the server's version ({version}) is older than {}", limits::POSTGRES_VERSION_MIN);
        return Err(Error::new(ErrorKind::Other, cause));
    }
    check_role(&mut session)?;
    session.commit()
}

fn check_role(session: &mut Session<'_>) -> Result<(), Error> {
    let rows = session.query(
        "SELECT current_user::text, has_table_privilege('entry', 'UPDATE, DELETE, TRUNCATE, TRIGGER') \
         OR pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'entry'::regclass), 'MEMBER')",
        &[],
    )?;
    let row = rows.first().ok_or_else(|| Error::new(ErrorKind::Shape, "the server answered nothing"))?;
    if row.try_get::<_, bool>(1)? {
        let role: &str = row.try_get(0)?;
        let cause = format!(
            "the role `{role}` may change or delete evidence; let `countersign migrate` run as the owner and give \
             the gateway a role that owns nothing"
        );
        return Err(Error::new(ErrorKind::Other, cause));
    }
    Ok(())
}
