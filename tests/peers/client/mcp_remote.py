"""mcp-remote: a bridge that desktop applications run over stdio. Arguments: URL, token (or `oauth`), plan.

Spoken to in plain JSON-RPC, one message per line. For `oauth` it prints the page to visit, which is visited here.
"""

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from visit import plan, sign_in

VERSION = json.loads(open(os.path.join(os.environ["PEERS_CACHE"], "package.json")).read())["dependencies"]["mcp-remote"]
WAIT_SECONDS = 120


class Bridge:
    """The process, its answers by id and its notifications."""

    def __init__(self, url, token, scratch):
        command = ["mcp-remote", url, "--allow-http", "--transport", "http-only"]
        if token and token != "oauth":
            command += ["--header", f"Authorization: Bearer {token}"]
        # No browser: the page is visited by `watch`.
        environment = {**os.environ, "MCP_REMOTE_CONFIG_DIR": scratch, "BROWSER": "true"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.messages, self.number, self.progress, self.log = queue.Queue(), 0, 0, []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.watch, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.messages.put(json.loads(line))
        self.messages.put(None)

    def watch(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip())
            page = re.search(r"https?://\S+/authorize\?\S+", line)
            if page:
                self.visit(page.group())

    def visit(self, page):
        fields = sign_in(page)
        redirect = urllib.parse.parse_qs(urllib.parse.urlsplit(page).query)["redirect_uri"][0]
        urllib.request.urlopen(f"{redirect}?{urllib.parse.urlencode(fields)}", timeout=30).read()

    def send(self, method, params, number=None):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def request(self, method, params):
        self.number += 1
        try:
            self.send(method, params, self.number)
        except BrokenPipeError:
            self.messages.put(None)
        while True:
            try:
                message = self.messages.get(timeout=WAIT_SECONDS)
            except queue.Empty:
                message = None
            if message is None:
                return {"error": {"code": "silent", "message": "\n".join(self.log[-10:])}}
            if message.get("method") == "notifications/progress":
                self.progress += 1
            if message.get("id") == self.number and "method" not in message:
                return message


def result(message, pick):
    if "error" in message:
        return {"error": message["error"]["code"], "text": message["error"]["message"]}
    return pick(message["result"])


def outcome(answer):
    text = "\n".join(block.get("text", "") for block in answer["content"])
    return {"isError": answer.get("isError", False), "text": text, "structured": answer.get("structuredContent")}


def held(bridge, steps):
    """One call that policy holds, repeated as long as a line on standard input says `again`."""
    name, arguments = steps["held"]
    params = {"name": name, "arguments": arguments}
    if steps["progress"]:
        params["_meta"] = {"progressToken": "held"}
    again = True
    while again:
        began, bridge.progress = time.monotonic(), 0
        answer = result(bridge.request("tools/call", params), outcome)
        seen = {"seconds": time.monotonic() - began, "progress": bridge.progress, **answer}
        print(json.dumps({"attempt": seen}), flush=True)
        again = sys.stdin.readline().strip() == "again"


def main():
    url, token, steps = plan()
    with tempfile.TemporaryDirectory() as scratch:
        bridge = Bridge(url, token, scratch)
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "peers-mcp-remote", "version": "1.0.0"},
        }
        seen = {"client": "mcp-remote", "version": VERSION}
        seen["protocol"] = result(bridge.request("initialize", hello), lambda it: it["protocolVersion"])
        bridge.send("notifications/initialized", {})
        if "held" in steps:
            held(bridge, steps)
            bridge.process.terminate()
            bridge.process.wait()
            return print(json.dumps(seen))

        def call(key, meta=None):
            name, arguments = steps[key]
            params = {"name": name, "arguments": arguments, **({"_meta": meta} if meta else {})}
            return result(bridge.request("tools/call", params), outcome)

        seen["tools"] = result(bridge.request("tools/list", {}), lambda it: [tool["name"] for tool in it["tools"]])
        seen["call"] = call("call")
        read = bridge.request("resources/read", {"uri": steps["resource"]})
        seen["resource"] = result(read, lambda it: it["contents"][0]["text"])
        name, arguments = steps["prompt"]
        prompt = bridge.request("prompts/get", {"name": name, "arguments": arguments})
        seen["prompt"] = result(prompt, lambda it: it["messages"][0]["content"]["text"])
        seen["denied"] = call("denied")
        seen["stream"] = call("stream", {"progressToken": "stream"})
        seen["progress"] = bridge.progress
        bridge.process.stdin.close()
        try:
            bridge.process.wait(timeout=10)
            seen["close"] = True
        except subprocess.TimeoutExpired:
            bridge.process.kill()
            seen["close"] = {"error": "hung", "text": "did not end with its input"}
    print(json.dumps(seen))


main()
