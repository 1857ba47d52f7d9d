#!/usr/bin/env python3
"""Runs the MCP conformance suite directly against an upstream and through a gateway, and compares check by check.

    conformance.py [--direct URL] [--through URL] [--token TOKEN] [--fixture BINARY] [--keep DIR]

Without --direct the conformance fixture is started. Without --through, only the shim stands between. What counts is
the multiset of (scenario, check, status): a proxy that makes a check disappear still lets the suite exit with 0.
Both revisions are run: 2025-11-25 (sessions) and 2026-07-28 (stateless).
"""

import argparse
import asyncio
import collections
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import install
import shim

REVISIONS = ["2025-11-25", "2026-07-28"]
SECONDS_MAX = 300


async def suite(url, revision, out):
    """Runs one revision; returns the multiset of its checks."""
    command = ["conformance", "server", "--url", url, "--requirements", revision, "-o", str(out)]
    process = await asyncio.create_subprocess_exec(
        *command, env=install.environment(), cwd=out.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await asyncio.wait_for(process.wait(), SECONDS_MAX)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
    checks = collections.Counter()
    for file in sorted(out.rglob("checks.json")):
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT.*$", "", file.parent.name)
        for check in json.loads(file.read_text()):
            if check["status"] != "INFO":
                checks[scenario, check["id"], check["status"]] += 1
    return checks


def closed(url):
    """Says what is wrong with the answer to a request without a token, which must be 401 with directions."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
    fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    try:
        urllib.request.urlopen(urllib.request.Request(url, body, fields), timeout=30)
    except urllib.error.HTTPError as answer:
        challenge = answer.headers.get("www-authenticate", "")
        if answer.code == 401 and "resource_metadata=" in challenge:
            return []
        return [f"without a token: {answer.code}, challenge `{challenge}`"]
    return ["without a token: let in"]


@contextlib.contextmanager
def upstream(arguments):
    """The URL to run directly against."""
    if arguments.direct:
        yield arguments.direct
        return
    process = subprocess.Popen([arguments.fixture, "conformance"], stdout=subprocess.PIPE, text=True)
    try:
        # The dns-rebinding scenario is run for loopback names only.
        yield process.stdout.readline().strip().replace("127.0.0.1", "localhost")
    finally:
        process.terminate()
        process.wait()


async def run(arguments, scratch):
    faults = []
    with upstream(arguments) as direct:
        through = arguments.through or direct
        if arguments.token:
            faults += closed(through)
        field = f"Authorization: Bearer {arguments.token}" if arguments.token else "X-Shim: 1"
        server, shimmed = await shim.start(through, field)
        for revision in REVISIONS:
            expected = await suite(direct, revision, scratch / f"direct-{revision}")
            seen = await suite(shimmed, revision, scratch / f"through-{revision}")
            failed = sum(count for (_, _, status), count in expected.items() if status == "FAILURE")
            print(f"{revision}: direct {sum(expected.values())} checks ({failed} failed), through {sum(seen.values())}")
            if not expected:
                faults.append(f"{revision}: the suite did not run")
            faults += [f"{revision}: missing {count} x {check}" for check, count in (expected - seen).items()]
            faults += [f"{revision}: added {count} x {check}" for check, count in (seen - expected).items()]
            if failed and not arguments.direct:
                faults.append(f"{revision}: the fixture itself failed {failed} checks")
        server.close()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def main():
    fixture = install.HERE.parent.parent / "target" / "debug" / "fixture"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direct", help="URL of an upstream that runs already")
    parser.add_argument("--through", help="URL of the gateway's endpoint for that upstream")
    parser.add_argument("--token", help="bearer token for the gateway")
    parser.add_argument("--fixture", default=str(fixture), help="the fixture binary")
    parser.add_argument("--keep", help="directory to keep the suite's output in")
    arguments = parser.parse_args()
    install.install()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(arguments.keep or scratch).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        return asyncio.run(run(arguments, scratch))


if __name__ == "__main__":
    sys.exit(main())
