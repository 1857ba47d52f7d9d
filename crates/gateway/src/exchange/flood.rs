//! Failed authentications, written one by one until there are many: whoever can reach the port must not be able to fill
//! the disk, and no attempt may go uncounted.
//!
//! In each window the first failures of an address range, at a server, for a reason get a leaf each. Those after them are
//! counted, and when the window closes (or the gateway stops) one `auth.failed` leaf says how many there were, with the
//! circumstances of the first of them. A kill loses the counts of at most one window.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::ledger::Denial;
use crate::limits;

/// Bits of an IPv4 address that a network commonly shares, and of an IPv6 address that a customer commonly holds.
const RANGE_BITS: (u32, u32) = (24, 56);

/// Counts failed authentications.
pub struct Flood {
    clock: Arc<dyn Clock>,
    windows: Mutex<Windows>,
}

#[derive(Default)]
struct Windows {
    open: HashMap<Key, Window>,
    /// When the present window over everybody began, in milliseconds, and how many leaves it got.
    all: (i64, u32),
}

/// Who fails, where, why. No range: everybody for whom there was no place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    range: Option<IpAddr>,
    server: Option<Arc<str>>,
    reason: Option<&'static str>,
}

struct Window {
    began_ms: i64,
    written: u32,
    /// The first that got no leaf; its count is that of all.
    counted: Option<Denial>,
}

impl Flood {
    /// None has failed yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, windows: Mutex::default() }
    }

    /// Gives the failure back when it is to be recorded by itself; else it is counted.
    pub fn admit(&self, failure: Denial) -> Option<Denial> {
        let now_ms = self.now_ms();
        let mut windows = self.windows();
        if is_over(windows.all.0, now_ms) {
            windows.all = (now_ms, 0);
        }
        let room = windows.all.1 < limits::AUTH_FAILURES_WRITTEN_ALL_MAX;
        let window = windows.of(&failure, now_ms);
        // A window that is over and still holds a count stays until the count was taken.
        if is_over(window.began_ms, now_ms) && window.counted.is_none() {
            *window = Window { began_ms: now_ms, written: 0, counted: None };
        }
        if room && window.written < limits::AUTH_FAILURES_WRITTEN_MAX && window.counted.is_none() {
            window.written += 1;
            windows.all.1 += 1;
            return Some(failure);
        }
        window.add(failure);
        None
    }

    /// The counts of the windows that are over.
    pub fn due(&self) -> Vec<Denial> {
        let now_ms = self.now_ms();
        self.take(|window| is_over(window.began_ms, now_ms))
    }

    /// All counts, for the end of the process.
    pub fn all(&self) -> Vec<Denial> {
        self.take(|_| true)
    }

    /// Takes back a count that could not be written.
    pub fn keep(&self, counted: Denial) {
        let now_ms = self.now_ms();
        self.windows().of(&counted, now_ms).add(counted);
    }

    fn take(&self, over: impl Fn(&Window) -> bool) -> Vec<Denial> {
        let mut windows = self.windows();
        let closed = windows.open.extract_if(|_, window| over(window));
        let now = self.clock.now();
        closed
            .filter_map(|(_, window)| window.counted)
            .map(|mut counted| {
                counted.call = crate::clock::new_id(&*self.clock);
                counted.context.time = now;
                counted
            })
            .collect()
    }

    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

impl Windows {
    fn of(&mut self, failure: &Denial, now_ms: i64) -> &mut Window {
        let range = Some(range(failure.context.address));
        let mut key = Key { range, server: failure.server.clone(), reason: failure.reason };
        if self.open.len() >= limits::AUTH_FAILURES_RANGES_MAX && !self.open.contains_key(&key) {
            key.range = None;
        }
        self.open.entry(key).or_insert(Window { began_ms: now_ms, written: 0, counted: None })
    }
}

impl Window {
    fn add(&mut self, failure: Denial) {
        match &mut self.counted {
            Some(counted) => counted.count = counted.count.saturating_add(failure.count),
            None => self.counted = Some(failure),
        }
    }
}

fn is_over(began_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(began_ms) >= limits::AUTH_FAILURES_WINDOW_MS
}

fn range(address: IpAddr) -> IpAddr {
    let (v4, v6) = RANGE_BITS;
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << (32 - v4))).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - v6))).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_range_and_strangers_do_not() {
        let of = |text: &str| range(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.9"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:ff:1::"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:100::1"));
    }

    #[test]
    fn window_is_over_after_its_time() {
        assert!(!is_over(0, limits::AUTH_FAILURES_WINDOW_MS - 1));
        assert!(is_over(0, limits::AUTH_FAILURES_WINDOW_MS));
    }
}
