//! Facts about an argument that is a URL: which machine it would reach, by which scheme, and by which tricks.
//!
//! Read as browsers read it (the WHATWG URL Standard), since that is the most forgiving reading in use.
//! Nothing is
//! looked up: what a name resolves to is not known here.

mod address;

use std::collections::BTreeSet;

use serde::Serialize;
use unicode_script::{Script, UnicodeScript};
use url::{Host, Url};

use super::path;

/// Longest URL that is read, in bytes; of a longer one nothing is known.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// What is to be known about a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Parsers disagree about it: `\`, several `@`, blanks or control characters in it.
    Ambiguous,
    /// The host is percent-encoded.
    EncodedHost,
    /// Cannot be read.
    Invalid,
    /// The host is an address.
    IpLiteral,
    /// The host is an IPv6 address that stands for an IPv4 address.
    Ipv4InIpv6,
    /// Reaches one link only: 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// A name that is local by its ending: `localhost`, `.local`, `.internal`, or without a dot.
    LocalName,
    /// Reaches this machine.
    Loopback,
    /// The metadata service of a cloud, which gives credentials.
    Metadata,
    /// A label of the host mixes scripts, or is not Latin and looks like it.
    MixedScript,
    /// Reaches many machines.
    Multicast,
    /// Has no scheme.
    NoScheme,
    /// Not `http` or `https`.
    OtherScheme,
    /// The address is spelt as a number, in octal, in hexadecimal, or with parts left out.
    OddAddress,
    /// A port is written that is not the scheme's own.
    Port,
    /// An address of a private network.
    Private,
    /// The host has labels in Punycode, or needs them.
    Punycode,
    /// A public name made to resolve to an address in it (`127.0.0.1.nip.io`), or to this machine.
    Rebinding,
    /// Reserved: not an address of any machine on the internet.
    Reserved,
    /// The path leaves its root by `..`, in any spelling.
    Traversal,
    /// Has a user name or password.
    Userinfo,
}

/// What is to be known about a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// In lower case; `http` is assumed when there is none. Empty when the URL cannot be read.
    pub scheme: String,
    /// As it would be looked up: lower case, Punycode, addresses in their one spelling. Empty when there is
    /// none.
    pub host: String,
    /// The port, written or the scheme's own.
    pub port: Option<u16>,
    /// Without `.` and `..`.
    pub path: String,
    /// What is to be known.
    pub flags: BTreeSet<Flag>,
}

impl Facts {
    /// Whether the URL has this property.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }
}

/// Reads a URL. Never panics; linear in the length of `text`, which is bounded by [`URL_BYTES_MAX`].
pub fn read(text: &str) -> Facts {
    let mut flags = BTreeSet::new();
    let Some((url, written)) = parse(text, &mut flags) else {
        let flags = BTreeSet::from([Flag::Invalid]);
        return Facts { scheme: String::new(), host: String::new(), port: None, path: String::new(), flags };
    };
    let authority = authority(&written);
    if text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\')
        || authority.matches('@').count() > 1
    {
        flags.insert(Flag::Ambiguous);
    }
    if !matches!(url.scheme(), "http" | "https") {
        flags.insert(Flag::OtherScheme);
    }
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        flags.insert(Flag::Userinfo);
    }
    if url.port().is_some() {
        flags.insert(Flag::Port);
    }
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match url.host() {
        Some(Host::Domain(name)) => note_name(name, host, &mut flags),
        Some(Host::Ipv4(found)) => {
            flags.insert(Flag::IpLiteral);
            if !host.starts_with(&found.to_string()) {
                flags.insert(Flag::OddAddress);
            }
            flags.extend(address::v4(found));
        }
        Some(Host::Ipv6(found)) => {
            flags.insert(Flag::IpLiteral);
            flags.extend(address::v6(found));
        }
        None => {}
    }
    let path = path::read(raw_path(&written));
    if path.has(path::Flag::Traversal) {
        flags.insert(Flag::Traversal);
    }
    Facts {
        scheme: url.scheme().to_owned(),
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default(),
        path: url.path().to_owned(),
        flags,
    }
}

/// The URL, and its text with a scheme. Programs assume `http` where there is none.
fn parse(text: &str, flags: &mut BTreeSet<Flag>) -> Option<(Url, String)> {
    if text.len() > URL_BYTES_MAX {
        return None;
    }
    let trimmed = text.trim();
    let assumed = |flags: &mut BTreeSet<Flag>| {
        flags.insert(Flag::NoScheme);
        let written = format!("http://{}", trimmed.trim_start_matches('/'));
        Url::parse(&written).ok().map(|url| (url, written))
    };
    match Url::parse(trimmed) {
        // `host:8080/x` has no scheme called `host`.
        Ok(url) if url.cannot_be_a_base() && is_port(url.path()) => assumed(flags),
        Ok(url) => Some((url, trimmed.to_owned())),
        Err(url::ParseError::RelativeUrlWithoutBase) => assumed(flags),
        Err(_) => None,
    }
}

fn is_port(path: &str) -> bool {
    let digits = path.split('/').next().unwrap_or("");
    !digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands between `//` and the path.
fn authority(written: &str) -> &str {
    let rest = written.split_once(':').map_or("", |(_, rest)| rest).trim_start_matches(['/', '\\']);
    rest.split(['/', '\\', '?', '#']).next().unwrap_or(rest)
}

/// The path as it is written, before any parser has tidied it up.
fn raw_path(written: &str) -> &str {
    let rest = written.split_once(':').map_or("", |(_, rest)| rest).trim_start_matches(['/', '\\']);
    let rest = rest.find(['/', '\\']).map_or("", |at| &rest[at..]);
    rest.split(['?', '#']).next().unwrap_or(rest)
}

fn note_name(name: &str, written: &str, flags: &mut BTreeSet<Flag>) {
    const METADATA: &[&str] = &[
        "metadata.google.internal",
        "metadata",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.goog",
    ];
    const REBINDING: &[&str] =
        &["nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "vcap.me", "rbndr.us"];
    let name = name.trim_end_matches('.');
    if METADATA.contains(&name) {
        flags.insert(Flag::Metadata);
    }
    if name == "localhost" || name.ends_with(".localhost") {
        flags.insert(Flag::Loopback);
    }
    let ends =
        |ending: &str| name.strip_suffix(ending).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    if !name.contains('.')
        || ["local", "internal", "localhost", "lan", "home.arpa", "svc"].into_iter().any(ends)
    {
        flags.insert(Flag::LocalName);
    }
    if REBINDING.iter().copied().any(ends) {
        flags.insert(Flag::Rebinding);
    }
    if written.contains('%') {
        flags.insert(Flag::EncodedHost);
    }
    if name.split('.').any(|label| label.starts_with("xn--")) {
        flags.insert(Flag::Punycode);
        let (unicode, _) = idna::domain_to_unicode(name);
        if unicode.split('.').any(is_mixed) {
            flags.insert(Flag::MixedScript);
        }
    }
}

/// Whether a label uses letters of several scripts (beside those that are written together), or of one that
/// can pass
/// for Latin.
fn is_mixed(label: &str) -> bool {
    let scripts: BTreeSet<&str> = label
        .chars()
        .map(|c| c.script())
        .filter(|script| !matches!(script, Script::Common | Script::Inherited))
        .map(|script| match script {
            Script::Hiragana | Script::Katakana | Script::Hangul | Script::Bopomofo | Script::Han => "Han",
            other => other.full_name(),
        })
        .collect();
    let looks_latin = |c: char| "аеорсухіјѕԛԝһԁӏοανικτ".contains(c) || c.is_ascii_digit() || c == '-';
    scripts.len() > 1 || !label.is_ascii() && label.chars().all(looks_latin)
}

#[cfg(test)]
mod tests;
