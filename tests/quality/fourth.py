"""A corpus made when the detectors had been mended by three others, and before any of them had seen it.

Credentials: texts that match the patterns of openredaction and of secretlint's recommended rules, and passwords of falso
and casual. Personal data: the same two, numbers that the JavaScript package stdnum takes for those of persons, and
brazilian-utils. Harmless: falso and casual. What counts is as in the second corpus; the carriers are others.
"""

import random
import re

import second
from corpus import Case
from mimesis import Generic
from mimesis.locales import Locale
from stdnum import iban, luhn
from stdnum.us import rtn

SEED = 20261129
EACH_PATTERN = 6


def for_python(pattern):
    """A pattern of JavaScript without what it looks around for, and with groups that have no names."""
    pattern = re.sub(r"\(\?<?[!=](?:[^()\[\]\\]|\\.(?:\{\w\})?|\[[^\]]*\])*\)", "", pattern)
    return re.sub(r"\(\?<\w+>", "(", pattern)


def secret_in(name, pattern, match):
    """What of a match is the secret: the group of that name, else the only group, else all of it."""
    groups = re.findall(r"\((?:\?<(\w+)>|(?!\?))", pattern)
    if "password" in groups:
        return match[groups.index("password") + 1]
    plain = [at for at, group in enumerate(groups, 1) if not group]
    if name.startswith("openredaction") and len(plain) == 1 and match[plain[0]]:
        return match[plain[0]]
    return match[0]


def patterns(lines, rng, fake):
    make = second.Short(rng)
    for line in (line for line in lines if line["kind"] == "pattern"):
        plain = for_python(line["value"])
        for at in range(EACH_PATTERN):
            text = make.xeger(plain)
            match = re.search(plain, text, re.I if "i" in line["flags"] else 0)
            value = match and secret_in(line["name"], line["value"], match)
            if not value or len(value) < 4:
                continue
            whole = value == match[0]
            document = second.alone(value, fake, at) if whole else {"text": text.strip()}
            yield Case(document, "rule: " + line["name"], [value])


def credentials(lines, rng):
    fake = Generic(Locale.EN, seed=SEED)
    yield from patterns(lines, rng, fake)
    user, host, word = fake.person.username, fake.internet.hostname, fake.text.word
    chosen = (
        lambda v: f"machine {host()} login {user()} password {v}",
        lambda v: f"[database]\nuser = \"{user()}\"\npassword = \"{v}\"\nport = 5432\n",
        lambda v: f"spring.datasource.username={user()}\nspring.datasource.password={v}\n",
        lambda v: {"services": {"db": {"environment": [f"POSTGRES_USER={user()}", f"POSTGRES_PASSWORD={v}"]}}},
        lambda v: f"jdbc:sqlserver://{host()}:1433;databaseName={word()};user={user()};password={v};encrypt=true",
        lambda v: f"redis://:{v}@{host()}:6379/0",
        lambda v: f"db_password = \"{v}\" # {word()}",
        lambda v: {"credentials": {"login": user(), "pwd": v}},
    )
    any_sign = (
        lambda v: {"username": user(), "password": v, "remember": True},
        lambda v: {"auth": {"user": user(), "pass": v}},
        lambda v: {"settings": [{"name": "smtp_password", "value": v}, {"name": "smtp_port", "value": 587}]},
        lambda v: {"columns": ["id", "login", "passwd"], "rows": [[1, user(), v]]},
    )
    tokens = (
        lambda v: {"accessToken": v, "tokenType": "bearer"},
        lambda v: f"export {word().upper()}_API_TOKEN='{v}'",
        lambda v: f"curl --header 'PRIVATE-TOKEN: {v}' https://{host()}/api/v4/projects",
        lambda v: {"headers": [{"name": "X-Auth-Token", "value": v}]},
        lambda v: f"https://{host()}/hook?token={v}&event=push",
        lambda v: f"signing_secret: {v}\nretries: 3\n",
        lambda v: {"oauth": {"clientId": word(), "clientSecret": v}},
        lambda v: f"Set-Cookie: sessionid={v}; HttpOnly; Path=/",
    )
    forms = {"password": any_sign, "chosen": chosen, "hex": tokens, "mixed": tokens}
    for at, line in enumerate(line for line in lines if line["kind"].startswith("secret: ")):
        of = forms[line["kind"].removeprefix("secret: ")]
        yield Case(of[at % len(of)](line["value"]), line["kind"], [line["value"]])


def personal(lines, countries):
    fake = Generic(Locale.EN, seed=SEED + 1)
    sentence = fake.text.sentence
    forms = {
        "email": ("{v}", "cc {v}; {s}", "<a href=\"mailto:{v}\">"),
        "card": ("Card ending soon: {v}", "{s} {v}", "{v}"),
        "iban": ("{v}", "account {v}", "{s} {v}."),
        "ipv4": ("{v}", "peer={v}", "client {v} closed"),
        "ipv6": ("{v}", "client {v} closed", "[{v}]:443"),
        "mac": ("{v}", "ether {v} txqueuelen 1000", "device {v}"),
        "phone national": ("Phone {v}", "call me: {v}", "mobile {v} or e-mail"),
        "phone international": ("{v}", "ring {v}", "{s} {v}"),
        "routing number": ("routing number {v}", "ABA {v}", "Routing: {v}"),
    }
    # Generators make numbers without the check digits that their issuers give: python-stdnum says which are none.
    valid = {"card": luhn.is_valid, "iban": iban.is_valid, "routing number": rtn.is_valid}
    keys = {"name": ("fullName", "customer_name"), "street": ("streetAddress", "address_line_1")}
    for at, line in enumerate(lines):
        kind, value = line["kind"], line["value"]
        if kind in valid and not valid[kind](re.sub(r"[ -]", "", value)):
            continue
        if kind in forms:
            text = forms[kind][at % 3].format(v=value, s=sentence())
            yield Case({"body": text}, "pattern: " + kind, [value])
        elif kind in keys:
            yield Case({keys[kind][at % 2]: value, "n": at}, "by key: " + kind, [value])
        elif kind == "number":
            name = line["names"][at % len(line["names"])]
            listed = line["checked"] and line["country"].lower() in countries
            member = re.sub(r"\W+", "_", name.lower()).strip("_")
            document = (
                {"note": f"{name} is {value}"},
                {"holder": {member: value}},
                f"{sentence()} {name}: {value}, {sentence()}",
            )[at % 3]
            label = "number: " if listed else "not listed: "
            yield Case(document, f"{label}{line['country']} {line['names'][0]}", [value])


def harmless(lines):
    for line in lines:
        if line["kind"].startswith("harmless: "):
            yield Case(line["value"], line["kind"])


def cases(node_modules, countries):
    """All of it: credentials, personal data, harmless documents. `countries` have a row in the manual."""
    lines = second.made("fourth.mjs", node_modules)
    rng = random.Random(SEED)
    return list(credentials(lines, rng)), list(personal(lines, countries)), list(harmless(lines))
