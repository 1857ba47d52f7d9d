//! Settings, compiled once: which detectors run, which names speak, what is let through.

use std::collections::HashSet;
use std::sync::Arc;

use regex_automata::meta::Regex;

use super::limit;
use super::name::Names;
use super::path::Path;
use super::said::Said;
use super::settings::{Custom, FieldRule, RuleError, Settings};
use crate::detect::scan::{Engine, Entry, Id, Ignore, SURE, Want};
use crate::detect::{Case, Class, DETECTORS, Detector, Find, Form, Need, check};

/// Bytes from the literal on that a pattern of somebody's own sees.
const CUSTOM_WINDOW: usize = 1024;

/// Stands for detectors of somebody's own: member names and literals from the settings.
pub static CUSTOM: Detector = named("custom");
/// Stands for rules of fields that name no built-in detector.
pub static FIELD: Detector = named("field");
/// Stands for what a recognizer outside found.
pub static RECOGNIZED: Detector = named("recognizer");

const fn named(name: &'static str) -> Detector {
    Detector {
        name,
        version: 1,
        class: Class::Personal,
        find: Find::Key(&[]),
        check: check::given,
        context: &[],
        shared: &[],
        need: Need::None,
        small_space: true,
        mask: Form::Label,
        finds: &[],
        passes: &[],
    }
}

/// What is looked for. Shared by all threads.
#[derive(Debug)]
pub struct Rules {
    pub(super) owners: Vec<Owner>,
    pub(super) engine: Engine,
    pub(super) names: Names,
    allow: HashSet<Box<str>>,
    allow_patterns: Vec<Regex>,
    /// What a label can say.
    labels: HashSet<Box<str>>,
    /// What names said so far.
    pub(super) said: Said,
}

/// Whom a finding belongs to.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) detector: &'static Detector,
    pub(super) custom: Option<Arc<str>>,
    /// Least confidence.
    pub(super) threshold: u8,
    /// Copies of its values do not show themselves: they are searched for in the whole message.
    pub(super) copies: bool,
}

/// Rules of the fields of one tool, compiled.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub(super) rules: Vec<(Path, Owner)>,
    /// What labels of their own names say.
    pub(super) labels: HashSet<Box<str>>,
}

impl Fields {
    /// Compiles the rules of one tool.
    pub fn new(rules: &[FieldRule]) -> Self {
        let owner = |rule: &FieldRule| {
            let built_in = DETECTORS.iter().find(|detector| detector.name == rule.detector);
            Owner {
                detector: built_in.unwrap_or(&FIELD),
                custom: built_in.is_none().then(|| rule.detector.as_str().into()),
                threshold: 0,
                copies: true,
            }
        };
        let labels = rules.iter().map(|rule| rule.detector.as_str().into()).collect();
        Self { rules: rules.iter().map(|rule| (rule.path.clone(), owner(rule))).collect(), labels }
    }
}

impl Rules {
    /// Compiles `settings`.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn new(settings: &Settings) -> Result<Self, RuleError> {
        let mut owners = owners(settings)?;
        let on = |name: &str| !settings.off.iter().any(|off| off == name);
        let mut names = Names::default();
        let mut labels: HashSet<Box<str>> = ["custom", "field"].map(Into::into).into();
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (id, detector) in (0..).zip(DETECTORS) {
            labels.insert(detector.name.into());
            if !on(detector.name) {
                continue;
            }
            entries.push(Entry::of(id, detector));
            detector.context.iter().chain(detector.shared).for_each(|word| names.admit(word));
            if let Find::Key(keys) = detector.find {
                keys.iter().for_each(|key| names.add(id, key));
            }
        }
        for key in &settings.keys {
            let id = match owners.iter().position(|owner| owner.name() == key.detector) {
                Some(at) => at,
                None => add_owner(&mut owners, &key.detector, settings)?,
            };
            labels.insert(key.detector.as_str().into());
            names.add(number(id), &key.name);
        }
        let literals: Vec<Vec<&str>> = settings
            .literals
            .iter()
            .map(|custom| custom.literals.iter().map(String::as_str).collect())
            .collect();
        let patterns: Vec<String> = settings.literals.iter().map(pattern).collect();
        for ((custom, literals), pattern) in settings.literals.iter().zip(&literals).zip(&patterns) {
            if literals.is_empty() || literals.iter().any(|literal| literal.len() < 3 || !literal.is_ascii())
            {
                return Err(RuleError::Literal(custom.name.clone()));
            }
            labels.insert(custom.name.as_str().into());
            let id = number(add_owner(&mut owners, &custom.name, settings)?);
            let find = Want::Literal {
                literals,
                ignore_case: Ignore::Nothing,
                before: 0,
                window: CUSTOM_WINDOW,
                pattern,
            };
            entries.push(Entry {
                id,
                check: check::given,
                context: &[],
                shared: &[],
                need: Need::None,
                find,
            });
        }
        let engine = Engine::new(&entries)
            .map_err(|(id, cause)| RuleError::Pattern(owners[usize::from(id)].name().to_owned(), cause))?;
        let allow = settings.allow.iter().map(|value| value.as_str().into()).collect();
        let allow_patterns =
            settings.allow_patterns.iter().map(|pattern| whole(pattern)).collect::<Result<_, _>>()?;
        Ok(Self { owners, engine, names, allow, allow_patterns, labels, said: Said::default() })
    }

    /// Whether a value is let through.
    pub(super) fn allows(&self, value: &str) -> bool {
        self.allow.contains(value) || self.allow_patterns.iter().any(|pattern| pattern.is_match(value))
    }

    /// Whether `label` is what stands in the brackets of a label.
    pub(super) fn labels(&self, label: &str) -> bool {
        self.labels.contains(label)
    }
}

impl Owner {
    pub(super) fn name(&self) -> &str {
        self.custom.as_deref().unwrap_or(self.detector.name)
    }
}

/// The owners of built-in detectors, in the order of the table.
fn owners(settings: &Settings) -> Result<Vec<Owner>, RuleError> {
    let known = |name: &String| DETECTORS.iter().any(|detector| detector.name == name);
    if let Some(name) = settings.off.iter().find(|name| !known(name)) {
        return Err(RuleError::UnknownDetector(name.clone()));
    }
    if settings.threshold > 100 {
        return Err(RuleError::Threshold("all detectors".to_owned()));
    }
    for (name, threshold) in &settings.thresholds {
        let own = settings.literals.iter().any(|custom| custom.name == *name)
            || settings.keys.iter().any(|key| key.detector == *name);
        if !known(name) && !own {
            return Err(RuleError::UnknownDetector(name.clone()));
        }
        if *threshold > 100 {
            return Err(RuleError::Threshold(name.clone()));
        }
    }
    let owner = |detector: &'static Detector| Owner {
        detector,
        custom: None,
        threshold: threshold(settings, detector.name),
        copies: hides(detector),
    };
    Ok(DETECTORS.iter().map(owner).collect())
}

fn threshold(settings: &Settings, name: &str) -> u8 {
    settings.thresholds.get(name).copied().unwrap_or(settings.threshold)
}

/// Whether a value may stand elsewhere without what gave it away here: a key, a word, the pattern around it.
fn hides(detector: &Detector) -> bool {
    match detector.find {
        Find::Key(_) => true,
        Find::Literal { pattern, case, .. } => {
            let group = pattern.replace(r"\(", "").replace("(?", "").contains('(');
            detector.need != Need::None || group || case == Case::Ignore
        }
        Find::Scanner(_) => detector.need != Need::None,
    }
}

fn add_owner(owners: &mut Vec<Owner>, name: &str, settings: &Settings) -> Result<usize, RuleError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(plain) || owners.iter().any(|owner| owner.name() == name) {
        return Err(RuleError::Name(name.to_owned()));
    }
    if owners.len() - DETECTORS.len() >= limit::CUSTOM_MAX {
        return Err(RuleError::TooMany);
    }
    let threshold = threshold(settings, name).min(SURE);
    owners.push(Owner { detector: &CUSTOM, custom: Some(name.into()), threshold, copies: true });
    Ok(owners.len() - 1)
}

/// There are far fewer owners than that: the table is small and [`limit::CUSTOM_MAX`] bounds the rest.
fn number(id: usize) -> Id {
    Id::try_from(id).unwrap_or(Id::MAX)
}

/// The pattern of a detector of somebody's own; without one its literals are.
fn pattern(custom: &Custom) -> String {
    let escape =
        |literal: &String| -> String { literal.bytes().map(|byte| format!(r"\x{byte:02x}")).collect() };
    let literals = || custom.literals.iter().map(escape).collect::<Vec<_>>().join("|");
    custom.pattern.clone().unwrap_or_else(literals)
}

fn whole(pattern: &str) -> Result<Regex, RuleError> {
    let config = Regex::config().hybrid(false).nfa_size_limit(Some(1 << 20));
    let regex = Regex::builder().configure(config).build(&format!(r"\A(?:{pattern})\z"));
    regex.map_err(|cause| RuleError::Pattern(pattern.to_owned(), cause.to_string()))
}
