//! The operators' listener: health and metrics. It tells nothing about callers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::exchange::Gateway;

/// Media type of what Prometheus scrapes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `/livez`, `/readyz` and `/metrics` on `listener` until the gateway stops.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>) {
    let stop = gateway.stopping.clone();
    let served = axum::serve(listener, router(gateway)).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "the operators' listener ended");
    }
}

fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(gateway)
}

/// Ready: evidence can be written, and the gateway is not stopping; what is not as it should be all the same follows, one
/// reason a line. Otherwise 503 and the reasons.
async fn readyz(State(gateway): State<Arc<Gateway>>) -> Response {
    let reasons = gateway.unready();
    if reasons.is_empty() {
        let worries = gateway.worries();
        if worries.is_empty() {
            return "ok\n".into_response();
        }
        let text: String = worries.iter().map(|worry| format!("degraded: {worry}\n")).collect();
        return text.into_response();
    }
    let text: String = reasons.iter().map(|reason| format!("{reason}\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    gateway.observe();
    ([(CONTENT_TYPE, OPEN_METRICS)], gateway.metrics.encode()).into_response()
}
