//! `countersign log`: the leaves, newest or oldest first, filtered.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use evidence::leaf::{EventType, Leaf};
use evidence::merkle::leaf_hash;
use uuid::Uuid;

use super::paint::Paint;
use super::source::{Evidence, Source, parse_id};
use super::{epoch, line, moment};
use crate::limits;
use crate::store::entry::{self, Entry, Filter};
use crate::store::tree;

/// Arguments of `countersign log`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Leaves that match, oldest first.
    Show(Show),
    /// The latest leaves.
    Tail(Tail),
    /// What was recorded beside one leaf: a message, or what somebody wrote. That it was read is on record.
    Body(OneBody),
    /// End the log: its last leaf says why, its last checkpoint covers it.
    Seal(epoch::Seal),
    /// Begin the next epoch of a log that was sealed, or of which something is lost.
    Genesis(epoch::Genesis),
}

/// `log show`.
#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    wanted: Wanted,
    /// Not earlier: an instant, a day, or how long ago (`2h`).
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    since: Option<i64>,
    /// Earlier than this.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    until: Option<i64>,
    /// Only the leaf with this index, or a range `FROM..UNTIL`.
    #[arg(long, value_name = "INDEX", value_parser = range, conflicts_with_all = ["since", "until"])]
    index: Option<(u64, u64)>,
    /// Most leaves to show; the newest are kept.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// `log body`.
#[derive(Debug, clap::Args)]
struct OneBody {
    /// Index of the leaf.
    index: u64,
    #[command(flatten)]
    source: Source,
}

/// A type of leaf by its name; whoever mistypes it is told which there are.
fn event_type() -> impl TypedValueParser<Value = EventType> {
    PossibleValuesParser::new(EventType::ALL.map(EventType::as_str)).try_map(|name| name.parse::<EventType>())
}

/// `log tail`.
#[derive(Debug, clap::Args)]
struct Tail {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    wanted: Wanted,
    /// How many.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    lines: u32,
    /// Go on showing leaves as they are written, until interrupted.
    #[arg(long, short)]
    follow: bool,
}

/// Which leaves, and how they are shown.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Event type, such as `call.denied`.
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type(), hide_possible_values = true)]
    event: Option<EventType>,
    /// Exchange id.
    #[arg(long, value_name = "UUID", value_parser = parse_id)]
    call: Option<Uuid>,
    /// Recording session id.
    #[arg(long, value_name = "UUID", value_parser = parse_id)]
    session: Option<Uuid>,
    /// Pseudonym, or `issuer/subject` (needs the key directory).
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Upstream server.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Tool or prompt; needs `--server`.
    #[arg(long, value_name = "NAME", requires = "server")]
    target: Option<String>,
    /// One JSON object a line: index, leaf hash and the leaf as it was hashed.
    #[arg(long)]
    json: bool,
}

/// Runs the command; `errors` is for its log lines.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments, paint: Paint, errors: Paint) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Show(show) => run_show(show, paint)?,
        Command::Tail(tail) => run_tail(tail, paint)?,
        Command::Body(one) => run_body(one, paint)?,
        Command::Seal(seal) => return epoch::seal(seal, errors),
        Command::Genesis(genesis) => return epoch::begin(genesis, errors),
    }
    Ok(ExitCode::SUCCESS)
}

fn run_show(show: &Show, paint: Paint) -> anyhow::Result<()> {
    let evidence = show.source.open()?;
    let mut filter = show.wanted.filter(&evidence)?;
    (filter.from, filter.until) = (show.since, show.until);
    let mut found = match show.index {
        Some((from, until)) => by_index(&evidence, from, until, show.limit)?,
        None => evidence.db.read_now("show", |read| entry::page(read, &filter, show.limit))?,
    };
    if show.index.is_some() {
        found.retain(|entry| show.wanted.matches(entry, &filter));
    } else {
        found.reverse();
    }
    let mut lines = show.wanted.lines(paint);
    found.iter().try_for_each(|entry| lines.write(entry))?;
    Ok(())
}

fn run_body(one: &OneBody, paint: Paint) -> anyhow::Result<()> {
    let evidence = one.source.open()?;
    let found = by_index(&evidence, one.index, one.index.saturating_add(1), 1)?.pop();
    let entry = found.with_context(|| format!("the log has no leaf {} yet", one.index))?;
    let body = super::session::beside(&evidence, entry, paint)?;
    writeln!(std::io::stdout(), "{}", body.trim_end())?;
    Ok(())
}

fn run_tail(tail: &Tail, paint: Paint) -> anyhow::Result<()> {
    let evidence = tail.source.open()?;
    let filter = tail.wanted.filter(&evidence)?;
    let mut lines = tail.wanted.lines(paint);
    let (mut found, mut next) = evidence.db.read_now("tail", |read| {
        let size = tree::tip(read)?.map_or(0, |tip| tip.size);
        Ok((entry::page(read, &filter, tail.lines)?, size))
    })?;
    found.reverse();
    found.iter().try_for_each(|entry| lines.write(entry))?;
    if !tail.follow {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let mut tick = tokio::time::interval(Duration::from_millis(limits::FOLLOW_MS));
        loop {
            tick.tick().await;
            let size = evidence.db.read_now("tip", tree::tip)?.map_or(0, |tip| tip.size);
            for entry in by_index(&evidence, next, size, u32::MAX)? {
                if tail.wanted.matches(&entry, &filter) {
                    lines.write(&entry)?;
                }
            }
            next = next.max(size);
        }
    })
}

/// Leaves from index `from` to before `until` or the tip.
fn by_index(evidence: &Evidence, from: u64, until: u64, limit: u32) -> anyhow::Result<Vec<Entry>> {
    let until = until.min(from.saturating_add(u64::from(limit)));
    Ok(evidence.db.read_now("by index", |read| {
        let size = tree::tip(read)?.map_or(0, |tip| tip.size);
        let mut found = Vec::new();
        if from < size.min(until) {
            entry::scan(read, from, until.min(size), |stored| {
                let (index, place, ts) = (stored.index, stored.place, stored.ts);
                found.push(Entry { index: Some(index), place, ts, leaf: stored.leaf.to_vec() });
                Ok(())
            })?;
        }
        Ok(found)
    })?)
}

impl Wanted {
    fn filter(&self, evidence: &Evidence) -> anyhow::Result<Filter> {
        Ok(Filter {
            event: self.event.map(|event| event.as_str().to_owned()),
            call: self.call.map(Uuid::into_bytes),
            session: self.session.map(Uuid::into_bytes),
            actor: self.actor.as_deref().map(|text| evidence.actor(text)).transpose()?,
            server: self.server.clone(),
            target: self.target.clone(),
            from: None,
            until: None,
            before: None,
        })
    }

    /// Whether a leaf that was found by its index is wanted.
    fn matches(&self, entry: &Entry, filter: &Filter) -> bool {
        let Ok(leaf) = Leaf::decode(&entry.leaf) else { return true };
        let same =
            |wanted: Option<&str>, found: Option<&str>| wanted.is_none_or(|wanted| Some(wanted) == found);
        let same_id = |wanted: Option<[u8; 16]>, found: Option<evidence::id::Id>| {
            wanted.is_none_or(|wanted| found.is_some_and(|found| *found.as_bytes() == wanted))
        };
        same(filter.event.as_deref(), Some(leaf.event.as_str()))
            && same_id(filter.call, leaf.call)
            && same_id(filter.session, leaf.session)
            && same(filter.actor.as_deref(), leaf.actor.as_ref().and_then(|actor| actor.id.as_deref()))
            && same(filter.server.as_deref(), leaf.server.as_deref())
            && same(filter.target.as_deref(), leaf.target.as_ref().and_then(|target| target.name.as_deref()))
    }

    fn lines(&self, paint: Paint) -> Lines<std::io::StdoutLock<'static>> {
        let form = match (self.json, paint) {
            (true, _) => Form::Json,
            (false, Paint::Colour) => Form::Colour,
            (false, Paint::Plain) => Form::Plain,
        };
        Lines { out: std::io::stdout().lock(), form }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Colour,
    Json,
}

struct Lines<W> {
    out: W,
    form: Form,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, entry: &Entry) -> anyhow::Result<()> {
        if self.form == Form::Json {
            let leaf = String::from_utf8_lossy(&entry.leaf);
            let index = entry.index.map_or_else(|| "null".to_owned(), |index| index.to_string());
            let hash = leaf_hash(&entry.leaf);
            writeln!(self.out, r#"{{"index":{index},"hash":"{hash}","leaf":{leaf}}}"#)?;
        } else {
            writeln!(self.out, "{}", row(entry, self.form))?;
        }
        Ok(self.out.flush()?)
    }
}

fn row(entry: &Entry, form: Form) -> String {
    let time = moment::show(entry.ts);
    let Ok(leaf) = Leaf::decode(&entry.leaf) else {
        return format!(
            "{:>8}  {time}  not a leaf: run `countersign verify` on an export",
            line::index(entry)
        );
    };
    let event = format!("{:<18}", leaf.event.as_str());
    let event = match (form, line::colour(leaf.event)) {
        (Form::Colour, Some(style)) => format!("{style}{event}{style:#}"),
        _ => event,
    };
    let actor = leaf.actor.as_ref().and_then(|actor| actor.id.as_deref()).unwrap_or("-");
    let short = actor.get(..8).unwrap_or(actor);
    format!("{:>8}  {time}  {event}  {short:<8}  {}", line::index(entry), line::summary(&leaf))
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no index"));
    match text.split_once("..") {
        Some((from, until)) => Ok((number(from)?, if until.is_empty() { u64::MAX } else { number(until)? })),
        None => number(text).map(|index| (index, index.saturating_add(1))),
    }
}
