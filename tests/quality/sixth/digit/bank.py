"""Check digits of bank accounts."""

from . import weighted

# What a letter counts for in France, and a sign at an odd place in Italy.
FRENCH = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")
ITALIAN = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]


def modulo97(text):
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def iban(country, account):
    """The whole IBAN of an account."""
    return f"{country}{98 - modulo97(account + country + '00'):02d}{account}"


def iban_right(number):
    return modulo97(number[4:] + number[:4]) == 1


def french(bank, branch, account):
    rest = (89 * int(bank) + 15 * int(branch) + 3 * int(account.translate(FRENCH))) % 97
    return f"{97 - rest:02d}"


def spanish(bank, branch, account):
    """One digit for bank and branch, one for the account."""

    def check(number):
        digit = 11 - weighted(number, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11
        return {10: "1", 11: "0"}.get(digit, str(digit))

    return check("00" + bank + branch) + check(account)


def italian(account):
    total = 0
    for at, sign in enumerate(account):
        value = int(sign) if sign.isdigit() else ord(sign) - 65
        total += value if at % 2 else ITALIAN[value]
    return chr(65 + total % 26)


def belgian(account):
    return f"{int(account) % 97 or 97:02d}"


def norwegian(account):
    """None where the sum would need a digit of ten."""
    digit = -weighted(account, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return None if digit == 10 else str(digit)


def polish(branch):
    return str(-weighted(branch, [3, 9, 7, 1, 3, 9, 7]) % 10)


def portuguese(account):
    return f"{98 - int(account + '00') % 97:02d}"
