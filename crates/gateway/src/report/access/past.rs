//! What was in force at an instant, from the log and the documents that its leaves name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use evidence::leaf::{ActorKind, EventType, Leaf};
use evidence::merkle::Hash;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::basis::{Basis, Error, Offer, Person};
use crate::ledger::Vault;
use crate::limits;
use crate::model::{Party, PrincipalKind, TargetKind};
use crate::policy::{Definition, PolicySet, Source};
use crate::store::entry::{self, Entry, Filter};
use crate::store::{Db, context, document};

/// Leaves read at a time.
const PAGE: u32 = 256;
/// The latest leaves of somebody in which to look for their groups.
const LATEST: u32 = 8;
/// People read together.
const PEOPLE_AT_ONCE: usize = 256;

/// What somebody did last.
struct Latest<'a> {
    actor: &'a str,
    leaf: Leaf,
    ts: i64,
    /// Day and sealed context, unless it was erased.
    context: Option<(i64, Vec<u8>)>,
}

/// The record, opened for reading.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    /// The database.
    pub db: &'a Db,
    /// What opens personal contexts; without it nobody is known by name.
    pub vault: Option<&'a Vault>,
    /// Servers of the configuration, when the question is about now.
    pub configured: Option<&'a [String]>,
}

/// The policies in force.
#[derive(Debug)]
pub struct State {
    /// Parsed again.
    pub policies: PolicySet,
    /// Their hash as it was recorded.
    pub policy_set: String,
    /// When they came into force.
    pub since: i64,
    /// Index of the leaf that says so.
    pub index: Option<u64>,
}

/// A policy set as it is kept.
#[derive(Deserialize)]
struct Kept {
    policies: BTreeMap<String, String>,
}

/// Facts of `policy.published`.
#[derive(Deserialize)]
struct Published {
    policy_set: Hash,
}

/// Facts of `tools.changed`: what a list changed, or what was accepted.
#[derive(Deserialize)]
struct Changed {
    document: Option<Hash>,
    accepted: Option<Hash>,
    kind: Option<String>,
    name: Option<String>,
}

/// One change in such a document.
#[derive(Deserialize)]
struct Change {
    kind: String,
    name: String,
    now: Hash,
}

/// Who somebody is, of a personal context.
#[derive(Deserialize)]
struct Context {
    issuer: String,
    subject: String,
    groups: Vec<String>,
}

/// How a definition stood from some moment on.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The moment, microseconds since 1970.
    pub ts: i64,
    /// The server.
    pub server: String,
    /// `tool`, `resource`, `prompt`.
    pub kind: String,
    /// Its name or URI.
    pub name: String,
    /// How it stood.
    pub definition: Definition,
}

/// What happened to a definition.
#[derive(Clone, Copy)]
enum Step {
    Listed,
    Accepted,
}

#[derive(Clone, Copy)]
struct Listed {
    pinned: Hash,
    current: Hash,
}

impl Records<'_> {
    /// Everything at the instant `at`, microseconds since 1970.
    ///
    /// # Errors
    /// [`Error`].
    pub fn basis(&self, at: i64) -> Result<Basis, Error> {
        let State { policies, policy_set, since, index } = self.in_force(at)?;
        let mut basis = self.around(at, policies)?;
        if basis.policies.revision().to_string() != policy_set {
            basis.notes.push(
                "the policies were recorded by another release, whose schema differs; they are read by this one's"
                    .to_owned(),
            );
        }
        (basis.policy_set, basis.published) = (policy_set, Some((since, index)));
        Ok(basis)
    }

    /// What `policies`, which need not be in force, would mean at the instant `at`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn around(&self, at: i64, policies: PolicySet) -> Result<Basis, Error> {
        let mut notes = Vec::new();
        let people = self.people(at)?;
        if self.vault.is_none() {
            notes.push(
                "the key directory cannot be read, so nobody is known by name: only groups that policies name are \
                 shown"
                    .to_owned(),
            );
        }
        if people.len() >= limits::REPORT_PEOPLE_MAX as usize {
            notes.push(format!("more than {} people were seen, of whom not all are here", people.len()));
        }
        let servers = self.servers(at)?;
        let policy_set = policies.revision().to_string();
        Ok(Basis { at, policies, policy_set, published: None, servers, people, notes })
    }

    /// The policies in force at the instant `at`.
    ///
    /// # Errors
    /// [`Error::NothingInForce`] and others.
    pub fn in_force(&self, at: i64) -> Result<State, Error> {
        let event = EventType::PolicyPublished;
        let filter =
            Filter { event: Some(event.as_str().to_owned()), until: Some(after(at)), ..Filter::default() };
        let found = self.db.read_now("policies in force", |read| entry::page(read, &filter, 1))?;
        let entry = found.first().ok_or(Error::NothingInForce)?;
        let Published { policy_set } = facts(entry)?;
        let kept: Kept = parsed(&self.document("policy", policy_set)?, "policy", policy_set)?;
        let sources: Vec<Source> = kept
            .policies
            .into_iter()
            .map(|(id, text)| Source { file: format!("{id}.cedar"), text })
            .collect();
        let policies =
            PolicySet::parse(&sources).map_err(|rejected| Error::Policies(rejected.to_string()))?;
        let policy_set = policy_set.to_string();
        Ok(State { policies, policy_set, since: entry.ts, index: entry.index })
    }

    /// What servers offered at that time: every definition that a list showed until then.
    fn servers(&self, at: i64) -> Result<BTreeMap<String, Vec<Offer>>, Error> {
        let mut listed: BTreeMap<(String, String, String), Definition> = BTreeMap::new();
        let mut names: BTreeSet<String> = self.configured.into_iter().flatten().cloned().collect();
        for Learned { server, kind, name, definition, .. } in self.learned(at)? {
            names.insert(server.clone());
            listed.insert((server, kind, name), definition);
        }
        let mut servers: BTreeMap<String, Vec<Offer>> =
            names.into_iter().map(|name| (name, Vec::new())).collect();
        for ((server, kind, name), definition) in listed {
            if let Some(kind) = TargetKind::parse(&kind) {
                servers.entry(server).or_default().push(Offer { kind, name, definition });
            }
        }
        // A server that is not configured any more offers nothing now.
        if let Some(configured) = self.configured {
            servers.retain(|name, _| configured.contains(name));
        }
        Ok(servers)
    }

    /// How every definition came to stand as it did, until then, the oldest first.
    ///
    /// # Errors
    /// [`Error`].
    pub fn learned(&self, at: i64) -> Result<Vec<Learned>, Error> {
        let mut standing: BTreeMap<(String, String, String), Listed> = BTreeMap::new();
        let mut learned = Vec::new();
        for entry in self.all(EventType::ToolsChanged, i64::MIN, at)? {
            let Some(server) = decoded(&entry)?.server else { continue };
            for (kind, name, hash, step) in self.steps(&entry)? {
                let key = (server.clone(), kind.clone(), name.clone());
                let known = match step {
                    Step::Listed => standing.entry(key).or_insert(Listed { pinned: hash, current: hash }),
                    Step::Accepted => match standing.get_mut(&key) {
                        Some(known) => known,
                        None => continue,
                    },
                };
                match step {
                    Step::Listed => known.current = hash,
                    Step::Accepted => known.pinned = hash,
                }
                let definition =
                    if known.pinned == known.current { Definition::Pinned } else { Definition::Drifted };
                learned.push(Learned { ts: entry.ts, server: server.clone(), kind, name, definition });
            }
        }
        Ok(learned)
    }

    /// What one `tools.changed` says: kind, name and hash of each definition.
    fn steps(&self, entry: &Entry) -> Result<Vec<(String, String, Hash, Step)>, Error> {
        let changed: Changed = facts(entry)?;
        if let (Some(pinned), Some(kind), Some(name)) = (changed.accepted, changed.kind, changed.name) {
            return Ok(vec![(kind, name, pinned, Step::Accepted)]);
        }
        let Some(hash) = changed.document else { return Ok(Vec::new()) };
        let changes: Vec<Change> = parsed(&self.document("definitions", hash)?, "definitions", hash)?;
        Ok(changes.into_iter().map(|Change { kind, name, now }| (kind, name, now, Step::Listed)).collect())
    }

    /// Everybody who acted until then, with the groups they had last.
    fn people(&self, at: i64) -> Result<Vec<Person>, Error> {
        let Some(vault) = self.vault else { return Ok(Vec::new()) };
        let actors = self
            .db
            .read_now("actors", |read| entry::actors(read, i64::MIN, after(at), limits::REPORT_PEOPLE_MAX))?;
        let mut people = Vec::new();
        for actors in actors.chunks(PEOPLE_AT_ONCE) {
            for Latest { actor, leaf, ts, context } in self.latest(actors, at)? {
                let opened = match (leaf.context, context) {
                    (Some(commitment), Some((day, sealed))) => {
                        Some(vault.open_context(self.db, &commitment, day, sealed)?)
                    }
                    _ => None,
                };
                // What was last may be of another kind, or its context erased: then what was before.
                people.extend(match opened.and_then(|bytes| person(actor, &leaf, &bytes, ts)) {
                    Some(found) => Some(found),
                    None => self.person(vault, actor.to_owned(), at)?,
                });
            }
        }
        people.sort_by(|a, b| (&a.party.issuer, &a.party.subject).cmp(&(&b.party.issuer, &b.party.subject)));
        Ok(people)
    }

    /// What each did last, and the sealed context of it; read together.
    fn latest<'a>(&self, actors: &'a [String], at: i64) -> Result<Vec<Latest<'a>>, Error> {
        let (rows, contexts) = self.db.read_now("latest of actors", |read| {
            let (mut rows, mut wanted) = (Vec::with_capacity(actors.len()), BTreeSet::new());
            for actor in actors {
                let filter =
                    Filter { actor: Some(actor.clone()), until: Some(after(at)), ..Filter::default() };
                let Some(entry) = entry::page(read, &filter, 1)?.pop() else { continue };
                let committed = Leaf::decode(&entry.leaf).ok().and_then(|leaf| leaf.context);
                wanted.extend(committed.map(|hash| *hash.as_bytes()));
                rows.push((actor, entry));
            }
            Ok((rows, context::of(read, &wanted.into_iter().collect::<Vec<_>>())?))
        })?;
        let contexts: HashMap<_, _> =
            contexts.into_iter().map(|(commitment, day, sealed)| (commitment, (day, sealed))).collect();
        let latest = rows.into_iter().map(|(actor, entry)| {
            let leaf = decoded(&entry)?;
            let context = leaf.context.and_then(|hash| contexts.get(hash.as_bytes()).cloned());
            Ok(Latest { actor, leaf, ts: entry.ts, context })
        });
        latest.collect()
    }

    fn person(&self, vault: &Vault, actor: String, at: i64) -> Result<Option<Person>, Error> {
        let filter = Filter { actor: Some(actor.clone()), until: Some(after(at)), ..Filter::default() };
        let latest = self.db.read_now("latest of actor", |read| entry::page(read, &filter, LATEST))?;
        for entry in &latest {
            let leaf = decoded(entry)?;
            let Some(commitment) = leaf.context else { continue };
            let Some(bytes) = vault.context(self.db, &commitment)? else { continue };
            if let Some(person) = person(&actor, &leaf, &bytes, entry.ts) {
                return Ok(Some(person));
            }
        }
        Ok(None)
    }

    /// All leaves of a type from `from` until `at`, both microseconds since 1970, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn all(&self, event: EventType, from: i64, at: i64) -> Result<Vec<Entry>, Error> {
        let mut filter = Filter {
            event: Some(event.as_str().to_owned()),
            from: Some(from),
            until: Some(after(at)),
            ..Filter::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self.db.read_now("leaves of a type", |read| entry::page(read, &filter, PAGE))?;
            let Some(last) = page.last() else { break };
            filter.before = Some((last.ts, last.place));
            found.extend(page);
        }
        found.reverse();
        Ok(found)
    }

    fn document(&self, kind: &'static str, hash: Hash) -> Result<Vec<u8>, Error> {
        let wrong = |problem| Error::Document { kind, hash: hash.to_string(), problem };
        let found = self.db.read_now("document", |read| document::find(read, hash.as_bytes()))?;
        let (_, bytes) = found.ok_or_else(|| wrong("it is not there"))?;
        let own: [u8; 32] = Sha256::digest(&bytes).into();
        if Hash::from_bytes(own) == hash { Ok(bytes) } else { Err(wrong("what is there is something else")) }
    }
}

/// Who a leaf is about; none when that is nobody who could have a role, or nobody knows any more.
fn person(actor: &str, leaf: &Leaf, context: &[u8], seen: i64) -> Option<Person> {
    let kind = match leaf.actor.as_ref().map(|actor| actor.kind) {
        Some(ActorKind::Human) => PrincipalKind::Human,
        Some(ActorKind::Service) => PrincipalKind::Service,
        Some(ActorKind::Agent) => PrincipalKind::Agent,
        _ => return None,
    };
    let Context { issuer, subject, mut groups } = serde_json::from_slice(context).ok()?;
    groups.sort();
    groups.dedup();
    Some(Person { actor: actor.to_owned(), kind, party: Party { issuer, subject }, groups, seen })
}

/// The instant after `at`: what happened at `at` counts.
fn after(at: i64) -> i64 {
    at.saturating_add(1)
}

fn parsed<'b, T: Deserialize<'b>>(bytes: &'b [u8], kind: &'static str, hash: Hash) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|_| Error::Document {
        kind,
        hash: hash.to_string(),
        problem: "it cannot be read",
    })
}

fn decoded(entry: &Entry) -> Result<Leaf, Error> {
    Leaf::decode(&entry.leaf).map_err(|error| unreadable(entry, &error))
}

fn facts<T: for<'d> Deserialize<'d>>(entry: &Entry) -> Result<T, Error> {
    let leaf = decoded(entry)?;
    let detail = leaf.detail.as_ref().map_or("{}", |detail| detail.as_str());
    serde_json::from_str(detail).map_err(|error| unreadable(entry, &error))
}

fn unreadable(entry: &Entry, cause: &dyn std::fmt::Display) -> Error {
    let index = entry.index.map_or_else(|| "without an index".to_owned(), |index| index.to_string());
    Error::Leaf { index, cause: cause.to_string() }
}
