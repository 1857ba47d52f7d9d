//! Which addresses a document from outside may send the gateway to (server-side request forgery; OWASP, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` is an address on the public internet: neither this machine, nor its network, nor a special range.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

#[expect(clippy::match_same_arms, reason = "each arm is one kind of entry in the registry")]
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, multicast and reserved.
        (0 | 10 | 127 | 224.., _, _) => true,
        // Shared by carriers.
        (100, 64..=127, _) => true,
        // Link-local; where clouds keep instance credentials.
        (169, 254, _) => true,
        // Private.
        (172, 16..=31, _) | (192, 168, _) => true,
        // Protocol assignments, 6to4 relays, benchmarks.
        (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => true,
        // Documentation.
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = ip.segments();
    let embedded = |at: usize| {
        is_public_v4(Ipv4Addr::from((u32::from(segments[at]) << 16) | u32::from(segments[at + 1])))
    };
    match segments {
        // NAT64 and 6to4 reach the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => embedded(6),
        [0x2002, ..] => embedded(1),
        // Teredo, documentation.
        [0x2001, 0 | 0x0db8, ..] => false,
        // Only 2000::/3 is assigned to the internet.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ip: &str, expected: bool) {
        assert_eq!(is_public(ip.parse().unwrap()), expected, "{ip}");
    }

    #[test]
    fn internet_addresses_are_public() {
        for ip in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            check(ip, true);
        }
        check("64:ff9b::808:808", true);
        check("2002:0808:0808::1", true);
    }

    #[test]
    fn addresses_that_lead_inside_are_not() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.1.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "2002:0a00:0001::1",
            "2001:db8::1",
            "2001::1",
        ];
        for ip in inside {
            check(ip, false);
        }
    }
}
