"""What tools print and people write to each other, with a secret in it."""

from xml.sax.saxutils import escape

from ..draw import UPPER_DIGITS, between, commit, day, digits, dump, hexes, moment, pick, signs, stamp, uuid
from ..registry import Registry
from ..scene import order, service, ticket, version
from ..write import COMMENT, MARKUP, camel, pascal, shell_value, snake, yaml_value

frame = Registry()


@frame()
def diff(name, spoken, value):
    return (
        f"diff --git a/config/{service()}.yml b/config/{service()}.yml\n"
        f"index {hexes(7)}..{hexes(7)} 100644\n"
        "--- a/config/prod.yml\n"
        "+++ b/config/prod.yml\n"
        f"@@ -{between(3, 40)},6 +{between(3, 40)},7 @@\n"
        f"   pool: {between(2, 20)}\n"
        f"   timeout: {between(10, 90)}\n"
        f"+  {snake(name)}: {yaml_value(value)}\n"
        "   retries: 3\n"
    )


@frame()
def grep(name, spoken, value):
    return (
        f'src/app/main.ts:{between(2, 90)}:import {{ load }} from "./config";\n'
        f"config/staging.env:{between(2, 40)}:{name}={shell_value(value)}\n"
        f"docs/setup.md:{between(20, 200)}:Run make setup, then restart the worker.\n"
    )


@frame(COMMENT)
def log(name, spoken, value):
    return (
        f"{moment()},{between(100, 999)} INFO  [main] {service()} starting version={version()}\n"
        f"{moment()},{between(100, 999)} DEBUG [main] resolved option {snake(name)}={value}\n"
        f"{moment()},{between(100, 999)} INFO  [main] listening on port {between(3000, 9000)}\n"
    )


@frame(COMMENT)
def ci(name, spoken, value):
    return (
        "$ git rev-parse HEAD\n"
        f"{commit()}\n"
        "$ env | sort\n"
        "CI=true\n"
        f"CI_JOB_ID={digits(10)}\n"
        f"{name}={value}\n"
        "HOME=/root\n"
        "$ make test\n"
        f"ok   {service()}   {between(1, 9)}.{digits(3)}s\n"
        "Job succeeded\n"
    )


@frame()
def terraform_state(name, spoken, value):
    return dump(
        {
            "version": 4,
            "terraform_version": f"1.{between(5, 9)}.{between(0, 9)}",
            "serial": between(1, 400),
            "lineage": uuid(),
            "outputs": {
                snake(name): {"value": value, "type": "string", "sensitive": True},
                "cluster_name": {"value": "prod-" + service(), "type": "string"},
            },
            "resources": [],
        },
        2,
    )


@frame()
def terraform_outputs(name, spoken, value):
    return (
        f"Apply complete! Resources: {between(1, 9)} added, {between(0, 4)} changed, 0 destroyed.\n\n"
        "Outputs:\n\n"
        f'cluster_name = "prod-{service()}"\n'
        f'{snake(name)} = "{value}"\n'
        f"node_count = {between(1, 12)}\n"
    )


@frame(MARKUP)
def xml(name, spoken, value):
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        "<configuration>\n"
        "  <appSettings>\n"
        '    <add key="Theme" value="dark" />\n'
        f'    <add key="{pascal(name)}" value="{escape(value)}" />\n'
        f'    <add key="PageSize" value="{between(10, 100)}" />\n'
        "  </appSettings>\n"
        "</configuration>\n"
    )


@frame(MARKUP)
def xml_element(name, spoken, value):
    return (
        f'<job id="{between(100, 9999)}">\n'
        f"  <name>{service()}</name>\n"
        f"  <{camel(name)}>{escape(value)}</{camel(name)}>\n"
        f"  <schedule>0 {between(0, 23)} * * *</schedule>\n"
        "</job>\n"
    )


@frame()
def slack(name, spoken, value):
    return (
        f"{pick('heads up', 'hey team', 'fyi', 'quick one')}: the {spoken} for {service()} was rotated this "
        f"morning. New {spoken}: {value}\n"
        f"please update {ticket()} when deployed"
    )


@frame()
def slack_json(name, spoken, value):
    return dump(
        {
            "ok": True,
            "messages": [
                {
                    "type": "message",
                    "user": "U0" + signs(UPPER_DIGITS, 9),
                    "text": f"{spoken} is `{value}` until we fix {ticket()}",
                    "ts": f"17{digits(8)}.{digits(6)}",
                    "reply_count": between(0, 9),
                },
                {
                    "type": "message",
                    "bot_id": "B0" + signs(UPPER_DIGITS, 9),
                    "text": f"Deploy of {service()} {version()} finished",
                    "ts": f"17{digits(8)}.{digits(6)}",
                },
            ],
            "has_more": False,
        }
    )


@frame()
def github_issue(name, spoken, value):
    return dump(
        {
            "id": between(10**9, 3 * 10**9),
            "number": between(1, 4000),
            "title": f"{service()} fails on start",
            "state": pick("open", "closed"),
            "user": {"login": pick("release-bot", "renovate[bot]", "octo-ci"), "type": "Bot"},
            "labels": [{"name": "bug"}],
            "created_at": stamp(),
            "body": (
                f"Steps to reproduce:\n\n1. set `{name}={value}`\n2. run `make start`\n\nExpected: server listens."
            ),
        }
    )


@frame()
def jira(name, spoken, value):
    return (
        f"{ticket()}  {service()}: sync job returns 401\n"
        f"Status: In Progress   Priority: {pick('Major', 'Minor', 'Critical')}   Fix version: {version()}\n\n"
        f"Comment {between(1, 9)}:\n"
        f"  The job used the old {spoken}. Replaced it with {value} and re-ran the "
        f"sync, {between(100, 9999)} records ok.\n"
    )


@frame()
def wiki(name, spoken, value):
    return (
        f"# Runbook: {service()}\n\n"
        "## Access\n\n"
        "| what | value |\n"
        "|---|---|\n"
        "| environment | production |\n"
        f"| {spoken} | `{value}` |\n"
        f"| dashboard | board {between(10, 999)} |\n\n"
        f"Last reviewed {day(2024, 2026)}.\n"
    )


@frame()
def chat(name, spoken, value):
    return (
        f"[{between(8, 18):02d}:{between(0, 59):02d}] support: can you send me the {spoken} again?\n"
        f"[{between(8, 18):02d}:{between(0, 59):02d}] dev: sure, {value}\n"
        f"[{between(8, 18):02d}:{between(0, 59):02d}] support: works now, order {order()} went through\n"
    )


@frame()
def mail(name, spoken, value):
    return (
        f"Subject: {spoken} for the {pick('staging', 'production', 'sandbox')} account\n"
        f"Date: {stamp()}\n\n"
        "Hello,\n\n"
        f"as agreed here is the {spoken}: {value}\n\n"
        f"It is valid for 90 days. The ticket is {ticket()}.\n\n"
        "Regards,\n"
        "Platform team\n"
    )
