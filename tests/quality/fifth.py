"""A corpus made after detectors were mended by four others, written, with what counts in it, before any had seen it.

Credentials: the forms of whispers and apkleaks, and the passwords of 3,000 people of FakeNameGenerator, in files and
answers in which they stand. Personal data: sentences of presidio-evaluator, the same people, numbers that validator
and FormValidation take, as records in the languages of their countries. Harmless: what tools answer, and manuals that
speak of secrets. A number counts whether or not the manual has a row for its country.
"""

import base64
import csv
import importlib.metadata
import json
import random
import re
from pathlib import Path

import phonenumbers
import second
import yaml
from corpus import Case
from faker import Faker
from schwifty import IBAN
from words import FIELDS, NUMBERS, SPOKEN

SEED = 20261130
EACH_RULE = 4
EACH_HARMLESS = 40
SENTENCES = 3
RECORDS = 330
WITHOUT_NUMBERS = ("given", "surname", "street")
# What rules of apkleaks are about that is no secret, or that rstr cannot make.
NOT_SECRET = re.compile(r"Bucket|Flag|IP_|Link|Mac_|Mailto|Firebase|ClientID|Service_Account|Platform_OAuth|Web_Token|Private|rivate_|Authoriz|KEY")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def package(name, *path):
    return Path(importlib.metadata.distribution(name).locate_file(name.replace("-", "_")), *path)


def people(rng):
    """The people of FakeNameGenerator, in an order of their own."""
    file = package("presidio-evaluator", "data_generator", "raw_data", "FakeNameGenerator.com_3000.csv")
    with file.open(encoding="utf-8-sig") as lines:
        found = list(csv.DictReader(lines))
    rng.shuffle(found)
    return found


def phone(person, rng):
    """Their telephone number as it is at home or from abroad; nothing when libphonenumber knows none such."""
    number = person["TelephoneNumber"]
    try:
        parsed = phonenumbers.parse(number, person["Country"])
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    forms = phonenumbers.PhoneNumberFormat
    written = (number, phonenumbers.format_number(parsed, forms.INTERNATIONAL), phonenumbers.format_number(parsed, forms.E164))
    return rng.choice((number, *written))


def account(rng, country):
    try:
        iban = IBAN.random(country_code=country, random=rng)
    except Exception:  # noqa: BLE001: of others no form is known
        return None
    return rng.choice((iban.formatted, str(iban)))


# Personal data.


def sentences(rng, crowd, fake):
    """The templates of presidio-evaluator. Names and places may be found in them, and are not asked for."""
    asked = {
        "credit_card_number": fake.credit_card_number,
        "phone_number": None,
        "email": None,
        "iban": lambda: account(rng, rng.choice(("DE", "GB", "FR", "NL", "PL", "SE"))),
        "ip_address": fake.ipv4_public,
        "ssn": fake.ssn,
        "us_driver_license": lambda: "S530-460-99-424-0",
        "date_of_birth": lambda: fake.date_of_birth().strftime(rng.choice(("%Y-%m-%d", "%d/%m/%Y", "%B %d, %Y"))),
    }
    templates = package("presidio-evaluator", "data_generator", "raw_data", "templates.txt").read_text().split("\n")
    for template in templates:
        wanted = [name for name in re.findall(r"\{\{(\w+)\}\}", template) if name in asked]
        for _ in range(SENTENCES if wanted else 0):
            person, values, beside = rng.choice(crowd), [], []

            def put(match):
                name = match[1]
                if name in asked:
                    made = {"phone_number": lambda: phone(person, rng), "email": lambda: person["EmailAddress"]}
                    value = made.get(name, asked[name])()
                    values.append(value)
                    return str(value)
                value = {"person": person["GivenName"] + " " + person["Surname"], "city": person["City"]}.get(name)
                value = value or {"address": person["StreetAddress"], "street_name": person["StreetAddress"]}.get(name)
                value = value or (getattr(fake, name)() if hasattr(fake, name) else person["Surname"])
                beside.append(str(value))
                return str(value)

            text = re.sub(r"\{\{(\w+)\}\}", put, template.replace(r"\n", "\n"))
            if None not in values:
                kind = "sentence: " + ", ".join(sorted(set(wanted)))
                yield Case({"text": text}, kind, [str(value) for value in values], beside)


def shown(rows, rng, way):
    """Rows of (what, label, member, value) as one of the forms in which tools answer."""
    labels, members, values = ([row[at] for row in rows] for at in (1, 2, 3))
    camel = [re.sub(r"_(\w)", lambda match: match[1].upper(), member) for member in members]
    wide = [max(len(member), len(value)) for member, value in zip(members, values, strict=True)]
    line = lambda parts: " | ".join(part.ljust(width) for part, width in zip(parts, wide, strict=True))  # noqa: E731
    forms = {
        "JSON": lambda: dict(zip(members, values, strict=True)),
        "camel": lambda: {"data": {"items": [dict(zip(camel, values, strict=True))], "total": 1}},
        "JSON text": lambda: {"content": [{"type": "text", "text": json.dumps(dict(zip(members, values, strict=True)), indent=2)}]},
        "CSV": lambda: {"text": ",".join(members) + "\n" + ",".join(f'"{v}"' if "," in v else v for v in values) + "\n"},
        "semicolons": lambda: {"text": ";".join(labels) + "\n" + ";".join(values) + "\n"},
        "Markdown": lambda: {"text": f"| {' | '.join(labels)} |\n|{'---|' * len(labels)}\n| {' | '.join(values)} |\n"},
        "psql": lambda: {"text": f" {line(members)}\n-{'-+-'.join('-' * width for width in wide)}-\n {line(values)}\n(1 row)\n"},
        "columns": lambda: {"columns": members, "rows": [values], "rowCount": 1},
        "form": lambda: {"text": "".join(f"{label}: {value}\n" for label, value in zip(labels, values, strict=True))},
        "YAML": lambda: {"text": "customer:\n" + "".join(f"  {m}: {v}\n" for m, v in zip(members, values, strict=True))},
        "XML": lambda: {"text": "<record>" + "".join(f"<{m}>{v}</{m}>" for m, v in zip(camel, values, strict=True)) + "</record>"},
        "HTML": lambda: {"text": "<table>" + "".join(f"<tr><th>{m}</th><td>{v}</td></tr>" for m, v in zip(labels, values, strict=True))},
        "log": lambda: {"text": "2026-11-30T08:14:02.113Z INFO crm updated " + " ".join(f'{m}="{v}"' for m, v in zip(members, values, strict=True))},
        "SQL": lambda: {"query": f"INSERT INTO customers ({', '.join(members)}) VALUES ({', '.join(repr(v) for v in values)})"},
        "bullets": lambda: {"text": "".join(f"- **{label}:** {value}\n" for label, value in zip(labels, values, strict=True))},
        "fields": lambda: {"fields": [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)]},
        "prose": lambda: {"text": ", ".join(f"{label} {value}" for label, value in zip(labels, values, strict=True)) + "."},
        "error": lambda: {"error": {"message": "duplicate key: " + ", ".join(f"({m})=({v})" for m, v in zip(members, values, strict=True))}},
    }  # fmt: skip
    names = sorted(forms)
    return names[way % len(names)], forms[names[way % len(names)]]()


def records(rng, crowd, numbers):
    """People with their numbers, in the language of the country."""
    birth = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d")
    fake = Faker("en_US")
    fake.seed_instance(SEED)
    listed = [(f"{line['country']} {line['kind']}", line["value"]) for line in numbers]
    for at in range(max(RECORDS, len(listed))):
        kind, number = listed[at % len(listed)]
        country = kind[:2]
        spoken, labels, members = NUMBERS[kind]
        person = next((one for one in crowd[at:] if one["Country"] == country), crowd[at])
        names, keys = FIELDS[spoken]
        names, keys = names.split("|"), keys.split()
        about = {
            "given": person["GivenName"],
            "surname": person["Surname"],
            "email": person["EmailAddress"],
            "phone": phone(person, rng),
            "birth": fake.date_of_birth().strftime(birth[at % 4]),
            "street": person["StreetAddress"],
        }
        rows = [(what, names[n], keys[n], about[what]) for n, what in enumerate(about) if about[what]]
        n = at % 3
        rows.append((f"number: {kind}", labels.split("|")[n], members.split()[n], number))
        iban = account(rng, country)
        if iban and at % 3 == 0:
            rows.append(("iban", "IBAN", "iban", iban))
        kept = [row for row in rows if row[0].startswith("number") or rng.random() < 0.6]
        way, document = shown(kept, rng, rng.randrange(1000))
        beside = [row[3] for row in kept]
        for what, _, _, value in kept:
            if what in WITHOUT_NUMBERS:
                what = {"given": "record: name", "surname": "record: name", "street": "record: street"}[what]
            elif not what.startswith("number"):
                what = f"record: {what}"
            yield Case(document, what, [value], beside, way)


def machines(rng, crowd):
    """What else tools answer: logs, cards and messages of other standards."""
    fake = Faker("en_US")
    fake.seed_instance(SEED + 1)
    for at in range(14):
        person = crowd[at]
        name, mail = f"{person['GivenName']} {person['Surname']}", person["EmailAddress"]
        born = fake.date_of_birth()
        number = phone(crowd[at + 50], rng) or "+1 202-555-0143"
        ssn, card, ip, ip6 = fake.ssn(), fake.credit_card_number("visa"), fake.ipv4_public(), fake.ipv6()
        mac, vin, bic, amex = fake.mac_address(), fake.vin(), IBAN.random("DE", random=rng).bic or "DEUTDEFF", fake.credit_card_number("amex")
        spaced = " ".join(card[n : n + 4] for n in range(0, 16, 4))
        dashed = spaced.replace(" ", "-")
        plate, encoded = fake.license_plate(), number.replace("+", "%2B").replace(" ", "%20")
        beside = [person["GivenName"], person["Surname"], name, person["StreetAddress"], born.strftime("%Y%m%d"), person["City"], ssn, number, mail, "support@example.com", encoded]
        made = (
            ("vCard", f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;TYPE=CELL:{number}\nEMAIL:{mail}\nBDAY:{born}\nEND:VCARD", [number, mail, str(born)]),
            ("HL7", f"MSH|^~\\&|LAB|HOSP|||202611300815||ADT^A01|1|P|2.5\nPID|1||MRN{at}48213^^^HOSP^MR||{person['Surname']}^{person['GivenName']}||{born:%Y%m%d}|F|||{person['StreetAddress']}||{number}|||||{ssn}", [f"{born:%Y%m%d}", number, ssn]),
            ("FHIR", {"resourceType": "Patient", "identifier": [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": ssn}], "name": [{"family": person["Surname"], "given": [person["GivenName"]]}], "telecom": [{"system": "phone", "value": number}, {"system": "email", "value": mail}], "birthDate": str(born)}, [ssn, number, mail, str(born)]),
            ("access log", f'{ip} - - [30/Nov/2026:08:11:04 +0000] "GET /cart HTTP/1.1" 200 5316 "-" "curl/8.5.0"', [ip]),
            ("access log 6", f'{ip6} - - [30/Nov/2026:08:11:04 +0000] "POST /login HTTP/2.0" 302 0', [ip6]),
            ("sshd", f"Nov 30 08:12:55 web1 sshd[2211]: Failed password for root from {ip} port 52144 ssh2", [ip]),
            ("dhcpd", f"dhcpd: DHCPACK on {ip} to {mac} via eth0", [ip, mac]),
            ("mail headers", f'From: "{name}" <{mail}>\nTo: support@example.com\nSubject: Re: order\nReceived: from mx (HELO mx) ([{ip}])', [mail, ip]),
            ("stack trace", f"java.lang.IllegalArgumentException: no such user: {mail}\n\tat com.acme.UserService.find(UserService.java:88)\n\tat com.acme.Api.get(Api.java:12)", [mail]),
            ("payment", {"payment": {"method": "card", "number": spaced, "exp": "09/29", "amount": 1299}}, [spaced]),
            ("payment text", f"Customer wants to pay with {dashed}, exp 09/29", [dashed]),
            ("amex", {"note": f"AMEX {amex[:4]} {amex[4:10]} {amex[10:]} on file"}, [f"{amex[:4]} {amex[4:10]} {amex[10:]}"]),
            ("query string", f"https://shop.example.com/signup?email={mail.replace('@', '%40')}&phone={encoded}", [mail.replace("@", "%40")]),
            ("signature", f"Kind regards,\n{name}\nMobile: {number}\n{mail}", [number, mail]),
            ("vehicle", {"vehicle": {"vin": vin, "make": "Volvo"}}, [vin]),
            ("vehicle text", f"VIN: {vin}, license plate {plate}", [vin, plate]),
            ("plate", {"licensePlate": plate, "state": "CA"}, [plate]),
            ("bank", {"beneficiary": {"bic": str(bic), "bank": "Musterbank"}}, [str(bic)]),
            ("ssn text", f"Employee {name}, SSN {ssn}, hired in March", [ssn]),
            ("ssn digits", {"ssn": int(ssn.replace("-", "")), "active": True}, [str(int(ssn.replace("-", "")))]),
            ("tel link", f'<a href="tel:{number}">call</a>', [number]),
            ("chat", {"messages": [{"role": "user", "content": f"hi, my number is {number} and my mail {mail}"}]}, [number, mail]),
            ("position", {"user": {"lat": float(fake.latitude()), "lng": float(fake.longitude())}}, []),
        )  # fmt: skip
        for kind, document, values in made:
            document = document if isinstance(document, dict) else {"text": document}
            yield Case(document, "standard: " + kind, values, beside)


def personal(rng, crowd, numbers):
    fake = Faker("en_US")
    fake.seed_instance(SEED + 2)
    yield from sentences(rng, crowd, fake)
    yield from records(rng, crowd, numbers)
    yield from machines(rng, crowd)


# Credentials.


def ruled(rng, fake):
    """Texts of the forms that whispers and apkleaks know."""
    make = second.Short(rng)
    known = json.loads(Path(importlib.metadata.distribution("apkleaks").locate_file("config"), "regexes.json").read_text())
    for name, patterns in known.items():
        if NOT_SECRET.search(name):
            continue
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            # What it passes over is what programs write there, and what stands before a value is not part of it.
            plain = re.sub(r"\(\?<?[=!][^)]*\)|\(\[\^A-Z0-9\]\|\^\)|\(\?:\\s\|=\|:\|\"\|\^\)|\$$", "", pattern)
            plain = plain.replace("com*", "com").replace("['|\"]", "['\"]").replace(".*", " ?= ?").replace("(.{0,20})?", "_key = ")
            plain = re.sub(r"\[(\w)\|(\w)\]", r"[\1\2]", plain)
            for at in range(EACH_RULE):
                text = make.xeger(plain).strip()
                inside = re.search(r"['\"]([^'\"]{12,})['\"]?$", text)
                value = (inside[1] if inside else text).rstrip("'\" ")
                document = {"text": text} if inside else second.alone(value, fake, at)
                yield Case(document, "rule: apkleaks " + name, [value])
    rules = yaml.safe_load(package("whispers", "rules", "keys.yml").read_text())
    known = next(rule for rule in rules if rule["id"] == "apikey-known")["value"]["regex"]
    body = known.split("(\\", 1)[1] if "(\\" in known else known.split("(", 2)[2]
    for prefix in re.split(r"\|(?![^(]*\))", re.sub(r"\s+|\\$", "", body.rsplit(")[", 1)[0])):
        plain = re.sub(r"\(\?!\w+\)", "", prefix).strip("\\()")
        if plain.count("(") != plain.count(")") or "eyJ" in plain or "eyj" in plain or not plain:
            continue
        for at in range(EACH_RULE):
            value = make.xeger(plain) + "".join(rng.choice(LETTERS) for _ in range(rng.choice((22, 32, 40))))
            yield Case(second.alone(value, fake, at), "rule: whispers known", [value])


def files(user, host, word):
    """Files and answers with a password in them, after those that whispers reads."""
    basic = lambda v: base64.b64encode(f"{user()}:{v}".encode()).decode()  # noqa: E731
    return {
        "npmrc": lambda v: f"//registry.example.org/:_authToken={v}\nalways-auth=true\n",
        "pypirc": lambda v: f"[pypi]\nrepository: https://upload.example.org/\nusername: {user()}\npassword: {v}\n",
        "pip.conf": lambda v: f"[global]\nindex-url = https://{user()}:{v}@pypi.{host()}/simple\n",
        "gradle": lambda v: f"signing.keyId=24875D73\nstorePassword={v}\nkeyAlias={word()}\n",
        "properties": lambda v: f"db.url=jdbc:mysql://{host()}/app\ndb.username={user()}\ndb.password={v}\n",
        "XML": lambda v: f"<server><id>{word()}</id><username>{user()}</username><password>{v}</password></server>",
        "web.config": lambda v: f'<add key="SmtpPassword" value="{v}" />',
        "connection": lambda v: f"Server={host()};Database={word()};User Id={user()};Password={v};",
        "wp-config": lambda v: f"define('DB_USER', '{user()}');\ndefine('DB_PASSWORD', '{v}');\n",
        "my.cnf": lambda v: f"[client]\nuser={user()}\npassword={v}\nhost={host()}\n",
        "pgpass": lambda v: f"{host()}:5432:app:{user()}:{v}",
        "netrc": lambda v: f"machine {host()}\n  login {user()}\n  password {v}\n",
        "git-credentials": lambda v: f"https://{user()}:{v}@{host()}",
        "tfvars": lambda v: f'db_instance = "db.t3.small"\nmaster_password = "{v}"\n',
        "ansible": lambda v: f"- hosts: all\n  vars:\n    ansible_user: {user()}\n    ansible_become_pass: {v}\n",
        "compose": lambda v: f"services:\n  db:\n    image: mariadb:11\n    environment:\n      MARIADB_ROOT_PASSWORD: {v}\n",
        "Dockerfile": lambda v: f"FROM alpine:3.20\nENV ADMIN_PASSWORD={v}\nCMD [\"run\"]\n",
        "shell": lambda v: f"export PGPASSWORD='{v}'\npsql -h {host()} -U {user()} app\n",
        "mysql": lambda v: f"$ mysqldump -u{user()} -p{v} shop > shop.sql",
        "curl": lambda v: f"curl -u {user()}:{v} https://{host()}/api/v1/items",
        "SQL": lambda v: f"CREATE USER '{user()}'@'%' IDENTIFIED BY '{v}';",
        "SQL role": lambda v: f"ALTER ROLE {word()} WITH LOGIN PASSWORD '{v}';",
        "Python": lambda v: f'conn = connect(host="{host()}", user="{user()}", password="{v}")',
        "JavaScript": lambda v: f"const client = new Client({{ user: '{user()}', password: '{v}' }});",
        "PowerShell": lambda v: f'$p = ConvertTo-SecureString "{v}" -AsPlainText -Force',
        "elixir": lambda v: f'config :app, App.Repo, username: "{user()}", password: "{v}"',
        "Ruby": lambda v: f"production:\n  adapter: postgresql\n  username: {user()}\n  password: <%= ENV['X'] || '{v}' %>\n",
        "kube secret": lambda v: {"kind": "Secret", "data": {"password": base64.b64encode(v.encode()).decode()}},
        "docker auth": lambda v: {"auths": {host(): {"auth": basic(v)}}},
        "basic": lambda v: {"headers": {"Authorization": f"Basic {basic(v)}"}},
        "JSON": lambda v: {"user": user(), "passwd": v, "roles": ["admin"]},
        "login": lambda v: {"action": "login", "body": {"username": user(), "pwd": v}},
        "row": lambda v: {"columns": ["login", "password", "created"], "rows": [[user(), v, "2026-11-30"]]},
        "CSV": lambda v: {"text": f"username,password\n{user()},{v}\n"},
        "env list": lambda v: {"env": [{"name": "REDIS_PASSWORD", "value": v}, {"name": "PORT", "value": "6379"}]},
        "DSN": lambda v: {"error": f"could not connect to amqp://{user()}:{v}@{host()}:5672/vhost"},
        "mongo": lambda v: f"MONGO_URL=mongodb+srv://{user()}:{v}@cluster0.{host()}/prod?w=majority",
        "mail": lambda v: f"Hello,\nyour account is ready.\nUsername: {user()}\nPassword: {v}\nPlease change it soon.",
        "chat": lambda v: f"the wifi password is {v} btw",
        "German": lambda v: f"Benutzer: {user()}\nPasswort: {v}\n",
        "Spanish": lambda v: {"usuario": user(), "contraseña": v},
        "French": lambda v: f"Identifiant : {user()}\nMot de passe : {v}\n",
        "Portuguese": lambda v: {"usuario": user(), "senha": v},
        "Italian": lambda v: f"utente={user()}\nparola_chiave={v}\n",
    }  # fmt: skip


def keys(user, host, word):
    """Keys and tokens without an issuer's form, where names give them away."""
    return {
        "env": lambda v: f"{word().upper()}_API_KEY={v}\nLOG_LEVEL=info\n",
        "JSON": lambda v: {"client_id": word(), "client_secret": v},
        "bearer": lambda v: f"> GET /v1/me HTTP/1.1\n> Host: {host()}\n> Authorization: Bearer {v}\n",
        "header": lambda v: f"curl -H 'X-API-Key: {v}' https://{host()}/v2",
        "query": lambda v: f"GET https://{host()}/geocode?q=oslo&apikey={v}",
        "OAuth": lambda v: {"access_token": v, "token_type": "Bearer", "expires_in": 3599},
        "refresh": lambda v: {"refresh_token": v, "scope": "offline_access"},
        "properties": lambda v: f"payment.gateway.secretKey={v}\n",
        "YAML": lambda v: f"webhook:\n  signing_secret: {v}\n  url: https://{host()}/in\n",
        "code": lambda v: f'headers = {{"X-Auth-Token": "{v}"}}',
        "SAS": lambda v: f"DefaultEndpointsProtocol=https;AccountName={word()};AccountKey={v}==;EndpointSuffix=core.windows.net",
        "AWS": lambda v: f"[default]\naws_secret_access_key = {v}\n",
        "cookie": lambda v: f"Cookie: theme=dark; sessionid={v}",
        "hook": lambda v: f"encryption_key: '{v}'",
    }  # fmt: skip


def credentials(rng, crowd):
    from mimesis import Generic  # noqa: PLC0415: only for the carriers of the second corpus
    from mimesis.locales import Locale  # noqa: PLC0415

    fake = Generic(Locale.EN, seed=SEED)
    yield from ruled(rng, fake)
    user, word = lambda: rng.choice(crowd)["Username"], fake.text.word
    host = lambda: rng.choice(crowd)["Domain"].lower()  # noqa: E731
    carriers = files(user, host, lambda: word().replace(" ", "-"))
    for kind, carrier in carriers.items():
        for at in range(6):
            password = rng.choice(crowd)["Password"]
            # What a person would be made to add, in half of them.
            value = password + rng.choice(("!", "#7", "$x9", "-2026")) if at % 2 and kind not in ("DSN", "mongo", "pip.conf", "git-credentials") else password
            hidden = {"kube secret": lambda v: base64.b64encode(v.encode()).decode()}.get(kind, str)(value)
            document = carrier(value)
            document = document if isinstance(document, dict) else {"text": document}
            if kind in ("docker auth", "basic"):
                hidden = re.search(r"[A-Za-z0-9+/=]{16,}", json.dumps(document).split("uth")[-1])[0]
            yield Case(document, "password: " + kind, [hidden])
    for kind, carrier in keys(user, host, lambda: word().replace(" ", "_")).items():
        for at in range(8):
            sizes = (40,) if kind == "AWS" else (86,) if kind == "SAS" else (32, 40, 24)
            signs = "0123456789abcdef" if at % 2 and kind not in ("AWS", "SAS") else LETTERS
            value = "".join(rng.choice(signs) for _ in range(rng.choice(sizes)))
            document = carrier(value)
            yield Case(document if isinstance(document, dict) else {"text": document}, "key: " + kind, [value])


# Harmless documents.


def harmless(rng, crowd):
    fake = Faker(["en_US", "hu_HU", "el_GR", "vi_VN"])
    Faker.seed(SEED)
    hexes = lambda count: "".join(rng.choice("0123456789abcdef") for _ in range(count))  # noqa: E731
    plain = lambda count: "".join(rng.choice(LETTERS) for _ in range(count))  # noqa: E731
    base = lambda count: base64.b64encode(rng.randbytes(count)).decode()  # noqa: E731
    digits = lambda count: "".join(rng.choice("0123456789") for _ in range(count))  # noqa: E731
    version = lambda: f"{rng.randrange(30)}.{rng.randrange(20)}.{rng.randrange(40)}"  # noqa: E731
    kinds = {
        "prose": lambda: fake.paragraph(nb_sentences=5),
        "job": lambda: {"title": rng.choice(crowd)["Occupation"], "company": rng.choice(crowd)["Company"]},
        "site": lambda: {"host": "www." + rng.choice(crowd)["Domain"].lower(), "status": 200},
        "lock": lambda: {"version": version(), "integrity": "sha512-" + base(64), "resolved": f"https://r.example.org/{fake.word()}-{version()}.tgz"},
        "go.sum": lambda: f"github.com/{fake.word()}/{fake.word()} v{version()} h1:{base(32)}\n",
        "Cargo.lock": lambda: f'[[package]]\nname = "{fake.word()}"\nversion = "{version()}"\nchecksum = "{hexes(64)}"\n',
        "images": lambda: f"REPOSITORY   TAG     IMAGE ID       SIZE\n{fake.word()}   {version()}   {hexes(12)}   {rng.randrange(900)}MB\n",
        "pods": lambda: f"NAME                       READY   STATUS    RESTARTS   AGE\n{fake.word()}-{hexes(9)}-{plain(5).lower()}   1/1     Running   0          {rng.randrange(40)}d\n",
        "metrics": lambda: f'http_requests_total{{code="200",handler="/api"}} {digits(9)} {digits(13)}\n',
        "git log": lambda: f"{hexes(7)} {fake.sentence()}\n{hexes(7)} Merge pull request #{rng.randrange(9000)}\n",
        "diff": lambda: f"index {hexes(7)}..{hexes(7)} 100644\n@@ -{rng.randrange(99)},7 +{rng.randrange(99)},9 @@ fn main()\n",
        "ids": lambda: {"ulid": "01J" + plain(23).upper(), "ksuid": plain(27), "nano": plain(21), "snowflake": "1" + digits(18)},
        "objects": lambda: {"_id": {"$oid": hexes(24)}, "createdAt": {"$date": "2026-11-30T10:00:00Z"}},
        "order": lambda: {"orderNumber": digits(10), "sku": f"SKU-{digits(6)}", "quantity": rng.randrange(50)},
        "tracking": lambda: f"Your parcel 1Z{plain(16).upper()} leaves on Monday, reference {digits(12)}",
        "invoice": lambda: f"Invoice No. {digits(8)}\nTotal: {digits(3)},{digits(2)} EUR\nDue: 2026-12-{rng.randrange(10, 28)}\n",
        "goods": lambda: {"ean": fake.ean13(), "isbn": fake.isbn13(), "upc": digits(12), "weight": rng.random()},
        "bank holiday": lambda: {"date": str(fake.date()), "name": fake.sentence(), "types": ["Public"]},
        "span": lambda: f"{fake.date()} to {fake.date()}, {rng.randrange(9999)} rows in {rng.randrange(9999)} ms",
        "explain": lambda: f"Seq Scan on {fake.word()}  (cost=0.00..{digits(5)}.{digits(2)} rows={digits(6)} width={rng.randrange(99)})",
        "geo": lambda: {"type": "Point", "coordinates": [float(fake.longitude()), float(fake.latitude())]},
        "weather": lambda: {"city": rng.choice(crowd)["City"], "temp": 4.2, "wind": "12 km/h", "pressure": 1013},
        "CSS": lambda: f".{fake.word()} {{ color: {fake.hex_color()}; margin: 0 {rng.randrange(20)}px; transition: .3s }}",
        "code": lambda: f"for (let i = 0; i < {digits(4)}; i++) {{ total += {fake.word()}[i] * 0x{hexes(8)}; }}",
        "data URI": lambda: {"icon": "data:image/png;base64," + base(90)},
        "test": lambda: f"test {fake.word()}::{fake.word()} ... ok\n\ntest result: ok. {rng.randrange(500)} passed; 0 failed; finished in {rng.random():.2f}s",
        "process": lambda: f"  PID TTY          TIME CMD\n{digits(6)} pts/0    00:00:0{rng.randrange(9)} {fake.word()}\n",
        "file list": lambda: f"-rw-r--r-- 1 root root {digits(8)} Nov 30 10:{rng.randrange(10, 59)} {fake.file_name()}\n",
        "trace": lambda: {"traceId": hexes(32), "spanId": hexes(16), "durationNano": int(digits(12)), "startTimeUnixNano": digits(19)},
        "request": lambda: {"x-request-id": fake.uuid4(), "etag": f'W/"{hexes(32)}"', "cf-ray": hexes(16) + "-FRA"},
        "page": lambda: {"nextPageToken": plain(40), "items": [], "totalSize": rng.randrange(10**6)},
        "ARN": lambda: {"arn": f"arn:aws:iam::{digits(12)}:role/{fake.word()}", "id": "vpc-" + hexes(17)},
        "sort key": lambda: {"partitionKey": fake.word(), "sortKey": f"{fake.date()}#{digits(6)}", "primary_key": "id"},
        "reset": lambda: f"To reset your password open {fake.word()} and choose a password of at least {rng.randrange(8, 16)} characters.",
        "manual": lambda: rng.choice((
            "password: <your password>", "export API_KEY=your-api-key-here", "DB_PASSWORD=${DB_PASSWORD}", "password: ********",
            "const token = process.env.GITHUB_TOKEN;", "secret: {{ .Values.secret }}", "password = os.environ['PASSWORD']",
            "Authorization: Bearer $TOKEN", "mysql -u root -p shop", "The token is valid for one hour.", "apiKey: string;",
            "postgres://user:password@localhost:5432/db", "passwordField.addEventListener('change', validate)", "client_secret: null",
            "token_type=bearer", "secretName: web-tls", "password_hash_iterations: 600000", "kms_key_id = aws_kms_key.main.arn",
        )) + "\n" + fake.sentence(),
        "schema": lambda: {"type": "object", "properties": {"password": {"type": "string", "minLength": 8}, "ssn": {"type": "string"}}},
        "table": lambda: "id,score,delta\n" + "".join(f"{digits(8)},{rng.random():.6f},-{rng.random():.4f}\n" for _ in range(4)),
        "sensor": lambda: {"sensor": fake.word(), "values": [rng.randrange(10**9) for _ in range(6)]},
        "star": lambda: f"HD {digits(6)}, {rng.randrange(24)}h {rng.randrange(60)}m, magnitude {rng.random() * 10:.2f}, {digits(4)} ly",
        "score": lambda: f"{fake.word()} {rng.randrange(120)}-{rng.randrange(120)} ({rng.randrange(40)}-{rng.randrange(40)}, {rng.randrange(40)}-{rng.randrange(40)})",
        "loopback": lambda: "listening on http://127.0.0.1:8080 and [::1]:8080, bound to 0.0.0.0",
        "build": lambda: f"Build {digits(8)}.{rng.randrange(9)} finished, artifact {fake.word()}-{version()}+{hexes(7)}.jar ({digits(7)} bytes)",
    }  # fmt: skip
    for kind, make in kinds.items():
        for _ in range(EACH_HARMLESS):
            yield Case(json.loads(json.dumps(make())), "harmless: " + kind)


def cases(node_modules):
    """All of it: credentials, personal data, harmless documents."""
    rng = random.Random(SEED)
    crowd = people(rng)
    numbers = second.made("fifth.mjs", node_modules)
    return list(credentials(rng, crowd)), list(personal(rng, crowd, numbers)), list(harmless(rng, crowd))
