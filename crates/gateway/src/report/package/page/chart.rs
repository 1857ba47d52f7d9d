//! Calls by day, as a picture: forwarded below, refused on top.

use std::collections::BTreeMap;

use evidence::package::group;
use jiff::ToSpan as _;
use jiff::civil::Date;

const WIDTH: u64 = 960;
const HEIGHT: u64 = 120;
const FOOT: u64 = 18;
/// Widest bar, in hundredths, so that a short period is no wall.
const WIDE_MAX: u64 = 4800;

/// Draws every day from the first with a leaf to the last.
pub(super) fn days(out: &mut String, totals: &BTreeMap<(String, &'static str), u64>) {
    let mut days = between(totals);
    for ((day, event), count) in totals {
        let (forwarded, refused) = days.entry(day.clone()).or_default();
        match *event {
            "call.intent" => *forwarded += count,
            "call.denied" => *refused += count,
            _ => {}
        }
    }
    let most = days.values().map(|(forwarded, refused)| forwarded + refused).max().unwrap_or(0);
    let (Some(first), Some(last), true) = (days.keys().next(), days.keys().last(), most > 0) else { return };
    let count = days.len() as u64;
    let (step, wide) = (WIDTH * 100 / count, (WIDTH * 100 / count).saturating_sub(100).clamp(60, WIDE_MAX));
    out.push_str(&format!(
        "<h3>Calls by day</h3><figure><svg viewBox=\"0 0 {WIDTH} {all}\" role=\"img\" aria-label=\"Calls by day, from {first} to \
         {last}\">",
        all = HEIGHT + FOOT,
    ));
    for (position, (forwarded, refused)) in (0..).zip(days.values()) {
        let x = position * step;
        let (low, high) = (forwarded * HEIGHT * 100 / most, refused * HEIGHT * 100 / most);
        let bar = |y: u64, height: u64, fill: &str| {
            format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>",
                hundredths(x),
                hundredths(y),
                hundredths(wide),
                hundredths(height)
            )
        };
        out.push_str(&bar(HEIGHT * 100 - low, low, "#7ea6c4"));
        out.push_str(&bar((HEIGHT * 100).saturating_sub(low + high), high, "#b5651d"));
    }
    out.push_str(&format!(
        "<text x=\"0\" y=\"{y}\">{first}</text><text x=\"{WIDTH}\" y=\"{y}\" text-anchor=\"end\">{last}</text>\
         </svg><figcaption><i class=\"forwarded\"></i> forwarded <i class=\"refused\"></i> refused; the tallest day has \
         <b data-figure=\"busiest_day\">{most}</b> calls. Drawn from <a href=\"totals.csv\"><code>totals.csv</code></a>.</figcaption></figure>\n",
        y = HEIGHT + FOOT - 4,
        most = group(most),
    ));
}

/// No calls for any of the days, so that a day without a leaf shows as one.
fn between(totals: &BTreeMap<(String, &'static str), u64>) -> BTreeMap<String, (u64, u64)> {
    let day = |key: Option<&(String, &'static str)>| key?.0.parse::<Date>().ok();
    let mut days = BTreeMap::new();
    if let (Some(first), Some(last)) = (day(totals.keys().next()), day(totals.keys().last())) {
        days.extend(
            first.series(1.day()).take_while(|day| *day <= last).map(|day| (day.to_string(), (0, 0))),
        );
    }
    days
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}
