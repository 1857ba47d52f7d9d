//! Texts of a package for people: what the system is, what is in the package, how to check it.

use evidence::checkpoint::Checkpoint;
use evidence::note::VerifierKey;
use evidence::package::{DOES_NOT_ASSERT, Derived, FORMAT, LogPart, Period};
use evidence::time::Timestamp;

use super::access::Access;
use super::change::Drift;
use super::{Bodies, Deployment, Order};

/// The independent verifier, as it is in this release.
pub(super) const VERIFY_PY: &str = include_str!("../../../../evidence/verify.py");

/// What the texts are about.
pub(super) struct Facts<'f> {
    pub(super) deployment: &'f Deployment,
    pub(super) order: &'f Order,
    pub(super) log: &'f LogPart,
    pub(super) checkpoint: &'f Checkpoint,
    /// Of the log.
    pub(super) key: &'f VerifierKey,
    /// Whose key signs the manifest: that of the current epoch.
    pub(super) signer: &'f VerifierKey,
    /// The epoch, and all that the period touches.
    pub(super) epoch: u64,
    pub(super) touched: &'f [u64],
    pub(super) derived: &'f Derived,
    pub(super) access: &'f Access,
    pub(super) drift: Drift,
    pub(super) created: Timestamp,
}

impl Facts<'_> {
    /// The first eight characters of the assurance level's text: its name.
    pub(super) fn level(&self) -> &str {
        self.deployment.assurance.split(':').next().unwrap_or("L0")
    }

    /// Which part of the period is in the package, where an epoch began in it; Markdown.
    pub(super) fn part(&self) -> Option<String> {
        let others = self.touched.iter().filter(|number| **number != self.epoch);
        let commands: Vec<String> = others
            .map(|number| {
                let Period { from, until } = self.order.period;
                format!("`countersign evidence package --from {from} --to {until} --epoch {number}`")
            })
            .collect();
        (!commands.is_empty()).then(|| {
            format!(
                "Only epoch {} of the log, of the {} that this period touches: the log was ended and begun again with a new key. The rest of \
                 the period is in the package that {} makes",
                self.epoch,
                self.touched.len(),
                commands.join(", and in that which ")
            )
        })
    }
}

/// `system-description.md`.
pub(super) fn system(facts: &Facts<'_>) -> String {
    let Deployment { name, servers, issuers, storage, assurance, release, .. } = facts.deployment;
    let servers: String =
        servers.iter().map(|(name, how)| format!("- `{name}`, reached by {how}\n")).collect();
    let issuers: String = issuers.iter().map(|name| format!("- `{name}`\n")).collect();
    let limits: String = DOES_NOT_ASSERT.iter().map(|text| format!("- {text}\n")).collect();
    format!(
        "# System description: {name}\n\n\
         Written by countersign {release} at {created} from its configuration. The organisation completes it.\n\n\
         ## Boundary\n\n\
         One or more gateways named `{name}` stand between callers (people's assistants, agents, programs) and the MCP servers \
         below. Inside the boundary: the gateways, their database ({storage}), their key directory, their policies. Outside: the \
         identity provider, the MCP servers, the network, whoever reads the log lines.\n\n\
         ### Servers\n\n{servers}\n### Issuers whose people and programs are believed\n\n{issuers}\n\
         ## How a call flows\n\n\
         1. The caller is proven by a token of an issuer above, or by a service key; else the attempt is recorded and refused.\n\
         2. Policy decides: allow, deny, or hold for another person. Nothing matching means deny.\n\
         3. The message is looked through and masked, as far as the configuration does not switch that off.\n\
         4. A held call waits for its approval, which is for exactly this call, once; or it goes ahead while break-glass is in force.\n\
         5. The intent is made durable in the log. Only then is the call forwarded.\n\
         6. The answer is masked and its outcome made durable. Only then is it answered.\n\n\
         ## What is not recorded\n\n\
         - Calls that do not pass through the gateway.\n\
         - Values that were masked: only that they were, by which detector.\n\
         - Values of secrets, and of settings that may hold one: of these only whether they changed.\n\
         - What an upstream did with a call beyond its answer.\n\n\
         ## Which part of the period is here\n\n{part}.\n\n\
         ## How strongly the log is anchored\n\n{assurance}.\n\n\
         | level | anchor outside the operator's database | shows a cut tail | shows a rewrite with a stolen key |\n\
         |---|---|---|---|\n\
         | L0 | none | until restart | no |\n\
         | L1 | checkpoints in log lines | yes | if their sink has another owner |\n\
         | L2 | tiles in a bucket whose retention somebody else sets | yes | yes, up to the lag |\n\
         | L3 | cosignatures of independent witnesses | yes | yes, up to the lag |\n\n\
         ## does_not_assert\n\n{limits}",
        created = facts.created,
        part = facts.part().unwrap_or_else(|| format!(
            "All of it: epoch {} of the log, and no other was written meanwhile",
            facts.epoch
        )),
    )
}

/// `README.md`.
pub(super) fn readme(facts: &Facts<'_>) -> String {
    let mut files = String::new();
    for (path, what) in FILES {
        files.push_str(&format!("| `{path}` | {what} |\n"));
    }
    let bodies = match facts.order.bodies {
        Bodies::Opened => "Recorded bodies of privileged calls are opened, as they were masked.",
        Bodies::Sealed => "Recorded bodies are not opened, but for samples.",
    };
    format!(
        "# Evidence of `{}`\n\n{} to {} (UTC), of log `{}`. {bodies}\n\nBegin with `report.html`. Check with `verify/HOWTO.md`.\n\n\
         | path | what |\n|---|---|\n{files}",
        facts.deployment.name, facts.order.period.from, facts.order.period.until, facts.checkpoint.origin,
    )
}

/// Every path of a package that is always there, or may be, and what it is.
pub(super) const FILES: &[(&str, &str)] = &[
    ("report.html", "the report: begin here"),
    ("manifest.json, manifest.note", "every file with its SHA-256, and the log's signature over that list"),
    ("system-description.md", "boundary, flow of a call, what is not recorded, what nothing here asserts"),
    ("controls.md", "criteria by number: which file, which query, what remains the organisation's"),
    ("log/", "the leaves of the period and the tiles that lead to the signed checkpoint (C2SP tlog-tiles)"),
    ("checkpoints/", "the signed checkpoint before them, and that the log only grew since"),
    (
        "populations/",
        "complete lists: NAME.csv, NAME.jsonl, and NAME.query.json, the filter with its row count and totals",
    ),
    ("totals.csv", "leaves of the period by day and type"),
    ("gaps.csv", "where the log is silent, and what it says about why"),
    ("exceptions.csv", "what rules found that wants explaining"),
    (
        "bodies.missing.csv",
        "recorded messages of privileged calls and samples that are not here: the rule and the leaf by which each was erased, or \
         `unexplained`",
    ),
    (
        "erasures/",
        "leaves that say which messages were erased, each named by its hash, with its proof; maybe later than the period",
    ),
    ("figures.json", "every number that the report shows, derived like everything else"),
    (
        "reconciliation/",
        "counts and leavers from another source, and the comparison; absent when none were given",
    ),
    ("access/", "who could do what, when the period began and when it ended; what changed; what nobody used"),
    (
        "samples/",
        "leaves that the auditor's seed selects: leaf, proof, opened body and salt, approval, replay page",
    ),
    ("config/timeline.csv", "which policy set and which configuration came into force when"),
    (
        "config/",
        "policy sets, configurations and tool definitions that leaves name, each named by its hash; what each change changed",
    ),
    (
        "trust/",
        "the keys of the log by epoch, and of its witnesses; of an epoch that is over, how each later one began; compare the keys with \
         copies from elsewhere",
    ),
    ("verify/", "an independent verifier in Python, and how to use it"),
];

/// `trust/keys.txt`.
pub(super) fn keys(facts: &Facts<'_>) -> String {
    let Deployment { epochs, witnesses, .. } = facts.deployment;
    let mut text = format!(
        "# The key of the log `{}`, which signs this package as long as its epoch lasts, in the form of C2SP signed-note.\n\
         # A key that came with the files shows that they agree with each other. Compare it with a copy you got another way.\n\
         {}\n{}\n# Keys of all epochs of the log, the first one first. A new key begins a new epoch, and each epoch names the\n\
         # checkpoint and the key of the one before: `countersign verify` follows them from one key.\n",
        facts.checkpoint.origin,
        facts.key,
        if facts.signer == facts.key {
            String::new()
        } else {
            format!(
                "\n# That epoch is over. The key that signs this package is of the current one.\n{}\n",
                facts.signer
            )
        },
    );
    for (number, key) in epochs {
        text.push_str(&format!("# epoch {number}\n{key}\n"));
    }
    text.push_str("\n# Witnesses that are asked to cosign each checkpoint; get their keys from them.\n");
    if witnesses.is_empty() {
        text.push_str("# none\n");
    }
    for key in witnesses {
        text.push_str(&format!("{key}\n"));
    }
    text
}

/// `verify/HOWTO.md`.
pub(super) fn howto(facts: &Facts<'_>) -> String {
    format!(
        "# How to check this package\n\n\
         Format `{FORMAT}`. Three programs check it independently of the gateway and of each other's code paths; none needs a network.\n\n\
         1. Get the log's public key from somewhere else than these files: from whoever operates the gateway, written down when \
         it was set up. Here it is said to be\n\n   `{key}`\n\n\
         2. `countersign verify evidence.zip --key KEY`, or `countersign-verify evidence.zip --key KEY`: checks the signature of the \
         manifest, every file against it, the log against its signed checkpoint, and derives every population, total, gap, exception and \
         sample again; rows must be identical.\n\
         3. `python3 verify/verify.py evidence.zip --key KEY`: the same from the specifications, in another language, with `openssl` \
         for signatures. It reads each filter from its `query.json`.\n\
         4. Compare the checkpoint (log of {size} leaves, root `{root}`) with a copy that the organisation could not change, as far as one \
         exists (assurance level {level}).\n\
         5. The log holds, soon after this package was made, a leaf `evidence.exported` with the SHA-256 of `manifest.json`. Ask for a later \
         export to see it.\n\n\
         ## Samples\n\n\
         Choose a seed nobody can guess, and ask for\n\n   \
         `countersign evidence sample --from {from} --to {until} --n 25 --seed SEED -o samples.zip`\n\n\
         The sample is the leaves with the smallest SHA-256(SEED || leaf hash) of the population: from `log/` anybody computes which \
         they must be.\n",
        key = facts.signer,
        size = facts.log.size,
        root = facts.log.root,
        level = facts.level(),
        from = facts.order.period.from,
        until = facts.order.period.until,
    )
}
