//! Counters for operators. Labels are from closed sets: never a caller, a tool or an argument.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Labels of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ExchangeLabels {
    /// Configured server name.
    pub server: String,
    /// Action group of the method.
    pub action: &'static str,
    /// `ok`, `tool_error`, ... as in the outcome leaf, or the code of the refusal.
    pub result: &'static str,
}

/// Label of a run of a control canary.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CanaryLabels {
    /// `passed` or `failed`.
    pub result: &'static str,
}

/// Label of a request that was refused before there was an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TurnedAwayLabels {
    /// The code of the refusal.
    pub code: &'static str,
}

/// Label of an anchor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AnchorLabels {
    /// Its kind and configured name.
    pub anchor: String,
}

/// Everything the gateway counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Exchanges that ended, by server, action and result.
    pub exchanges: Family<ExchangeLabels, Counter>,
    /// Exchanges in flight.
    pub in_flight: Gauge,
    /// Seconds from accepting a call to its answer being recorded.
    pub duration: Histogram,
    /// Streams open to callers.
    pub streams: Gauge,
    /// Leaves in the log.
    pub ledger_size: Gauge,
    /// Entries waiting for the ledger's writer.
    pub ledger_queue: Gauge,
    /// 1 when evidence can be written, else 0.
    pub ledger_ready: Gauge,
    /// Break-glass windows in force.
    pub breakglass: Gauge,
    /// Things that are not as they should be although evidence is written.
    pub ledger_degraded: Gauge,
    /// 1 when the database tells what other gateways change, else 0.
    pub listening: Gauge,
    /// Signed leaves that an anchor does not know yet.
    pub anchor_lag: Family<AnchorLabels, Gauge>,
    /// Requests whose caller proved no identity.
    pub auth_failures: Counter,
    /// Requests refused before there was an exchange, by code.
    pub turned_away: Family<TurnedAwayLabels, Counter>,
    /// Runs of control canaries, by result.
    pub canaries: Family<CanaryLabels, Counter>,
}

impl Metrics {
    /// Registers every metric.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let metrics = Self {
            exchanges: Family::default(),
            in_flight: Gauge::default(),
            duration: Histogram::new([
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
            ]),
            streams: Gauge::default(),
            ledger_size: Gauge::default(),
            ledger_queue: Gauge::default(),
            ledger_ready: Gauge::default(),
            breakglass: Gauge::default(),
            ledger_degraded: Gauge::default(),
            listening: Gauge::default(),
            anchor_lag: Family::default(),
            auth_failures: Counter::default(),
            turned_away: Family::default(),
            canaries: Family::default(),
            registry: Registry::default(),
        };
        registry.register("exchanges", "exchanges that ended", metrics.exchanges.clone());
        registry.register("exchanges_in_flight", "exchanges in flight", metrics.in_flight.clone());
        registry.register(
            "exchange_duration_seconds",
            "accepting to recorded answer",
            metrics.duration.clone(),
        );
        registry.register("streams", "streams open to callers", metrics.streams.clone());
        registry.register("ledger_size", "leaves in the log", metrics.ledger_size.clone());
        registry.register("ledger_queue", "entries waiting for the writer", metrics.ledger_queue.clone());
        registry.register("ledger_ready", "1 when evidence can be written", metrics.ledger_ready.clone());
        registry.register(
            "breakglass",
            "times that held calls go ahead without approval now",
            metrics.breakglass.clone(),
        );
        registry.register("ledger_degraded", "reasons for concern", metrics.ledger_degraded.clone());
        registry.register("listening", "1 when the database tells of changes", metrics.listening.clone());
        registry.register(
            "anchor_lag_leaves",
            "signed and not yet at the anchor",
            metrics.anchor_lag.clone(),
        );
        registry.register("auth_failures", "requests that proved no identity", metrics.auth_failures.clone());
        registry.register("turned_away", "requests refused unread", metrics.turned_away.clone());
        registry.register("canaries", "runs of control canaries", metrics.canaries.clone());
        Self { registry, ..metrics }
    }

    /// Counts a request that was refused before there was an exchange.
    pub fn turn_away(&self, code: &'static str) {
        self.turned_away.get_or_create(&TurnedAwayLabels { code }).inc();
    }

    /// Counts a stream for as long as the guard lives.
    pub fn stream(&self) -> StreamGuard {
        self.streams.inc();
        StreamGuard(self.streams.clone())
    }

    /// The OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// Counts one open stream until it is dropped.
#[derive(Debug)]
pub struct StreamGuard(Gauge);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
