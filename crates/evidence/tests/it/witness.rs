//! Witnesses and cosignatures: the examples of the specifications, and a witness that no log can deceive.

use evidence::checkpoint::Checkpoint;
use evidence::merkle::{Frontier, Hash, leaf_hash, prove_consistency};
use evidence::note::{Cosigner, Error, Note, Signer, VerifierKey};
use evidence::verify::{Assurance, Paint, ProblemKind, Trust, Verified, verify_all};
use evidence::witness::{AddCheckpoint, PROOF_HASHES_MAX, Refusal, Seen, read_size};
use proptest::prelude::*;
use zeroize::Zeroizing;

/// The request in C2SP tlog-witness.
const REQUEST: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

/// The cosigned checkpoint in C2SP tlog-cosignature.
const COSIGNED: &str = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

/// The answer in C2SP tlog-witness.
const ANSWER: &str = "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
";

const ORIGIN: &str = "gateway.example/audit/1";

/// A log of any size, and forks of it.
struct Tree {
    leaves: Vec<Hash>,
}

impl Tree {
    /// A log whose leaves from `fork` on are others.
    fn new(size: u64, fork: u64) -> Self {
        let leaf = |at: u64| leaf_hash(format!("{at} {}", at >= fork).as_bytes());
        Self { leaves: (0..size).map(leaf).collect() }
    }

    fn root(&self, size: u64) -> Hash {
        let mut frontier = Frontier::new();
        self.leaves[..usize::try_from(size).unwrap()].iter().for_each(|leaf| frontier.push(*leaf));
        frontier.root()
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let width = 1_usize << level;
        let at = usize::try_from(index).ok()? * width;
        let mut frontier = Frontier::new();
        self.leaves.get(at..at + width)?.iter().for_each(|leaf| frontier.push(*leaf));
        Some(frontier.root())
    }

    fn request(&self, old: u64, size: u64) -> AddCheckpoint {
        let proof = prove_consistency(old, size, |level, index| self.node(level, index)).unwrap_or_default();
        AddCheckpoint { old, proof, checkpoint: self.checkpoint(size) }
    }

    fn checkpoint(&self, size: u64) -> Note {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: self.root(size) };
        checkpoint.sign(&log()).unwrap()
    }
}

fn log() -> Signer {
    Signer::from_seed(ORIGIN, &Zeroizing::new([1; 32])).unwrap()
}

fn cosigner(seed: u8) -> Cosigner {
    Cosigner::from_seed(&format!("witness.example/w{seed}"), &Zeroizing::new([seed; 32])).unwrap()
}

fn keys() -> [VerifierKey; 1] {
    [log().verifier_key()]
}

#[test]
fn examples_of_the_specifications_survive() {
    let request: AddCheckpoint = REQUEST.parse().unwrap();
    assert_eq!((request.old, request.proof.len()), (20_852_014, 4));
    assert_eq!(request.origin(), "example.com/behind-the-sofa");
    assert_eq!(request.checkpoint.signatures().len(), 2);
    assert_eq!(request.to_string(), REQUEST);
    let cosigned = Note::parse(COSIGNED.as_bytes()).unwrap();
    assert_eq!(cosigned.to_string(), COSIGNED);
    // Key id, then the time 1679315147 in eight bytes, then the signature.
    let witness = &cosigned.signatures()[1];
    assert_eq!((witness.name.as_str(), witness.bytes.len()), ("witness.example.com/w1", 72));
    assert_eq!(witness.bytes[..8], 1_679_315_147_u64.to_be_bytes());
    let mut note = request.checkpoint;
    note.add_signatures(ANSWER).unwrap();
    assert_eq!(note.signatures().len(), 5);
}

#[test]
fn cosignature_is_that_of_the_specification() {
    let (witness, note) = (cosigner(7), Tree::new(3, 3).checkpoint(3));
    let signature = witness.cosign(note.text(), 1_679_315_147);
    let mut cosigned = note.clone();
    assert_eq!(cosigned.cosign(&format!("{signature}\n"), &[witness.verifier_key()]), Ok(1));
    let key = [witness.verifier_key().to_string().parse().unwrap()];
    assert_eq!(cosigned.verify(&key).unwrap()[0].time_s, Some(1_679_315_147));
    // A second one of the same witness adds nothing.
    let again = format!("{}\n", witness.cosign(note.text(), 1_679_315_148));
    assert_eq!(cosigned.cosign(&again, &key), Ok(0));
    // Those of strangers are not taken over; one that is wrong spoils the answer.
    let mut other = note.clone();
    assert_eq!(other.cosign(&format!("{signature}\n"), &[cosigner(8).verifier_key()]), Ok(0));
    let wrong = format!("{}\n", witness.cosign("another text\n", 1));
    assert!(matches!(other.cosign(&wrong, &key), Err(Error::WrongSignature { .. })));
    assert_eq!(other, note);
    let text = witness.to_private_text();
    assert_eq!(Cosigner::from_private_text(&text).unwrap().verifier_key(), witness.verifier_key());
    assert!(Signer::from_private_text(&text).is_err());
    assert!(!format!("{witness:?}").contains(text.rsplit('+').next().unwrap()));
}

#[test]
fn witness_answers_as_the_specification_says() {
    let tree = Tree::new(20, 20);
    let seen = Seen { size: 8, root: tree.root(8) };
    let judge = |request: &AddCheckpoint| request.judge(&keys(), &seen);
    assert_eq!(judge(&tree.request(8, 20)).unwrap().size, 20);
    // The same one again is cosigned again.
    assert_eq!(judge(&tree.request(8, 8)).unwrap().size, 8);
    let status = |request: &AddCheckpoint| judge(request).unwrap_err().status();
    assert_eq!(judge(&tree.request(0, 20)), Err(Refusal::Conflict { size: 8 }));
    assert_eq!(judge(&tree.request(7, 20)), Err(Refusal::Conflict { size: 8 }));
    assert_eq!(tree.request(8, 20).judge(&[], &seen).unwrap_err().status(), 404);
    let stranger = Signer::from_seed(ORIGIN, &Zeroizing::new([2; 32])).unwrap().verifier_key();
    assert_eq!(tree.request(8, 20).judge(&[stranger], &seen).unwrap_err().status(), 403);
    let backwards = AddCheckpoint { old: 9, ..tree.request(8, 8) };
    assert_eq!(status(&backwards), 400);
    // Another history: with the wrong proof, with an honest one of its own, of the same size.
    let fork = Tree::new(20, 5);
    assert_eq!(status(&fork.request(8, 20)), 422);
    assert_eq!(status(&fork.request(8, 8)), 409);
    assert_eq!(status(&AddCheckpoint { proof: Vec::new(), ..tree.request(8, 20) }), 422);
    let long = AddCheckpoint { proof: vec![Hash::ZERO], ..tree.request(8, 8) };
    assert_eq!(status(&long), 422);
    let first = Seen::nothing();
    assert_eq!(tree.request(0, 20).judge(&keys(), &first).unwrap().size, 20);
    let with_proof = AddCheckpoint { proof: vec![Hash::ZERO], ..tree.request(0, 20) };
    assert_eq!(with_proof.judge(&keys(), &first), Err(Refusal::Inconsistent));
    // A tree without leaves has one root.
    let empty = Checkpoint { origin: ORIGIN.to_owned(), size: 0, root: Hash::ZERO }.sign(&log()).unwrap();
    let empty = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: empty };
    assert_eq!(empty.judge(&keys(), &first), Err(Refusal::Conflict { size: 0 }));
}

#[test]
fn malformed_requests_are_refused() {
    for bad in [
        String::new(),
        REQUEST.replace("old ", "new "),
        REQUEST.replace("old 2", "old 02"),
        REQUEST.replace("old 2", "old +2"),
        REQUEST.replace("PlRN", "Pl!N"),
        REQUEST.replace("kaw=\n", "kaw=\r\n"),
        REQUEST.replace("kaw=\n", "kaw=\nAAAA\n"),
        REQUEST.replace(
            "kaw=\n",
            &format!("kaw=\n{}", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n".repeat(60)),
        ),
        REQUEST.replace("\n\n", "\n"),
        REQUEST.trim_end().to_owned(),
        format!("{REQUEST}{}", "x".repeat(100_000)),
    ] {
        assert!(bad.parse::<AddCheckpoint>().is_err(), "{bad}");
    }
    let most = format!(
        "old 1\n{}\n{COSIGNED}",
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n".repeat(PROOF_HASHES_MAX)
    );
    assert_eq!(most.parse::<AddCheckpoint>().unwrap().proof.len(), PROOF_HASHES_MAX);
    for (body, size) in
        [("0\n", Some(0)), ("20852014\n", Some(20_852_014)), ("01\n", None), ("1", None), ("1\n\n", None)]
    {
        assert_eq!(read_size(body), size, "{body:?}");
    }
}

#[test]
fn verifiers_ask_for_the_quorum_of_witnesses() {
    let directory = tempfile::TempDir::new().unwrap();
    super::sample::export(directory.path(), &super::sample::Log::story(2).encode());
    let file = directory.path().join("checkpoint");
    let mut note = Note::parse(&std::fs::read(&file).unwrap()).unwrap();
    let witnesses: Vec<_> = (1..=3).map(cosigner).collect();
    for witness in &witnesses[..2] {
        let line = format!("{}\n", witness.cosign(note.text(), 1_795_168_900));
        note.add_signatures(&line).unwrap();
    }
    std::fs::write(&file, note.to_string()).unwrap();
    let keys: Vec<_> = witnesses.iter().map(Cosigner::verifier_key).collect();
    let check = |witnesses: &[VerifierKey], quorum: usize| {
        let trust = Trust {
            keys: vec![super::sample::signer().verifier_key()],
            witnesses: witnesses.to_vec(),
            quorum,
        };
        let Verified::One(findings) =
            verify_all(&[directory.path().to_owned()], &trust, &mut |_, _| ()).unwrap()
        else {
            panic!("one log was expected")
        };
        let mut python = std::process::Command::new("python3");
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py")).arg(directory.path());
        python.args(["--key", &trust.keys[0].to_string(), "--quorum", &quorum.to_string()]);
        for key in witnesses {
            python.args(["--witness", &key.to_string()]);
        }
        let output = python.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(i32::from(!findings.sound)), "{output:?}");
        assert_eq!(said.contains("Assurance L3"), findings.assurance == Assurance::L3, "{said}");
        findings
    };
    let findings = check(&keys[..2], 2);
    assert!(findings.sound);
    assert_eq!(findings.assurance, Assurance::L3);
    assert_eq!(findings.cosigned.len(), 2);
    assert!(
        findings
            .report(Paint::Plain)
            .contains("cosigned   2026-11-20T10:01:40.000000Z by witness.example/w1+")
    );
    assert!(check(&keys, 2).sound);
    let findings = check(&keys, 3);
    assert_eq!(findings.problems[0].kind, ProblemKind::Witness);
    assert!(!check(&keys[2..], 1).sound);
    assert_eq!(check(&[], 0).assurance, Assurance::L0);
    // A cosignature that was changed is a problem, however many are left.
    let good = std::fs::read_to_string(&file).unwrap();
    let other = cosigner(1).cosign("another text\n", 1).to_string();
    let own = good.lines().find(|line| line.contains("witness.example/w1")).unwrap();
    std::fs::write(&file, good.replace(own, &other)).unwrap();
    assert!(!check(&keys, 1).sound);
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(body in ".{0,400}", at in 0_usize..700, byte in any::<u8>()) {
        drop(body.parse::<AddCheckpoint>());
        let mut changed = REQUEST.as_bytes().to_vec();
        let at = at % changed.len();
        changed[at] = byte;
        if let Ok(changed) = std::str::from_utf8(&changed)
            && let Ok(request) = changed.parse::<AddCheckpoint>()
        {
            // What is accepted has one spelling.
            prop_assert_eq!(request.to_string(), changed);
        }
    }

    /// Whatever is sent, in whatever order: what a witness cosigned is one history.
    #[test]
    fn witness_never_cosigns_two_histories(
        fork in 0_u64..40,
        asked in prop::collection::vec((any::<bool>(), 0_u64..40, 0_u64..40), 1..30),
    ) {
        let trees = [Tree::new(40, 40), Tree::new(40, fork)];
        let mut seen = Seen::nothing();
        let mut cosigned: Vec<(usize, u64)> = Vec::new();
        for (forked, old, size) in asked {
            let which = usize::from(forked);
            // Often the size that the witness has: else hardly anything would be accepted.
            let old = if old % 3 == 0 { old } else { seen.size };
            let request = trees[which].request(old.min(size), size);
            if let Ok(checkpoint) = request.judge(&keys(), &seen) {
                prop_assert!(checkpoint.size >= seen.size);
                seen = Seen { size: checkpoint.size, root: checkpoint.root };
                cosigned.push((which, size));
            }
        }
        // What came last is the largest; all before must be its beginnings.
        if let Some((last, _)) = cosigned.last() {
            for (which, size) in &cosigned {
                prop_assert_eq!(trees[*last].root(*size), trees[*which].root(*size), "size {}", size);
            }
        }
    }
}
