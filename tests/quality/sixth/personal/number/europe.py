"""Numbers of Europe, and who else learned of them there."""

from ...digit import ean, europe, iso7064, luhn
from ...draw import DIGITS, RNG, UPPER, between, digits, pick, signs, until
from . import birthday, checked, grouped, woman

# Where people were born in Italy.
PLACES = "H501 F205 L219 F839 D612 A944 G273 L736".split()
MONTHS = "ABCDEHLMPRST"


def nino():
    number = pick("AB", "CE", "JK", "LM", "PR", "SW", "TX", "WE", "YH") + digits(6) + pick("ABCD")
    return pick(number, grouped(number, 2, 2, 2, 2))


def nhs():
    number = checked(lambda: pick("4", "6", "7") + digits(8), europe.nhs)
    written = grouped(number, 3, 3)
    return pick(number, written, written)


def steuer_id():
    """One of the first ten digits stands twice."""
    while True:
        drawn = RNG.sample(DIGITS, 10)
        drawn[RNG.randrange(10)] = pick(drawn)
        number = "".join(drawn)
        if number[0] != "0" and max(number.count(digit) for digit in number) == 2:
            number += iso7064(number)
            return pick(number, grouped(number, 2, 3, 3))


def kvnr():
    number = pick(UPPER) + digits(8)
    return number + europe.kvnr(number)


def nir():
    born = birthday()
    number = f"{pick('1', '2')}{born:%y%m}{between(1, 95):02d}{between(1, 590):03d}{between(1, 990):03d}"
    # Corsica has letters there.
    if number[5:7] == "20":
        number = number[:5] + "21" + number[7:]
    number += europe.nir(number)
    return pick(number, grouped(number, 1, 2, 2, 2, 3, 3))


def dni():
    number = between(10**7, 99999999)
    return f"{number}{europe.dni(number)}"


def nie():
    prefix, number = between(0, 2), between(10**6, 9999999)
    return f"{'XYZ'[prefix]}{number:07d}{europe.dni(int(f'{prefix}{number:07d}'))}"


def codice_fiscale():
    born, female = birthday(), woman()
    consonants = "BCDFGLMNPRSTVZ"
    text = signs(consonants, 3) + signs(consonants, 3) + f"{born:%y}" + MONTHS[born.month - 1]
    text += f"{born.day + (40 if female else 0):02d}" + pick(PLACES)
    return text + europe.codice_fiscale(text)


def pesel():
    born = birthday(1945, 2005)
    number = f"{born:%y}{born.month + (20 if born.year >= 2000 else 0):02d}{born:%d}{digits(4)}"
    return number + europe.pesel(number)


def bsn():
    return until(lambda: str(between(10**8, 9 * 10**8)), europe.bsn_right)


def rijksregister():
    born = birthday(1945, 1999)
    number = f"{born:%y%m%d}{between(1, 997):03d}"
    check = europe.rijksregister(number)
    return pick(number + check, f"{born:%y.%m.%d}-{number[6:]}.{check}")


def personnummer():
    born = birthday()
    number = f"{born:%y%m%d}{digits(3)}"
    number += luhn(number)
    return pick(f"{number[:6]}-{number[6:]}", f"{born:%Y%m%d}-{number[6:]}", f"{born:%Y}{number[2:]}")


def hetu():
    born, serial = birthday(), f"{between(2, 899):03d}"
    return f"{born:%d%m%y}{'-' if born.year < 2000 else 'A'}{serial}{europe.hetu(f'{born:%d%m%y}{serial}')}"


def cpr():
    born = birthday(1940, 1999)
    number = until(lambda: f"{born:%d%m%y}{pick('0', '1', '2', '3')}{digits(3)}", europe.cpr_right)
    return grouped(number, 6, separator="-")


def fodselsnummer():
    born = birthday(1940, 1999)
    return checked(lambda: f"{born:%d%m%y}{between(0, 499):03d}", europe.fodselsnummer)


def isikukood():
    born = birthday()
    number = f"{(3 if born.year < 2000 else 5) + between(0, 1)}{born:%y%m%d}{digits(3)}"
    return number + europe.isikukood(number)


def personas_kods():
    born = birthday(1940, 1999)
    number = f"{born:%d%m%y}1{digits(3)}"
    return grouped(number + europe.personas_kods(number), 6, separator="-")


def rodne_cislo():
    born, female = birthday(1955, 1999), woman()
    draw = lambda: f"{born:%y}{born.month + (50 if female else 0):02d}{born:%d}{digits(4)}"  # noqa: E731
    return grouped(until(draw, lambda number: int(number) % 11 == 0), 6, separator="/")


def cnp():
    born = birthday(1940, 1999)
    number = f"{pick('1', '2')}{born:%y%m%d}{between(1, 46):02d}{between(1, 999):03d}"
    return number + europe.cnp(number)


def egn():
    number = f"{birthday(1940, 1999):%y%m%d}{digits(3)}"
    return number + europe.egn(number)


def oib():
    number = digits(10)
    return number + iso7064(number)


def emso():
    born = birthday(1940, 1999)
    return checked(lambda: f"{born:%d%m}{born.year % 1000:03d}50{digits(3)}", europe.emso)


def amka():
    number = f"{birthday():%d%m%y}{digits(4)}"
    return number + luhn(number)


def nif():
    number = pick("1", "2") + digits(7)
    return number + europe.nif(number)


def pps():
    number = str(between(10**6, 9999999))
    return number + europe.pps(number)


def ahv():
    number = "756" + digits(9)
    return grouped(number + ean(number), 3, 4, 4, separator=".")


def svnr():
    born = f"{birthday():%d%m%y}"
    serial = checked(lambda: str(between(100, 999)), lambda serial: europe.svnr(serial, born))
    return pick(f"{serial} {born}", serial + born)


def rnokpp():
    number = str(between(15000, 39000)) + digits(4)
    return number + europe.rnokpp(number)


def snils():
    number = str(between(2 * 10**8, 10**9 - 1))
    return f"{grouped(number, 3, 3, separator='-')} {europe.snils(number)}"


def inn():
    number = f"{between(1, 79):02d}" + digits(8)
    return number + europe.inn(number)
