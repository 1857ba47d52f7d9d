"""Where people and machines are: streets, and addresses of networks."""

from ..draw import between, digits, hexes, pick, signs
from .person import WORDS

LOCALES = "en en en-gb de fr es it pl nl pt-br sv".split()
# First octets that are no single host's, or stand in examples.
NOT_PUBLIC = (127, 100, 169, 172, 192, 198, 203)


def address(locale, street, town, number):
    """The street and what follows it, as the country writes them; what follows is drawn when it is asked for."""
    if locale == "en":
        kind = ("Street", "Avenue", "Road", "Lane", "Drive", "Boulevard", "Court")
        line = f"{number * pick(1, 10, 7)} {street} {pick(kind)}"
        flat = lambda: pick("", f", Apt {between(1, 40)}")  # noqa: E731
        state = lambda: pick("OH", "TX", "CA", "WA", "IL", "NY", "GA", "CO")  # noqa: E731
        return line, lambda: f"{flat()}, {town}, {state()} {between(10000, 99500)}"
    if locale == "en-gb":
        line = f"{number} {street} {pick('Road', 'Street', 'Close', 'Lane', 'Avenue', 'Gardens')}"
        area = lambda: pick("LS", "BS", "M", "NG", "EH", "CF", "SW", "B") + str(between(1, 9))  # noqa: E731
        return line, lambda: f", {town}, {area()} {between(1, 9)}{signs('ABDEFGHJLNPQRSTUWXYZ', 2)}"
    if locale == "de":
        return f"{street} {number}{pick('', '', 'a', 'b')}", lambda: f", {between(10115, 99998)} {town}"
    if locale == "fr":
        line = f"{number} {pick('rue', 'avenue', 'boulevard', 'allée')} {street}"
        return line, lambda: f", {between(10000, 95880)} {town}"
    if locale == "es":
        return f"{street}, {number}", lambda: f", {between(10001, 52006)} {town}"
    if locale == "it":
        return f"Via {street} {number}", lambda: f", {between(10010, 98168)} {town}"
    if locale == "pl":
        line = f"ul. {street} {number}{pick('', f'/{between(1, 60)}')}"
        return line, lambda: f", {between(10, 99)}-{digits(3)} {town}"
    if locale == "nl":
        return f"{street} {number}", lambda: f", {between(1000, 9999)} {signs('ABCDEGHJKLNPRSTVWXZ', 2)} {town}"
    if locale == "pt-br":
        return f"{street}, {number}", lambda: f", {town}"
    return f"{street} {number}", lambda: f", {between(111, 984)} {between(10, 99)} {town}"


def drawn():
    """A street, and how to draw what follows it."""
    locale = pick(LOCALES)
    words = WORDS[locale]
    return address(locale, pick(words["street"]), pick(words["city"]), between(1, 240))


def street_line():
    return drawn()[0].replace("'", "")


def full_address():
    line, rest = drawn()
    return line + rest()


def plain_address():
    """One that needs no escape in SQL."""
    return full_address().replace("'", "")


def ipv4():
    """A public one."""
    while True:
        first = between(11, 222)
        if first not in NOT_PUBLIC:
            return f"{first}.{between(1, 254)}.{between(0, 254)}.{between(1, 254)}"


def ipv4_any():
    """Two in five of them private."""
    private = lambda: f"10.{between(1, 250)}.{between(1, 250)}.{between(2, 250)}"  # noqa: E731
    home = lambda: f"192.168.{between(1, 250)}.{between(2, 250)}"  # noqa: E731
    return pick(ipv4, ipv4, ipv4, private, home)()


def ipv6():
    return pick(
        lambda: f"2a02:{hexes(3).lstrip('0') or '8'}:" + ":".join(f"{between(1, 65535):x}" for _ in range(6)),
        lambda: f"2003:{between(4096, 65535):x}:{between(4096, 65535):x}::{between(1, 65535):x}",
        lambda: f"2600:1f{between(16, 255):02x}:{between(256, 65535):x}:{between(1, 65535):x}::{between(1, 255):x}",
    )()


def mac():
    text = pick("3c", "a4", "b8", "00", "dc", "f0") + hexes(10)
    parts = [text[at : at + 2] for at in range(0, 12, 2)]
    colons, dashes = ":".join(parts), "-".join(parts)
    return pick(colons, colons.upper(), dashes.upper(), f"{text[:4]}.{text[4:8]}.{text[8:]}")
