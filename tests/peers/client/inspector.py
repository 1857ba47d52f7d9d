"""The MCP Inspector's command line: one process per step. Arguments: URL, token, plan.

Its `--protocol-era auto` prefers 2026-07-28. Progress is not shown, so it is not counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

from visit import plan

VERSION = json.loads(open(os.path.join(os.environ["PEERS_CACHE"], "package.json")).read())
VERSION = VERSION["dependencies"]["@modelcontextprotocol/inspector"]


def inspect(url, token, *arguments):
    """The JSON that the command prints, or what it says went wrong."""
    command = ["mcp-inspector", "--cli", url, "--transport", "http", "--protocol-era", "auto", "--format", "json"]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "MCP_CATALOG_PATH": os.path.join(scratch, "mcp.json")}
        done = subprocess.run(command + list(arguments), capture_output=True, text=True, env=environment, timeout=180)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"error": done.returncode, "text": (done.stderr or done.stdout).strip()[-2000:]}


def call(url, token, name, arguments):
    pairs = [f"{key}={value}" for key, value in arguments.items()]
    pairs = ["--tool-arg", *pairs] if pairs else []
    answer = inspect(url, token, "--method", "tools/call", "--tool-name", name, *pairs)
    answer = answer.get("result", answer)
    if "content" not in answer:
        return answer
    text = "\n".join(block.get("text", "") for block in answer["content"])
    return {"isError": answer.get("isError", False), "text": text, "structured": answer.get("structuredContent")}


def field(answer, *path):
    """One value of an answer, or the whole answer when it is not there."""
    value = answer.get("result", answer)
    try:
        for key in path:
            value = value[key]
        return value
    except (KeyError, IndexError, TypeError):
        return answer


def held(url, token, steps):
    """One call that policy holds, repeated as long as a line on standard input says `again`."""
    again = True
    while again:
        began = time.monotonic()
        answer = call(url, token, *steps["held"])
        print(json.dumps({"attempt": {"seconds": time.monotonic() - began, **answer}}), flush=True)
        again = sys.stdin.readline().strip() == "again"
    print(json.dumps({"client": "inspector", "version": VERSION, "protocol": "auto"}))


def main():
    url, token, steps = plan()
    if "held" in steps:
        return held(url, token, steps)
    tools = field(inspect(url, token, "--method", "tools/list"), "tools")
    name, arguments = steps["prompt"]
    pairs = [f"{key}={value}" for key, value in arguments.items()]
    pairs = ["--prompt-args", *pairs] if pairs else []
    prompt = inspect(url, token, "--method", "prompts/get", "--prompt-name", name, *pairs)
    resource = inspect(url, token, "--method", "resources/read", "--uri", steps["resource"])
    print(json.dumps({
        "client": "inspector",
        "version": VERSION,
        "tools": [tool["name"] for tool in tools] if isinstance(tools, list) else tools,
        "call": call(url, token, *steps["call"]),
        "resource": field(resource, "contents", 0, "text"),
        "prompt": field(prompt, "messages", 0, "content", "text"),
        "denied": call(url, token, *steps["denied"]),
        "stream": call(url, token, *steps["stream"]),
        "close": True,
    }))


main()
