#!/usr/bin/env python3
"""Runs real MCP clients against one URL and compares what they saw.

    matrix.py URL [--token TOKEN | --oauth] [--plan JSON] [--only CLIENT] [--baseline FILE] [--save FILE]

Prints one JSON object per client. Fails when a step failed that the plan expects to work, or, with a baseline (the
output of an earlier run, for instance directly against the upstream), when any client saw anything else than then.
"""

import argparse
import json
import subprocess
import sys

import install

# name, interpreter, script, whether it can sign in by OAuth without a browser
CLIENTS = [
    ("ts-v1", "node", "ts_v1.mjs", True),
    ("ts-v2", "node", "ts_v2.mjs", True),
    ("py-v1", "v1/bin/python", "py_v1.py", True),
    ("py-v2", "v2/bin/python", "py_v2.py", True),
    ("fastmcp", "v2/bin/python", "fastmcp_v4.py", False),
    ("inspector", "v2/bin/python", "inspector.py", False),
    ("mcp-remote", "v2/bin/python", "mcp_remote.py", True),
]
# For the demo shop: what must work, and what is refused (by the shop itself; a gateway's policy refuses other calls).
PLAN = {
    "call": ["get_customer", {"customer_id": 1}],
    "resource": "orders://customer/1",
    "prompt": ["summarise_customer", {"customer_id": "1"}],
    "denied": ["query", {"sql": "DROP TABLE orders"}],
    "stream": ["export_orders", {}],
}
WORKS = ["protocol", "tools", "call", "resource", "prompt", "stream", "close"]
SECONDS_MAX = 300


def visit(client, url, token, plan):
    """What one client saw."""
    name, interpreter, script, _ = client
    program = install.CACHE / interpreter if "/" in interpreter else interpreter
    command = [str(program), str(install.CACHE / "client" / script), url, token, json.dumps(plan)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=install.environment(), timeout=SECONDS_MAX
        )
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
        text = getattr(error, "stderr", None) or (done.stderr if "done" in locals() else str(error))
        return {"client": name, "error": type(error).__name__, "text": str(text)[-2000:]}


def faults(seen):
    """The steps that should have worked and did not, and the refusal that did not happen."""
    found = [f"{seen['client']}: {seen['error']}: {seen['text']}"] if "error" in seen else []
    for key in WORKS:
        value = seen.get(key)
        if isinstance(value, dict) and (value.get("error") or value.get("isError")):
            found.append(f"{seen['client']}: {key}: {value}")
    denied = seen.get("denied", {})
    if not (denied.get("isError") or denied.get("error")):
        found.append(f"{seen['client']}: denied: went through: {denied}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--token", default="", help="bearer token that every client sends")
    parser.add_argument("--oauth", action="store_true", help="clients sign in by OAuth; the issuer must not ask")
    parser.add_argument("--plan", default="{}", help="JSON that overrides steps of the plan")
    parser.add_argument("--only", action="append", help="run this client only; repeatable")
    parser.add_argument("--baseline", help="file with the output to compare with")
    parser.add_argument("--save", help="file to write the output to")
    arguments = parser.parse_args()
    install.install()

    plan = {**PLAN, **json.loads(arguments.plan)}
    token = "oauth" if arguments.oauth else arguments.token
    baseline = {}
    if arguments.baseline:
        with open(arguments.baseline) as lines:
            baseline = {seen["client"]: seen for seen in map(json.loads, lines)}
    found, lines = [], []
    for client in CLIENTS:
        if (arguments.only and client[0] not in arguments.only) or (arguments.oauth and not client[3]):
            continue
        seen = visit(client, arguments.url, token, plan)
        lines.append(json.dumps(seen))
        print(lines[-1], flush=True)
        found += faults(seen)
        if baseline:
            expected = baseline.get(client[0], {})
            for key in sorted(expected.keys() | seen.keys()):
                if expected.get(key) != seen.get(key):
                    found.append(f"{client[0]}: {key}: {expected.get(key)} became {seen.get(key)}")
    if arguments.save:
        with open(arguments.save, "w") as file:
            file.write("\n".join(lines) + "\n")
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(lines)} clients, {len(found)} faults", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
