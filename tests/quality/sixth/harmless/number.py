"""Identifiers, hashes and numbers of versions, orders and goods."""

from ..digit import ean, luhn_right
from ..digit.bank import iban_right
from ..draw import (
    BASE64,
    LOWER,
    RNG,
    UPPER,
    UPPER_DIGITS,
    b64,
    between,
    commit,
    day,
    digits,
    dump,
    hexes,
    octets,
    pick,
    signs,
    stamp,
    until,
    uuid,
)
from ..personal.number import grouped
from ..registry import Registry
from ..scene import ITEMS, money, order, service, stock_number, version
from ..write import csv_table, markdown_table, psql_table

document = Registry()


@document("uuid-list")
def uuids():
    return psql_table(
        [
            {"id": uuid(), "parent_id": uuid(), "state": pick("done", "queued"), "attempts": between(0, 5)}
            for _ in range(3)
        ]
    )


@document("uuid-json")
def uuid_json():
    return dump(
        {
            "jobId": uuid(),
            "correlationId": uuid(),
            "tenant": uuid(),
            "steps": [{"id": uuid(), "ms": between(1, 900)} for _ in range(2)],
        }
    )


@document("git-log-oneline")
def git_log():
    done = ("handle empty page", "raise timeout", "split module", "drop dead code", "reword help")
    return "".join(
        f"{hexes(7)} {pick('fix', 'feat', 'docs', 'refactor')}({service()}): {pick(done)}\n" for _ in range(5)
    )


@document("git-shas")
def merge():
    return f"tree {commit()}\nparent {commit()}\nparent {commit()}\n\nMerge branch release/{version()}\n"


@document("git-diff")
def git_diff():
    return (
        f"diff --git a/src/{service()}.rs b/src/{service()}.rs\n"
        f"index {hexes(10)}..{hexes(10)} 100644\n"
        f"@@ -{between(1, 99)},4 +{between(1, 99)},4 @@ fn main() {{\n"
        f"-    let limit = {between(10, 99)};\n"
        f"+    let limit = {between(100, 999)};\n"
        "     run(limit);\n"
    )


@document("order-numbers")
def orders():
    return csv_table(
        [
            {
                "order_no": order(),
                "sku": stock_number(),
                "qty": between(1, 20),
                "unit_price": money(),
                "shipped": day(2024, 2026).isoformat(),
            }
            for _ in range(4)
        ]
    )


def long_number(count):
    """Digits that are no number of a card."""
    return until(lambda: pick("123789") + digits(count - 1), lambda number: not luhn_right(number))


@document("long-order-number")
def long_order():
    return f"Your order number is {long_number(16)}. It was packed on {day(2024, 2026)} and leaves the warehouse today."


@document("parcel-tracking")
def tracking():
    return dump(
        {
            "carrier": pick("dhl", "ups", "gls"),
            "trackingNumber": pick(
                f"1Z{signs(UPPER_DIGITS, 16)}",
                until(lambda: "JD" + long_number(18), lambda number: not iban_right(number)),
                long_number(12),
            ),
            "status": "in_transit",
            "eta": day(2025, 2026).isoformat(),
            "weightKg": f"{between(1, 30)}.{digits(1)}",
        }
    )


PYTHON = "numpy pandas requests django flask click rich pydantic httpx celery".split()
JAVASCRIPT = "lodash chalk semver ws qs debug ms uuid glob".split()
GO = "golang.org/x/sys golang.org/x/text gopkg.in/yaml.v3 go.uber.org/zap".split()


@document("versions")
def requirements():
    return "".join(f"{name}=={version()}\n" for name in RNG.sample(PYTHON, 6))


@document("package-lock")
def lock():
    return dump(
        {
            "name": service(),
            "lockfileVersion": 3,
            "packages": {
                f"node_modules/{name}": {
                    "version": version(),
                    "resolved": f"https://registry.npmjs.org/{name}/-/{name}-{version()}.tgz",
                    "integrity": "sha512-" + b64(octets(64)),
                    "license": "MIT",
                }
                for name in RNG.sample(JAVASCRIPT, 2)
            },
        },
        2,
    )


@document("yarn-lock")
def yarn():
    return "".join(
        (
            f"{name}@^{version()}:\n"
            f'  version "{version()}"\n'
            f'  resolved "https://registry.yarnpkg.com/{name}/-/{name}-{version()}.tgz#{commit()}"\n'
            f"  integrity sha512-{b64(octets(64))}\n\n"
        )
        for name in RNG.sample(JAVASCRIPT[:5], 2)
    )


@document("cargo-lock")
def cargo():
    return (
        "[[package]]\n"
        f'name = "{pick("serde", "tokio", "regex", "rand")}"\n'
        f'version = "{version()}"\n'
        'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
        f'checksum = "{hexes(64)}"\n'
    )


@document("go-sum")
def gosum():
    return "".join(
        f"{name} v{version()} h1:{b64(octets(32))}\n{name} v{version()}/go.mod h1:{b64(octets(32))}\n"
        for name in RNG.sample(GO, 2)
    )


@document("pip-hashes")
def pip():
    return f"urllib3=={version()} \\\n    --hash=sha256:{hexes(64)} \\\n    --hash=sha256:{hexes(64)}\n"


@document("timestamps")
def times():
    return dump(
        {
            "createdAt": stamp(),
            "updatedAt": stamp(),
            "epoch": between(17 * 10**8, 18 * 10**8),
            "epochMs": between(17 * 10**11, 18 * 10**11),
            "tz": "Europe/Vienna",
            "uptimeSeconds": between(10**5, 10**7),
        }
    )


@document("base64-image")
def image():
    return (
        f'<img alt="logo" width="{between(16, 64)}" '
        f'src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{signs(BASE64, between(200, 400))}AAAAASUVORK5CYII=">\n'
    )


@document("base64-font")
def font():
    return (
        f'@font-face{{font-family:"icons";src:url(data:font/woff2;base64,d09GMgABAAAAA{signs(BASE64, 260)}) '
        'format("woff2")}\n'
    )


@document("minified-js")
def script():
    return (
        f'!function(e,t){{"object"==typeof exports?module.exports=t():e.{signs(LOWER, 4)}=t()}}(this,'
        f'function(){{var n={{a:{between(1, 99)},b:"{signs(LOWER, 3)}"}},r=function(e){{return '
        f'e*{between(2, 9)}+n.a}};return{{v:"{version()}",f:r,k:Object.keys(n)}}}});\n'
    )


@document("css")
def css():
    return (
        f".btn{{color:#{hexes(6)};background:#{hexes(6)};"
        f"padding:{between(1, 20)}px {between(1, 20)}px}}.grid{{gap:{between(4, 32)}px}}\n"
    )


@document("coordinates")
def features():
    return dump(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "Point",
                        "coordinates": [round(RNG.uniform(-20, 30), 6), round(RNG.uniform(35, 60), 6)],
                    },
                    "properties": {"station": f"S{between(100, 999)}", "elevation_m": between(1, 2000)},
                }
                for _ in range(2)
            ],
        }
    )


@document("coordinates")
def buoy():
    return (
        f"buoy {between(1, 90)}: position {RNG.uniform(35, 60):.5f}, {RNG.uniform(-10, 20):.5f} wave "
        f"height {between(0, 4)}.{digits(1)} m\n"
    )


BOOKS = ["Rivers of the North", "Cooking with Beans", "A History of Glass", "The Quiet Harbour", "Practical Welding"]


def book():
    number = "978" + digits(9)
    return grouped(number + ean(number), 3, 1, 4, 4, separator="-")


@document("isbn")
def books():
    titles = RNG.sample(BOOKS, 3)
    return markdown_table([{"title": title, "isbn": book(), "pages": between(90, 900)} for title in titles])


def article():
    number = "40" + digits(10)
    return number + ean(number)


@document("ean")
def articles():
    draw = lambda: until(article, lambda number: not luhn_right(number))  # noqa: E731
    goods = [{"ean": draw(), "item": pick(ITEMS), "stock": between(0, 900), "price": money()} for _ in range(3)]
    return csv_table(goods, ";")


@document("part-numbers")
def parts():
    return psql_table(
        [
            {
                "part_no": f"{signs(UPPER, 2)}{digits(5)}/{signs(UPPER, 1)}",
                "rev": pick("A", "B", "C"),
                "torque_nm": between(5, 300),
                "bin": f"{signs(UPPER, 1)}-{between(1, 40)}-{between(1, 9)}",
            }
            for _ in range(3)
        ]
    )


@document("prices")
def prices():
    return (
        f"Subtotal: {money()} EUR\n"
        f"VAT 20 %: {money()} EUR\n"
        f"Shipping: {between(3, 20)}.90 EUR\n"
        f"Total: {money()} EUR\n"
        f"Invoice {order()} due {day(2025, 2026)}\n"
    )
