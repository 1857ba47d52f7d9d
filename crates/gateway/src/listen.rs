//! Connections: accept, TLS, limits, graceful drain. What arrives on them is `endpoint`'s business.

mod certificate;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use certificate::{Flaw, flaws};
pub use tls::{Acceptor, Refresh, TlsError};

use crate::limits;
use crate::reply::Reply;

/// How a listener ends.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Fires first: connections are still taken, and callers are told to take another one next time.
    pub leaving: CancellationToken,
    /// Fires then: nothing new is taken.
    pub stop: CancellationToken,
}

/// Accepts connections on `listener` and serves them with `handle` until it is told to stop; then answers what had been
/// connected already, and lets what is in flight finish, for at most [`limits::DRAIN_MS`].
pub async fn serve<H, F>(listener: TcpListener, tls: Option<Arc<Acceptor>>, ending: Ending, handle: H)
where
    H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let tasks = TaskTracker::new();
    let begin = |(stream, peer, place): (TcpStream, SocketAddr, OwnedSemaphorePermit)| {
        let (tls, ending, handle) = (tls.clone(), ending.clone(), handle.clone());
        tasks.spawn(async move {
            let _place = place;
            match tls {
                None => connection(stream, peer, ending, handle).await,
                Some(acceptor) => {
                    let limit = Duration::from_millis(limits::HEAD_TIMEOUT_MS);
                    match tokio::time::timeout(limit, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => connection(stream, peer, ending, handle).await,
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                    }
                }
            }
        });
    };
    loop {
        tokio::select! {
            biased;
            () = ending.stop.cancelled() => break,
            accepted = accept(&listener, &places) => begin(accepted),
        }
    }
    // Whoever the system has connected already gets an answer, and be it that the gateway is stopping.
    let connected = async {
        loop {
            begin(accept(&listener, &places).await);
        }
    };
    let ended: Result<(), _> =
        tokio::time::timeout(Duration::from_millis(limits::BACKLOG_MS), connected).await;
    drop((ended, listener));
    tasks.close();
    if tokio::time::timeout(Duration::from_millis(limits::DRAIN_MS), tasks.wait()).await.is_err() {
        tracing::warn!(limit_ms = limits::DRAIN_MS, "some connections did not finish in time and are cut");
    }
}

async fn connection<S, H, F>(stream: S, peer: SocketAddr, ending: Ending, handle: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(SocketAddr, Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    // Boxed: hyper keeps room for one such future as long as the connection lives, and streams live long.
    let (asked, Ending { leaving, stop }) = (CancellationToken::new(), ending);
    let first = asked.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        asked.cancel();
        // HTTP/2 has a message for it, which the connection sends when it is shut down.
        let closes = (request.version() < Version::HTTP_2).then(|| leaving.clone());
        // Not an async block: it would have room for the answer's future twice.
        Box::pin(handle(peer, request).map(move |mut reply| {
            if closes.is_some_and(|leaving| leaving.is_cancelled()) {
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(reply)
        }))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits::HEAD_TIMEOUT_MS))
        .max_headers(limits::HEADERS_MAX)
        .max_buf_size(limits::HEADER_BYTES_MAX * 2);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION_MAX)
        .max_header_list_size(limits::HEADER_BYTES_MAX_U32)
        .keep_alive_interval(Duration::from_secs(30));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&stop, &first) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Resolves when a connection is to end: at the stop, and where nothing was asked yet, a little later. Shut down before its
/// first request arrived, a connection is closed without an answer, although its caller did nothing wrong.
async fn stopped(stop: &CancellationToken, asked: &CancellationToken) {
    stop.cancelled().await;
    let patience = Duration::from_millis(limits::FIRST_REQUEST_MS);
    if tokio::time::timeout(patience, asked.cancelled()).await.is_err() {
        tracing::debug!("a connection on which nothing was asked is closed");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        // Unwrap safety: the semaphore is never closed.
        let place = places.clone().acquire_owned().await.expect("semaphore is open");
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                // Out of file descriptors, most likely. Waiting lets other connections end.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
