//! What came into force when: policy sets and configurations, each by its hash.

use super::query::View;

/// The head of the timeline.
pub(super) const COLUMNS: [&str; 11] =
    ["index", "time", "event", "hash", "previous", "actor", "by", "added", "changed", "removed", "in_period"];

const TYPES: [&str; 2] = ["policy.published", "config.changed"];

/// The row of a leaf that put something in force.
pub(super) fn row(view: &View<'_>, within: bool) -> Option<[String; 11]> {
    TYPES.contains(&view.event).then(|| {
        [
            view.text("index"),
            view.text("ts"),
            view.event.to_owned(),
            view.text("detail.policy_set|detail.configuration"),
            view.text("detail.previous"),
            view.text("actor.id"),
            view.text("detail.by"),
            view.text("detail.added"),
            view.text("detail.changed"),
            view.text("detail.removed"),
            if within { "yes" } else { "no" }.to_owned(),
        ]
    })
}
