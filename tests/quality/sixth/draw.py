"""Everything that is drawn comes from one generator: texts of signs, numbers, days and moments."""

import base64
import datetime
import json
import random
import string

RNG = random.Random()

HEX, DIGITS = "0123456789abcdef", string.digits
UPPER, LOWER, PLAIN = string.ascii_uppercase, string.ascii_lowercase, string.ascii_letters + string.digits
LOWER_DIGITS, UPPER_DIGITS = LOWER + DIGITS, UPPER + DIGITS
BASE64, WEBSAFE, BASE32 = PLAIN + "+/", PLAIN + "-_", UPPER + "234567"


def pick(*choices):
    """One of several, or of the one list that is given."""
    return RNG.choice(choices[0] if len(choices) == 1 else choices)


def between(low, high):
    return RNG.randint(low, high)


def signs(alphabet, count):
    return "".join(RNG.choice(alphabet) for _ in range(count))


def hexes(count):
    return signs(HEX, count)


def digits(count):
    return signs(DIGITS, count)


def plain(count):
    """Letters and digits."""
    return signs(PLAIN, count)


def websafe(count):
    """Text in the alphabet of base64url that neither begins nor ends with a dash or an underscore."""
    while True:
        text = signs(WEBSAFE, count)
        if text[0] in PLAIN and text[-1] in PLAIN:
            return text


def octets(count):
    return bytes(RNG.getrandbits(8) for _ in range(count))


def b64(octets):
    return base64.b64encode(octets).decode()


def b64url(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def uuid():
    text = hexes(32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{pick('89ab')}{text[17:20]}-{text[20:]}"


def commit():
    return hexes(40)


def day(first=2019, last=2026):
    """A day of these years."""
    return datetime.date(first, 1, 1) + datetime.timedelta(days=between(0, (last - first + 1) * 365 - 10))


def stamp():
    """A moment as JSON has it."""
    return f"{day(2024, 2026).isoformat()}T{between(0, 23):02d}:{between(0, 59):02d}:{between(0, 59):02d}Z"


def moment():
    """A moment as databases and logs have it."""
    return stamp().replace("T", " ").replace("Z", "")


def dump(value, indent=None):
    return json.dumps(value, ensure_ascii=False, indent=indent)


def until(draw, right):
    """What is drawn, once it is right."""
    while True:
        drawn = draw()
        if right(drawn):
            return drawn
