//! Backslash escapes of `$'...'`, `echo -e` and `printf`, and the encodings that hide commands.

/// Which program gives the escapes their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `$'...'`, and the format of `printf`: `\NNN`.
    Ansi,
    /// `echo -e`, and `%b` of `printf`: `\0NNN` as well.
    Echo,
}

/// The text that `raw` stands for; `None` when it holds a NUL. Bytes that are no UTF-8 become U+FFFD.
pub(super) fn decode(raw: &[u8], style: Style) -> Option<String> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&kind) = raw.get(at) else {
            out.push(b'\\');
            break;
        };
        at += 1;
        match kind {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' | b'E' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' | b'\'' | b'"' | b'?' => out.push(kind),
            b'x' => at += number(&mut out, &raw[at..], 16, 2, b'x')?,
            b'u' => at += number(&mut out, &raw[at..], 16, 4, b'u')?,
            b'U' => at += number(&mut out, &raw[at..], 16, 8, b'U')?,
            b'0' if style == Style::Echo => at += number(&mut out, &raw[at..], 8, 3, b'0')?,
            b'0'..=b'7' => at += number(&mut out, &raw[at - 1..], 8, 3, b'0')? - 1,
            b'c' if style == Style::Ansi && at < raw.len() => {
                out.push(raw[at] & 0x1f);
                at += 1;
            }
            // The rest of the output is dropped.
            b'c' if style == Style::Echo => break,
            other => out.extend([b'\\', other]),
        }
    }
    if out.contains(&0) { None } else { Some(clean(&out)) }
}

/// Appends the character or byte of a numeric escape; how many digits it had. `None` for NUL.
fn number(out: &mut Vec<u8>, rest: &[u8], radix: u32, most: usize, kind: u8) -> Option<usize> {
    let digits = rest.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    if digits == 0 {
        if kind == b'0' {
            return None;
        }
        out.extend([b'\\', kind]);
        return Some(0);
    }
    let value = rest[..digits].iter().fold(0_u32, |value, byte| {
        value.wrapping_mul(radix) + char::from(*byte).to_digit(radix).unwrap_or(0)
    });
    if kind == b'u' || kind == b'U' {
        let character = char::from_u32(value).unwrap_or('\u{fffd}');
        out.extend(character.encode_utf8(&mut [0; 4]).bytes());
    } else {
        out.push(u8::try_from(value & 0xff).unwrap_or(0));
    }
    if value == 0 { None } else { Some(digits) }
}

/// Text of bytes, without the control characters that mark holes and patterns in this module's own words.
pub(super) fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if is_refused(c) { '\u{fffd}' } else { c }).collect()
}

/// Characters that have no place in a command: control characters beside tab and line ends.
pub(super) fn is_refused(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// What `base64 -d` makes of `text`; `None` when it is no base64.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
        }
    }
    if out.contains(&0) { None } else { Some(clean(&out)) }
}

/// What `xxd -r -p` makes of `text`; `None` when it is no hexadecimal.
pub(super) fn hex(text: &str) -> Option<String> {
    let digits: Option<Vec<u32>> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect();
    let bytes: Vec<u8> =
        digits?.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap_or(0)).collect();
    if bytes.contains(&0) { None } else { Some(clean(&bytes)) }
}
