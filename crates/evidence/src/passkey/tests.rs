//! Keys and signatures that openssl made.

use super::*;

const MESSAGE: &[u8] = b"a message that was signed";
/// Algorithm, key and signature.
const SIGNED: [(&str, &str, &str); 4] = [
    (
        "ES256",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVZuwUTp-XgC9TZC36fS6ThIcQ-3Voga7z9pyYAi7AxFoQuJH6ZFAYbGEE9pi\
     m-Fg5nP9FPqsCRRmKTCV0fB7tg",
        "MEUCIQCDbhRb3DZ6UJoAnbHn5G6rjMQ4u8d8OL_JoCLLgUnLVwIgJYta9Tt_ErJHIfTKXDCMvd6WYKVtogaqrig3mFIWlDw",
    ),
    (
        "EdDSA",
        "MCowBQYDK2VwAyEAoDbQBXVyfnDZQtYjoA1yZ_XEfAJ4lJepfblS5xj2WN0",
        "b7ApwPUPur4vFdFi3htkhQ_d1dwYYmJdcC9jRwU6PHcAFJW5Unsy7KZFmdSsB7ZHjht4OXYNnVzH-9QEx8lSDw",
    ),
    (
        "RS256",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm0aX-X4mKAf5Rw8zU-YYjEw5-Z3D96mfae1_D1IjUlvM8_zEC6pK\
     mxdW1nxJlZHdCv49_jReLcYrA2AKtHDiM10vrkJ7zBCnt0_PhfcIhEZGopQPcpcXzWPcvwnw-_aLOhnI4mBM4Fw_yPWXBzau\
     BfylIl12tElceBOOY6wnNFeBslSb0yh9W_vmDcshkUtb57D9v4KaPWkklmg15dyp9RntyOg-f0WsF552BSSMi5_rMVUgU9Pq\
     CYBUNZSlb40syIAj-OQiFnnV3b9YYZ2My0Pj2WWNpe-5OyUF-MekRZPbfRf6QccR73YWCx6LjI7vnwr7FjI6jqummMSBLlEY\
     OQIDAQAB",
        "mME-xzb1qeg0YE2Wde1-whq18Bb5iBtFy9YslWAFCQiOY3OFpEZsbpMsqzt9tub1Ah5BHS4BlQTERakGk_-H2gVntXkb-641\
     VtAyhj0FcCk68D5b6L-qB1Oqi2v8vsWCyNgB3GpfzqJH-ODaxGblXlG5odgbzFvUsWmUyPYwbn8XsNuvWHhk2wekVCHuu9GX\
     DEka_jcxykJDAeO2YtgJZuDgUwWTuZK6mNk0_Aa0rlw5oqyhS4AU-57TsSwc1u2z_sObFiJnMXGEGRbYLYgRP0tOzKbVuQk4\
     dgEgOngCPWPRVgkQ5czbkWZ3ZlaWjypX5UOIi_G2f7TfhYhyUnkChA",
    ),
    (
        "RS256",
        "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA7mtSBhMcjEh0urSBxDFnoH6rowz_gTbuvrdeoG1LjE91ISz5LEas\
     1bFkiDxGHvQjq9GQu6DlB9Sp0dHAEICJqGilXwlyDRCii4Uk-Vuv1MegA_Ejn6XOtbOdfVNdxH2aIW2u_iSO82xaDWfYjlnB\
     Y6zwaH3Aqsm9ETfM6USywc02dFNNghMLgSB6NvaOQzZbmn4un-mIS1eE3dCFLdZFMrfV1qAbMWa2bk45-Zle8jXzGOPM1LmQ\
     b7CtkvLTfRXR4UmMLhBLZ-1hGzccXlu6VTVABhhMqidzhzRoQ60uqO1aSVqJUbuHD-t9Yud-FOrGVeboNQjoLKw1MJeiZv6n\
     rd7r90SlzlcVcx4UxVouz9VpZh0ieWJTS-dxpXMMGxjgZ4zz7nEdLtkj1XTEc_NKDtz56lDKP5Rihfc9Z3ryFZhSsN4rq8Fg\
     Glaxam6UdcjPs76NgW1vLvklj1NypHJt5HQzg_ALLFahoPTQrPtA9y8R0eCS-G5dSvyCow5LrTqNT7b6jEa4ZoTMPQEQ4BFl\
     fshbORBl0IdOQM3D0T5R3xvxtdpllAtIGBaNrB6xfH1q5WZOYyIs3kvR5pz-N9JWjEzSXsVRLGx08sRX632dcGIU4lxmoKAo\
     8TeTjoMnAWNyiQCNTnTuKR-R-8x41wssBijT5l7j3DPKFrUr4_YwvI8CAwEAAQ",
        "mtc6UCyfgxC3sV0yBN1sd98BmtNdGAjAdaV7RokHf6eUVOxZWtg_7t3W4o2nzDCnxEmi5RwBfpFJJRNYBO06yRBZfvPFsglF\
     SDDr7_loHugLuDyGoviA2DdhxwMD5hBfiPrdbx95rLhs-ALSCptceEz5JhsdZZnecyhMQ8t7reZcsrQZP6L6HY70dimnOsUj\
     5C5xuy4rRpBFDum683jaRUFyb5OPIH712ri0YVziGFk4O0CEa8zJtHn62cPTeH4aOorbCFmMN1L4I9QfuYAfW6X7y9_be-Ll\
     WIyAFet8SdpKLnqeYpHqa3JsD4ZruarfRpYtfl5xJDkW248j_tQn5ScYxAgr4g_ThtZpXWbN9g9UTrySCRJHafu7mnqSH19A\
     g8zsi1hy1ArBGPlyHsnSD_WRgWAnCmcYpce_KUdNyINM34jYlh2Bj5DlKpyV2k6IaMJkAVwSoD_59kJol9euE-mK5-xUGM2M\
     N0exHf2RCJNESSCPHWIsBgC4kdXHWESq8qT7MdMzkJ8A4tEeadRPpAnqQWQnGoeRlJw0GpRaP6Rh3EwWEqeV3zRYlkGCoKO2\
     w4CXSi9iC3wc7i0_yZi5_8qXa-pKj2Yf-UOBm7Yy40lWZ8Hzva8TT6dCUAFESAJLeYQ3pPTBL0TuO4E4oRWFZ-zEegRQv-Yd\
     U9MJ5KA4rLE",
    ),
];

#[test]
fn signatures_of_openssl_verify_and_changed_ones_do_not() {
    for (algorithm, key, signature) in SIGNED {
        let (spki, signature) = (decode(key, 600).unwrap(), decode(signature, 512).unwrap());
        let key = PublicKey::from_spki(&spki).expect(algorithm);
        assert_eq!((key.algorithm(), key.to_spki()), (algorithm, &*spki));
        assert!(key.verifies(MESSAGE, &signature), "{algorithm}");
        assert!(!key.verifies(b"another message", &signature), "{algorithm}");
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!key.verifies(MESSAGE, &changed), "{algorithm} {at}");
        }
        assert!(!key.verifies(MESSAGE, &signature[1..]) && !key.verifies(MESSAGE, &[]), "{algorithm}");
        assert!(!key.verifies(MESSAGE, &vec![0; signature.len()]), "{algorithm}");
        assert!(!key.verifies(MESSAGE, &vec![0xff; signature.len()]), "{algorithm}");
        for (other, _, theirs) in SIGNED.iter().filter(|(other, ..)| *other != algorithm) {
            assert!(!key.verifies(MESSAGE, &decode(theirs, 512).unwrap()), "{algorithm} {other}");
        }
    }
}

#[test]
fn keys_have_one_spelling_and_a_size() {
    for (algorithm, key, _) in SIGNED {
        let spki = decode(key, 600).unwrap();
        for at in 0..spki.len() {
            assert_eq!(PublicKey::from_spki(&spki[..at]), None, "{algorithm} {at}");
        }
        assert_eq!(PublicKey::from_spki(&[&spki[..], &[0]].concat()), None, "{algorithm}");
        // Whatever is read is written as it was read.
        for at in 0..spki.len() {
            let mut changed = spki.clone();
            changed[at] ^= 0x80;
            assert!(
                PublicKey::from_spki(&changed).is_none_or(|key| key.to_spki() == changed),
                "{algorithm} {at}"
            );
        }
    }
    let odd = |bytes: usize| [&vec![0xff; bytes - 1][..], &[0xfd]].concat();
    for (modulus, taken) in [
        (odd(255), false),
        (odd(256), true),
        ([&[0x7f][..], &odd(255)].concat(), false),
        (odd(512), true),
        (odd(513), false),
        ([&[0][..], &odd(256)].concat(), false),
        (vec![0xfe; 256], false),
    ] {
        assert_eq!(PublicKey::rs256(&modulus).is_some(), taken, "{}", modulus.len());
    }
    assert_eq!(PublicKey::eddsa(&[0; 32]), None, "a weak point");
    assert_eq!(PublicKey::es256(&[1; 32], &[1; 32]), None, "no point of the curve");
}

#[test]
fn texts_are_bounded_and_have_one_spelling() {
    for (text, taken) in [
        ("AA", true),
        ("AAAA", true),
        ("", false),
        ("AB", false),
        ("AA==", false),
        ("A+", false),
        ("AAAAAA", false),
    ] {
        assert_eq!(decode(text, 3).is_ok(), taken, "{text}");
    }
}
