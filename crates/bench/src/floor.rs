//! The floor: a reverse proxy on the same HTTP library that forwards and nothing else.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::process;

/// Serves on a port chosen by the kernel and forwards everything to `to`, until the process ends.
pub(crate) async fn serve(to: Authority) -> anyhow::Result<()> {
    let mut connector = hyper_util::client::legacy::connect::HttpConnector::new();
    connector.set_nodelay(true);
    let upstream: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    let forward = move |mut request: Request<Incoming>| {
        let (upstream, to) = (upstream.clone(), to.clone());
        async move {
            let path = request.uri().path_and_query().cloned();
            let mut parts = http::uri::Parts::default();
            parts.scheme = Some(Scheme::HTTP);
            parts.authority = Some(to);
            parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
            *request.uri_mut() = Uri::from_parts(parts)?;
            request.headers_mut().remove(http::header::HOST);
            let answer = upstream.request(request).await?;
            Ok::<Response<Incoming>, anyhow::Error>(answer)
        }
    };
    process::serve(service_fn(forward)).await
}
