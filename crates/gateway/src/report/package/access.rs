//! Who could do what, in a package: the matrix when the period began and when it ended, what changed between, duties that
//! should be apart, grants that nobody used. Made by one function from files of the package, so that
//! `countersign verify` makes them again.

use std::collections::BTreeMap;
use std::path::Path;

use evidence::directory::Files;
use evidence::merkle::Hash;
use evidence::package::{COUNTED_FILES, POLICIES, cells};

use super::{Draft, PackageError};
use crate::ledger::Vault;
use crate::limits;
use crate::report::access::{
    Basis, Error, Matrix, People, Records, Stated, Wanted, changes, changes_to_csv, changes_to_json,
    concerns, concerns_to_csv, to_csv, to_html, to_json, unused, unused_to_csv,
};

/// The directory of these files.
const ACCESS: &str = "access";
/// What the matrices were computed from.
const BEGIN: &str = "access/begin.basis.json";
const END: &str = "access/end.basis.json";
/// Grants that nobody used: counted from the calls, so not made again here.
pub(super) const UNUSED: &str = "access/unused.csv";

/// Duties that should be apart, when the period ended.
pub(super) const DUTIES: &str = "access/end.duties.csv";
/// What changed in between.
pub(super) const DIFFERENCE: &str = "access/difference.csv";

/// What the report says of it.
pub(super) struct Access {
    /// The policies in force when the period began and when it ended.
    pub(super) sets: [Option<String>; 2],
    /// Rows of the files that the report counts, by path.
    pub(super) rows: BTreeMap<&'static str, u64>,
    /// Duties that should be apart: lines of their file by number from 1, the head first.
    pub(super) duties: Vec<(u64, Vec<String>)>,
    /// Why there is none of it.
    pub(super) missing: Option<String>,
}

impl Draft<'_> {
    /// Writes what is computed from the policies.
    pub(super) fn write_access(&self) -> Result<Access, PackageError> {
        let vault = Vault::new(self.maker.keys)?;
        let records = Records { db: self.maker.db, vault: Some(&vault), configured: None };
        let period = self.order.period;
        let last = period.until.as_micros().min(self.maker.now.as_micros()) - 1;
        let at = |at| match records.basis(at) {
            Ok(basis) => Ok(Ok(basis)),
            Err(error @ (Error::NothingInForce | Error::Document { .. } | Error::Policies(_))) => {
                Ok(Err(error))
            }
            Err(error) => Err(PackageError::Access(error)),
        };
        let end = match at(last)? {
            Ok(basis) => basis,
            Err(error) => return Ok(Access::none(error.to_string())),
        };
        let begin = at(period.from.as_micros())?.ok();
        for (path, basis) in [(BEGIN, begin.as_ref()), (END, Some(&end))] {
            if let Some(basis) = basis {
                self.put(path, pretty(&Stated::of(basis)).as_bytes())?;
                let set = basis.policy_set.parse().ok();
                if let Some(document) = set.map(|set| self.document(set)).transpose()?.flatten() {
                    self.put(&format!("{POLICIES}/{}.json", basis.policy_set), &document)?;
                }
            }
        }
        let stated = |basis: &Basis| Stated::of(basis).with(basis.policies.canonical().as_bytes());
        let end = stated(&end).map_err(|problem| PackageError::Access(Error::Policies(problem)))?;
        let begin = begin.and_then(|basis| stated(&basis).ok());
        let made = make(begin.as_ref(), &end);
        for (path, text) in &made {
            self.put(path, text.as_bytes())?;
        }
        let spare = unused(&records, &end, period.from.as_micros(), &Wanted::default())
            .map_err(PackageError::Access)?;
        let mut files = made;
        files.insert(UNUSED.to_owned(), unused_to_csv(&spare));
        self.put(UNUSED, files[UNUSED].as_bytes())?;
        let rows = |path: &&'static str| Some((*path, files.get(*path)?.lines().count() as u64 - 1));
        let duties = files.get(DUTIES).map_or("", String::as_str).lines().take(limits::REPORT_ROWS_MAX + 1);
        Ok(Access {
            sets: [begin.map(|basis| basis.policy_set), Some(end.policy_set)],
            rows: COUNTED_FILES.iter().filter_map(rows).collect(),
            duties: (1..).zip(duties.map(cells)).collect(),
            missing: None,
        })
    }
}

impl Access {
    fn none(why: String) -> Self {
        Self { sets: [None, None], rows: BTreeMap::new(), duties: Vec::new(), missing: Some(why) }
    }
}

/// Files that follow from two bases.
fn make(begin: Option<&Basis>, end: &Basis) -> BTreeMap<String, String> {
    let wanted = Wanted { people: People::InGroups, ..Wanted::default() };
    let mut files = BTreeMap::new();
    for (name, basis) in [("begin", begin), ("end", Some(end))] {
        let Some(basis) = basis else { continue };
        let matrix = Matrix::of(basis, &wanted);
        let duties = concerns(basis, &matrix);
        let path = |ending: &str| format!("{ACCESS}/{name}.{ending}");
        files.insert(path("csv"), to_csv(basis, &matrix));
        files.insert(path("json"), format!("{:#}\n", to_json(basis, &matrix, &duties)));
        files.insert(path("html"), to_html(basis, &matrix, &duties));
        files.insert(path("duties.csv"), concerns_to_csv(&duties));
    }
    if let Some(begin) = begin {
        let changes = changes(begin, end, &wanted);
        files.insert(DIFFERENCE.to_owned(), changes_to_csv(&changes));
        let json = changes_to_json(begin, end, &changes);
        files.insert(format!("{ACCESS}/difference.json"), format!("{json:#}\n"));
    }
    files
}

/// What of the access files of a package is not what its policies give: path and reason. `None`: it has none.
///
/// # Errors
/// When the files cannot be read.
pub fn check_access(package: &Path) -> Result<Option<Vec<(String, String)>>, evidence::directory::Error> {
    let files = Files::open(package)?;
    let read = |path: &str| files.read(path, limits::ACCESS_FILE_BYTES_MAX);
    let mut problems = Vec::new();
    let mut bases = Vec::new();
    for path in [BEGIN, END] {
        let Some(bytes) = read(path)? else {
            bases.push(None);
            continue;
        };
        let stated: Option<Stated> = serde_json::from_slice(&bytes).ok();
        let set = stated.as_ref().map(|stated| format!("{POLICIES}/{}.json", stated.policy_set));
        let document = set.as_ref().map(|set| read(set)).transpose()?.flatten();
        let is_named = |bytes: &[u8], stated: &Stated| Hash::of(bytes).to_string() == stated.policy_set;
        let basis = match (stated, document) {
            (Some(stated), Some(document)) if is_named(&document, &stated) => stated.with(&document),
            (Some(_), Some(_)) => Err("its policy set is not the one it names".to_owned()),
            (Some(_), None) => Err("the policy set that it names is missing".to_owned()),
            (None, _) => Err("malformed".to_owned()),
        };
        match basis {
            Ok(basis) => bases.push(Some(basis)),
            Err(problem) => {
                problems.push((path.to_owned(), problem));
                return Ok(Some(problems));
            }
        }
    }
    let end = bases.pop().flatten();
    let begin = bases.pop().flatten();
    let Some(end) = end else { return Ok(None) };
    for (path, expected) in make(begin.as_ref(), &end) {
        if read(&path)?.as_deref() != Some(expected.as_bytes()) {
            problems.push((path, "not what these policies give".to_owned()));
        }
    }
    Ok(Some(problems))
}

fn pretty(stated: &Stated) -> String {
    // Unwrap safety: every map has string keys.
    let text = serde_json::to_string_pretty(stated).expect("a basis serialises");
    format!("{text}\n")
}
