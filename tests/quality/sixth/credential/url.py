"""Addresses with a password in them."""

from functools import partial

from ..draw import LOWER_DIGITS, between, day, dump, moment, pick, signs, stamp
from ..registry import Registry
from ..scene import ACCOUNTS, DATABASES, HOSTS, service, ticket
from ..write import camel, psql_table
from .password import url_password

place = Registry()


def account():
    return pick(ACCOUNTS)


def host():
    return pick(HOSTS)


def database():
    return pick(DATABASES)


def secure():
    return pick("", "s")


def postgres(password):
    scheme = f"postgres{pick('ql', '')}"
    return f"{scheme}://{account()}:{password}@{host()}:5432/{database()}{pick('', '?sslmode=require')}"


def mongo(password):
    user, cluster = account(), f"cluster0.{signs(LOWER_DIGITS, 5)}.mongodb.net"
    return f"mongodb+srv://{user}:{password}@{cluster}/{database()}?retryWrites=true&w=majority"


def feed(password):
    scheme, user = pick("ftp", "sftp", "ftps"), pick("feed", "export", "partner7")
    return f"{scheme}://{user}:{password}@{host()}/outbound/{day(2024, 2026)}.csv"


def basic(password):
    user, server = account(), pick("nexus", "artifacts", "es", "prometheus")
    return f"https://{user}:{password}@{server}.ops.lan/{pick('repository/npm', 'api', '_search', 'metrics')}"


# What it is, the variable that holds it, how it is made of a password, and how often.
URLS = (
    ("url-postgres", "DATABASE_URL", postgres, 6),
    ("url-mysql", "DATABASE_URL", lambda p: f"mysql://{account()}:{p}@{host()}:3306/{database()}", 6),
    ("url-mongodb", "MONGO_URI", mongo, 6),
    (
        "url-redis",
        "REDIS_URL",
        lambda p: f"redis{secure()}://{pick('default', '')}:{p}@{host()}:6379/{between(0, 9)}",
        6,
    ),
    ("url-amqp", "BROKER_URL", lambda p: f"amqp{secure()}://{account()}:{p}@{host()}:5672/%2F", 6),
    (
        "url-smtp",
        "MAILER_DSN",
        lambda p: f"smtp{secure()}://{pick('mailer', 'relay', 'noreply')}:{p}@{host()}:587",
        4,
    ),
    ("url-ftp", "FEED_URL", feed, 4),
    ("url-http-basic", "UPSTREAM", basic, 6),
    (
        "url-mssql",
        "SQLSERVER_DSN",
        lambda p: f"sqlserver://{pick('sa', 'app', 'etl')}:{p}@{host()}:1433?database={database()}",
        3,
    ),
    ("url-clickhouse", "CLICKHOUSE_URL", lambda p: f"clickhouse://{account()}:{p}@{host()}:9000/{database()}", 3),
    ("url-ldap", "LDAP_URL", lambda p: f"ldaps://svc-bind:{p}@{host()}:636", 3),
)


def settings(name, url):
    """Settings, code, logs, messages and tables that hold an address."""
    row = lambda: {"id": between(1, 90), "name": service(), "dsn": url, "created_at": stamp()}  # noqa: E731
    return pick(
        lambda: f"NODE_ENV=production\n{name}={url}\nPORT={between(3000, 9000)}\n",
        lambda: f'{service()}:\n  {name.lower()}: "{url}"\n  pool_size: {between(2, 30)}\n',
        lambda: dump({"service": service(), camel(name): url, "poolSize": between(2, 30)}, 2),
        lambda: f"{moment()} INFO {service()} connecting to {url} (attempt {between(1, 5)})\n",
        lambda: f'const db = connect("{url}", {{ poolSize: {between(2, 30)} }});\n',
        lambda: f"the migration still points at {url} , see {ticket()}",
        lambda: dump({"rows": [row()], "rowCount": 1}),
        lambda: psql_table([{"name": service(), "connection": url, "active": "t"}]),
    )()


def settings_of(name, make):
    password = url_password()
    return settings(name, make(password)), [password]


for what, name, make, count in URLS:
    place(what, count)(partial(settings_of, name, make))
