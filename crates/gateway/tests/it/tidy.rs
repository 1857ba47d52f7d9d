//! House rules that neither the compiler nor clippy checks. Each rule is a test whose message says how to comply.
//!
//! The rules look at source text: comments and the contents of strings are told apart from code, and test code from
//! the rest.

mod form;
mod layer;
mod project;
mod source;

/// Fails with one line per breach.
#[track_caller]
fn assert_none(breaches: &[String], remedy: &str) {
    assert_only(&[], breaches, remedy);
}

/// Fails with one line per breach that is not a known debt, and with one per debt that has been paid: `debts` only
/// ever gets shorter.
#[track_caller]
fn assert_only(debts: &[&str], breaches: &[String], remedy: &str) {
    let new: Vec<_> =
        breaches.iter().filter(|breach| !debts.iter().any(|debt| breach.contains(debt))).collect();
    let list: String = new.iter().map(|breach| format!("\n  {breach}")).collect();
    assert!(new.is_empty(), "{} breach(es): {remedy}{list}", new.len());
    let paid: Vec<_> =
        debts.iter().filter(|debt| !breaches.iter().any(|breach| breach.contains(*debt))).collect();
    assert!(paid.is_empty(), "paid, so remove from the list of debts: {paid:?}");
}
