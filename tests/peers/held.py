#!/usr/bin/env python3
"""Real clients complete a call that policy holds, without a change of their code.

    held.py [CLIENT...]        those of WAYS; all of them by default

Every client makes the same call twice: once somebody agrees at once, once only when unchanged clients have given up on
slower servers. Who agrees is another person, by the API or by `countersign approvals`. A client that is told to repeat
its call repeats it when that person has agreed, as the model behind it would. Each call must have its effect, once; the
log is verified. Prints a line for each wait, and the rows of the table in docs/clients.md.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import install
import server
from gateway import GATEWAY, ROOT, free_port, gateway, process

TOOL = "effect"
POLICY = f"""@id("all") permit (principal, action, resource) unless {{ action == Action::"tools/call" }};
@id("a-human-agrees") permit (principal, action == Action::"tools/call", resource) when {{ context.approval.granted }};
"""
# The page that approvers open; nobody has to serve it here.
PAGE = "https://approvals.example/{id}"
# Later than the 60 s of the TypeScript SDK and than the 50 s after which the gateway answers.
LATE_SECONDS = 70
WHEN = [("at once", 0), ("late", LATE_SECONDS)]
# Clients at work at the same time: they are to wait for people, not for each other.
TOGETHER = 5
SECONDS_MAX = 240
# name: program, script, what the plan adds
WAYS = {
    "ts-v1": (["node", "client/ts_v1.mjs"], {}),
    "ts-v2": (["node", "client/ts_v2.mjs"], {}),
    "ts-v2, shows pages": (["node", "client/ts_v2.mjs"], {"page": True}),
    "py-v1": (["v1/bin/python", "client/py_v1.py"], {}),
    "py-v2": (["v2/bin/python", "client/py_v2.py"], {}),
    "py-v2, shows pages": (["v2/bin/python", "client/py_v2.py"], {"page": True}),
    "fastmcp": (["v2/bin/python", "client/fastmcp_v4.py"], {}),
    "inspector": (["v2/bin/python", "client/inspector.py"], {}),
    "mcp-remote": (["v2/bin/python", "client/mcp_remote.py"], {}),
    "rmcp": ([str(ROOT / "target" / "debug" / "examples" / "visit")], {}),
}


class Approver:
    """Another person: agrees to each call when its time has come, every second one by the command."""

    def __init__(self, endpoint):
        self.base, self.endpoint = endpoint.base, endpoint
        self.delays, self.agreed, self.done, self.faults = {}, {}, {}, []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def expect(self, marker, delay):
        self.delays[marker], self.done[marker] = delay, threading.Event()

    def token(self):
        return self.endpoint.person("bob", "/api")

    def ask(self, path, data=None):
        headers = {"authorization": f"Bearer {self.token()}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.base}/api/v1/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def work(self):
        seen = {}
        while not self.stopped.wait(0.5):
            try:
                for approval in self.ask("approvals")["approvals"]:
                    if approval["state"] == "pending":
                        first = seen.setdefault(approval["id"], (time.monotonic(), self.marker(approval["id"])))
                        self.decide(approval["id"], *first)
            except Exception as error:  # whatever goes wrong is reported at the end
                self.faults.append(f"the approver: {error!r}")
                return

    def marker(self, approval):
        shown = json.dumps(self.ask(f"approvals/{approval}"))
        return next((marker for marker in self.delays if json.dumps(marker) in shown), None)

    def decide(self, approval, since, marker):
        if marker is None or self.done[marker].is_set() or time.monotonic() - since < self.delays[marker]:
            return
        if len(self.agreed) % 2:
            command = [GATEWAY, "approvals", "approve", approval, "--url", self.base, "--reason", "seen"]
            environment = {**os.environ, "COUNTERSIGN_TOKEN": self.token()}
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=SECONDS_MAX)
        else:
            self.ask(f"approvals/{approval}/approve", b'{"reason": "seen"}')
        self.agreed[marker] = time.monotonic()
        self.done[marker].set()


class Wait:
    """One client that makes one call, until it has its answer."""

    def __init__(self, way, marker, approver, progress):
        self.way, self.marker, self.approver, self.attempts = way, marker, approver, []
        url, token = approver.endpoint("effects")[0], approver.endpoint.person("alice", "/mcp/effects")
        command, extra = WAYS[way]
        plan = {"held": [TOOL, {"marker": marker}], "progress": progress, **extra}
        if way == "rmcp":
            plan = {"calls": [plan["held"]]}
        words = [str(install.CACHE / word) if "/" in word and word[0] != "/" else word for word in command]
        self.command = [*words, url, token, json.dumps(plan)]
        self.seen, self.text = {}, ""
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.began = time.monotonic()
        child = subprocess.Popen(self.command, env=install.environment(), **pipes)
        timer = threading.Timer(SECONDS_MAX, child.kill)
        timer.start()
        try:
            for line in child.stdout:
                self.take(child, line)
            self.text = child.stderr.read()[-2000:]
        finally:
            timer.cancel()
            child.wait()

    def take(self, child, line):
        """A line is an attempt, after which the client asks whether to repeat it, or what it saw in the end."""
        if not line.startswith("{"):
            return
        told = json.loads(line)
        if "attempt" not in told:
            self.seen = told
            return
        self.attempts.append(told["attempt"])
        again = is_pending(told["attempt"]) and self.approver.done[self.marker].wait(SECONDS_MAX)
        child.stdin.write("again\n" if again else "enough\n")
        child.stdin.flush()

    def answer(self):
        """The last answer, by text."""
        if self.way == "rmcp":
            call = (self.seen.get("calls") or [{}])[0].get("answer", {})
            return "".join(block.get("text", "") for block in call.get("content", [])) or json.dumps(call)
        return str((self.attempts or [{}])[-1].get("text"))

    def faults(self):
        if self.answer() != f"done {self.marker}":
            yield f"{self.marker}: {self.answer()} {self.attempts} {self.seen} {self.text}"

    def told(self):
        """What is written down about it."""
        parts = [f"{attempt['seconds']:.0f} s {'told to repeat' if is_pending(attempt) else 'answered'}"
                 + (f" after {attempt['progress']} signs of progress" if attempt.get("progress") else "")
                 + (f" and {attempt['pages']} pages shown" if attempt.get("pages") else "")
                 for attempt in self.attempts]
        return ", then ".join(parts) or ("answered" if self.answer().startswith("done") else "failed")


def is_pending(attempt):
    return bool(attempt.get("isError")) and "repeat exactly this call" in str(attempt.get("text"))


def main():
    names = sys.argv[1:] or list(WAYS)
    install.install()
    found, waits = [], {}
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, effects = free_port(), directory / "effects"
        effects.touch()
        python = install.CACHE / "v2" / "bin" / "python"
        upstream = stack.enter_context(process(python, install.HERE / "server" / "effects.py", port, effects))
        server.wait(upstream, port)
        target = f"http://127.0.0.1:{port}/mcp"
        with gateway({"effects": target}, POLICY, approvals={"page": PAGE}) as endpoint:
            approver = Approver(endpoint)
            delays = {f"{name}, {when}": delay for name in names for when, delay in WHEN}
            for marker, delay in delays.items():
                approver.expect(marker, delay)
            approver.thread.start()
            for when, delay in WHEN:
                for some in (names[at : at + TOGETHER] for at in range(0, len(names), TOGETHER)):
                    batch = [Wait(name, f"{name}, {when}", approver, progress=delay == 0) for name in some]
                    waits.update((wait.marker, wait) for wait in batch)
                    for wait in batch:
                        wait.thread.start()
                    for wait in batch:
                        wait.thread.join()
            approver.stopped.set()
            approver.thread.join()
            found += approver.faults
        done = effects.read_text().splitlines()
    for marker, wait in waits.items():
        found += wait.faults()
        if done.count(marker) != 1:
            found.append(f"{marker}: had its effect {done.count(marker)} times")
        seen = wait.seen
        print(f"| {marker} | {seen.get('version')} | {seen.get('protocol')} | {wait.told()} |", flush=True)
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(waits)} held calls, {len(found)} faults", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
