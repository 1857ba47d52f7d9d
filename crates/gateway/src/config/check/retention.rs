//! How long recorded messages are kept.

use super::{Path, Problem, Report};
use crate::config::{Retention, ServerConfig};
use crate::limits;

pub(super) fn check(retention: Retention, path: &Path, report: &mut Report<'_>) {
    days(retention.ordinary_days, path.field("ordinary_days"), report);
    days(retention.privileged_days, path.field("privileged_days"), report);
}

pub(super) fn check_server(server: &ServerConfig, path: &Path, report: &mut Report<'_>) {
    let Some(retention) = &server.retention else { return };
    let path = path.field("retention");
    for (name, given) in
        [("ordinary_days", retention.ordinary_days), ("privileged_days", retention.privileged_days)]
    {
        if let Some(given) = given {
            days(given, path.field(name), report);
        }
    }
}

fn days(days: u32, path: Path, report: &mut Report<'_>) {
    let max = limits::RETENTION_DAYS_MAX;
    if !(1..=max).contains(&days) {
        let text = format!("`{days}` is not a usable number of days");
        report.add(Problem::value(path, text).hint(format!("write 1 to {max}")));
    }
}
