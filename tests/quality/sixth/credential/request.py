"""Requests and errors with a token in them, which nothing but its own form gives away."""

from ..draw import between, dump, hexes, moment, uuid
from ..registry import Registry
from ..scene import service
from ..write import snake

# What headers and queries have to encode.
UNSENT = r"[^\w.~+/=:%$!-]"
UNSAFE = r"[^\w.~-]"

frame = Registry()


@frame(UNSENT)
def bearer(name, spoken, value):
    return (
        f"GET /v1/items?limit={between(10, 100)} HTTP/1.1\n"
        f"Host: api.{service()}.lan\n"
        "Accept: application/json\n"
        f"Authorization: Bearer {value}\n"
        f"X-Request-Id: {uuid()}\n\n"
        "HTTP/1.1 200 OK\n"
        "Content-Type: application/json\n\n"
        '{"items":[],"total":0}\n'
    )


@frame(UNSENT)
def curl(name, spoken, value):
    return (
        f"curl -sS -X POST https://api.{service()}.lan/v2/jobs -H 'Authorization: Bearer {value}' -H "
        "'Content-Type: application/json' -d '{\"dryRun\":true}'\n"
    )


@frame(UNSENT)
def api_key(name, spoken, value):
    return (
        "POST /ingest HTTP/1.1\n"
        f"Host: collector.{service()}.lan\n"
        f"Content-Length: {between(20, 900)}\n"
        f"X-Api-Key: {value}\n"
        f"User-Agent: vector/0.{between(20, 40)}.0\n"
    )


@frame(UNSAFE)
def query(name, spoken, value):
    return (
        f"{moment()} GET https://hooks.{service()}.lan/run?job={between(100, 999)}&access_token={value} "
        f"200 {between(10, 900)}ms\n"
    )


@frame(UNSENT)
def bare(name, spoken, value):
    return f"$ cat /run/secrets/{snake(name)}\n{value}\n"


@frame(UNSENT)
def trace(name, spoken, value):
    return (
        "Traceback (most recent call last):\n"
        f'  File "/srv/{service()}/jobs.py", line {between(10, 400)}, in run\n'
        "    resp.raise_for_status()\n"
        f"requests.exceptions.HTTPError: 403 Client Error: Forbidden, token {value} lacks scope write\n"
    )


@frame(UNSENT)
def json_headers(name, spoken, value):
    return dump(
        {
            "request": {
                "method": "GET",
                "url": f"https://api.{service()}.lan/v1/things/{between(1, 999)}",
                "headers": {"Accept": "application/json", "Authorization": f"Bearer {value}", "X-Trace": hexes(32)},
            },
            "status": 200,
            "duration_ms": between(5, 900),
        }
    )
