"""People: their names, mail addresses, telephones, days of birth and papers."""

import json
import re
from pathlib import Path

from ..digit import mrz
from ..draw import RNG, UPPER, between, day, digits, pick, signs
from .number import birthday

# Names, streets and towns of fifteen languages, drawn once from the word lists of mimesis.
WORDS = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
LOCALES = "en en en-gb de fr es it pl nl sv pt-br cs fi da tr".split()
ASCII = str.maketrans(
    "áàâãäåąćčçďéèêëěęíìîïıłľñńňóòôõöőøřśšşťúùûüůűýźżžğæðþėśßāēīūāģķļņēćđ",
    "aaaaaaacccdeeeeeeiiiiillnnnooooooorssstuuuuuuyzzzgadtessaeiuagklnecd",
)
MAIL_HOSTS = (
    "halden-marine.no copperfieldtools.co.uk nordwind-energie.de saltmarshbrewing.com tessellate.io "
    "pinecrestdental.com quantock-foods.co.uk vantagerail.eu willowbank.com.au ostravasteel.cz brightwater.fr "
    "postkasten24.de maillake.net kirjelaatikko.fi umberandsons.com correo-rapido.es lumenpost.it skrzynka.com.pl"
).split()


def person(locale=None):
    """A given name and a surname."""
    words = WORDS[locale or pick(LOCALES)]
    female = RNG.random() < 0.5
    return pick(words["f"] if female else words["m"]), pick(words["lf"] if female else words["lm"])


def folded(name):
    """A name in the letters that mail addresses and passports have."""
    return re.sub("[^a-z]", "", name.lower().translate(ASCII)) or "kim"


def email(given, surname):
    given, surname = folded(given), folded(surname)
    return (
        pick(
            f"{given}.{surname}",
            f"{given[0]}.{surname}",
            f"{given}{surname}{between(1, 99)}",
            f"{given}_{surname}",
            f"{surname}.{given}",
            f"{given}+{pick('shop', 'news', 'jira')}.{surname}"[:40],
        )
        + "@"
        + pick(MAIL_HOSTS)
    )


def birth_date():
    """A day of birth in one of the ways in which people write days."""
    born = birthday()
    return pick(
        born.isoformat(),
        f"{born:%d.%m.%Y}",
        f"{born:%m/%d/%Y}",
        f"{born:%d/%m/%Y}",
        f"{born.day} {born:%B %Y}",
        f"{born:%B} {born.day}, {born.year}",
    )


PASSPORTS = {
    "us": lambda: pick(str(between(3 * 10**8, 6 * 10**8)), "A" + digits(8)),
    "gb": lambda: str(between(10**8, 9 * 10**8)),
    "de": lambda: "C" + signs("CFGHJKLMNPRTVWXYZ0123456789", 7) + digits(1),
    "fr": lambda: digits(2) + signs(UPPER, 2) + digits(5),
    "in": lambda: pick("JKLMNPRSTZ") + str(between(1, 9)) + digits(6),
    "it": lambda: "Y" + pick("ABC") + digits(7),
    "ca": lambda: signs(UPPER, 2) + digits(6),
    "es": lambda: signs(UPPER, 3) + digits(6),
    "pl": lambda: signs(UPPER, 2) + digits(7),
}


def passport_lines():
    """The two machine-readable lines of a passport."""
    given, surname = person("en")
    born, ends = birthday(), day(2027, 2034)
    country, number = pick("GBR", "USA", "CAN"), digits(9)
    names = f"P<{country}{folded(surname).upper()}<<{folded(given).upper()}".ljust(44, "<")[:44]
    line = number + mrz(number) + country + f"{born:%y%m%d}" + mrz(f"{born:%y%m%d}") + pick("MF")
    line += f"{ends:%y%m%d}" + mrz(f"{ends:%y%m%d}") + "<" * 14 + "0"
    return names, line + mrz(line[0:10] + line[13:20] + line[21:43])


def licence():
    """To drive, in forms of America and Britain."""
    return pick(
        lambda: pick("DFNY") + digits(7),
        lambda: "S" + digits(12),
        lambda: (
            signs("BCDFGHJKLMNPRSTW", 5)
            + f"{between(0, 9)}{pick('01', '05', '11', '56', '62')}{between(1, 28):02d}{between(0, 9)}"
            + signs("ABCDEGHJKLMNPRST", 1)
            + pick("9", "A", "J", "M")
            + "9"
            + signs(UPPER, 2)
        ),
        lambda: digits(8),
    )()


def medical_record():
    return pick(f"{between(10**6, 10**8)}", f"MRN{digits(7)}", f"{signs(UPPER, 2)}{digits(6)}")


def insurance_member():
    return pick(lambda: signs(UPPER, 3) + digits(9), lambda: digits(9) + "-" + digits(2), lambda: "W" + digits(9))()
