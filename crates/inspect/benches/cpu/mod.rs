//! Processor time of the thread that measures, so that what else a machine does is not measured with it.

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// What the scheduler of Linux says that this thread has run, in nanoseconds; it counts in ticks of some milliseconds,
/// so a sample must be longer than that.
#[derive(Debug)]
pub(crate) struct CpuTime;

fn run_so_far() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")
        .expect("Linux, with statistics of its scheduler");
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number first"))
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        run_so_far()
    }

    fn end(&self, start: Duration) -> Duration {
        run_so_far().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
