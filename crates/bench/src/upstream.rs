//! A minimal MCP server: every call is answered with about 1 KB of JSON, or with a stream that stays open.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use serde::Deserialize;

use crate::process;

/// The tool that answers at once.
pub(crate) const ONCE: &str = "get_customer";
/// The tool whose answer never ends.
pub(crate) const STREAM: &str = "watch_orders";
/// One event, before the silence.
const EVENT: &str = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\
                     \"params\":{\"level\":\"info\",\"data\":\"watching\"}}\n\n";

/// What is answered.
enum Answer {
    /// At once.
    Whole(Full<Bytes>),
    /// One event, then nothing for as long as somebody listens.
    Stream(Option<Bytes>),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Stream(event) => match event.take() {
                Some(event) => Poll::Ready(Some(Ok(Frame::data(event)))),
                None => Poll::Pending,
            },
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(_) => hyper::body::SizeHint::default(),
        }
    }
}

#[derive(Deserialize)]
struct Call<'a> {
    id: u64,
    method: &'a str,
    #[serde(borrow, default)]
    params: Params<'a>,
}

#[derive(Deserialize, Default)]
struct Params<'a> {
    #[serde(borrow)]
    name: Option<&'a str>,
}

/// Serves on a port chosen by the kernel, until the process ends.
pub(crate) async fn serve() -> anyhow::Result<()> {
    process::serve(service_fn(answer)).await
}

async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let mut response = Response::new(Answer::Whole(Full::default()));
    let Ok(call) = serde_json::from_slice::<Call<'_>>(&body) else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let (kind, body) = match call.params.name {
        _ if call.method == "tools/list" => ("application/json", Answer::Whole(Full::from(list(call.id)))),
        Some(STREAM) => ("text/event-stream", Answer::Stream(Some(Bytes::from_static(EVENT.as_bytes())))),
        _ => ("application/json", Answer::Whole(Full::from(whole(call.id)))),
    };
    *response.body_mut() = body;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    Ok(response)
}

/// Both tools, as a catalog knows them.
fn list(id: u64) -> String {
    let schema = serde_json::json!({"type": "object"});
    let tools = [ONCE, STREAM].map(|name| serde_json::json!({"name": name, "inputSchema": schema}));
    serde_json::json!({"jsonrpc": "2.0", "id": id, "result": {"tools": tools}}).to_string()
}

/// About 1 KB: a text of a few orders, as tools answer.
fn whole(id: u64) -> String {
    let order = r#"{\"id\":4711,\"status\":\"shipped\",\"customer\":\"C-1024\",\"total\":\"59.90\",\"currency\":\"EUR\",\"lines\":3}"#;
    let orders = [order; 8].join(",");
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"[{orders}]"}}],"isError":false}}}}"#
    )
}
