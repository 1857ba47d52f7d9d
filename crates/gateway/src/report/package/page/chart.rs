//! Calls by day, as a picture: forwarded below, refused on top.

use std::collections::BTreeMap;

use evidence::package::group;

const WIDTH: u64 = 960;
const HEIGHT: u64 = 120;
const FOOT: u64 = 18;
/// Widest bar, in hundredths, so that a short period is no wall.
const WIDE_MAX: u64 = 4800;

/// Draws the days of the period that have calls.
pub(super) fn days(out: &mut String, totals: &BTreeMap<(String, &'static str), u64>) {
    let mut days: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for ((day, event), count) in totals {
        let (forwarded, refused) = days.entry(day).or_default();
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
        "<h3>Calls by day</h3><svg viewBox=\"0 0 {WIDTH} {all}\" role=\"img\" aria-label=\"Calls by day, from {first} to \
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
         <text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">at most <tspan data-figure=\"busiest_day\">{most}</tspan> a day; blue forwarded, brown refused\
         </text></svg>\n",
        y = HEIGHT + FOOT - 4,
        middle = WIDTH / 2,
        most = group(most),
    ));
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}
