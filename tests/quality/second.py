"""A corpus that nobody tuned to: written, with what counts in it, before any detector had seen it.

Credentials: texts that match the rules of Betterleaks (in the crate kingfisher-rules) and of detect-secrets, and
passwords, keys and tokens of mimesis. Personal data: the example of every region and kind in phonenumbers, accounts of
every country in schwifty, national numbers of idnumbers, and people and machines of mimesis in twelve locales.
Harmless: mimesis again. Everything is drawn with one seed, so a run can be repeated.
"""

import importlib.metadata
import json
import os
import pkgutil
import random
import re
import subprocess
import tarfile
from pathlib import Path

import phonenumbers
import pycountry
import rstr
import yaml
from corpus import REPEAT_MORE, Case
from idnumbers import registry
from mimesis import Generic
from mimesis.enums import CardType
from mimesis.locales import Locale
from schwifty import IBAN

SEED = 20261127
KINGFISHER = "kingfisher-rules@3.0.1"
EACH_RULE = 3
EACH_KIND = 4
EACH_NUMBER = 8
EACH_HARMLESS = 60
LOCALES = "EN EN_GB DE FR ES IT NL PL PT_BR SV TR JA".split()
# Rules about what is no secret: identifiers, names, addresses.
NOT_SECRET = re.compile(r"-(id|username|name|host|domain|public-key|address|uri|url|account)(\.\d)?$")
SECRET_AFTER_ALL = re.compile(r"credential-uri|webhook-url|sensitive-url")
# Base64 of JSON, and PEM: a text that only looks like them is none, so rstr cannot make one.
NOT_MADE = re.compile(r"eyJ|ZXlK|ZXlK|XlK|BEGIN")
# What stands between a keyword and a value in the rules of Betterleaks.
OPERATOR = r"(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)"


def made(script, node_modules):
    """What the generators of JavaScript say."""
    command = ["node", str(Path(__file__).with_name(script)), str(node_modules)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


class Short(rstr.Rstr):
    """Texts that match a pattern, with repeats not much longer than they must be."""

    def _handle_repeat(self, start_range, end_range, value):
        times = self._random.randint(start_range, min(end_range, start_range + REPEAT_MORE))
        return "".join(self._handle_state(part) for _ in range(times) for part in value)


def rules(name):
    """Names and patterns of a file of rules in the crate, which cargo brings."""
    subprocess.run(["cargo", "info", "--quiet", KINGFISHER], check=True, capture_output=True, cwd="/")
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    folder = KINGFISHER.replace("@", "-")
    crate = next(home.glob(f"registry/cache/*/{folder}.crate"))
    with tarfile.open(crate) as archive:
        member = archive.extractfile(f"{folder}/generated/rules/{name}.yml")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = yaml.load(member, Loader=loader)["rules"]
    return [(rule["id"].removeprefix(name + "."), rule["pattern"]) for rule in found if "pattern" in rule]


def for_python(pattern):
    """The pattern without what Python's syntax does not have: flags in the middle, and looking around."""
    verbose = pattern.startswith("(?x)")
    pattern = re.sub(r"\(\?[a-z-]+\)", "", pattern)
    pattern = re.sub(r"\(\?-?[imsx]+(?:-[imsx]+)?:", "(?:", pattern)
    pattern = re.sub(r"\(\?P<\w+>", "(", pattern)
    pattern = pattern.replace(r"\z", "$").replace("[[:alnum:]]", "[A-Za-z0-9]")
    return re.sub(r"\s+", "", pattern) if verbose else pattern


def first_group(pattern):
    """Where the first group that is kept begins and ends, or nothing."""
    at, in_class, depth, start, open_at = 0, False, 0, None, None
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
            if start is None and pattern[at + 1] != "?":
                start, open_at = at + 1, depth
        elif char == ")":
            if start is not None and depth == open_at:
                return start, at
            depth -= 1
        at += 1
    return None


def words(name):
    """`adafruit-api-key.1` as words."""
    return re.sub(r"\.\d+$", "", name).replace(".", "-").split("-")


def assigned(name, value, fake, at):
    """A value under its name, as configuration and programs have it."""
    parts = words(name)
    camel = parts[0] + "".join(part.capitalize() for part in parts[1:])
    forms = (
        lambda: f"DEBUG=false\n{'_'.join(parts).upper()}={value}\nPORT={fake.internet.port()}\n",
        lambda: {"service": fake.text.word(), camel: value, "enabled": True},
        lambda: f"settings:\n  region: {fake.internet.cloud_region()}\n  {'_'.join(parts)}: \"{value}\"\n",
        lambda: {"source": f"const {camel} = '{value}'; // {fake.text.word()}"},
    )
    return forms[at % len(forms)]()


def alone(value, fake, at):
    """A value that nothing announces."""
    forms = (
        lambda: {"message": f"{fake.text.sentence()} {value}"},
        lambda: {"args": [fake.text.word(), value, fake.file.file_name()]},
        lambda: f"{fake.datetime.timestamp()} WARN {fake.text.word()}: got {value}, retrying",
        lambda: f"curl -H 'X-Custom: {value}' {fake.internet.url()}",
        lambda: {"rows": [[fake.person.username(), value]]},
        lambda: f"{fake.text.word()},{value},{fake.development.version()}",
    )
    return forms[at % len(forms)]()


def from_rule(make, pattern):
    """A text that a pattern matches, and the value in it."""
    pattern = for_python(pattern)
    for _ in range(50):
        text = make.xeger(pattern)
        match = re.search(pattern, text)
        if match:
            groups = [group for group in match.groups() if group]
            return text, groups[0] if groups else match[0]
    return None


def ruled(rng, fake, found):
    """Cases made from rules, which are names and patterns."""
    make = Short(rng)
    for name, pattern in found:
        secret = not NOT_SECRET.search(name) or SECRET_AFTER_ALL.search(name)
        if not secret or NOT_MADE.search(pattern):
            continue
        plain = for_python(pattern)
        group = first_group(plain)
        before = plain[: group[0] - 1] if group else ""
        for at in range(EACH_RULE):
            if OPERATOR in before:
                # Quotes belong to what is around a value.
                value = make.xeger(plain[group[0] : group[1]]).strip("\"'")
                yield Case(assigned(name, value, fake, at), "rule: " + name, [value])
                continue
            made = from_rule(make, pattern)
            if made is None:
                continue
            text, value = made
            whole = not group or re.fullmatch(r"(?:\\b|\^|\(\?:[^()]*\))*", before)
            document = alone(value, fake, at) if whole else {"text": text}
            yield Case(document, "rule: " + name, [value])


def assignments(rng, fake):
    """Cases made from the patterns of detect-secrets, which know what stands around a value."""
    make = Short(rng)
    for name, pattern in detect_secrets():
        for at in range(EACH_RULE):
            made = from_rule(make, pattern)
            if made:
                text, value = made
                yield Case(alone(text, fake, at), "detect-secrets: " + name, [value])


def detect_secrets():
    """Names and patterns of the plugins of detect-secrets."""
    import detect_secrets.plugins as plugins  # noqa: PLC0415: only for this

    for module in pkgutil.iter_modules(plugins.__path__):
        if module.name in ("base", "high_entropy_strings", "keyword", "ip_public", "private_key", "jwt"):
            continue
        loaded = __import__(f"detect_secrets.plugins.{module.name}", fromlist=["x"])
        for found in vars(loaded).values():
            denied = getattr(found, "denylist", None)
            for pattern in denied if isinstance(denied, (list, tuple)) else ():
                if not NOT_MADE.search(pattern.pattern):
                    yield module.name, pattern.pattern


def chosen(rng, fake):
    """Passwords, keys and tokens of mimesis, where people put them."""
    password = lambda: fake.person.password(length=rng.randint(8, 20))  # noqa: E731
    forms = (
        ("password: key", password, lambda v: {"login": fake.person.username(), "password": v}),
        ("password: nested", password, lambda v: {"smtp": {"host": fake.internet.hostname(), "userPassword": v}}),
        ("password: list", password, lambda v: {"parameters": [{"key": "MASTER_PASSWORD", "value": v}]}),
        ("password: table", password, lambda v: {"columns": ["user", "password"], "rows": [[fake.person.username(), v]]}),
        ("password: JSON text", password, lambda v: {"text": json.dumps({"user": fake.person.username(), "passwd": v})}),
        ("password: sentence", password, lambda v: f"The password is {v}" + rng.choice(["", " for now"])),
        ("key: JSON", fake.cryptographic.token_hex, lambda v: {"service": fake.text.word(), "apiKey": v}),
        ("key: header", fake.cryptographic.token_urlsafe, lambda v: f"GET / HTTP/1.1\nX-Api-Key: {v}\nAccept: */*\n"),
        ("token: JSON", fake.cryptographic.token_urlsafe, lambda v: {"access_token": v, "expires_in": 3600}),
        ("token: query", fake.cryptographic.token_hex, lambda v: f"{fake.internet.url()}?access_token={v}&page=2"),
        ("token: JWT", fake.cryptographic.jwt, lambda v: {"session": {"value": v}}),
        ("token: header", fake.cryptographic.token_urlsafe, lambda v: {"headers": {"authorization": f"Bearer {v}"}}),
    )
    for kind, make, carrier in forms:
        for _ in range(EACH_KIND * 5):
            value = str(make())
            yield Case(carrier(value), kind, [value])


def phones():
    """The example numbers of libphonenumber, each written in one of four ways."""
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    known = phonenumbers.PhoneNumberFormat
    forms = (known.INTERNATIONAL, known.E164, known.NATIONAL)
    at = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in kinds:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            written = [phonenumbers.format_number(number, form) for form in forms]
            international, plain, national = written
            yield (
                Case({"message": f"Call me on {international} tomorrow"}, "pattern: phone international", [international]),
                Case({"note": f"reached at {plain}"}, "pattern: phone E.164", [plain]),
                Case({"text": f"Phone: {national}"}, "pattern: phone national", [national]),
                Case({"contact": {"mobilePhone": national}}, "by key: phone", [national]),
            )[at % 4]
            at += 1


def accounts():
    """Accounts of every country in schwifty."""
    rng = random.Random(SEED)
    for country in sorted(country.alpha_2 for country in pycountry.countries):
        for at in range(2):
            try:
                iban = IBAN.random(country_code=country, random=rng)
            except Exception:  # noqa: BLE001: of others no form is known
                continue
            value = iban.formatted if at else str(iban)
            yield Case({"text": f"Please pay to {value} by Friday"}, "pattern: iban", [value])


def numbers(rng, fake, countries):
    """National numbers of idnumbers. They count where it knows check digits and the manual here has a row."""
    for entry in registry.list_supported_countries():
        for kind in entry.id_types:
            about = kind.METADATA
            if about.deprecated or not about.example or not kind.validate(about.example):
                continue
            names = [name for name in about.names if len(name) <= 48] or [about.id_type]
            listed = entry.alpha2.lower() in countries and (about.checksum or entry.alpha2 in ("US", "GB"))
            label = "number: " if listed else "not listed: "
            for at, value in enumerate(varied(kind, about.example, rng)):
                name = names[at % len(names)]
                member = re.sub(r"\W+", "_", name.lower()).strip("_")
                forms = (
                    {"message": f"{name}: {value}"},
                    {"person": {member: value, "since": fake.datetime.date().isoformat()}},
                    f"{fake.text.sentence()} {name} {value}. {fake.text.sentence()}",
                )
                yield Case(forms[at % 3], f"{label}{entry.alpha2} {about.id_type}", [value])


def varied(kind, example, rng):
    """The example, and more numbers of its form that are valid."""
    found = [example]
    for _ in range(5000):
        number = list(rng.choice(found))
        digits = [at for at, char in enumerate(number) if char.isascii() and char.isdigit()]
        for at in rng.sample(digits, min(len(digits), rng.randint(2, 4))):
            number[at] = rng.choice("0123456789")
        number = "".join(number)
        if number not in found and kind.validate(number):
            found.append(number)
        if len(found) == EACH_NUMBER:
            break
    return found


def people(rng):
    """What mimesis says of people and machines."""
    for locale in LOCALES:
        fake = Generic(getattr(Locale, locale), seed=rng.randrange(1 << 30))
        patterned = (
            ("email", fake.person.email, ("{v}", "write to {v}, please")),
            ("card", lambda: fake.payment.credit_card_number(CardType.VISA), ("card {v}", "{s} {v}.")),
            ("card", lambda: fake.payment.credit_card_number(CardType.MASTER_CARD), ("paid with {v}", "{v}")),
            ("card", lambda: fake.payment.credit_card_number(CardType.AMERICAN_EXPRESS), ("card no. {v}", "{v}")),
            ("ipv4", fake.internet.ip_v4, ("{v}", "login from {v}")),
            ("ipv6", fake.internet.ip_v6, ("{v}", "peer {v} closed")),
            ("mac", fake.internet.mac_address, ("{v}", "interface up, {v}")),
            ("imei", fake.code.imei, ("IMEI {v}", "imei: {v}")),
        )
        for kind, make, forms in patterned:
            for at in range(EACH_KIND):
                value = str(make())
                text = forms[at % len(forms)].format(v=value, s=fake.text.sentence())
                yield Case({"text": text, "line": at}, "pattern: " + kind, [value])
        keyed = (
            ("name", "surname", fake.person.last_name),
            ("street", "street", fake.address.address),
            ("phone", "telephone", fake.person.phone_number),
            ("birth", "birthDate", lambda: fake.person.birthdate().isoformat()),
            ("email", "contactEmail", fake.person.email),
            ("card", "creditCard", fake.payment.credit_card_number),
        )
        for kind, key, make in keyed:
            for at in range(EACH_KIND):
                value = str(make())
                yield Case({"n": at, key: value}, "by key: " + kind, [value])


def harmless(rng):
    """Cases in which nothing may be found."""
    fake = Generic(Locale.EN, seed=rng.randrange(1 << 30))
    kinds = {
        "prose": lambda: fake.text.text(quantity=5),
        "quote": lambda: {"quote": fake.text.quote(), "level": fake.text.level()},
        "identifier": lambda: {"id": fake.cryptographic.uuid(), "trace": fake.cryptographic.uuid()},
        "hash": lambda: {"etag": fake.cryptographic.hash(), "blob": fake.cryptographic.hash()},
        "fingerprint": lambda: f"fingerprint {fake.cryptographic.certificate_fingerprint()}",
        "book": lambda: {"isbn": fake.code.isbn(), "issn": fake.code.issn(), "ean": fake.code.ean()},
        "locale": lambda: {"locale": fake.code.locale_code(), "zone": fake.datetime.timezone()},
        "time": lambda: {"date": str(fake.datetime.datetime()), "unix": fake.numeric.integer_number(10**9, 2 * 10**9)},
        "span": lambda: f"from {fake.datetime.formatted_datetime()} to {fake.datetime.formatted_date()}",
        "number": lambda: {"n": fake.numeric.integer_number(0, 10**10), "f": fake.numeric.float_number()},
        "matrix": lambda: {"m": fake.numeric.matrix(m=3, n=3)},
        "file": lambda: {"file": fake.file.file_name(), "size": fake.file.size(), "type": fake.file.mime_type()},
        "path": lambda: f"{fake.path.project_dir()} {fake.path.dev_dir()}",
        "hardware": lambda: f"{fake.hardware.cpu()} {fake.hardware.graphics()} {fake.hardware.resolution()}",
        "phone model": lambda: {"device": fake.hardware.phone_model(), "ram": fake.hardware.ram_size()},
        "software": lambda: f"{fake.development.os()} {fake.development.version()} {fake.development.calver()}",
        "request": lambda: f"{fake.internet.http_method()} {fake.internet.path()} {fake.internet.http_status_code()}",
        "address of a page": lambda: {"url": fake.internet.url(), "host": fake.internet.hostname()},
        "agent": lambda: {"agent": fake.internet.user_agent()},
        "query": lambda: f"?{fake.internet.query_string()}",
        "money": lambda: {"price": fake.finance.price(), "currency": fake.finance.currency_iso_code()},
        "company": lambda: {"company": fake.finance.company(), "ticker": fake.finance.stock_ticker()},
        "place": lambda: {"coordinates": fake.address.coordinates(), "country": fake.address.country()},
        "science": lambda: fake.science.dna_sequence(60),
        "transport": lambda: {"plane": fake.transport.airplane(), "car": fake.transport.car()},
        "slug": lambda: {"slug": fake.internet.slug(), "asn": fake.internet.asn()},
        "code": lambda: f"{fake.text.word()} = {fake.text.word()}[{fake.numeric.integer_number(0, 99)}] or None",
        "colour": lambda: {"hex": fake.text.hex_color(), "rgb": fake.text.rgb_color()},
    }
    for kind, make in kinds.items():
        for _ in range(EACH_HARMLESS):
            document = json.loads(json.dumps(make(), default=str))
            yield Case(document, "harmless: " + kind)


def cases(countries):
    """All of it: credentials, personal data, harmless documents. `countries` have a row in the manual."""
    rng = random.Random(SEED)
    fake = Generic(Locale.EN, seed=SEED)
    credentials = [*ruled(rng, fake, rules("betterleaks")), *assignments(rng, fake), *chosen(rng, fake)]
    personal = [*phones(), *accounts(), *numbers(rng, fake, countries), *people(rng)]
    return credentials, personal, list(harmless(rng))


def versions():
    """The packages it was made with."""
    names = ("mimesis", "phonenumbers", "schwifty", "idnumbers", "detect-secrets", "rstr")
    return [KINGFISHER, *(f"{name}@{importlib.metadata.version(name)}" for name in names)]
