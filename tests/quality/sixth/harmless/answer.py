"""What services answer about things."""

from ..draw import (
    LOWER_DIGITS,
    RNG,
    UPPER_DIGITS,
    between,
    commit,
    day,
    digits,
    dump,
    hexes,
    moment,
    pick,
    plain,
    signs,
    stamp,
    uuid,
    websafe,
)
from ..registry import Registry
from ..scene import CITIES, COMPANIES, ITEMS, money, order, service, stock_number, ticket, version
from ..write import csv_table, markdown_table
from .number import long_number

document = Registry()


@document("sensor-csv")
def sensors():
    return csv_table(
        [
            {
                "ts": stamp(),
                "sensor": f"T-{between(1, 40)}",
                "celsius": f"{between(-9, 39)}.{digits(2)}",
                "rh": between(20, 90),
                "mv": between(2800, 4200),
            }
            for _ in range(5)
        ]
    )


@document("metrics")
def metrics():
    return (
        "".join(
            (
                f'http_requests_total{{job="{service()}",code="{pick(200, 404, 500)}",'
                f'instance="{hexes(6)}"}} {between(1, 10**7)}\n'
            )
            for _ in range(4)
        )
        + f"process_start_time_seconds {between(17 * 10**8, 18 * 10**8)}.{digits(2)}\n"
    )


@document("hexdump")
def hexdump():
    return "".join(
        f"{at * 16:08x}  " + " ".join(hexes(2) for _ in range(8)) + "  " + " ".join(hexes(2) for _ in range(8)) + "\n"
        for at in range(4)
    )


@document("jira-json")
def jira():
    return dump(
        {
            "key": ticket(),
            "fields": {
                "summary": f"{service()} slow after upgrade to {version()}",
                "status": {"name": pick("Open", "Done")},
                "priority": {"name": "Major"},
                "storyPoints": between(1, 13),
                "created": stamp(),
                "components": [{"name": service()}],
            },
        }
    )


@document("github-pr-json")
def pull_request():
    return dump(
        {
            "number": between(1, 9000),
            "state": "closed",
            "merged": True,
            "merge_commit_sha": commit(),
            "head": {"ref": f"fix/{service()}", "sha": commit()},
            "additions": between(1, 900),
            "deletions": between(1, 900),
            "changed_files": between(1, 40),
            "node_id": "PR_kwDO" + plain(16),
        }
    )


@document("slack-json")
def slack():
    return dump(
        {
            "type": "message",
            "channel": "C0" + signs(UPPER_DIGITS, 9),
            "user": "U0" + signs(UPPER_DIGITS, 9),
            "ts": f"17{digits(8)}.{digits(6)}",
            "text": f"{service()} {version()} is out, changelog in {ticket()} :tada:",
            "client_msg_id": uuid(),
        }
    )


@document("s3-listing")
def bucket():
    return "".join(
        f"{moment()}  {between(100, 10**8):>10} backups/{day(2024, 2026)}/{service()}-{hexes(8)}.tar.zst\n"
        for _ in range(4)
    )


@document("cloud-resource-ids")
def instances():
    return dump(
        {
            "Instances": [
                {
                    "InstanceId": "i-0" + hexes(16),
                    "ImageId": "ami-0" + hexes(16),
                    "SubnetId": "subnet-0" + hexes(16),
                    "VpcId": "vpc-0" + hexes(16),
                    "InstanceType": "t3.large",
                    "State": {"Name": "running"},
                    "LaunchTime": stamp(),
                }
            ]
        },
        2,
    )


@document("mongo-ids")
def mongo():
    return dump({"_id": hexes(24), "sku": stock_number(), "qty": between(1, 90), "batch": hexes(24), "__v": 0})


@document("short-ids")
def short_ids():
    return dump(
        {
            "video": websafe(11),
            "nanoid": websafe(21),
            "ulid": "01H" + signs("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23),
            "cuid": "c" + signs(LOWER_DIGITS, 24),
            "views": between(10, 10**6),
        }
    )


@document("ls-listing")
def ls():
    return f"total {between(10, 900)}\n" + "".join(
        f"-rw-r--r-- 1 root root {between(100, 10**7):>9} Mar {between(1, 28):>2} 10:{between(10, 59)} {name}\n"
        for name in ("Makefile", "README.md", f"{service()}.conf", "password_policy.md")
    )


@document("code")
def code():
    return pick(
        (
            f"def token_count(text, limit={between(100, 9000)}):\n"
            "    tokens = text.split()\n"
            "    return min(len(tokens), limit)\n"
        ),
        f'function formatPhone(value) {{\n  return value.replace(/\\D/g, "").slice(0, {between(9, 12)});\n}}\n',
        f'let secret_len = {between(16, 64)};\nassert!(key.len() >= secret_len, "key too short");\n',
        f'if (password.length < {between(8, 16)}) {{\n  errors.push("password too short");\n}}\n',
        (
            "public boolean isCardExpired(YearMonth m) { return "
            f"m.isBefore(YearMonth.of({between(2024, 2030)}, {between(1, 12)})); }}\n"
        ),
    )


@document("regexes")
def regex():
    return (
        pick(
            r'EMAIL_RE = re.compile(r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$")',
            r"const IBAN = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;",
            r'SSN_RE = r"\d{3}-\d{2}-\d{4}"',
            r'pattern: "^(\\+\\d{1,3})?[ \\d-]{6,14}$"',
        )
        + f"\nMAX = {between(10, 900)}\n"
    )


@document("helm-list")
def helm():
    return "NAME            NAMESPACE   REVISION   STATUS     CHART\n" + "".join(
        f"{service():<16}prod        {between(1, 90):<11}deployed   {service()}-{version()}\n" for _ in range(3)
    )


@document("yaml-config")
def yaml():
    return (
        "server:\n"
        f"  port: {between(3000, 9000)}\n"
        f"  max_body: {between(1, 64)}m\n"
        "cache:\n"
        f"  ttl: {between(60, 9000)}s\n"
        f"  key_prefix: {service()}:\n"
        f"  max_tokens: {between(100, 9000)}\n"
        "features:\n"
        "  password_reset: true\n"
        "  token_bucket: false\n"
    )


@document("env-harmless")
def env():
    return (
        "NODE_ENV=production\n"
        f"PORT={between(3000, 9000)}\n"
        "KEYCLOAK_REALM=main\n"
        f"TOKEN_TTL_SECONDS={between(60, 9000)}\n"
        f"PASSWORD_MIN_LENGTH={between(8, 16)}\n"
        "PUBLIC_URL=https://shop.halden.lan\n"
        f"SECRET_NAME=prod/{service()}\n"
    )


@document("xml-catalogue")
def xml():
    return (
        "<catalogue>\n"
        + "".join(
            (
                f'  <item sku="{stock_number()}"><title>{item}</title><price '
                f'currency="EUR">{money()}</price><stock>{between(0, 900)}</stock></item>\n'
            )
            for item in RNG.sample(ITEMS, 3)
        )
        + "</catalogue>\n"
    )


@document("weather-table")
def weather():
    return markdown_table(
        [
            {"city": city, "high": between(10, 38), "low": between(-5, 15), "rain mm": f"{between(0, 30)}.{digits(1)}"}
            for city in RNG.sample(CITIES, 3)
        ]
    )


@document("chat-harmless")
def chat():
    clock = lambda: f"[{between(8, 18):02d}:{between(10, 59)}]"  # noqa: E731
    return (
        f"{clock()} dev: build {long_number(9)} is green, rolling out {version()}\n"
        f"{clock()} ops: error rate 0.{digits(2)} %, p99 {between(100, 900)} ms, looks fine\n"
        f"{clock()} dev: closing {ticket()}\n"
    )


@document("build-output")
def build():
    return (
        f"   Compiling {service()} v{version()}\n"
        f"    Finished release [optimized] target(s) in {between(1, 90)}.{digits(2)}s\n"
        f"running {between(10, 900)} tests\n"
        f"test result: ok. {between(10, 900)} passed; 0 failed; {between(0, 9)} ignored; finished "
        f"in {between(0, 9)}.{digits(2)}s\n"
    )


@document("invoice-lines")
def invoice():
    return dump(
        {
            "invoice": order(),
            "issued": day(2024, 2026).isoformat(),
            "due": day(2025, 2026).isoformat(),
            "lines": [
                {"sku": stock_number(), "description": pick(ITEMS), "qty": between(1, 20), "net": money()}
                for _ in range(2)
            ],
            "total": money(),
            "currency": "EUR",
        },
        2,
    )


@document("companies")
def suppliers():
    return csv_table(
        [
            {"supplier": company, "city": pick(CITIES), "rating": between(1, 5), "contract": order()}
            for company in RNG.sample(COMPANIES, 3)
        ],
        ";",
    )


@document("masked-values")
def masked():
    return pick(
        f"password: ********\nuser: app\npool: {between(2, 30)}\n",
        f"Authorization: Bearer [REDACTED]\nX-Request-Id: {uuid()}\n",
        f"token = <your-token-here>\nport = {between(1000, 9000)}\n",
        f"api_key: null\nretries: {between(1, 9)}\n",
        dump({"password": None, "passwordSet": True, "tokens": between(1, 900), "keyCount": between(1, 9)}),
        f"DB_PASSWORD=\nDB_PORT={between(1000, 9000)}\n",
    )


@document("llm-usage")
def usage():
    return dump(
        {
            "model": "large-2",
            "usage": {
                "prompt_tokens": between(10, 9000),
                "completion_tokens": between(10, 900),
                "total_tokens": between(10, 9900),
            },
            "finish_reason": "stop",
            "id": "chatcmpl-" + plain(29),
        }
    )


@document("calendar")
def calendar():
    return (
        "BEGIN:VEVENT\n"
        f"UID:{uuid()}\n"
        f"DTSTAMP:20260{between(1, 9)}1{between(0, 9)}T090000Z\n"
        f"DTSTART:20260{between(1, 9)}1{between(0, 9)}T1{between(0, 9)}0000Z\n"
        f"SUMMARY:Release {version()} go/no-go\n"
        f"LOCATION:Room {between(1, 40)}\n"
        "END:VEVENT\n"
    )


@document("numbers")
def run():
    return (
        f"run {between(1, 90)}: alpha={RNG.random():.12f} beta={RNG.uniform(-1, 1):.15f} n={long_number(11)} "
        f"seed={long_number(10)} loss={RNG.random():.6f}\n"
    )
