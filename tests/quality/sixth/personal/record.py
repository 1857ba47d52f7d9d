"""Records that hold several data of one person, as systems keep and send them."""

from ..draw import UPPER, between, commit, digits, dump, hexes, moment, pick, plain, signs, stamp, uuid
from ..registry import Registry
from ..scene import order, service, ticket
from ..text import Text
from ..write import csv_table, markdown_table, mysql_table, psql_table
from .account import iban
from .number import birthday
from .number.world import ssn
from .person import LOCALES, WORDS, email, person
from .place import ipv4, plain_address, street_line
from .telephone import HOME, american, e164

record = Registry()


def anyone():
    """A whole name, of two more languages too."""
    return " ".join(person(pick([*LOCALES, "ru", "ja"])))


@record(14)
def first_last():
    given, surname = person()
    text = pick(
        dump({"id": between(1, 900), "first_name": given, "last_name": surname, "locale": "en"}),
        psql_table([{"id": between(1, 900), "first_name": given, "last_name": surname, "seats": between(1, 9)}]),
        csv_table([{"firstName": given, "lastName": surname, "score": between(1, 99)}]),
        f"<person><givenName>{given}</givenName><familyName>{surname}</familyName></person>\n",
        dump({"vorname": given, "nachname": surname, "bestellungen": between(1, 90)}),
    )
    return [Text("person-first-last", text, [given, surname], names=(given, surname))]


@record(14)
def prose():
    name = " ".join(person("en"))
    text = pick(
        f"Dear {pick('Mr.', 'Ms.', 'Mrs.', 'Dr.')} {name},\n\nyour order {order()} has left the warehouse.\n",
        f"Spoke with {pick('Mr', 'Mrs', 'Dr')} {name} about {order()}, a refund was agreed.",
        f"My name is {name} and I never received {order()}.",
        f"Patient: {name}\nWard: 4B\n",
        f"Employee: {name}\nCost centre: {between(100, 999)}\n",
    )
    return [Text("person-name-in-prose", text, [name], names=(name,))]


@record(26)
def customers():
    rows, values, names = [], [], []
    for _ in range(between(2, 3)):
        given, surname = person(pick(LOCALES))
        name, mail, phone = f"{given} {surname}", email(given, surname), e164()
        row = {"id": between(1, 9000), "full_name": name, "email": mail, "phone": phone}
        rows.append({**row, "orders": between(0, 40), "created_at": moment()})
        values += [name, mail, phone]
        names.append(name)
    answer = lambda rows: dump({"rows": rows, "rowCount": len(rows)})  # noqa: E731
    text = pick(psql_table, mysql_table, markdown_table, csv_table, answer)(rows)
    return [Text("customer-table", text, values, names=tuple(names))]


@record(14)
def staff():
    given, surname = person(pick(LOCALES))
    name, mail, born = f"{given} {surname}", email(given, surname), birthday(1950, 2002).isoformat()
    number, account = ssn(), iban()
    employee = {"name": name, "email": mail, "dateOfBirth": born, "ssn": number, "department": "Finance"}
    text = pick(
        dump({"sheet": between(1, 9), **employee, "grade": between(1, 9)}, 2),
        f"Name: {name}\nEmail: {mail}\nDate of birth: {born}\nSSN: {number}\nDepartment: Finance\n",
        f'<employee row="{between(1, 99)}"><name>{name}</name><email>{mail}</email>'
        f"<dateOfBirth>{born}</dateOfBirth><ssn>{number}</ssn></employee>\n",
    )
    yield Text("employee-record", text, [name, mail, born, number], names=(name,))
    payee = {"accountHolder": name, "iban": account, "email": mail}
    paid = {"amount": f"{between(10, 900)}.00", "currency": "EUR", "endToEndId": order()}
    yield Text("payee-record", dump({"payee": payee, **paid}), [name, account, mail], names=(name,))


@record(12)
def fhir():
    given, surname = person("en")
    born, phone, street = birthday(), HOME["US"](), street_line()
    number = str(between(10**6, 10**8))
    kind, system = {"text": "Medical record number"}, "urn:oid:2.16.840.1.113883.19.5"
    text = dump(
        {
            "resourceType": "Patient",
            "id": uuid(),
            "identifier": [{"type": kind, "system": system, "value": number}],
            "active": True,
            "name": [{"use": "official", "family": surname, "given": [given]}],
            "telecom": [{"system": "phone", "value": phone}],
            "gender": pick("male", "female"),
            "birthDate": born.isoformat(),
            "address": [{"line": [street]}],
        },
        2,
    )
    values = [number, surname, given, phone, born.isoformat(), street]
    return [Text("fhir-patient", text, values, names=(surname, given), streets=(street,))]


@record(12)
def hl7():
    given, surname = person("en")
    born, number = birthday(), str(between(10**6, 10**8))
    area, exchange, line = american()
    phone, social = f"({area}){exchange}-{line}", ssn()
    street = f"{between(1, 900)} {pick(WORDS['en']['street'])} AVENUE".upper()
    name = f"{surname}^{given}".upper()
    text = (
        f"MSH|^~\\&|ADT1|MCM|LABADT|MCM|20260{between(1, 9)}1{between(0, 9)}0{between(0, 9)}00||ADT^A01|"
        f"MSG{digits(5)}|P|2.5\n"
        f"PID|1||{number}^^^MCM^MR||{name}||{born:%Y%m%d}|{pick('M', 'F')}|||{street}||{phone}|||||||{social}\n"
        "PV1|1|I|W4^389^1\n"
    )
    values = [number, name, f"{born:%Y%m%d}", street, phone, social]
    return [Text("hl7-pid", text, values, names=(name,), streets=(street,))]


@record(10)
def vcard():
    given, surname = person()
    name, mail, phone = f"{given} {surname}", email(given, surname), e164()
    text = (
        f"BEGIN:VCARD\nVERSION:3.0\nN:{surname};{given};;;\nFN:{name}\n"
        f"EMAIL;TYPE=WORK:{mail}\nTEL;TYPE=CELL:{phone}\nEND:VCARD\n"
    )
    return [Text("vcard", text, [surname, given, name, mail, phone], names=(surname, given, name))]


@record(14)
def mail_headers():
    one, other = person(), person()
    names, mails = (" ".join(one), " ".join(other)), (email(*one), email(*other))
    text = (
        f'From: "{names[0]}" <{mails[0]}>\n'
        f"To: {names[1]} <{mails[1]}>\n"
        f"Subject: Re: {ticket()} {service()} outage\n"
        f"Message-ID: <{hexes(20)}.{between(1, 99)}>\n\n"
        "The restart helped, closing the ticket.\n"
    )
    return [Text("mail-headers", text, [names[0], mails[0], names[1], mails[1]], names=names)]


@record(12)
def git_log():
    given, surname = person()
    name, mail = f"{given} {surname}", email(given, surname)
    text = (
        f"commit {commit()}\n"
        f"Author: {name} <{mail}>\n"
        f"Date:   Tue Mar {between(1, 28)} 10:{between(10, 59)}:{between(10, 59)} 2026 +0100\n\n"
        f"    {pick('fix', 'feat', 'chore')}({service()}): "
        f"{pick('bump timeout', 'drop unused flag', 'handle empty page')}\n"
    )
    return [Text("git-log", text, [name, mail], names=(name,))]


@record(12)
def shop_order():
    given, surname = person()
    mail, phone, address = email(given, surname), e164(), plain_address()
    text = dump(
        {
            "order": {
                "id": between(10**9, 9 * 10**9),
                "number": order(),
                "email": mail,
                "total": f"{between(5, 900)}.00",
                "customer": {"firstName": given, "lastName": surname},
                "shippingAddress": address,
                "phone": phone,
                "lineItems": [{"sku": f"{signs(UPPER, 3)}-{digits(4)}", "qty": between(1, 4)}],
            }
        },
        2,
    )
    values = [mail, given, surname, address, phone]
    return [Text("shop-order-json", text, values, names=(given, surname), streets=(address,))]


@record(10)
def audit_event():
    given, surname = person()
    name, mail, host = f"{given} {surname}", email(given, surname), ipv4()
    actor = {"email": mail, "displayName": name}
    event = {"action": "user.login", "actor": actor, "sourceIPAddress": host, "eventTime": stamp(), "eventID": uuid()}
    text = pick(
        dump(event),
        dump({"id": "evt_" + plain(24), "user_name": name, "user_email": mail, "ip_address": host}),
    )
    return [Text("audit-event", text, [mail, name, host], names=(name,))]


def texts():
    for make, count in record:
        for _ in range(count):
            yield from make()
