//! Addresses of machines: IPv4 and IPv6 that are somebody's, and MAC addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that can lead to a person or a place: no loopback, unspecified, broadcast, multicast, link-local or
/// documentation address. Private addresses of a network count: they show its inside.
pub(crate) fn ip(text: &str) -> bool {
    match text.parse() {
        Ok(IpAddr::V4(address)) => tells_v4(address),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(inner) => tells_v4(inner),
            None => tells_v6(address),
        },
        Err(_) => false,
    }
}

/// As [`ip`], but four small numbers are a version, not an address.
fn tells_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, last] = address.octets();
    // Versions, sections and object identifiers are written alike.
    let small = |bound: u8| second < bound && third < bound;
    let version = first != 10 && first < 30 && small(30) && last < 30
        || first < 10 && small(10)
        || first < 3 && second < 10;
    // Networks end in zero, and so do versions such as `10.0.3.0`.
    let reserved = first == 0 || last == 0 || first >= 240 || address.is_loopback() || address.is_multicast();
    let mask = first == 255;
    !(version || reserved || mask || address.is_link_local() || address.is_documentation())
}

fn tells_v6(address: Ipv6Addr) -> bool {
    let groups = address.segments();
    let documentation = groups[0] == 0x2001 && groups[1] == 0xdb8;
    let link_local = groups[0] & 0xffc0 == 0xfe80;
    // Addresses in use begin with 2000::/3 or fc00::/7; `::1`, `::ffff` and times such as `12:30::` do not.
    // Written out in full there is nothing else it could be, wherever it leads.
    let full = groups.iter().filter(|group| **group > 0xff).count() >= 6;
    let used = full || groups[0] & 0xe000 == 0x2000 || groups[0] & 0xfe00 == 0xfc00;
    // `2001::` and `fc00::` are networks, not somebody's machine.
    let network = groups[4..].iter().all(|&group| group == 0);
    used && !documentation && !link_local && !network
}

/// Groups that protocols agreed on: IPv4 and IPv6 multicast, bridges, Cisco's protocols.
const GROUPS: [&[u8]; 4] = [&[0x01, 0x00, 0x5e], &[0x33, 0x33], &[0x01, 0x80, 0xc2], &[0x01, 0x00, 0x0c]];

/// Six octets in hexadecimal with one kind of separator: `3c:22:fb:9a:01:7e`, `3C-22-FB-9A-01-7E`, `3c22.fb9a.017e`. No
/// group that a protocol has for itself; another that begins like one is somebody's, randomised or made up.
pub(crate) fn mac(text: &str) -> bool {
    let mut octets = [0_u8; 6];
    let (width, separators): (usize, &[u8]) = if text.len() == 14 { (4, b".") } else { (2, b":-") };
    let mut digits = 0;
    for (at, byte) in text.bytes().enumerate() {
        if at % (width + 1) == width {
            if byte != text.as_bytes()[width] || !separators.contains(&byte) {
                return false;
            }
            continue;
        }
        let digit = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (Some(digit), Some(octet)) = (digit, octets.get_mut(digits / 2)) else { return false };
        *octet = *octet << 4 | digit;
        digits += 1;
    }
    let varied = octets.windows(2).any(|pair| pair[0] != pair[1]);
    let agreed = GROUPS.iter().any(|group| octets.starts_with(group));
    // `01:02:03:04:05:06` and `00:11:22:33:44:55` are what manuals write.
    let stepwise =
        octets.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == octets[1].wrapping_sub(octets[0]));
    // Four digits between dots may be parts of numbers.
    let shown = width == 2 || text.bytes().any(|byte| byte.is_ascii_alphabetic());
    digits == 12 && varied && !agreed && !stepwise && shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_somewhere_are_told_from_those_that_do_not() {
        for address in [
            "88.8.4.40",
            "81.2.69.142",
            "10.20.30.40",
            "192.168.1.17",
            "2a00:1450:4001:81b::200e",
            "fd12:3456:789a::1",
        ] {
            assert!(ip(address), "{address}");
        }
        let others = [
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "192.0.2.10",
            "169.254.1.1",
            "224.0.0.1",
            "1.2.3.4",
            "4.15.2.0",
            "4.15.2.7",
            "19.6.1.2",
            "2.7.0.40",
            "1.3.101.112",
            "fc00::",
            "8.8.8.8",
            "::1",
            "::",
            "fe80::1",
            "2001:db8::1",
            "12:30::",
            "256.1.1.1",
            "1.2.3",
            "",
        ];
        for address in others {
            assert!(!ip(address), "{address}");
        }
    }

    #[test]
    fn adapters_have_six_octets_and_one_separator() {
        assert!(mac("3c:22:fb:9a:01:7e") && mac("3C-22-FB-9A-01-7E") && mac("3c22.fb9a.017e"));
        assert!(mac("ab:12:cd:34:ef:56"), "a group, but nobody's in particular");
        let others = [
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "3c:22:fb:9a:01",
            "3c:22:fb:9a:01:7e:55",
            "3c:22-fb:9a:01:7e",
            "00:11:22:33:44:55",
            "3g:22:fb:9a:01:7e",
            "3c:2:fbb:9a:01:7e",
            "01:00:5e:00:00:16",
            "33:33:00:00:00:fb",
            "1234.5678.9012",
            "3c22.fb9a.017",
            "3c22:fb9a:017e",
            "3c.22.fb.9a.01.7e",
            "",
        ];
        for address in others {
            assert!(!mac(address), "{address}");
        }
    }
}
