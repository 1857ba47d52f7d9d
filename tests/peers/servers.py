#!/usr/bin/env python3
"""Real servers through the gateway: each real client sees what it sees when it talks to the server itself.

    servers.py [SERVER...]        everything fastmcp filesystem git orders sqlite; all of them by default

Every client lists everything and makes the same calls, mistakes among them, directly and through a gateway whose
policy allows everything; what it got must be equal to the last member. Servers on standard input and output are
started by the gateway. Afterwards the log is exported and verified.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import install
import server
from gateway import ALLOW_ALL, ROOT, fixture, gateway

# name, program, script; the eras are: 2025-11-25, 2026-07-28 where the server has it, 2025-11-25, as ts-v2, rmcp's own
CLIENTS = {
    "ts-v1": ["node", "client/ts_v1.mjs"],
    "ts-v2": ["node", "client/ts_v2.mjs"],
    "py-v1": ["v1/bin/python", "client/py_v1.py"],
    "py-v2": ["v2/bin/python", "client/py_v2.py"],
    "rmcp": [str(ROOT / "target" / "debug" / "examples" / "visit")],
}
SECONDS_MAX = 120
# What differs from one moment to the next, and says nothing about who stands between.
MOMENT = re.compile(r"\d{1,2}:\d\d:\d\d( [AP]M)?|\d{4}-\d\d-\d\dT[\d:.]+Z")
# Commits get the same hash every time.
GIT = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
    ("NAME", "peer"), ("EMAIL", "peer@example.com"), ("DATE", "2026-01-01T00:00:00Z"))}


def everything(_):
    return {
        "calls": [
            ["echo", {"message": "ü \u2028 </script>"}],
            ["get-sum", {"a": 2, "b": 40}],
            ["get-sum", {"a": "two"}],
            ["get-tiny-image", {}],
            ["get-annotated-message", {"messageType": "error", "includeImage": True}],
            ["get-structured-content", {"location": "Chicago"}],
            ["get-resource-reference", {"resourceType": "Text", "resourceId": 3}],
            ["get-resource-links", {"count": 2}],
            ["trigger-long-running-operation", {"duration": 1, "steps": 4}],
            ["trigger-sampling-request", {"prompt": "say something", "maxTokens": 10}],
            ["trigger-elicitation-request", {}],
            ["get-roots-list", {}],
            ["no-such-tool", {}],
        ],
        "resources": ["demo://resource/static/document/features.md", "demo://resource/dynamic/text/7", "demo://none"],
        "prompts": [["simple-prompt", {}], ["args-prompt", {"city": "Paris"}], ["no-such-prompt", {}]],
    }


def fastmcp(_):
    return {
        "calls": [
            ["add", {"a": 2, "b": 40}],
            ["add", {"a": "two", "b": 40}],
            ["count", {"to": 3}],
            ["no-such-tool", {}],
        ],
        "resources": ["peer://contact/eve", "peer://none"],
        "prompts": [["ask", {"topic": "rust"}], ["ask", {}]],
    }


def filesystem(directory):
    path = os.path.join
    return {
        "calls": [
            ["list_allowed_directories", {}],
            ["write_file", {"path": path(directory, "a.txt"), "content": "one\ntwo\n"}],
            ["edit_file", {"path": path(directory, "a.txt"), "edits": [{"oldText": "two", "newText": "2"}]}],
            ["read_text_file", {"path": path(directory, "a.txt")}],
            ["list_directory", {"path": directory}],
            ["directory_tree", {"path": directory}],
            ["search_files", {"path": directory, "pattern": "*.txt"}],
            ["read_text_file", {"path": path(directory, "missing.txt")}],
            ["read_text_file", {"path": "/etc/passwd"}],
            ["read_text_file", {}],
        ],
    }


def git(directory):
    repository = {"repo_path": directory}
    return {
        "calls": [
            ["git_status", repository],
            ["git_diff_unstaged", repository],
            ["git_add", {**repository, "files": ["a.txt"]}],
            ["git_commit", {**repository, "message": "second"}],
            ["git_log", {**repository, "max_count": 2}],
            ["git_branch", {**repository, "branch_type": "local"}],
            ["git_show", {**repository, "revision": "no-such-revision"}],
            ["git_status", {"repo_path": "/"}],
            ["git_status", {}],
        ],
    }


def sqlite(_):
    return {
        "calls": [
            ["list_tables", {}],
            ["create_table", {"query": "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)"}],
            ["write_query", {"query": "INSERT INTO t (name) VALUES ('ada'), ('zoë')"}],
            ["read_query", {"query": "SELECT * FROM t ORDER BY id"}],
            ["describe_table", {"table_name": "t"}],
            ["append_insight", {"insight": "there are two rows"}],
            ["read_query", {"query": "SELECT * FROM nowhere"}],
            ["read_query", {"query": "DROP TABLE t"}],
            ["no-such-tool", {}],
        ],
        "resources": ["memo://insights", "memo://none"],
        "prompts": [["mcp-demo", {"topic": "shops"}]],
    }


def orders(_):
    return {
        "calls": [
            ["list_customers", {}],
            ["get_customer", {"customer_id": 1}],
            ["get_customer", {"customer_id": 100000}],
            ["query", {"sql": "SELECT id, amount FROM orders ORDER BY id LIMIT 3"}],
            ["query", {"sql": "DROP TABLE orders"}],
            ["export_orders", {}],
            ["no-such-tool", {}],
        ],
        "resources": ["orders://schema", "orders://customer/1", "orders://none"],
        "prompts": [["summarise_customer", {"customer_id": "1"}], ["no-such-prompt", {}]],
    }


# name: its plan, and which clients visit it (of both eras, and of both languages)
SERVERS = {
    "everything": (everything, ["ts-v1", "py-v2", "rmcp"]),
    "fastmcp": (fastmcp, ["ts-v1", "ts-v2", "py-v1", "py-v2", "rmcp"]),
    "filesystem": (filesystem, ["ts-v1", "py-v2", "rmcp"]),
    "git": (git, ["ts-v2", "py-v1", "rmcp"]),
    "orders": (orders, ["ts-v1", "ts-v2", "py-v1", "py-v2", "rmcp"]),
    "sqlite": (sqlite, ["ts-v1", "py-v2", "rmcp"]),
}
STDIO = ["filesystem", "git", "sqlite"]


def prepare(name, directory):
    """The same beginning for every visit, at the same place: paths are part of answers."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    if name == "git":
        run = {"cwd": directory, "env": {**os.environ, **GIT}, "check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], **run)
        (directory / "a.txt").write_text("one\n")
        subprocess.run(["git", "add", "a.txt"], **run)
        subprocess.run(["git", "commit", "--quiet", "--message=first"], **run)
        (directory / "a.txt").write_text("one\ntwo\n")


def environment():
    return {**install.environment(), **GIT}


def visit(client, target, token, plan):
    """What one client got."""
    command = [str(install.CACHE / word) if "/" in word and word[0] != "/" else word for word in CLIENTS[client]]
    done = subprocess.run(
        [*command, target, token, json.dumps({"survey": True, **plan})],
        capture_output=True, text=True, env=environment(), timeout=SECONDS_MAX,
    )
    try:
        return json.loads(MOMENT.sub("TIME", done.stdout.strip().split("\n")[-1]))
    except (IndexError, ValueError):
        return {"error": done.returncode, "text": (done.stderr or done.stdout)[-2000:]}


def differences(direct, through, path=""):
    """Where two values differ, by path."""
    if type(direct) is type(through) is dict:
        for key in sorted(direct.keys() | through.keys()):
            yield from differences(direct.get(key), through.get(key), f"{path}/{key}")
    elif type(direct) is type(through) is list and len(direct) == len(through):
        for place, (one, other) in enumerate(zip(direct, through)):
            yield from differences(one, other, f"{path}/{place}")
    elif direct != through:
        yield f"{path}: {json.dumps(direct)[:300]} became {json.dumps(through)[:300]}"


def begin(stack, name, directory):
    """A server as a gateway is told of it, and as clients reach it directly; it ends with the stack."""
    if name in STDIO:
        command = server.stdio(name, str(directory))
        path = environment()["PATH"]
        upstream = {"command": command, "environment": {"PATH": path, **GIT}}
        return upstream, json.dumps([shutil.which(command[0], path=path), *command[1:]])
    running = fixture("orders") if name == "orders" else server.running(name)
    address = stack.enter_context(running)
    return address, address


def check(name, scratch):
    """Every client of one server, directly and through a gateway of its own."""
    make_plan, clients = SERVERS[name]
    directory = scratch / name
    plan = make_plan(str(directory))
    found = []
    with contextlib.ExitStack() as stack:
        upstream, target = begin(stack, name, directory)
        endpoint = stack.enter_context(gateway({name: upstream}, ALLOW_ALL))
        url, token = endpoint(name)
        for client in clients:
            prepare(name, directory)
            direct = visit(client, target, "", plan)
            prepare(name, directory)
            through = visit(client, url, token, plan)
            if "error" in direct or "error" in through:
                found.append(f"{name}, {client}: directly {direct}, through {through}")
                continue
            # A client on standard input and output has no revision of HTTP to tell.
            if name in STDIO:
                direct.pop("protocol"), through.pop("protocol")
            faults = list(differences(direct, through))
            failed = sum("error" in call["answer"] or call["answer"].get("isError", False) for call in direct["calls"])
            print(
                f"{name}: {client}, {direct.get('protocol') or 'stdio'}: {len(direct['calls'])} calls"
                f" ({failed} refused by the server), {len(faults)} differences", flush=True,
            )
            found += [f"{name}, {client}: {fault}" for fault in faults]
    return found


def run(check):
    """Checks the named servers, or all of them, and says what is wrong with which."""
    names = sys.argv[1:] or list(SERVERS)
    install.install()
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            found += check(name, Path(scratch).resolve())
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(names)} servers, {len(found)} faults", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(run(check))
