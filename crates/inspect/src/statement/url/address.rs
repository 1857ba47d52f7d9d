//! What is known of an address without asking: the registries of special addresses (RFC 6890 and its
//! updates).

use core::net::{Ipv4Addr, Ipv6Addr};

use super::Flag;

/// What is to be known of an IPv4 address.
pub(super) fn v4(address: Ipv4Addr) -> Vec<Flag> {
    let [a, b, c, d] = address.octets();
    let mut flags = Vec::new();
    // Amazon, Azure and Google; Amazon for containers; Alibaba; Oracle; Azure's host.
    let metadata = matches!(
        [a, b, c, d],
        [169, 254, 169, 254]
            | [169, 254, 170, 2 | 23]
            | [100, 100, 100, 200]
            | [192, 0, 0, 192]
            | [168, 63, 129, 16]
    );
    if metadata {
        flags.push(Flag::Metadata);
    }
    if address.is_loopback() || a == 0 {
        // 0.0.0.0 connects to this machine on most systems.
        flags.push(Flag::Loopback);
    }
    if address.is_link_local() {
        flags.push(Flag::LinkLocal);
    }
    if address.is_private() || a == 100 && (64..128).contains(&b) {
        flags.push(Flag::Private);
    }
    if address.is_multicast() || address.is_broadcast() {
        flags.push(Flag::Multicast);
    }
    if a == 0
        || a >= 240
        || [a, b, c] == [192, 0, 0]
        || a == 198 && (b == 18 || b == 19)
        || address.is_documentation()
    {
        flags.push(Flag::Reserved);
    }
    flags
}

/// What is to be known of an IPv6 address, and of the IPv4 address in it.
pub(super) fn v6(address: Ipv6Addr) -> Vec<Flag> {
    let segments = address.segments();
    let mut flags = Vec::new();
    if let Some(inner) = inner(segments, address) {
        flags.push(Flag::Ipv4InIpv6);
        flags.extend(v4(inner));
    }
    if address.is_loopback() || address.is_unspecified() {
        flags.push(Flag::Loopback);
    }
    if segments[0] & 0xffc0 == 0xfe80 {
        flags.push(Flag::LinkLocal);
    }
    if segments[0] & 0xfe00 == 0xfc00 || segments[0] & 0xffc0 == 0xfec0 {
        flags.push(Flag::Private);
    }
    if address.is_multicast() {
        flags.push(Flag::Multicast);
    }
    if segments[0] == 0x2001 && segments[1] == 0xdb8 {
        flags.push(Flag::Reserved);
    }
    if segments == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] || segments == [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] {
        flags.push(Flag::Metadata);
    }
    flags
}

/// The IPv4 address that an IPv6 address carries: mapped, compatible, translated (RFC 6052), 6to4.
fn inner(segments: [u16; 8], address: Ipv6Addr) -> Option<Ipv4Addr> {
    let at = |index: usize| {
        let [a, b] = segments[index].to_be_bytes();
        let [c, d] = segments[index + 1].to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => {
            Some(at(6))
        }
        [0, 0, 0, 0, 0, 0, _, _] if !address.is_loopback() && !address.is_unspecified() => Some(at(6)),
        [0x2002, ..] => Some(at(1)),
        _ => None,
    }
}
