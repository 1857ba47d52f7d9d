"""How issuers make their tokens."""

from ..digit.token import crc62, crc_hex
from ..draw import (
    BASE64,
    LOWER_DIGITS,
    RNG,
    UPPER_DIGITS,
    b64,
    b64url,
    between,
    dump,
    hexes,
    octets,
    pick,
    plain,
    signs,
    uuid,
    websafe,
)
from ..scene import service


def compact(value):
    return dump(value).replace(" ", "").encode()


def github(prefix):
    body = plain(30)
    return prefix + body + crc62(body)


def github_fine_grained():
    body = "11" + signs(UPPER_DIGITS, 9) + "0" + plain(10) + "_" + plain(53)
    return f"github_pat_{body}{crc62(body)}"


def grafana_account():
    body = "glsa_" + plain(32)
    return body + "_" + crc_hex(body)


def jwt(algorithm=None):
    algorithm = algorithm or pick("HS256", "RS256", "ES256")
    header = {"alg": algorithm, "typ": "JWT"}
    if RNG.random() >= 0.6:
        header = {"alg": algorithm, "kid": hexes(16), "typ": "JWT"}
    claims = {
        "iss": "https://auth." + pick("ridgeline", "halden", "tessellate") + ".dev/",
        "sub": f"svc|{hexes(10)}",
        "aud": service(),
        "iat": 1700000000 + between(0, 9**7),
        "scope": "read write",
    }
    signature = octets({"HS256": 32, "RS256": 256, "ES256": 64}[algorithm])
    return ".".join(b64url(part) for part in (compact(header), compact(claims), signature))


def onepassword_account():
    secret = {"salt": b64url(octets(16)), "srpX": hexes(64), "k": b64url(octets(32))}
    parts = [signs(UPPER_DIGITS, size) for size in (6, 6, 5, 5, 5, 5)]
    method = {"method": "SRPg-4096", "alg": "PBES2g-HS256", "iterations": 650000, "salt": secret["salt"]}
    operations = ["decrypt", "encrypt"]
    key = {"alg": "A256GCM", "ext": True, "k": secret["k"], "key_ops": operations, "kty": "oct", "kid": "mp"}
    account = {
        "signInAddress": "ridgeline.1password.com",
        "userAuth": method,
        "srpX": secret["srpX"],
        "muk": key,
        "secretKey": "-".join(["A3", *parts]),
        "throttleSecret": {"seed": hexes(64), "uuid": signs(UPPER_DIGITS, 26)},
        "deviceUuid": signs(LOWER_DIGITS, 26),
    }
    return "ops_" + b64(compact(account)).rstrip("=")


def sentry_organisation():
    claims = {
        "iat": 1700000000 + between(0, 9**7) + 0.5,
        "url": "https://sentry.io",
        "region_url": "https://us.sentry.io",
        "org": pick("halden", "tessellate", "ridgeline"),
    }
    return "sntrys_" + b64(compact(claims)).rstrip("=") + "_" + signs(BASE64, 43)


def pypi_token():
    """A macaroon: the place, who may, for which projects, and the signature."""
    token, project = uuid().encode(), uuid().encode()
    body = b"\x02\x01\x08pypi.org\x02\x24" + token + b'\x00\x02\x2a[3,"' + project + b'"]\x00\x00\x06\x20'
    return "pypi-" + b64url(body + octets(32))


def connect_cookie():
    return "s%3A" + websafe(32) + "." + plain(43)
