"""A corpus made after detectors were mended by the second one, before any of them had seen it.

Credentials: texts that match the rules of OSV-SCALIBR's Veles (in the crate kingfisher-rules) and of truffleHog, and
passwords, keys and tokens of JavaScript's Faker. Personal data: the same Faker in fourteen locales, Chance, and
validate-docbr. Harmless: the same Faker. What counts and how values are carried is as in the second corpus.
"""

import importlib.metadata
import json
import random
import re
from pathlib import Path

import second
import validate_docbr
from corpus import Case
from mimesis import Generic
from mimesis.locales import Locale

SEED = 20261128
EACH_RULE = 3
EACH_NUMBER = 12


def rules():
    """Names and patterns."""
    yield from (("veles " + name, pattern) for name, pattern in second.rules("veles"))
    folder = importlib.metadata.distribution("truffleHogRegexes").locate_file("truffleHogRegexes")
    known = json.loads(Path(folder, "regexes.json").read_text())
    yield from (("truffleHog " + name, pattern) for name, pattern in known.items())


def credentials(lines, rng):
    fake = Generic(Locale.EN, seed=SEED)
    yield from second.ruled(rng, fake, rules())
    forms = {
        "password": (
            lambda v: {"host": fake.internet.hostname(), "password": v},
            lambda v: {"db": {"user": fake.person.username(), "dbPassword": v}},
            lambda v: [{"name": "ADMIN_PASSWORD", "value": v}],
        ),
        "chosen": (
            lambda v: f"USER={fake.person.username()}\nPASSWORD={v}\nMODE=fast\n",
            lambda v: f"password: {v}",
            lambda v: f"mysql://{fake.person.username()}:{v}@{fake.internet.hostname()}/shop",
        ),
        "key": (
            lambda v: {"api_key": v},
            lambda v: f"SERVICE_API_KEY={v}",
            lambda v: f"Authorization: Bearer {v}",
        ),
        "hex": (
            lambda v: {"clientSecret": v},
            lambda v: f"client_secret: {v}",
            lambda v: f"{fake.internet.url()}?api_key={v}",
        ),
        "jwt": (lambda v: {"data": v}, lambda v: f"token {v} expired", lambda v: [v]),
    }
    for at, line in enumerate(line for line in lines if line["kind"].startswith("secret: ")):
        kind = line["kind"].removeprefix("secret: ")
        yield Case(forms[kind][at % 3](line["value"]), line["kind"], [line["value"]])


def personal(lines, rng):
    fake = Generic(Locale.EN, seed=SEED)
    sentence = fake.text.sentence
    forms = {
        "email": ("{v}", "answer {v} today"),
        "phone national": ("Tel.: {v}", "phone {v}"),
        "phone international": ("call {v}", "{s} {v}"),
        "card": ("card {v}", "{s} {v}"),
        "iban": ("IBAN: {v}", "transfer to {v} now"),
        "ipv4": ("{v}", "refused {v}"),
        "ipv6": ("{v}", "refused {v}"),
        "mac": ("{v}", "seen {v}"),
        "imei": ("IMEI {v}", "imei: {v}"),
        "birth": ("born {v}", "date of birth: {v}"),
    }
    for at, line in enumerate(lines):
        kind, value = line["kind"], line["value"]
        if kind in forms:
            text = forms[kind][at % 2].format(v=value, s=sentence())
            yield Case({"text": text, "n": at}, "pattern: " + kind, [value])
        elif kind.startswith("number: "):
            name = kind.split(" ", 2)[2]
            yield numbered(name, value, at, sentence, kind)
    brazil = {
        "CPF": validate_docbr.CPF,
        "CNH": validate_docbr.CNH,
        "CNS": validate_docbr.CNS,
        "PIS": validate_docbr.PIS,
        "Título Eleitoral": validate_docbr.TituloEleitoral,
    }
    random.seed(SEED)
    for name, kind in brazil.items():
        for at in range(EACH_NUMBER):
            yield numbered(name, kind().generate(at % 2 == 0), at, sentence, "number: BR " + name)


def numbered(name, value, at, sentence, kind):
    """A number with its name beside it."""
    member = re.sub(r"\W+", "_", name.lower())
    document = (
        {"message": f"{name}: {value}"},
        {"person": {member: value}},
        f"{sentence()} {name} {value}. {sentence()}",
    )[at % 3]
    return Case(document, kind, [value])


def harmless(lines):
    for line in lines:
        if line["kind"].startswith("harmless: "):
            yield Case(line["value"], line["kind"])


def cases(node_modules):
    """All of it: credentials, personal data, harmless documents."""
    lines = second.made("third.mjs", node_modules)
    rng = random.Random(SEED)
    return list(credentials(lines, rng)), list(personal(lines, rng)), list(harmless(lines))
