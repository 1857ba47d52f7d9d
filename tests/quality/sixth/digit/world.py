"""Check digits of the numbers by which other countries know people; None where a number has none."""

from . import weighted

# What a first letter counts for in Taiwan: the letters in the order of their values from ten.
TAIWAN = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
CURP = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"


def cpf(number):
    """Brazil, two digits."""

    def check(digits):
        digit = 11 - weighted(digits, range(len(digits) + 1, 1, -1)) % 11
        return str(0 if digit > 9 else digit)

    first = check(number)
    return first + check(number + first)


def rut(number):
    """Chile, a digit or K."""
    return "0123456789K"[-weighted(reversed(number), [2, 3, 4, 5, 6, 7, 2, 3, 4]) % 11]


def cuil(number):
    """Argentina."""
    digit = 11 - weighted(number, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return None if digit == 10 else str(digit % 11)


def curp(text):
    """Mexico."""
    return str(-sum(CURP.index(sign) * (18 - at) for at, sign in enumerate(text)) % 10)


def cedula(number):
    """Ecuador."""
    products = [int(sign) * (1 if at % 2 else 2) for at, sign in enumerate(number)]
    return str(-sum(product - 9 if product > 9 else product for product in products) % 10)


def resident(number):
    """China, a digit or X."""
    return "10X98765432"[weighted(number, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11]


def taiwan(number):
    first = TAIWAN.index(number[0]) + 10
    return str(-(first // 10 + first % 10 * 9 + weighted(number[1:], range(8, 0, -1))) % 10)


def hong_kong(number):
    """A digit or A, for one letter and six digits."""
    total = 36 * 9 + (ord(number[0]) - 55) * 8 + weighted(number[1:], range(7, 1, -1))
    return "0123456789A"[-total % 11]


def nric(prefix, number):
    """Singapore, a letter: others for foreigners, and four more for who came after 1999."""
    total = weighted(number, [2, 7, 6, 5, 4, 3, 2]) + (4 if prefix in "TG" else 0)
    return ("JZIHGFEDCBA" if prefix in "ST" else "XWUTRQPNMLK")[total % 11]


def rrn(number):
    """South Korea, until 2020."""
    return str((11 - weighted(number, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10)


def my_number(number):
    """Japan."""
    rest = weighted(reversed(number), [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6]) % 11
    return "0" if rest <= 1 else str(11 - rest)


def thai(number):
    return str((11 - weighted(number, range(13, 1, -1)) % 11) % 10)


def tckn(number):
    """Turkey, two digits."""
    odd, even = sum(map(int, number[::2])), sum(map(int, number[1::2]))
    first = (odd * 7 - even) % 10
    return f"{first}{(odd + even + first) % 10}"


def tfn_right(number):
    """Australia, taxes."""
    return weighted(number, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0


def medicare(number):
    """Australia, health."""
    return str(weighted(number, [1, 3, 7, 9, 1, 3, 7, 9]) % 10)


def ird(number):
    """New Zealand: a second row of weights where the first gives ten."""
    for weights in ([3, 2, 7, 6, 5, 4, 3, 2], [7, 4, 3, 2, 5, 2, 7, 6]):
        digit = -weighted(number.rjust(8, "0"), weights) % 11
        if digit != 10:
            return str(digit)
    return None
