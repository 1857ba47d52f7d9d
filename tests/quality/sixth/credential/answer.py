"""What databases and services answer, with a secret in it."""

from xml.sax.saxutils import escape

from ..draw import b64, between, day, dump, moment, octets, stamp, uuid
from ..registry import Registry
from ..scene import service
from ..write import (
    CODE,
    COMMENT,
    MARKUP,
    capital,
    csv_table,
    markdown_table,
    mysql_table,
    pascal,
    psql_table,
    shell_value,
    snake,
)

frame = Registry()


@frame()
def psql(name, spoken, value):
    member = snake(name)
    return psql_table([{"id": between(1, 40), "service": service(), member: value, "created_at": moment()}])


@frame()
def psql_settings(name, spoken, value):
    return psql_table(
        [
            {"key": "page_size", "value": str(between(10, 100))},
            {"key": snake(name), "value": value},
            {"key": "theme", "value": "light"},
        ]
    )


@frame()
def mysql(name, spoken, value):
    return mysql_table([{"id": between(1, 90), "integration": service(), snake(name): value, "active": 1}])


@frame(",")
def csv(name, spoken, value):
    return csv_table(
        [{"id": between(1, 90), "integration": service(), snake(name): value, "updated": day(2023, 2026).isoformat()}]
    )


@frame()
def markdown(name, spoken, value):
    return markdown_table(
        [
            {"variable": "LOG_LEVEL", "value": "info", "scope": "all"},
            {"variable": name, "value": value, "scope": "prod"},
            {"variable": "WORKERS", "value": between(1, 9), "scope": "all"},
        ]
    )


@frame()
def rows(name, spoken, value):
    return dump(
        {
            "columns": ["id", "integration", snake(name), "created_at"],
            "rowCount": 1,
            "rows": [{"id": between(1, 900), "integration": service(), snake(name): value, "created_at": stamp()}],
        }
    )


@frame(CODE)
def insert(name, spoken, value):
    return (
        f"INSERT INTO integrations (id, name, {snake(name)}, enabled) VALUES ({between(1, 900)}, "
        f"'{service()}', '{value}', true);\n"
    )


@frame()
def history(name, spoken, value):
    return (
        f"  {between(100, 400)}  cd /srv/{service()}\n"
        f"  {between(401, 500)}  export {name}={shell_value(value)}\n"
        f"  {between(501, 600)}  make deploy ENV=prod\n"
        f"  {between(601, 700)}  tail -f log/production.log\n"
    )


@frame(MARKUP)
def soap(name, spoken, value):
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">\n'
        "  <soap:Body>\n"
        "    <GetIntegrationResponse>\n"
        f"      <Id>{between(100, 9999)}</Id>\n"
        f"      <Name>{service()}</Name>\n"
        f"      <{pascal(name)}>{escape(value)}</{pascal(name)}>\n"
        "    </GetIntegrationResponse>\n"
        "  </soap:Body>\n"
        "</soap:Envelope>\n"
    )


@frame(COMMENT)
def syslog(name, spoken, value):
    return (
        f"<{between(10, 190)}>1 {stamp()} build-07 {service()} {between(200, 9000)} - - environment "
        f"override {name}={value} applied\n"
    )


@frame()
def cloud_function(name, spoken, value):
    return dump(
        {
            "Configuration": {
                "FunctionName": service(),
                "Runtime": "python3.12",
                "MemorySize": 512,
                "CodeSha256": b64(octets(32)),
                "Environment": {"Variables": {"STAGE": "prod", name: value}},
                "RevisionId": uuid(),
            }
        },
        2,
    )


@frame(COMMENT)
def heroku(name, spoken, value):
    return (
        f"=== {service()}-prod Config Vars\n\n{name}:  {value}\nLANG:  en_US.UTF-8\nWEB_CONCURRENCY:  {between(1, 8)}\n"
    )


@frame()
def mcp_servers(name, spoken, value):
    return dump(
        {
            "mcpServers": {
                service(): {
                    "command": "npx",
                    "args": ["-y", "@tessellate/" + service() + "-server"],
                    "env": {name: value},
                }
            }
        },
        2,
    )


@frame()
def note(name, spoken, value):
    return f"{capital(spoken)}: {value}\nEnvironment: production\nOwner team: platform\nRotation: every 90 days\n"
