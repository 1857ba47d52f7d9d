#!/usr/bin/env python3
"""The real Presidio analyzer as the gateway's recognizer of names: what it finds is masked, and without it nothing passes.

Presidio's engine runs behind its own API (server/presidio.py). A real server repeats what it is told, through a gateway
that asks Presidio; then Presidio is ended, and the same call is refused.
"""

import json
import sys
import time
import urllib.error
import urllib.request

import install
import server
from gateway import free_port, gateway, process
from masked import NOBODY_SEES

SECONDS_MAX = 120
# Offsets of the API count code points: a character of two code units stands before the name.
TEXT = "😀 Please ask Zoë Müller about it, or Eve Carter, but not at eve@initech-mail.com"
MASKED = "😀 Please ask [recognizer-person] about it, or [recognizer-person], but not at [email]"
REVISION = "2026-07-28"
ASK = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "prompts/get",
    "params": {
        "name": "ask",
        "arguments": {"topic": TEXT},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientInfo": {"name": "peers", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}


def post(url, message, headers):
    """Status and body of the answer."""
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
    request = urllib.request.Request(url, json.dumps(message).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def wait(url):
    """Until Presidio answers."""
    limit = time.monotonic() + SECONDS_MAX
    while True:
        try:
            return post(url, {"text": "one", "language": "en"}, {})
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.2)


def answered(body):
    """The text of the prompt in an answer, which may be a stream."""
    lines = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith(("data: {", "{"))]
    return json.loads(lines[-1])["result"]["messages"][0]["content"]["text"]


def main():
    install.install()
    python = install.CACHE / "presidio" / "bin" / "python"
    port = free_port()
    analyzer = f"http://127.0.0.1:{port}/analyze"
    recognizer = {"url": analyzer, "timeout_ms": 30000, "entities": ["PERSON"]}
    found = []
    with process(python, install.HERE / "server" / "presidio.py", port) as presidio, server.running("fastmcp") as up:
        wait(analyzer)
        with gateway({"fastmcp": up}, NOBODY_SEES, masking={"recognizer": recognizer}) as endpoint:
            url, token = endpoint("fastmcp")
            headers = {"authorization": f"Bearer {token}", "mcp-protocol-version": REVISION,
                       "mcp-method": "prompts/get", "mcp-name": "ask"}
            began = time.monotonic()
            status, body = post(url, ASK, headers)
            took = time.monotonic() - began
            if status != 200 or MASKED not in answered(body):
                found.append(f"names were not masked: {status} {body}")
            presidio.terminate()
            presidio.wait(SECONDS_MAX)
            status, body = post(url, ASK, headers)
            if status != 503 or "unrecognized" not in body:
                found.append(f"without Presidio it passed: {status} {body}")
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"Presidio as recognizer: call and answer in {took:.3f} s, {len(found)} faults", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
