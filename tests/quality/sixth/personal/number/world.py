"""Numbers of America, Asia, Africa and Oceania."""

from ...digit import luhn, verhoeff, world
from ...draw import RNG, UPPER, between, digits, pick, signs, until
from . import birthday, checked, grouped

# The letters of American Medicare, which are none that look like digits.
MEDICARE = "ACDEFGHJKMNPQRTUVWXY"


def ssn():
    return f"{between(1, 665):03d}-{between(1, 99):02d}-{between(1, 9999):04d}"


def itin():
    return f"9{digits(2)}-{between(70, 88)}-{digits(4)}"


def mbi():
    letter, either = (lambda: signs(MEDICARE, 1)), (lambda: signs(MEDICARE + "0123456789", 1))
    number = f"{between(1, 9)}{letter()}{either()}{digits(1)}{letter()}{either()}{digits(1)}"
    number += signs(MEDICARE, 2) + digits(2)
    return pick(number, grouped(number, 4, 3, separator="-"))


def cpf():
    number = digits(9)
    number += world.cpf(number)
    written = f"{grouped(number[:9], 3, 3, separator='.')}-{number[9:]}"
    return pick(written, written, number)


def rut():
    number = str(between(5 * 10**6, 25 * 10**6))
    return pick(f"{int(number):,}".replace(",", "."), number) + "-" + world.rut(number)


def cuil():
    number = checked(lambda: pick("20", "27") + str(between(10**7, 45 * 10**6)), world.cuil)
    return grouped(number, 2, 8, separator="-")


def curp():
    born = birthday(1945, 1999)
    text = pick("GO", "HE", "MA", "LO", "RA", "PE") + signs("BCDFGLMNPRSTV", 1) + pick(UPPER) + f"{born:%y%m%d}"
    text += pick("HM") + pick("DF", "JC", "NL", "PL", "VZ", "OC") + signs("BCDFGHJLMNPRSTVZ", 3) + "0"
    return text + world.curp(text)


def cedula():
    number = f"{between(1, 24):02d}{between(0, 5)}{digits(6)}"
    return number + world.cedula(number)


def sin():
    number = pick("1234567") + digits(7)
    number += luhn(number)
    return pick(grouped(number, 3, 3), grouped(number, 3, 3, separator="-"))


def aadhaar():
    number = pick("23456789") + digits(10)
    number += verhoeff(number)
    return pick(number, grouped(number, 4, 4))


def pan():
    return signs(UPPER, 3) + "P" + signs(UPPER, 1) + f"{between(1, 9999):04d}" + signs(UPPER, 1)


def resident():
    born = birthday()
    number = pick("110105", "310101", "110108", "110101") + f"{born:%Y%m%d}" + f"{between(1, 999):03d}"
    return number + world.resident(number)


def taiwan():
    number = pick(UPPER) + pick("12") + digits(7)
    return number + world.taiwan(number)


def hong_kong():
    number = pick(UPPER) + digits(6)
    return f"{number}({world.hong_kong(number)})"


def nric():
    prefix, number = pick("STFG"), digits(7)
    return prefix + number + world.nric(prefix, number)


def rrn():
    born = birthday(1950, 1999)
    number = f"{born:%y%m%d}{pick('12')}{between(0, 95):02d}{digits(3)}"
    return grouped(number + world.rrn(number), 6, separator="-")


def my_number():
    number = pick("123456789") + digits(10)
    return number + world.my_number(number)


def thai():
    number = pick("123") + digits(11)
    number += world.thai(number)
    return pick(number, grouped(number, 1, 4, 5, 2, separator="-"))


def tckn():
    number = pick("123456789") + digits(8)
    return number + world.tckn(number)


def teudat_zehut():
    number = pick("023") + digits(7)
    return number + luhn(number)


def south_africa():
    number = f"{birthday():%y%m%d}{digits(4)}08"
    return number + luhn(number)


def tfn():
    return grouped(until(lambda: str(between(10**8, 10**9 - 1)), world.tfn_right), 3, 3)


def medicare():
    number = pick("23456") + digits(7)
    return grouped(number + world.medicare(number) + pick("123"), 4, 5)


def ird():
    def draw():
        return str(between(10**7, 15 * 10**6) if RNG.random() < 0.5 else between(4 * 10**6, 99 * 10**5))

    number = checked(draw, world.ird)
    return pick(number, f"{number[:-6]}-{number[-6:-3]}-{number[-3:]}")
