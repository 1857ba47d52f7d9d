//! A connection that only listens: <https://www.postgresql.org/docs/current/sql-notify.html>.
//!
//! Whether it really hears is proven, not believed: something is said on another connection from time to time, and what
//! does not come back in time says that nobody passes it on. Through a pooler that gives connections away between
//! transactions `LISTEN` succeeds and nothing ever arrives.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator as _;

use super::{Postgres, Purpose, Session};
use crate::limits;
use crate::store::news::{Hearing, News};
use crate::store::{Error, ErrorKind};

const LISTEN: &str = "LISTEN countersign";
/// What a connection that listens must hear, and no table tells.
const PROBE: &str = "NOTIFY countersign, 'probe'";

/// How a connection ended.
enum End {
    /// Nobody wants it any more.
    Stopped,
    /// It never heard anything.
    Deaf,
    /// It heard, and does so no more.
    Lost(Error),
}

/// Listens, and passes on to `news` what is heard, until nobody holds the other end of `stop` any more. Blocks.
pub(in crate::store) fn run(postgres: &Postgres, news: &News, stop: &Receiver<()>) {
    let mut pause_ms = limits::LISTEN_RETRY_MS;
    loop {
        let mut heard = false;
        let end = follow(postgres, news, stop, &mut heard).unwrap_or_else(End::Lost);
        pause_ms =
            if heard { limits::LISTEN_RETRY_MS } else { (pause_ms * 2).min(limits::LISTEN_RETRY_MS_MAX) };
        let why = match end {
            End::Stopped => return,
            End::Deaf => {
                pause_ms = limits::LISTEN_DEAF_MS;
                "what is told does not arrive: between the gateway and the database is a pooler that gives connections away \
                 between transactions (pgbouncer: `pool_mode = transaction`)"
                    .to_owned()
            }
            End::Lost(error) => error.to_string(),
        };
        news.hears(Hearing::Deaf(why));
        if stop.recv_timeout(Duration::from_millis(pause_ms)) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Whether a connection of this server hears what is said on another one. Blocks for a moment.
pub(in crate::store) fn hears(postgres: &Postgres) -> Result<bool, Error> {
    let mut client = listening(postgres)?;
    say(postgres)?;
    let mut words = client.notifications();
    let patience = Duration::from_millis(limits::LISTEN_LOOK_MS * u64::from(limits::LISTEN_PATIENCE));
    let heard = words.timeout_iter(patience).next()?;
    drop(words);
    stop_listening(&mut client);
    Ok(heard.is_some())
}

fn follow(postgres: &Postgres, news: &News, stop: &Receiver<()>, heard: &mut bool) -> Result<End, Error> {
    let mut client = listening(postgres)?;
    // Looks without a word; enough of them ask for a probe.
    let mut silence = limits::LISTEN_SILENCE;
    loop {
        if stop.try_recv() != Err(TryRecvError::Empty) {
            return Ok(End::Stopped);
        }
        if silence == limits::LISTEN_SILENCE {
            say(postgres)?;
        }
        let word =
            client.notifications().timeout_iter(Duration::from_millis(limits::LISTEN_LOOK_MS)).next()?;
        match word {
            Some(word) => {
                if !*heard {
                    *heard = true;
                    news.hears(Hearing::Told);
                    // Whatever was said before was said to nobody here.
                    news.told_all();
                }
                silence = 0;
                news.told(word.payload());
            }
            None if client.is_closed() => return Err(Error::new(ErrorKind::Connection, "it was closed")),
            None if silence < limits::LISTEN_SILENCE + limits::LISTEN_PATIENCE => silence += 1,
            None if *heard => {
                return Err(Error::new(ErrorKind::Connection, "nothing is heard on it any more"));
            }
            None => {
                stop_listening(&mut client);
                return Ok(End::Deaf);
            }
        }
    }
}

fn listening(postgres: &Postgres) -> Result<Client, Error> {
    let mut client = postgres.connect()?;
    client.batch_execute(LISTEN)?;
    Ok(client)
}

/// A pooler may hand the server's side of a connection to others, who want to hear nothing.
fn stop_listening(client: &mut Client) {
    // When it fails the connection is gone, and so is what it listened to.
    drop(client.batch_execute("UNLISTEN *"));
}

/// On another connection: through a pooler the one that listens would hear itself while it speaks.
fn say(postgres: &Postgres) -> Result<(), Error> {
    let mut client = postgres.begin(Purpose::Evidence)?;
    let mut session = Session::started(&mut client);
    session.batch(PROBE)?;
    session.commit()?;
    postgres.put(client);
    Ok(())
}
