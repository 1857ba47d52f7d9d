//! PostgreSQL: a server that several gateways share.

use std::sync::Mutex;

use postgres::{Client, IsolationLevel, NoTls};

use super::{Error, ErrorKind};
use crate::limits;

/// A server: how to reach it, idle connections.
pub(super) struct Postgres {
    config: postgres::Config,
    idle: Mutex<Vec<Client>>,
}

impl Postgres {
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        let mut config: postgres::Config = url.parse()?;
        config.application_name("countersign");
        Ok(Self { config, idle: Mutex::default() })
    }

    pub(super) fn connection(&self) -> Result<Client, Error> {
        let idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        match idle {
            Some(client) if !client.is_closed() => Ok(client),
            _ => self.connect(),
        }
    }

    pub(super) fn connect(&self) -> Result<Client, Error> {
        let mut client = self
            .config
            .connect(NoTls)
            .map_err(|error| Error::new(ErrorKind::Connection, Error::from(error).cause))?;
        // Set here, whatever the server's defaults: a commit that returned is on disk, and waits have a bound.
        client.batch_execute(&format!(
            "SET synchronous_commit = on; SET lock_timeout = {}; SET bytea_output = hex",
            limits::DATABASE_BUSY_MS
        ))?;
        Ok(client)
    }

    pub(super) fn put(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < limits::DATABASE_READS_MAX {
            idle.push(client);
        }
    }
}

/// Refuses a server that does not keep what it acknowledged.
pub(super) fn check_durable(client: &mut Client) -> Result<(), Error> {
    for setting in ["fsync", "full_page_writes"] {
        let row = client.query_one("SELECT current_setting($1)", &[&setting])?;
        if row.try_get::<_, &str>(0)? != "on" {
            let cause = format!("the server runs with `{setting}` off and may lose evidence; turn it on");
            return Err(Error::new(ErrorKind::Fsync, cause));
        }
    }
    Ok(())
}

pub(super) fn read(client: &mut Client) -> Result<postgres::Transaction<'_>, Error> {
    Ok(client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()?)
}

pub(super) fn write(client: &mut Client) -> Result<postgres::Transaction<'_>, Error> {
    Ok(client.build_transaction().isolation_level(IsolationLevel::Serializable).start()?)
}
