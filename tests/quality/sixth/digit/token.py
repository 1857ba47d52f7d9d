"""Check sums at the end of tokens and keys."""

import string
import zlib

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def crc62(text):
    """What tokens of GitHub and npm end with: a CRC-32 of six signs."""
    rest, out = zlib.crc32(text.encode()), ""
    while rest:
        rest, digit = divmod(rest, 62)
        out = BASE62[digit] + out
    return out.rjust(6, "0")


def crc_hex(text):
    """What tokens of Grafana end with: a CRC-32 whose last byte comes first."""
    return zlib.crc32(text.encode()).to_bytes(4, "little").hex()


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, generator in enumerate(GENERATORS):
            if top >> at & 1:
                check ^= generator
    return check


def bech32(prefix, octets):
    """The octets by BIP 173, as age writes its keys."""
    rest = bits = 0
    values = []
    for octet in octets:
        rest = rest << 8 | octet
        bits += 8
        while bits >= 5:
            bits -= 5
            values.append(rest >> bits & 31)
        rest &= (1 << bits) - 1
    if bits:
        values.append(rest << (5 - bits) & 31)
    expanded = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    check = polymod(expanded + values + [0] * 6) ^ 1
    values += [check >> 5 * (5 - at) & 31 for at in range(6)]
    return prefix + "1" + "".join(BECH32[value] for value in values)
