//! Values that somebody or something made up to be secret, told from names, words, code and placeholders.

/// Shannon entropy of the bytes of `text`, in bits for each.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / length)
        .map(|p| -p * p.log2())
        .sum()
}

/// A value that a machine made: for the generic rules, where a word such as `token` stands before it. Hexadecimal
/// counts from twenty signs on, anything else needs letters and digits and must not read like words.
pub(crate) fn generated(text: &str) -> bool {
    let text = bare(text);
    let length = text.len();
    if !(12..=4096).contains(&length) || placeholder(text) || !text.is_ascii() || uuid(text) || code(text) {
        return false;
    }
    let (letters, digits) = (count(text, u8::is_ascii_alphabetic), count(text, u8::is_ascii_digit));
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return length >= 20 && letters > 0 && digits > 0 && entropy(text) >= 2.8;
    }
    let mixed = digits > 0 || (length >= 20 && cases(text) && flips(text) * 4 >= length);
    // What changes its kind at most signs only looks like words.
    let restless = digits > 2 && flips(text) * 5 >= length * 3;
    letters > 2 && mixed && entropy(text) >= 2.9 && (restless || !reads_like_words(text))
}

/// As [`issued`], or many signs of all kinds in no order: where a member is named for it, and code cannot stand.
pub(crate) fn kept(text: &str) -> bool {
    let text = bare(text);
    let marks = count(text, u8::is_ascii_punctuation);
    let plain = text.contains([' ', '/', '{']) || text.contains("()") || text.contains(").");
    let dense = text.len() >= 32 && marks >= 4 && entropy(text) >= 4.0 && !plain;
    issued(text) || dense && !placeholder(text)
}

/// As [`kept`], where code may stand: no call, no pattern between slashes.
pub(crate) fn labelled(text: &str) -> bool {
    let call = |pair: &[u8]| pair[0].is_ascii_alphabetic() && matches!(pair[1], b'(' | b'[');
    kept(text) && !text.as_bytes().windows(2).any(call) && !enclosed(text, '/', '/')
}

/// As [`generated`], or a UUID: where the name before it already says that it is a key.
pub(crate) fn issued(text: &str) -> bool {
    uuid(bare(text)) || generated(text)
}

/// A password that a person may have chosen, where `password=` or the like stands before it: signs of at least two
/// kinds, no name of a variable, no code, no placeholder.
pub(crate) fn chosen(text: &str) -> bool {
    let text = bare(text);
    if !(5..=256).contains(&text.len()) || placeholder(text) || code(text) || host(text) || moment(text) {
        return false;
    }
    let letters = text.chars().filter(|sign| sign.is_alphabetic()).count();
    let digits = count(text, u8::is_ascii_digit);
    let marks = count(text, |byte| b"!@#$%^&*+=~?".contains(byte));
    let varied = (letters > 0) && (digits > 0 || marks > 0) || digits >= 6 && marks > 0;
    varied && !name(text) || scrambled(text)
}

/// What follows the password in a manual's `<user>:<password>@host:5432/name`.
fn host(text: &str) -> bool {
    let Some(host) = text.strip_prefix('@') else { return false };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:/".contains(&byte);
    let letters = host.bytes().all(|byte| byte.is_ascii_lowercase());
    host.bytes().all(plain) && (letters || host.contains(['.', '-', ':', '/']))
}

/// Letters alone that no word or name explains: small and capital ones that change more often than in `aNameLikeThis`.
fn scrambled(text: &str) -> bool {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    letters && text.len() >= 8 && cases(text) && flips(text) * 3 >= text.len() && !reads_like_words(text)
}

/// What a member that is named like a secret holds: anything but nothing, a mask or a placeholder.
pub(crate) fn held(text: &str) -> bool {
    let text = bare(text);
    let words = [
        "true",
        "false",
        "null",
        "none",
        "nil",
        "undefined",
        "string",
        "required",
        "optional",
        "n/a",
        "unset",
    ];
    !text.is_empty()
        && !words.iter().any(|word| text.eq_ignore_ascii_case(word))
        && !text.bytes().all(|byte| b"*xX.-_#? ".contains(&byte))
        && ![enclosed(text, '<', '>'), enclosed(text, '[', ']'), substituted(text)].contains(&true)
}

/// The part between `://` and `@`: a password, and not the word that manuals write there.
pub(crate) fn in_url(text: &str) -> bool {
    let words = [
        "password",
        "passwd",
        "pass",
        "pwd",
        "pw",
        "secret",
        "token",
        "port",
        "user",
        "key",
        "mypassword",
        "p",
    ];
    let text = bare(text);
    held(text)
        && text.len() >= 3
        && !words.iter().any(|word| text.eq_ignore_ascii_case(word))
        && !text.contains(['<', '{', '$', '*', '(', '%']) | percent_encoded(text)
        && !(placeholder(text) && count(text, u8::is_ascii_digit) < 3)
}

/// Not the key that a manual shows: issuers write EXAMPLE into those.
pub(crate) fn real(text: &str) -> bool {
    // The second letter of each: few texts have one.
    let shown = |at: usize| SHOWN.iter().any(|word| text.as_bytes()[at..].starts_with(word));
    !memchr::memchr2_iter(b'X', b'x', text.as_bytes()).any(|at| at.checked_sub(1).is_some_and(shown))
}

/// What issuers write into keys that they show.
const SHOWN: [&[u8]; 4] = [b"EXAMPLE", b"example", b"XXXXXX", b"xxxxxx"];

/// What follows the scheme in a header: a token of any kind, but no word, variable or placeholder.
pub(crate) fn sent(text: &str) -> bool {
    let digits = count(text, u8::is_ascii_digit);
    held(text) && digits > 0 && !placeholder(text) && !name(text)
}

/// The value of a member that is named like a header of authorization: its scheme and token, or a token.
pub(crate) fn header(text: &str) -> bool {
    let text = text.trim();
    match text.split_once(' ') {
        Some((_, token)) => token.len() >= 8 && !token.contains(' ') && held(token) && !placeholder(token),
        None => issued(text),
    }
}

/// A secret that a member is named for, and whose name alone may mean something else: chosen or generated.
pub(crate) fn likely(text: &str) -> bool {
    chosen(text) || issued(text)
}

/// Digits that confirm a card or a login.
pub(crate) fn code_of_digits(text: &str) -> bool {
    (3..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As [`generated`]; letters alone that change their case or go on longer than words do are no words either.
pub(crate) fn lettered(text: &str) -> bool {
    let longest = text.split(|sign: char| !sign.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0);
    generated(text) || longest >= LETTERS_MIN && !placeholder(text)
}

/// Letters in a row that are no word, and no words written as one.
const LETTERS_MIN: usize = 34;

/// At least one digit: what words written in the same alphabet do not have.
pub(crate) fn numbered(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit()) && real(text)
}

/// The user and password of HTTP's Basic scheme, RFC 7617: Base64 of two parts with a colon between.
pub(crate) fn basic(text: &str) -> bool {
    let mut pending = 0_u32;
    let (mut bits, mut colon, mut count) = (0, false, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let Some(six) = six_bits(byte) else { return false };
        pending = (pending << 6 | u32::from(six)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            let decoded = (pending >> bits) & 0xff;
            if decoded < 0x20 || decoded == 0x7f {
                return false;
            }
            colon |= decoded == u32::from(b':') && count > 0;
            count += 1;
        }
    }
    colon && count >= 4
}

/// A header that decodes to an object with `alg` or `enc`, RFC 7515 and 7516.
pub(crate) fn jose(text: &str) -> bool {
    let header = text.split('.').next().unwrap_or_default();
    let mut decoded = Vec::with_capacity(HEADER_MAX);
    let mut pending = 0_u32;
    let mut bits = 0;
    for byte in header.bytes().take(HEADER_MAX) {
        let Some(six) = six_bits(byte) else { return false };
        pending = (pending << 6 | u32::from(six)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            decoded.push((pending >> bits & 0xff) as u8);
        }
    }
    let has = |name: &[u8]| decoded.windows(name.len()).any(|part| part == name);
    decoded.first() == Some(&b'{')
        && (has(b"\"alg\"") || has(b"\"enc\"") || has(b"\"typ\"") || has(b"\"kid\""))
}

/// As much of a header as is read, in bytes.
const HEADER_MAX: usize = 1024;

/// A private key in PEM: between the marks stands Base64, and not the name of a variable.
pub(crate) fn pem(text: &str) -> bool {
    let body = text.splitn(3, "-----").nth(2).unwrap_or_default();
    let body = body.split("-----END").next().unwrap_or_default();
    count(body, |byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) >= 40 && real(body)
}

/// What a sign of base64 stands for, in either alphabet of RFC 4648.
pub(crate) fn six_bits(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Without the quotes and signs that end a sentence.
fn bare(text: &str) -> &str {
    text.trim_matches(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '`' | ',' | ';'))
}

fn count(text: &str, is: impl Fn(&u8) -> bool) -> usize {
    text.bytes().filter(|byte| is(byte)).count()
}

fn cases(text: &str) -> bool {
    count(text, u8::is_ascii_lowercase) > 2 && count(text, u8::is_ascii_uppercase) > 2
}

/// How often a capital follows a small letter or a small letter two capitals.
fn flips(text: &str) -> usize {
    let kind = |byte: u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase(), byte.is_ascii_digit());
    text.as_bytes().windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count()
}

fn uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What people write where a secret would stand.
fn placeholder(text: &str) -> bool {
    const WORDS: [&str; 34] = [
        "example",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "your_",
        "your-",
        "yours",
        "my_",
        "my-",
        "xxxx",
        "****",
        "....",
        "redacted",
        "dummy",
        "sample",
        "insert",
        "replace",
        "abcdef",
        "1234567",
        "foobar",
        "lorem",
        "todo",
        "-here",
        "_here",
        "goes",
        "default",
        "fake",
        "masked",
        "hidden",
        "removed",
        "test-",
        "test_",
        "0000000",
    ];
    let lower = text.to_ascii_lowercase();
    let mut seen = [false; 256];
    lower.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    let signs = seen.iter().filter(|&&seen| seen).count();
    // A look at its signs rules nearly every word out.
    let stands = |word: &str| word.bytes().all(|byte| seen[usize::from(byte)]) && lower.contains(word);
    signs < SIGNS_MIN
        || enclosed(text, '<', '>')
        || substituted(text)
        || WORDS.iter().any(|word| stands(word))
}

/// Fewest different signs of a secret.
const SIGNS_MIN: usize = 4;

/// A variable that something fills in: `$NAME`, `${...}`, `{{...}}`, `%NAME%`, `%s`, `@name@`, `$(...)`.
fn substituted(text: &str) -> bool {
    let inner = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let dollar = text
        .strip_prefix('$')
        .is_some_and(|rest| rest.starts_with(['{', '(']) || inner(rest.trim_end_matches('-')));
    let braces = || text.contains("{{") || text.contains("${") || enclosed(text, '{', '}');
    dollar
        || memchr::memchr(b'{', text.as_bytes()).is_some() && braces()
        || enclosed(text, '%', '%')
        || (text.len() == 2 && text.starts_with('%'))
        || text.starts_with("#{")
}

fn enclosed(text: &str, open: char, close: char) -> bool {
    text.len() > 1 && text.starts_with(open) && text.ends_with(close)
}

fn percent_encoded(text: &str) -> bool {
    let pairs = text.as_bytes().windows(3);
    let encoded = pairs
        .filter(|three| three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit());
    let percents = count(text, |&byte| byte == b'%');
    percents > 0 && encoded.count() == percents && !text.contains(['<', '{', '$', '*', '('])
}

/// A call, an index, a path, an address, a member of something, or a number: a piece of program.
fn code(text: &str) -> bool {
    let path =
        text.starts_with(['/', '.', '~', '-']) && text.matches('/').count() > 1 && reads_like_words(text);
    let member = text.split('.').count() > 1
        && text
            .split('.')
            .all(|part| part.starts_with(|sign: char| sign.is_ascii_alphabetic()) && name(part))
        && reads_like_words(text);
    let number = text.bytes().all(|byte| byte.is_ascii_digit() || b".,_-+:/ ".contains(&byte));
    text.contains(['(', ')', '[', ']', '{', '}', '\\']) && !cases(text)
        || text.contains("()")
        || text.contains("://")
        || text.contains("::")
        || text.contains("->")
        || path
        || member
        || number
}

/// A name as programs have them: parts that read like words, each perhaps with a number behind.
fn name(text: &str) -> bool {
    if phrase(text) {
        return false;
    }
    let parts = text.split(['_', '-', '.', '/', ':', ' ']).filter(|part| !part.is_empty());
    let mut words = 0;
    for part in parts {
        let word = part.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let plain = word.bytes().all(|byte| byte.is_ascii_alphabetic());
        // `word1` alone may be a password; `db_host1` and `getPassword` are names.
        if !plain || (word.len() != part.len() && word.len() > 2 && !text.contains(['_', '-', '.'])) {
            return false;
        }
        words += 1;
    }
    words > 0
}

/// Two words and a number as people make passwords of them, `Falcon.marzipan60`: no name has a capital before such an end,
/// but names of algorithms do.
fn phrase(text: &str) -> bool {
    const NUMBERED: [&str; 12] =
        ["aes", "base", "ecdsa", "hmac", "iso", "md", "port", "rsa", "sha", "utf", "version", "windows"];
    let words = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let Some((head, last)) = words.rsplit_once(['_', '-', '.']) else { return false };
    let digits = text.len() - words.len();
    let word = |word: &str| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let capital = text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&digits)
        && word(head)
        && word(last)
        && (capital || digits == 2)
        && !NUMBERED.iter().any(|word| last.eq_ignore_ascii_case(word))
}

/// A moment of RFC 3339: what expires stands beside many secrets.
fn moment(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 19
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b' ')
        && bytes[13] == b':'
}

/// Do its letters follow one another as in English? Of random ones, about a quarter does; of words, most.
fn reads_like_words(text: &str) -> bool {
    let (mut pairs, mut common) = (0_u32, 0_u32);
    for pair in text.as_bytes().windows(2) {
        if let [first @ (b'a'..=b'z' | b'A'..=b'Z'), second @ (b'a'..=b'z' | b'A'..=b'Z')] = pair {
            pairs += 1;
            let row = FOLLOWERS[usize::from(first.to_ascii_lowercase() - b'a')];
            common += u32::from(row.contains(&second.to_ascii_lowercase()));
        }
    }
    // A few pairs among many digits say nothing.
    pairs >= 5 && pairs as usize * 3 >= text.len() && common * 100 >= pairs * 62
        || pairs as usize * 3 > text.len() * 2 && common * 100 >= pairs * 58
}

/// For each letter, those that often follow it in English words and in names of programs.
const FOLLOWERS: [&[u8]; 26] = [
    b"bcdgilmnprstuvy",
    b"aeiloruy",
    b"acehiklortu",
    b"adeiorsu",
    b"acdefilmnprstvwxy",
    b"aefilortu",
    b"aeghilnoru",
    b"aeioru",
    b"acdefglmnoprstvz",
    b"aou",
    b"einy",
    b"adeiklostuy",
    b"abeimopu",
    b"acdefgiknostuv",
    b"bcdfgklmnoprstuvw",
    b"aehiloprstu",
    b"u",
    b"acdegikmnorstuvy",
    b"acehikmopstuw",
    b"aehiorstuy",
    b"abcdegilmnprst",
    b"aeio",
    b"aehio",
    b"aceipt",
    b"eos",
    b"aeio",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_values_are_told_from_names_and_hashes_of_nothing() {
        let values = [
            "9f86d081884c7d659a2feaa0c55ad015",
            "kX9mP2vQ8rT4wY6zB1nC",
            "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
            "q7w8r9t2y5u1i3o4",
            "7Gv_2kQ-p9Lx3Nw8sTz4",
            "AbXkPqZrTmNwVyLsDfGh",
            "u+o4iC4Q19zXgN2XtHR7",
        ];
        for value in values {
            assert!(generated(value), "{value}");
        }
        let others = [
            "application_settings_key",
            "550e8400-e29b-41d4-a716-446655440000",
            "your_api_key_here_123",
            "xxxxxxxxxxxxxxxx",
            "process.env.SECRET_TOKEN",
            "${SECRET_TOKEN_VALUE}",
            "<your-secret-token>",
            "getSecretToken()",
            "1234567890123456",
            "/etc/ssl/private/server.key",
            "https://example.com/token",
            "short1",
            "authentication-token-v2",
            "TokenProviderFactory2",
            "ListAccessTokensResponse",
            "00000000000000000000000a",
            "2024-01-01T00:00:00",
        ];
        for other in others {
            assert!(!generated(other), "{other}");
        }
        assert!(issued("7d3a1f20-9b4c-4e8d-a6f5-0c2e91b7d384"));
    }

    #[test]
    fn chosen_passwords_are_told_from_code() {
        for value in [
            "hunter2",
            "Tr0ub4dor&3",
            "correct!horse",
            "S3cure#Pass",
            "winter2024!",
            "p@ssw0rd",
            "@winter2024",
            "@Winter-24",
            "Falcon.marzipan60",
            "kestrel-Juniper65",
            "pepper_otter59",
        ] {
            assert!(chosen(value), "{value}");
        }
        let others = [
            "password",
            "@localhost",
            "@proxy-host",
            "@db.example.com:5432/shop",
            "args.password",
            "getpass()",
            "$DB_PASSWORD",
            "${password}",
            "<password>",
            "None",
            "user_password",
            "process.env.DB_PASS",
            "changeme",
            "********",
            "db_pass1",
            "string",
            "options[0]",
            "self.password1",
            "hmac_sha256",
            "Config.Port8443",
            "2026-08-12T06:00:00Z",
        ];
        for other in others {
            assert!(!chosen(other), "{other}");
        }
        assert!(held("correct horse") && held("secret"));
        assert!(
            !held("")
                && !held("******")
                && !held("null")
                && !held("<password>")
                && !held("${X}")
                && !held("[redacted]")
        );
    }

    #[test]
    fn headers_are_decoded() {
        assert!(
            basic("dXNlcjpwYXNz")
                && basic("YWxpY2U6czNjcmV0IQ==")
                && !basic("dXNlcnBhc3M=")
                && !basic("authentication")
        );
        assert!(jose("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln"));
        assert!(!jose("eyJmb28iOiJiYXIifQ.e30.c2ln") && !jose("eyJ!.e30.x"));
    }

    #[test]
    fn passwords_in_addresses_are_not_the_words_of_manuals() {
        for value in ["s3cr3t", "hunter2", "Qm9v%21x", "winter"] {
            assert!(in_url(value), "{value}");
        }
        for other in ["password", "pass", "<password>", "$PASS", "${PASS}", "{pw}", "****", "pw"] {
            assert!(!in_url(other), "{other}");
        }
    }
}
