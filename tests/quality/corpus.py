"""Labelled documents made of what others generate: nobody who wrote the detectors chose a value.

Credentials: texts that match the rules of CredSweeper, made by rstr, and passwords of Faker. Personal data: Faker in
twenty locales, and the examples in the manual of python-stdnum. Harmless: Faker again, and the numbers of companies,
products and places in python-stdnum. Everything is drawn with one seed, so a run can be repeated.
"""

import base64
import importlib.metadata
import json
import random
import re
import string
from dataclasses import dataclass, field

import rstr
import yaml
from faker import Faker
from stdnum import iban, util

SEED = 20261126
# How often each form of a token, each kind of a locale, and each harmless kind is drawn.
EACH_TOKEN = 4
EACH_KIND = 4
EACH_HARMLESS = 55
# Longest repeat beyond the least that a rule asks for: nobody has a token of 8,000 characters.
REPEAT_MORE = 24
LOCALES = (
    "en_US en_GB de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR pt_PT sv_SE da_DK fi_FI no_NO cs_CZ ro_RO tr_TR en_IN "
    "ja_JP ko_KR zh_CN"
).split()
# Rules of CredSweeper that say nothing about one value: what stands beside what, identifiers, places.
NOT_TOKENS = re.compile(r"PAIR|TRIPLE|DOC_|^UUID$|Domain|S3 Bucket|Twilio|CURL|CMD|SQL|URL Cred|Authorization|Activation")
# A text that only looks like base64 of JSON or of DER is none of these, so rstr cannot make one.
NOT_MADE = re.compile(
    r"JSON Web|Azure Access|Grafana Provisioned|Private Key|PASERK|PASETO|NTLM|Installation Token|1Password|PyPi"
)


@dataclass
class Case:
    """A document, the values that must not be left of it, and what they are."""

    document: object
    kind: str
    values: list = field(default_factory=list)
    # What else in it may be masked, and is not asked for here.
    beside: list = field(default_factory=list)
    # How the document is written, where that is measured too.
    way: str = ""


def bounded(pattern):
    """The pattern with its longest repeats cut."""

    def cut(match):
        low, high = int(match[1]), int(match[2])
        return "{%d,%d}" % (low, min(high, low + REPEAT_MORE))

    return re.sub(r"\{(\d+),(\d+)\}", cut, pattern)


def value_group(pattern):
    """What stands in the group `value` of a rule."""
    start = pattern.index("(?P<value>") + len("(?P<value>")
    depth, at, in_class = 1, start, False
    while depth:
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        at += 1
    return pattern[start : at - 1]


def tokens(rng):
    """Names of rules, and texts that they match."""
    dist = importlib.metadata.distribution("credsweeper")
    rules = yaml.safe_load(dist.locate_file("credsweeper/rules/config.yaml").read_text())
    make = rstr.Rstr(rng)
    for rule in rules:
        name = rule["name"]
        if rule["type"] != "pattern" or rule["confidence"] == "weak":
            continue
        if NOT_TOKENS.search(name) or NOT_MADE.search(name):
            continue
        for pattern in rule["values"]:
            if "(?P<value>" not in pattern:
                continue
            inner = bounded(value_group(pattern))
            for _ in range(EACH_TOKEN):
                value = make.xeger(inner)
                # What the group leaves out, the rule names before it.
                before = re.search(r"\(\?P<variable>([a-z.()?:|/\\]+)\)\(\?P<value>", pattern)
                head = make.xeger(before[1]) if before else ""
                yield name, head, value


def credentials(rng, fake):
    """Cases with one credential each."""
    carriers = (
        lambda v: {"text": f"{fake.sentence()} {v} {fake.sentence()}"},
        lambda v: {"items": [fake.word(), v]},
        lambda v: {"log": f"{fake.iso8601()} INFO {fake.word()} started with {v}"},
        lambda v: f"# {fake.sentence()}\nexport {fake.word().upper()}_{fake.word().upper()}={v}\n",
        lambda v: {"request": {"url": fake.url(), "headers": {"x-" + fake.word(): v}}},
    )
    for at, (name, head, value) in enumerate(tokens(rng)):
        document = carriers[at % len(carriers)](head + value)
        yield Case(document, "token: " + name, [value])
    keyed = (
        ("JSON", lambda p: {"username": fake.user_name(), "password": p}),
        ("nested", lambda p: {"database": {"host": fake.hostname(), "adminPassword": p}}),
        ("pair", lambda p: {"env": [{"name": "DB_PASSWORD", "value": p}]}),
        ("env", lambda p: f"APP_NAME={fake.word()}\nSMTP_PASSWORD={p}\nDEBUG=false\n"),
        ("YAML", lambda p: f"user: {fake.user_name()}\npassword: {p}\nport: 5432\n"),
        ("INI", lambda p: f"[client]\nhost = {fake.domain_name()}\npasswd = \"{p}\"\n"),
        ("URL", lambda p: f"postgresql://{fake.user_name()}:{p}@{fake.domain_name()}:5432/{fake.word()}"),
        ("DSN", lambda p: f"Server={fake.domain_name()};Database={fake.word()};Uid={fake.user_name()};Pwd={p};"),
        ("XML", lambda p: f"<account><user>{fake.user_name()}</user><password>{p}</password></account>"),
        ("code", lambda p: f"client = connect(user='{fake.user_name()}', password='{p}')"),
        ("option", lambda p: f"restore --user {fake.user_name()} --password={p} --host {fake.domain_name()}"),
    )
    letters = string.ascii_letters + string.digits
    for name, carrier in keyed:
        for _ in range(EACH_KIND * 5):
            plain = "".join(rng.choice(letters) for _ in range(rng.randint(10, 20)))
            # Signs would need quoting where a carrier gives them a meaning.
            password = fake.password(length=rng.randint(10, 20)) if name in ("JSON", "nested", "pair") else plain
            yield Case(carrier(password), "password: " + name, [password])
    for _ in range(EACH_KIND * 5):
        secret = f"{fake.user_name()}:{fake.password(special_chars=False, length=14)}"
        value = base64.b64encode(secret.encode()).decode()
        yield Case({"headers": {"Authorization": f"Basic {value}"}}, "header: Basic", [value])
        value = "".join(rng.choice(letters) for _ in range(40))
        yield Case({"curl": f"curl -H 'Authorization: Bearer {value}' {fake.url()}"}, "header: Bearer", [value])
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
        body = base64.urlsafe_b64encode(json.dumps({"sub": fake.user_name(), "iat": fake.unix_time()}).encode())
        value = f"{head}.{body.decode().rstrip('=')}.{''.join(rng.choice(letters) for _ in range(43))}"
        yield Case({"text": f"{fake.sentence()} {value}"}, "token: JWT", [value])


PERSONAL = re.compile(r"personal|citizen|individual|identity|social security|birth number|patient|natural person", re.I)
NOT_PERSONAL = re.compile(r"compan|enterprise|organi[sz]ation|entit|corporate|business|compagn|passport", re.I)


def stdnum():
    """Modules of python-stdnum: whether each is about a person, its words, and the valid numbers in its manual."""
    for module in util.get_number_modules():
        text = module.__doc__ or ""
        title = text.strip().split("\n")[0]
        numbers = re.findall(r">>> (?:validate|is_valid)\('([^']+)'\)\s*\n\s*(?:'|True)", text)
        numbers = [number for number in numbers if module.is_valid(number)]
        personal = bool(PERSONAL.search(title)) and not NOT_PERSONAL.search(title)
        yield module.__name__.removeprefix("stdnum."), title, personal, sorted(set(numbers))


def generated(module, numbers, rng):
    """More numbers of the same form: digits changed until the check digits are right again."""
    more = []
    for _ in range(4000):
        number = list(rng.choice(numbers))
        digits = [at for at, char in enumerate(number) if char.isascii() and char.isdigit()]
        for at in rng.sample(digits, min(len(digits), rng.randint(2, 4))):
            number[at] = rng.choice(string.digits)
        number = "".join(number)
        if number not in more and module.is_valid(number):
            more.append(number)
        if len(more) == 12:
            break
    return more


def personal(rng):
    """Cases with one value that people are known by."""
    for locale in LOCALES:
        fake = Faker(locale)
        fake.seed_instance(rng.random())
        patterned = (
            ("email", fake.email, ("{v}", "{s} {v}", "<{v}>")),
            ("card", fake.credit_card_number, ("card {v}", "{s} {v}.")),
            ("iban", fake.iban, ("IBAN {v}", "{s} {v}")),
            ("ipv4", fake.ipv4_public, ("{v}", "from {v} port 22")),
            ("ipv6", fake.ipv6, ("{v}", "from {v} port 22")),
            ("mac", fake.mac_address, ("{v}", "hwaddr {v}")),
            ("phone", fake.phone_number, ("Tel. {v}", "phone: {v}")),
        )
        for kind, make, forms in patterned:
            for at in range(EACH_KIND):
                value = str(make())
                # Faker's British accounts are one sign short; python-stdnum says which are none.
                if kind == "iban" and not iban.is_valid(value):
                    continue
                text = forms[at % len(forms)].format(v=value, s=fake.sentence())
                yield Case({"message": text, "page": at}, "pattern: " + kind, [value])
        keyed = (
            ("phone", "phoneNumber", fake.phone_number),
            ("card", "cardNumber", lambda: int(fake.credit_card_number("visa"))),
            ("name", "lastName", fake.last_name),
            ("street", "streetAddress", fake.street_address),
            ("birth", "dateOfBirth", lambda: fake.date_of_birth().isoformat()),
            ("ssn", "ssn", fake.ssn),
        )
        for kind, key, make in keyed:
            for at in range(EACH_KIND):
                value = make()
                yield Case({"id": at, key: value}, "by key: " + kind, [str(value)])
    modules = {module.__name__.removeprefix("stdnum."): module for module in util.get_number_modules()}
    fake = Faker("en_US")
    fake.seed_instance(SEED)
    for name, title, about_person, numbers in stdnum():
        if not about_person or not numbers:
            continue
        words = re.sub(r"\(.*", "", title).split(",")[0].strip(" .") or name
        for at, number in enumerate(numbers + generated(modules[name], numbers, rng)):
            forms = (
                {"message": f"{words}: {number}"},
                {"message": f"{fake.sentence()} {words} {number} {fake.sentence()}"},
                {"member": {name.rpartition(".")[2].strip("_"): number}},
            )
            yield Case(forms[at % 3], "number: " + name, [number])


def harmless(rng):
    """Cases in which nothing may be found."""
    fake = Faker(["en_US", "de_DE", "fr_FR", "ja_JP"])
    Faker.seed(SEED)
    kinds = {
        "prose": lambda: fake.paragraph(nb_sentences=6),
        "identifier": lambda: {"id": fake.uuid4(), "parent": fake.uuid4()},
        "digest": lambda: {"md5": fake.md5(), "sha1": fake.sha1(), "digest": "sha256:" + fake.sha256()},
        "commit": lambda: f"commit {fake.sha1()}\nDate: {fake.date_time()}\n\n    {fake.sentence()}",
        "time": lambda: {"at": fake.iso8601(), "epoch": fake.unix_time(), "ms": int(fake.unix_time() * 1000)},
        "order": lambda: {"order": fake.bothify("ORD-########"), "invoice": fake.numerify("INV-2026-######")},
        "count": lambda: {"total": fake.pyint(0, 10**9), "bytes": fake.pyint(0, 10**12), "ratio": fake.pyfloat()},
        "sequence": lambda: {"sequence": fake.numerify("%########"), "offset": fake.numerify("%###########")},
        "book": lambda: {"title": fake.catch_phrase(), "isbn": fake.isbn13(), "ean": fake.ean13()},
        "path": lambda: {"path": fake.file_path(depth=4), "mime": fake.mime_type()},
        "agent": lambda: {"agent": fake.user_agent()},
        "link": lambda: {"url": fake.uri(), "image": fake.image_url()},
        "price": lambda: {"price": fake.pricetag(), "currency": fake.currency_code()},
        "place": lambda: {"latitude": str(fake.latitude()), "longitude": str(fake.longitude())},
        "job": lambda: {"job": fake.job(), "company": fake.company(), "motto": fake.bs()},
        "version": lambda: f"{fake.word()} {fake.numerify('#.##.#')} and {fake.numerify('%.%.%-rc.#')}",
        "colour": lambda: {"colour": fake.hex_color(), "name": fake.color_name()},
        "code": lambda: f"def {fake.word()}(self, {fake.word()}={fake.pyint()}):\n    return {fake.pyint()}\n",
        "log": lambda: f"{fake.iso8601()} {fake.word()}[{fake.pyint()}]: {fake.sentence()} took {fake.pyint()} ms",
        "table": lambda: "\n".join(f"{fake.pyint()},{fake.pyint()},{fake.pyfloat(2, 3)}" for _ in range(8)),
    }
    for kind, make in kinds.items():
        for _ in range(EACH_HARMLESS):
            yield Case(make(), "harmless: " + kind)
    for name, title, _, numbers in stdnum():
        plain = re.search(r"ean|isbn|issn|ismn|isrc|cas|lei|figi|cusip|imo$|isin|lei|iso6346|isni|postal|postcode", name)
        for number in numbers if plain else []:
            yield Case({name.rpartition(".")[2]: number, "title": title}, "harmless: " + name)


def cases():
    """All of it: credentials, personal data, harmless documents."""
    rng = random.Random(SEED)
    fake = Faker("en_US")
    fake.seed_instance(SEED)
    return list(credentials(rng, fake)), list(personal(rng)), list(harmless(rng))
