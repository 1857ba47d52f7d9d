"""Check digits that more than one kind of number has. Each function takes a number without them and gives them."""

# Verhoeff's tables: products of the group D5, its permutations, its inverses.
PRODUCTS = (
    "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210"
).split()
PERMUTATIONS = "0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258".split()
INVERSES = "0432156789"


def weighted(number, weights):
    """The sum of its digits, each by its weight."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def luhn(number):
    total = 0
    for at, sign in enumerate(reversed(number)):
        digit = int(sign) * (1 if at % 2 else 2)
        total += digit - 9 if digit > 9 else digit
    return str(-total % 10)


def luhn_right(number):
    return luhn(number[:-1]) == number[-1]


def iso7064(number):
    """ISO 7064 with the moduli 11 and 10."""
    product = 10
    for sign in number:
        product = (product + int(sign)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)


def verhoeff(number):
    check = 0
    for at, sign in enumerate(reversed(number)):
        check = int(PRODUCTS[check][int(PERMUTATIONS[(at + 1) % 8][int(sign)])])
    return INVERSES[check]


def ean(number):
    """Articles, books and Swiss people: thirteen digits with the check digit."""
    return str(-weighted(number, [1, 3] * 6) % 10)


def mrz(text):
    """A field of a passport's machine-readable lines."""
    values = [0 if sign == "<" else int(sign, 36) for sign in text]
    return str(sum(value * (7, 3, 1)[at % 3] for at, value in enumerate(values)) % 10)
