"""Passwords as people and programs make them, their hashes, and private keys."""

from ..draw import BASE64, PLAIN, b64, between, octets, pick, plain, signs, until
from ..write import capital

CRYPT = "./" + PLAIN
WORDS = (
    "kestrel Sommer trombone Harbour pepper Winter marzipan Falcon biscuit Lighthouse otter Juniper granite Velvet "
    "saturn Maple tundra Pickle walnut Comet ginger Bristol paprika Rocket lantern Glacier monsoon Cobalt sparrow Fjord"
).split()


def human_password():
    """As people make them."""
    word = pick(WORDS)
    return pick(
        lambda: f"{capital(word)}{between(2019, 2026)}{pick('!', '#', '?', '*')}",
        lambda: f"{word}{pick('-', '_', '.')}{pick(WORDS)}{between(10, 99)}",
        lambda: f"{capital(word).replace('o', '0').replace('e', '3')}{pick('!', '#', '?')}{between(1, 999)}",
        lambda: f"{capital(word)}{capital(pick(WORDS))}{between(1, 99)}{pick('!', '*', '?')}",
        lambda: f"{word}{between(100, 9999)}{capital(pick(WORDS))}",
    )()


def mixed(text):
    """Whether it has a digit, and letters of both sizes."""
    return all(any(map(kind, text)) for kind in (str.isdigit, str.isupper, str.islower))


def plain_password():
    return until(lambda: plain(between(12, 24)), mixed)


def random_password():
    """With signs in the middle; the percent sign is drawn and passed over."""

    def fits(text):
        return text[0] in PLAIN and text[-1] in PLAIN and any(map(str.isdigit, text)) and "%" not in text

    length = between(14, 24)
    return until(lambda: signs(PLAIN + "!#%*+-=?@_^", length), fits)


def any_password():
    return pick(human_password, plain_password, random_password)()


def bare_password():
    """One that fits where nothing is quoted, and into addresses."""
    return pick(lambda: human_password().translate(str.maketrans("", "", "!#?*")), plain_password)()


def escaped_password():
    """One that is percent-encoded for an address."""
    first, last = plain_password()[:8], plain_password()[:6]
    return first + pick("%40", "%23", "%21", "%2F", "%3A", "%24") + last


def url_password():
    return pick(bare_password, bare_password, bare_password, escaped_password)()


def bcrypt():
    return f"$2{pick('a', 'b', 'y')}${pick('10', '12')}$" + signs(CRYPT, 53)


def sha512_crypt():
    return f"$6${signs(CRYPT, 16)}$" + signs(CRYPT, 86)


def argon2():
    return f"$argon2id$v=19$m=65536,t=3,p=4${b64(octets(16)).rstrip('=')}${b64(octets(32)).rstrip('=')}"


# What stands between BEGIN and PRIVATE KEY, how many signs follow, and how they begin.
PEMS = {
    "rsa-private-key": ("RSA ", 1588, "MIIEpAIBAAKCAQEA"),
    "pkcs8-private-key": ("", 1624, "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ"),
    "ec-private-key": ("EC ", 164, "MHcCAQEEI"),
    "openssh-private-key": (
        "OPENSSH ",
        348,
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACA",
    ),
    "encrypted-private-key": ("ENCRYPTED ", 1796, "MIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQwwHAQI"),
}


def private_key(what):
    """Its first line, its body, its last line."""
    kind, length, prefix = PEMS[what]
    text = prefix + signs(BASE64, length - len(prefix) - 3) + pick("AQgw") + "=="
    body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {kind}PRIVATE KEY-----", body, f"-----END {kind}PRIVATE KEY-----"
