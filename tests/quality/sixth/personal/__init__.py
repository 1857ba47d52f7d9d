"""Numbers, accounts, addresses, telephones and papers of people, on their own and in records."""

import itertools

from ..draw import between, pick
from ..scene import order
from ..text import Text
from . import account, frame, person, place, record, telephone
from .alone import ALONE
from .number.called import NUMBERS

EACH_NUMBER = 10
EACH_PHONE = 5
EACH_PASSPORT = 4
# Data that everybody knows by its form: how it is drawn, and how often.
FORMED = (
    ("email", "email", lambda: person.email(*person.person()), 24),
    ("iban", "iban", account.iban, 26),
    ("ipv4", "ipv4", place.ipv4_any, 24),
    ("ipv6", "ipv6", place.ipv6, 14),
    ("mac", "mac", place.mac, 14),
    ("phone-e164", "phone", telephone.e164, 16),
)
CARDS = {"visa": 10, "mastercard": 10, "amex": 10, "discover": 5, "jcb": 5, "unionpay": 5, "diners": 5}
PASSPORTS = {
    "us": "Passport number|US passport no.",
    "gb": "Passport no.|UK passport number",
    "de": "Reisepassnummer|Passnummer",
    "fr": "Numéro de passeport|Passeport n°",
    "in": "Passport No",
    "it": "Numero passaporto|Passaporto n.",
    "ca": "Passport number",
    "es": "Número de pasaporte|Pasaporte",
    "pl": "Numer paszportu",
}
PASSPORT_KEYS = "passport_number passportNo passport_no"
LICENCE_LABELS = "Driver's license|Driving licence number|Driver license no.|DL number"
LICENCE_KEYS = "driver_license drivers_license_number driving_licence_no"
BIRTH_LABELS = "Date of birth|DOB|Geburtsdatum|Date de naissance|Fecha de nacimiento|Data di nascita|Birth date"
BIRTH_KEYS = "date_of_birth dob birth_date birthDate"
RECORD_LABELS, RECORD_KEYS = "MRN|Medical record number|Patient ID", "mrn medical_record_number patient_mrn"
MEMBER_LABELS = "Insurance member ID|Health plan member ID|Insurance policy number"
MEMBER_KEYS = "insurance_member_id health_insurance_number member_id_insurance"
ADDRESS_LABELS = "Address|Home address|Shipping address|Delivery address"
ADDRESS_KEYS = "address home_address shipping_address billing_address"
STREET_KEYS = "street address_line1 street_address addressLine1"
NAME_LABELS = "Customer name|Full name|Patient name|Account holder|Cardholder name|Name"
NAME_KEYS = "full_name customer_name patient_name cardholder_name account_holder"


class Forms:
    """Frames in turn."""

    def __init__(self):
        self.turn = itertools.cycle([function for (function,) in frame.frame])

    def of(self, what, make, labels, keys, count, kind=None):
        """Values behind their labels; `kind` says of names and streets that they are."""
        for _ in range(count):
            value = make()
            label, key = pick(labels.split("|")), pick(keys.split())
            yield Text(what, next(self.turn)(label, key, value), [value], **({kind: (value,)} if kind else {}))


def telephones(forms):
    for country, make in telephone.HOME.items():
        what, labels = "phone-" + country.lower(), telephone.LABELS.get(country, telephone.ENGLISH)
        for at in range(EACH_PHONE):
            number, label, key = make(), pick(labels.split("|")), pick(telephone.KEYS.split())
            if at < 1 or number.startswith("+") and at < 3:
                yield Text(what, pick(ALONE["phone"])(number), [number])
            else:
                yield Text(what, next(forms.turn)(label, key, number), [number])


def papers(forms):
    for country, labels in PASSPORTS.items():
        make = person.PASSPORTS[country]
        yield from forms.of("passport-" + country, make, labels, PASSPORT_KEYS, EACH_PASSPORT)
    yield from forms.of("driver-licence", person.licence, LICENCE_LABELS, LICENCE_KEYS, 20)
    for _ in range(6):
        names, line = person.passport_lines()
        text = f"Scan result {order()}:\n{names}\n{line}\nquality 0.9{between(1, 9)}\n"
        yield Text("passport-mrz", text, [names, line])
    yield from forms.of("date-of-birth", person.birth_date, BIRTH_LABELS, BIRTH_KEYS, 22)
    for _ in range(4):
        born = person.birth_date()
        text = f"The patient, born on {born}, was admitted on the ward and discharged after {between(2, 9)} days."
        yield Text("date-of-birth", text, [born])
    yield from forms.of("medical-record-number", person.medical_record, RECORD_LABELS, RECORD_KEYS, 20)
    yield from forms.of("health-insurance-member-id", person.insurance_member, MEMBER_LABELS, MEMBER_KEYS, 14)


def streets(forms):
    yield from forms.of("street-address", place.plain_address, ADDRESS_LABELS, ADDRESS_KEYS, 26, "streets")
    for _ in range(12):
        street = place.street_line()
        make = pick(frame.STREETS)
        text = make("Street", pick(STREET_KEYS.split()), street)
        yield Text("street-line", text, [street], streets=(street,))
    for _ in range(6):
        address = place.full_address()
        text = pick(
            f"Please deliver {order()} to {address}. The bell is broken.",
            f"I have moved, my new address is {address}.",
            f"Ship to:\n{address}\nParcels: {between(1, 5)}\n",
        )
        yield Text("street-address", text, [address], streets=(address,))


def texts():
    forms = Forms()
    for what, make, labels, keys in NUMBERS:
        yield from forms.of(what, make, labels, keys, EACH_NUMBER)
    for what, form, make, count in FORMED:
        for at in range(count):
            value = make()
            yield Text(what, ALONE[form][at % len(ALONE[form])](value), [value])
    for brand, count in CARDS.items():
        for _ in range(count):
            number = account.card(brand)
            yield Text("card-" + brand, pick(ALONE["card"])(number), [number])
    yield from telephones(forms)
    yield from papers(forms)
    yield from streets(forms)
    yield from forms.of("person-name", record.anyone, NAME_LABELS, NAME_KEYS, 30, "names")
    yield from record.texts()
