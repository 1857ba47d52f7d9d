"""Telephone numbers as they are written at home and from abroad."""

from ..draw import between, digits, pick, until

# First three digits of places in the United States.
AREAS = "212 312 415 617 713 206 303 404 503 619 702 813 919 512 216 414 602 305".split()
KEYS = "phone mobile phone_number telephone contact_phone"
ENGLISH = "Phone|Mobile|Phone number|Tel"
LABELS = {
    "DE": "Telefon|Handy|Tel.",
    "AT": "Telefon|Handy",
    "CH": "Telefon|Natel",
    "FR": "Téléphone|Tél.|Portable",
    "BE": "GSM|Tel.",
    "ES": "Teléfono|Móvil",
    "MX": "Teléfono|Celular",
    "IT": "Telefono|Cell.",
    "PL": "Telefon|Tel. kom.",
    "NL": "Telefoon|Mobiel",
    "BR": "Telefone|Celular",
    "PT": "Telemóvel|Telefone",
    "SE": "Telefon|Mobil",
    "TR": "Telefon|Cep telefonu",
    "JP": "電話番号|携帯電話",
    "KR": "전화번호|휴대폰",
    "CN": "手机号|电话",
    "RU": "Телефон|Мобильный",
}


def is_exchange(digits):
    """Whether an American number may go on like this: not as services do, nor as numbers in films."""
    return digits[1:] != "11" and digits != "555"


def american():
    return pick(AREAS), until(lambda: str(between(220, 989)), is_exchange), digits(4)


def united_states():
    area, exchange, line = american()
    return pick(
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"+1 {area}-{exchange}-{line}",
        f"+1 ({area}) {exchange}-{line}",
        f"{area}.{exchange}.{line}",
        f"1-{area}-{exchange}-{line}",
    )


def french():
    first = pick("1", "4", "6", "7")
    return pick(
        f"0{first} " + " ".join(digits(2) for _ in range(4)),
        f"+33 {first} " + " ".join(digits(2) for _ in range(4)),
        f"0{first}." + ".".join(digits(2) for _ in range(4)),
    )


HOME = {
    "US": united_states,
    "GB": lambda: pick(
        f"07{pick('4', '5', '7', '8', '9')}{digits(2)} {digits(6)}",
        f"020 7{digits(3)} {digits(4)}",
        f"0161 {between(200, 999)} {digits(4)}",
        f"+44 7{pick('4', '7', '9')}{digits(2)} {digits(6)}",
        f"+44 20 7{digits(3)} {digits(4)}",
    ),
    "DE": lambda: pick(
        f"0{pick('151', '160', '171', '176')} {between(20000000, 99999999)}",
        f"030 {between(2000000, 9999999)}",
        f"+49 {pick('151', '170', '176')} {between(20000000, 99999999)}",
        f"+49 89 {between(2000000, 9999999)}",
        f"0221/{between(200000, 9999999)}",
    ),
    "FR": french,
    "ES": lambda: pick(
        f"6{digits(2)} {digits(2)} {digits(2)} {digits(2)}",
        f"+34 6{digits(2)} {digits(3)} {digits(3)}",
        f"9{between(10, 88)} {digits(3)} {digits(3)}",
    ),
    "IT": lambda: pick(
        f"3{pick('28', '33', '47', '91')} {digits(7)}",
        f"+39 3{pick('28', '47', '91')} {digits(3)} {digits(4)}",
        f"06 {between(2000, 9999)}{digits(4)}",
    ),
    "PL": lambda: pick(
        f"{pick('50', '60', '69', '79')}{digits(1)} {digits(3)} {digits(3)}",
        f"+48 {pick('51', '60', '72')}{digits(1)} {digits(3)} {digits(3)}",
        f"22 {between(200, 899)} {digits(2)} {digits(2)}",
    ),
    "NL": lambda: pick(
        f"06-{between(10000000, 59999999)}", f"+31 6 {between(10000000, 59999999)}", f"020-{between(2000000, 7999999)}"
    ),
    "BR": lambda: pick(
        f"({pick('11', '21', '31', '41')}) 9{between(6000, 9999)}-{digits(4)}",
        f"+55 {pick('11', '21')} 9{between(6000, 9999)}-{digits(4)}",
    ),
    "IN": lambda: pick(
        f"+91 {between(70000, 99999)} {digits(5)}",
        f"+91-{between(70000, 99999)}{digits(5)}",
        f"{between(70000, 99999)} {digits(5)}",
    ),
    "AU": lambda: pick(
        f"04{digits(2)} {digits(3)} {digits(3)}",
        f"+61 4{digits(2)} {digits(3)} {digits(3)}",
        f"(02) {between(8000, 9999)} {digits(4)}",
    ),
    "JP": lambda: pick(
        f"0{pick('90', '80', '70')}-{between(1000, 9999)}-{digits(4)}",
        f"+81 90-{between(1000, 9999)}-{digits(4)}",
        f"03-{between(3000, 6999)}-{digits(4)}",
    ),
    "SE": lambda: pick(
        f"07{pick('0', '2', '3', '6')}-{digits(3)} {digits(2)} {digits(2)}",
        f"+46 70 {digits(3)} {digits(2)} {digits(2)}",
    ),
    "CH": lambda: pick(
        f"07{pick('6', '8', '9')} {digits(3)} {digits(2)} {digits(2)}",
        f"+41 79 {digits(3)} {digits(2)} {digits(2)}",
        f"044 {between(200, 899)} {digits(2)} {digits(2)}",
    ),
    "AT": lambda: pick(
        f"0664 {between(1000000, 9999999)}",
        f"+43 664 {between(1000000, 9999999)}",
        f"+43 1 {between(2000000, 8999999)}",
    ),
    "BE": lambda: pick(
        f"04{pick('70', '85', '96')} {digits(2)} {digits(2)} {digits(2)}",
        f"+32 4{pick('70', '85', '96')} {digits(2)} {digits(2)} {digits(2)}",
    ),
    "PT": lambda: pick(
        f"9{pick('1', '3', '6')}{digits(1)} {digits(3)} {digits(3)}",
        f"+351 9{pick('1', '3', '6')}{digits(1)} {digits(3)} {digits(3)}",
    ),
    "KR": lambda: pick(f"010-{between(2000, 9999)}-{digits(4)}", f"+82 10-{between(2000, 9999)}-{digits(4)}"),
    "CN": lambda: pick(
        f"1{pick('38', '39', '56', '86')}{digits(8)}", f"+86 1{pick('38', '39', '86')} {digits(4)} {digits(4)}"
    ),
    "TR": lambda: pick(
        f"05{pick('32', '42', '55')} {digits(3)} {digits(2)} {digits(2)}",
        f"+90 5{pick('32', '42', '55')} {digits(3)} {digits(2)} {digits(2)}",
    ),
    "RU": lambda: pick(
        f"8 (9{pick('16', '03', '26')}) {digits(3)}-{digits(2)}-{digits(2)}",
        f"+7 9{pick('16', '03', '26')} {digits(3)}-{digits(2)}-{digits(2)}",
    ),
    "ZA": lambda: pick(f"08{pick('2', '3', '4')} {digits(3)} {digits(4)}", f"+27 82 {digits(3)} {digits(4)}"),
    "MX": lambda: pick(f"55 {between(1000, 9999)} {digits(4)}", f"+52 55 {between(1000, 9999)} {digits(4)}"),
}


def e164():
    return pick(
        f"+1{''.join(american())}",
        f"+447{pick('4', '7', '9')}{digits(8)}",
        f"+49151{between(20000000, 99999999)}",
        f"+336{digits(8)}",
        f"+346{digits(8)}",
        f"+48{pick('51', '60')}{digits(7)}",
        f"+316{between(10000000, 59999999)}",
        f"+5511{'9'}{between(6000, 9999)}{digits(4)}",
        f"+91{between(70000, 99999)}{digits(5)}",
        f"+8190{between(1000, 9999)}{digits(4)}",
    )
