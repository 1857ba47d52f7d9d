use super::*;
use zeroize::Zeroizing;

// The example key, text and signature in the documentation of golang.org/x/mod/sumdb/note.
const GO_PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                       then you don't know what your problem is.\n";
const GO_SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name, &Zeroizing::new([seed; 32])).unwrap()
}

#[test]
fn note_of_another_implementation_verifies_and_is_reproduced() {
    let signed = format!("{GO_TEXT}\n{GO_SIGNATURE}");
    let note = Note::parse(signed.as_bytes()).unwrap();
    let keys = [GO_KEY.parse().unwrap()];
    assert_eq!(note.verify(&keys).unwrap(), [Verified { key: &keys[0], time_s: None }]);

    let ours = Signer::from_private_text(GO_PRIVATE).unwrap();
    assert_eq!(ours.verifier_key().to_string(), GO_KEY);
    assert_eq!(*ours.to_private_text(), GO_PRIVATE);
    assert_eq!(Note::sign(GO_TEXT, &[&ours]).unwrap().to_string(), signed);
}

#[test]
fn specification_example_parses() {
    let note = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let parsed = Note::parse(note.as_bytes()).unwrap();
    assert!(parsed.text().ends_with("ed è subito sera.\n"));
    assert_eq!(parsed.signatures()[0].name, "quasimodo.example/salvatore");
    assert_eq!(parsed.signatures()[0].bytes.len(), 64);
    assert_eq!(parsed.to_string(), note);
}

#[test]
fn unknown_signatures_are_ignored() {
    let (ours, other) = (signer("log.example/a", 1), signer("log.example/b", 2));
    let note = Note::sign("text\n", &[&other, &ours]).unwrap();
    let keys = [ours.verifier_key()];
    assert_eq!(note.verify(&keys).unwrap().len(), 1);
    // Same name with another key, and same key with another name, are unknown keys.
    for stranger in [signer("log.example/a", 3), signer("log.example/c", 1)] {
        assert_eq!(note.verify(&[stranger.verifier_key()]), Err(Error::NoTrustedSignature));
    }
    assert_eq!(note.verify(&[]), Err(Error::NoTrustedSignature));
}

#[test]
fn wrong_signature_of_a_known_key_spoils_the_note() {
    let (ours, witness) = (signer("log.example/a", 1), signer("witness.example", 2));
    let mut note = Note::sign("text\n", &[&ours, &witness]).unwrap();
    note.signatures[1].bytes[5] ^= 1;
    assert!(note.verify(&[ours.verifier_key()]).is_ok());
    let both = [ours.verifier_key(), witness.verifier_key()];
    assert_eq!(note.verify(&both), Err(Error::WrongSignature { name: "witness.example".to_owned() }));
}

#[test]
fn witness_cosignature_verifies_with_its_time() {
    let log = signer("log.example/a", 1);
    let witness = signer("witness.example/w1", 9);
    let public = witness.verifier_key().public_bytes();
    let key = VerifierKey::new("witness.example/w1", Algorithm::Cosignature, &public).unwrap();
    let mut note = Note::sign("log.example/a\n0\nroot\n", &[&log]).unwrap();
    let message = format!("cosignature/v1\ntime 1679315147\n{}", note.text());
    let bytes = [&1_679_315_147_u64.to_be_bytes(), witness.sign(&message).bytes.as_slice()].concat();
    let line = Signature { name: key.name().to_owned(), id: key.id(), bytes };
    note.add_signatures(&format!("{line}\n")).unwrap();

    let keys = [log.verifier_key(), key.to_string().parse().unwrap()];
    let verified = note.verify(&keys).unwrap();
    assert_eq!(verified.iter().map(|v| v.time_s).collect::<Vec<_>>(), [None, Some(1_679_315_147)]);
    // The same key as a plain signer is another key with another id.
    assert_eq!(note.verify(&[witness.verifier_key()]), Err(Error::NoTrustedSignature));
}

#[test]
fn malformed_notes_are_refused() {
    let good = Note::sign("text\n", &[&signer("a", 1)]).unwrap().to_string();
    assert!(Note::parse(good.as_bytes()).is_ok());
    let long = format!("{}\n{good}", "x".repeat(NOTE_BYTES_MAX));
    let line = format!("{}\n", good.lines().last().unwrap());
    let many = format!("{good}{}", line.repeat(SIGNATURES_MAX));
    for bad in [
        "",
        "text\n",
        "text\n\n",
        good.trim_end(),
        &good.replace("— ", "- "),
        &good.replace("— a ", "— "),
        &good.replace("— a ", "— a+b "),
        &good.replace("— a ", "— a\u{a0}b "),
        &good.replace("text", "te\rxt"),
        &good.replace("text", "te\0xt"),
        &good.replace('=', ""),
        "text\n\n— a AAAAAA==\n",
        &format!("{good}x\n"),
        &long,
        &many,
    ] {
        assert!(matches!(Note::parse(bad.as_bytes()), Err(Error::Malformed(_))), "{bad}");
    }
    assert!(Note::parse(b"t\xff\n\n").is_err());
    assert!(Note::sign("no newline", &[&signer("a", 1)]).is_err());
}

#[test]
fn damaged_keys_are_refused() {
    for (bad, error) in [
        ("", KeyError::Malformed),
        ("name", KeyError::Malformed),
        ("name+c74f20a3", KeyError::Malformed),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Id),
        ("PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Id),
        ("PeterNeumann+c74f20a3+Arpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Algorithm),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Malformed),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Name),
        ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=", KeyError::Malformed),
    ] {
        assert_eq!(bad.parse::<VerifierKey>(), Err(error), "{bad}");
    }
    let wrong = GO_PRIVATE.replace("AYEK", "AYEL");
    assert_eq!(Signer::from_private_text(&wrong).unwrap_err(), KeyError::Id);
    assert_eq!(Signer::from_private_text(GO_KEY).unwrap_err(), KeyError::Malformed);
}

#[test]
fn debug_output_hides_the_private_key() {
    let shown = format!("{:?}", Signer::from_private_text(GO_PRIVATE).unwrap());
    assert_eq!(shown, format!("Signer({GO_KEY}, ..)"));
}
