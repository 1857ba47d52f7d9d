//! `GET /api/v1/activity?window=15m|1h|24h|7d`: how many calls there were, and how they went.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::problem::Problem;
use super::{Asked, time};
use crate::limits;
use crate::store::minute::{self, Counts};

const MINUTE_US: i64 = 60_000_000;

/// Name, minutes, minutes of one point.
const WINDOWS: [(&str, i64, i64); 4] =
    [("15m", 15, 1), ("1h", 60, 1), ("24h", 1_440, 15), ("7d", 10_080, 60)];

/// What one point, or all of them, sums up.
#[derive(Default)]
struct Sum {
    calls: u64,
    denied: u64,
    held: u64,
    failed: u64,
    /// How many calls took up to 2^n microseconds.
    took: BTreeMap<u32, u64>,
}

pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let window = asked.query("window").unwrap_or("1h");
    let known = WINDOWS.iter().find(|(name, ..)| *name == window);
    let (_, minutes, step) =
        *known.ok_or_else(|| Problem::request("`window` is `15m`, `1h`, `24h` or `7d`"))?;
    let now = asked.gateway.clock.now().as_microsecond().div_euclid(MINUTE_US);
    // Points stand at multiples of the step, so that a page that looks again sees the same ones.
    let until = (now + 1).div_euclid(step) * step + if (now + 1) % step == 0 { 0 } else { step };
    let from = until - minutes;
    let read = asked
        .gateway
        .db
        .read("activity", move |read| minute::between(read, from, until, limits::ACTIVITY_ROWS_MAX));
    let counts = read.await?;
    let points = (0..minutes / step).map(|point| {
        let at = from + point * step;
        let mut value = sum(&counts, at, at + step).show();
        value["at"] = time(at * MINUTE_US).into();
        value
    });
    Ok(json!({
        "from": time(from * MINUTE_US),
        "to": time(until * MINUTE_US),
        "step_s": step * 60,
        "points": points.collect::<Vec<_>>(),
        "totals": sum(&counts, from, until).show(),
    }))
}

fn sum(counts: &Counts, from: i64, until: i64) -> Sum {
    let mut sum = Sum::default();
    for ((_, kind), count) in counts.range((from, String::new())..(until, String::new())) {
        match kind.as_str() {
            "calls" => sum.calls += count,
            "denied" => sum.denied += count,
            "held" => sum.held += count,
            "failed" => sum.failed += count,
            kind => {
                if let Some(power) = kind.strip_prefix('t').and_then(|power| power.parse().ok()) {
                    *sum.took.entry(power).or_default() += count;
                }
            }
        }
    }
    sum
}

impl Sum {
    fn show(&self) -> Value {
        json!({
            "calls": self.calls,
            "denied": self.denied,
            "held": self.held,
            "failed": self.failed,
            "p50_us": self.quantile(50),
            "p99_us": self.quantile(99),
        })
    }

    /// The bound below which so many percent of the calls stay: a power of two, so up to twice too high.
    fn quantile(&self, percent: u64) -> Option<u64> {
        let total: u64 = self.took.values().sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        let (power, _) = self.took.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted
        })?;
        Some(1 << (*power).min(62))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_up_and_quantiles_are_bounds() {
        let rows = [
            (1, "calls", 3),
            (1, "t10", 2),
            (2, "calls", 1),
            (2, "denied", 1),
            (2, "t14", 1),
            (3, "calls", 9),
        ];
        let counts: Counts = rows.into_iter().map(|(at, kind, n)| ((at, kind.to_owned()), n)).collect();
        let sum = sum(&counts, 1, 3);
        assert_eq!((sum.calls, sum.denied, sum.held), (4, 1, 0));
        assert_eq!((sum.quantile(50), sum.quantile(99)), (Some(1 << 10), Some(1 << 14)));
        assert_eq!(Sum::default().quantile(99), None);
    }
}
