//! Statements whose time is taken, for the bench and for the example `speed`.

use inspect::statement::Dialect;

pub(crate) const LOOKUP: &str = "SELECT id, name, email FROM users WHERE id = 42";
pub(crate) const JOIN: &str = "SELECT u.id, u.name, count(o.id) AS orders, sum(o.total) AS total FROM users u \
     LEFT JOIN orders o ON o.user_id = u.id WHERE u.created_at > '2026-01-01' AND u.status IN ('active', 'trial') \
     GROUP BY u.id, u.name HAVING sum(o.total) > 100 ORDER BY total DESC LIMIT 50";
/// What a program writes that builds its queries: not plain, and long.
const REPORT: &str = "WITH monthly AS (SELECT date_trunc('month', o.created_at) AS month, c.region, sum(o.total) AS total \
     FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at >= now() - interval '12 months' \
     AND o.status <> 'cancelled' GROUP BY 1, 2) SELECT month, region, total, total / nullif(lag(total) OVER (PARTITION BY \
     region ORDER BY month), 0) - 1 AS growth FROM monthly ORDER BY region, month LIMIT 500";
/// The same as MySQL has it.
const REPORT_OF_MYSQL: &str = "WITH monthly AS (SELECT date_format(o.created_at, '%Y-%m') AS month, c.region, sum(o.total) AS total \
     FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at >= now() - INTERVAL 12 MONTH \
     AND o.status <> 'cancelled' GROUP BY 1, 2) SELECT month, region, total, total / nullif(lag(total) OVER (PARTITION BY \
     region ORDER BY month), 0) - 1 AS growth FROM monthly ORDER BY region, month LIMIT 500";
pub(crate) const CHANGE: &str = "UPDATE users SET status = 'closed', closed_at = now() WHERE id = 42";

/// The report as a dialect has it.
pub(crate) fn report(dialect: Option<Dialect>) -> &'static str {
    if dialect == Some(Dialect::Mysql) { REPORT_OF_MYSQL } else { REPORT }
}

pub(crate) const LIST: &str = "ls -la /srv/app";
pub(crate) const PIPE: &str = "grep -rn 'TODO' src | sort | uniq -c | sort -rn | head -20";
pub(crate) const BUILD: &str =
    "cd app && git fetch origin && for f in *.rs; do rustfmt \"$f\"; done; make test 2>&1 | tee log.txt";
pub(crate) const WRAPPED: &str =
    "sudo env A=1 sh -c 'find /var/log -name \"*.log\" -mtime +7 -exec rm -f {} +'";
