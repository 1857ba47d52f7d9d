"""Cards and bank accounts, with their check digits."""

from ..digit import bank, luhn
from ..draw import RNG, UPPER, UPPER_DIGITS, between, digits, pick, signs
from .number import checked, grouped


def card(brand):
    prefix, length, sizes = {
        "visa": ("4" + digits(5), 16, (4, 4, 4)),
        "mastercard": (pick("51", "52", "53", "54", "55", "2221", "2500") + digits(2), 16, (4, 4, 4)),
        "amex": (pick("34", "37"), 15, (4, 6)),
        "discover": (pick("6011", "65"), 16, (4, 4, 4)),
        "jcb": (str(between(3528, 3589)), 16, (4, 4, 4)),
        "unionpay": ("62" + pick("2", "3") + digits(1), 16, (4, 4, 4)),
        "diners": (pick("36", "38"), 14, (4, 6)),
    }[brand]
    number = prefix + digits(length - 1 - len(prefix))
    return grouped(number + luhn(number), *sizes, separator=pick("", " ", " ", "-"))


def french():
    where, branch, account = digits(5), digits(5), digits(11)
    return where + branch + account + bank.french(where, branch, account)


def spanish():
    where, branch, account = digits(4), digits(4), digits(10)
    return where + branch + bank.spanish(where, branch, account) + account


def italian():
    account = digits(22)
    return bank.italian(account) + account


def belgian():
    account = pick("539", "001", "310", "363", "734") + digits(7)
    return account + bank.belgian(account)


def finnish():
    account = digits(13)
    return account + luhn(account)


def norwegian():
    return checked(lambda: digits(10), bank.norwegian)


def polish():
    branch = digits(7)
    return branch + bank.polish(branch) + digits(16)


def portuguese():
    account = digits(19)
    return account + bank.portuguese(account)


PLAIN = {
    "DE": lambda: digits(18),
    "GB": lambda: signs(UPPER, 4) + digits(14),
    "NL": lambda: pick("ABNA", "INGB", "RABO") + digits(10),
    "AT": lambda: digits(16),
    "CH": lambda: digits(17),
    "SE": lambda: digits(20),
    "IE": lambda: signs(UPPER, 4) + digits(14),
    "LU": lambda: digits(3) + signs(UPPER_DIGITS, 13),
    "LT": lambda: digits(16),
    "CZ": lambda: digits(20),
    "RO": lambda: signs(UPPER, 4) + signs(UPPER_DIGITS, 16),
    "GR": lambda: digits(23),
    "TR": lambda: digits(5) + "0" + digits(16),
    "AE": lambda: digits(19),
    "DK": lambda: digits(14),
}
# Countries whose accounts have check digits of their own.
CHECKED = {
    "FR": french,
    "ES": spanish,
    "IT": italian,
    "BE": belgian,
    "FI": finnish,
    "NO": norwegian,
    "PL": polish,
    "PT": portuguese,
}
COUNTRIES = [*PLAIN, *CHECKED, *CHECKED]


def iban():
    """An IBAN, in half of them in groups of four."""
    country = pick(COUNTRIES)
    number = bank.iban(country, {**PLAIN, **CHECKED}[country]())
    return number if RNG.random() < 0.5 else " ".join(number[at : at + 4] for at in range(0, len(number), 4))
