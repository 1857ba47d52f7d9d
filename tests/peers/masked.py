#!/usr/bin/env python3
"""Masked answers of real servers keep to the schemas that their tools announce.

    masked.py [SERVER...]        those of servers.py; all of them by default

A gateway masks every value of every answer of every tool. Real clients, which check structured answers themselves, take
them all the same; and each structured answer is held against its `outputSchema` with the `jsonschema` of
requirements-v2.txt.
"""

import contextlib
import json
import subprocess
import sys

import install
from gateway import gateway
from servers import SERVERS, begin, prepare, run, visit

# Arguments go as they are written, or there would be no answers.
NOBODY_SEES = """@id("all") permit (principal, action, resource);
@id("nobody-sees") forbid (principal, action == Action::"reveal", resource) when { context.direction == "to_caller" };
"""
EVERYTHING = [{"name": "*", "fields": [{"path": "/*", "detector": "anything"}]}]
VALIDATE = """
import json, sys
from jsonschema.validators import validator_for
for line in sys.stdin:
    schema, answer = json.loads(line)
    faults = validator_for(schema)(schema).iter_errors(answer)
    print(json.dumps([fault.message[:300] for fault in faults]))
"""


def faults_of(pairs):
    """What is wrong with each answer, by its schema."""
    python = str(install.CACHE / "v2" / "bin" / "python")
    lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
    done = subprocess.run([python, "-c", VALIDATE], input=lines, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def leaves(value):
    """The values without parts."""
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value


def announced(seen):
    """The output schemas of the tools that a client saw listed."""
    # The clients of one language call the list as their SDK does.
    listed = seen.get("tools") or seen.get("listTools")
    tools = listed.get("tools", []) if isinstance(listed, dict) else listed
    return {tool["name"]: tool["outputSchema"] for tool in tools if tool.get("outputSchema")}


def check(name, scratch):
    make_plan, clients = SERVERS[name]
    directory = scratch / name
    plan = make_plan(str(directory))
    found = []
    with contextlib.ExitStack() as stack:
        upstream, target = begin(stack, name, directory)
        endpoint = stack.enter_context(gateway({name: upstream}, NOBODY_SEES, tools=EVERYTHING))
        url, token = endpoint(name)
        prepare(name, directory)
        direct = visit(clients[0], target, "", plan)
        for client in clients:
            prepare(name, directory)
            masked = visit(client, url, token, plan)
            if "error" in direct or "error" in masked:
                found.append(f"{name}, {client}: directly {direct}, masked {masked}")
                continue
            schemas = announced(masked)
            pairs, changed = [], 0
            for before, after in zip(direct["calls"], masked["calls"]):
                tool, answer = after["call"][0], after["answer"]
                if "error" in answer and "error" not in before["answer"]:
                    found.append(f"{name}, {client}: {tool}: the client refused it: {answer}")
                if answer.get("structuredContent") is not None and tool in schemas:
                    pairs.append([schemas[tool], answer["structuredContent"]])
                    plain = before["answer"]["structuredContent"]
                    changed += sum(one != other for one, other in zip(leaves(plain), leaves(pairs[-1][1])))
            for pair, faults in zip(pairs, faults_of(pairs)):
                found += [f"{name}, {client}: {fault}: {json.dumps(pair[1])[:300]}" for fault in faults]
            if pairs and not changed:
                found.append(f"{name}, {client}: nothing was masked")
            print(f"{name}: {client}: {len(pairs)} structured answers, {changed} values masked", flush=True)
            if not schemas:
                break
    return found


if __name__ == "__main__":
    sys.exit(run(check))
