"""Check digits of the numbers by which European countries know people; None where a number has none."""

import string

from . import weighted

DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
CODICE_FISCALE = dict(zip(string.digits + string.ascii_uppercase, ODD[:10] + ODD, strict=True))
HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
PPS = "WABCDEFGHIJKLMNOPQRSTUV"


def nhs(number):
    """Britain, health."""
    digit = 11 - weighted(number, range(10, 1, -1)) % 11
    return None if digit == 10 else str(digit % 11)


def kvnr(number):
    """Germany, health insurance: a letter and eight digits."""
    total = 0
    for at, sign in enumerate(f"{ord(number[0]) - 64:02d}" + number[1:]):
        product = int(sign) * (2 if at % 2 else 1)
        total += product - 9 if product > 9 else product
    return str(total % 10)


def nir(number):
    """France, the key of two digits."""
    return f"{97 - int(number) % 97:02d}"


def dni(number):
    """Spain, a letter; for foreigners X, Y, Z count as 0, 1, 2."""
    return DNI[number % 23]


def codice_fiscale(text):
    total = 0
    for at, sign in enumerate(text):
        plain = int(sign) if sign.isdigit() else ord(sign) - 65
        total += plain if at % 2 else CODICE_FISCALE[sign]
    return chr(65 + total % 26)


def pesel(number):
    """Poland."""
    return str(-weighted(number, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)


def bsn_right(number):
    """The Netherlands, by the test of eleven."""
    return (weighted(number[:8], range(9, 1, -1)) - int(number[8])) % 11 == 0


def rijksregister(number):
    """Belgium, for who was born before 2000."""
    return f"{97 - int(number) % 97:02d}"


def hetu(number):
    """Finland, of the day of birth and three digits."""
    return HETU[int(number) % 31]


def cpr_right(number):
    """Denmark, until 2007."""
    return weighted(number, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0


def fodselsnummer(number):
    """Norway, two digits."""
    first = -weighted(number, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11
    second = -weighted(f"{number}{first}", [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return None if first == 10 or second == 10 else f"{first}{second}"


def isikukood(number):
    """Estonia and Lithuania."""
    digit = weighted(number, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
    if digit == 10:
        digit = weighted(number, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10
    return str(digit)


def personas_kods(number):
    """Latvia, until 2017."""
    return str((1 + weighted(number, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10)


def cnp(number):
    """Romania."""
    digit = weighted(number, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return "1" if digit == 10 else str(digit)


def egn(number):
    """Bulgaria."""
    return str(weighted(number, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10)


def emso(number):
    """Slovenia."""
    digit = 11 - weighted(number, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return None if digit == 10 else str(digit % 11)


def nif(number):
    """Portugal."""
    digit = 11 - weighted(number, range(9, 1, -1)) % 11
    return str(0 if digit > 9 else digit)


def pps(number):
    """Ireland, a letter."""
    return PPS[weighted(number, range(8, 1, -1)) % 23]


def svnr(serial, born):
    """Austria: the digit stands between the serial number and the day of birth."""
    digit = weighted(serial + born, [3, 7, 9, 5, 8, 4, 2, 1, 6]) % 11
    return None if digit == 10 else str(digit)


def rnokpp(number):
    """Ukraine."""
    return str(weighted(number, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10)


def snils(number):
    """Russia, pensions: two digits."""
    rest = weighted(number, range(9, 0, -1)) % 101
    return f"{0 if rest == 100 else rest:02d}"


def inn(number):
    """Russia, taxes: two digits."""
    first = weighted(number, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10
    second = weighted(f"{number}{first}", [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10
    return f"{first}{second}"
