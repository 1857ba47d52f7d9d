"""An MCP server on standard input and output that misbehaves on request. For the tests of `upstream::stdio`."""

import json
import os
import random
import signal
import socket
import sys
import threading
import time

OPTIONS = set(sys.argv[1:])
SEEN = []
GATHERED = []
ASKED = {}


def write(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def notify(method, **params):
    write({"jsonrpc": "2.0", "method": method, "params": params})


def answer(request, value):
    text = value if isinstance(value, str) else json.dumps(value)
    result = {"content": [{"type": "text", "text": text}]}
    write({"jsonrpc": "2.0", "id": request["id"], "result": result})


def token(request):
    return request["params"].get("_meta", {}).get("progressToken")


def gather(request, arguments):
    GATHERED.append(request)
    if len(GATHERED) < arguments["count"]:
        return
    random.Random(len(SEEN)).shuffle(GATHERED)
    for one in GATHERED:
        notify("notifications/progress", progressToken=token(one), progress=1, message=text_of(one))
    random.Random(len(SEEN) + 1).shuffle(GATHERED)
    for one in GATHERED:
        answer(one, text_of(one))
    GATHERED.clear()


def text_of(request):
    return request["params"]["arguments"]["text"]


def fork(request, arguments):
    """Grandchildren that hold our pipes and the test's socket, and ignore every polite request to end."""
    held = socket.socket(socket.AF_UNIX)
    held.connect(arguments["socket"])
    for _ in range(arguments["count"]):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(3600)
    held.close()
    answer(request, str(os.getpid()))


def huge(request, arguments):
    filler = "x" * arguments["bytes"]
    identity = '"id":%s' % json.dumps(request["id"])
    if arguments.get("last"):
        sys.stdout.write('{"result":{"text":"%s"},"jsonrpc":"2.0",%s}\n' % (filler, identity))
    else:
        sys.stdout.write('{"jsonrpc":"2.0",%s,"result":{"text":"%s"}}\n' % (identity, filler))
    sys.stdout.flush()


def call(request):
    name = request["params"]["name"]
    arguments = request["params"].get("arguments", {})
    if name == "echo":
        answer(request, arguments["text"])
    elif name == "pid":
        answer(request, str(os.getpid()))
    elif name == "place":
        answer(request, {"environment": dict(os.environ), "directory": os.getcwd()})
    elif name == "seen":
        answer(request, SEEN)
    elif name == "gather":
        gather(request, arguments)
    elif name == "progress":
        for step in range(arguments["count"]):
            notify("notifications/progress", progressToken=token(request), progress=step,
                   message="x" * arguments.get("bytes", 0))
        answer(request, "done")
    elif name == "flood":
        for step in range(arguments["count"]):
            notify("notifications/message", level="info", data="x" * arguments["bytes"])
        answer(request, "done")
    elif name == "tell":
        notify(arguments["method"], **arguments.get("params", {}))
        answer(request, "told")
    elif name == "ask":
        ASKED["question"] = request
        write({"jsonrpc": "2.0", "id": "question", "method": arguments["method"], "params": {}})
    elif name == "exit":
        sys.stderr.write("giving up\n")
        os._exit(arguments["status"])
    elif name == "hang":
        pass
    elif name == "deaf":
        answer(request, "deaf")
        while True:
            time.sleep(3600)
    elif name == "garbage":
        print("Server running on stdio")
        print("[1,2,3]")
        sys.stdout.buffer.write(b"\xff\xfe\n")
        answer(request, "sorry")
    elif name == "noise":
        for line in range(arguments["count"]):
            sys.stderr.write("noise %d \x1b[31m\n" % line)
        sys.stderr.write("y" * 1_000_000 + "\n")
        answer(request, "quiet")
    elif name == "fork":
        fork(request, arguments)
    elif name == "huge":
        huge(request, arguments)
    elif name == "close":
        os.close(1)
        threading.Event().wait()


def listen(request):
    meta = {"io.modelcontextprotocol/subscriptionId": request["id"]}
    notify("notifications/subscriptions/acknowledged", _meta=meta, notifications={})
    uris = request["params"]["notifications"].get("resourceSubscriptions", [])
    for uri in uris:
        notify("notifications/resources/updated", _meta=meta, uri=uri)
    if not uris:
        notify("notifications/cancelled", requestId=request["id"])


def fail(request, code):
    write({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": "no"}})


def serve(message):
    method = message.get("method")
    if method == "initialize":
        if "modern" in OPTIONS:
            return fail(message, -32601)
        return write({"jsonrpc": "2.0", "id": message["id"], "result": {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {}, "serverInfo": {"name": "fake", "version": "1"}}})
    if method == "server/discover":
        if "mute" in OPTIONS:
            return None
        if "modern" in OPTIONS or "dual" in OPTIONS:
            return write({"jsonrpc": "2.0", "id": message["id"],
                          "result": {"resultType": "complete", "supportedVersions": ["2026-07-28"]}})
        return fail(message, -32601)
    if method == "notifications/initialized" and "roots" in OPTIONS:
        ASKED["roots"] = None
        return write({"jsonrpc": "2.0", "id": "roots", "method": "roots/list"})
    if method == "tools/call":
        return call(message)
    if method == "subscriptions/listen":
        return listen(message)
    if method is None and message.get("id") in ASKED:
        asker = ASKED.pop(message["id"])
        return asker and answer(asker, message)
    if method is not None and "id" in message:
        return fail(message, -32601)
    return None


if "stubborn" in OPTIONS:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "broken" in OPTIONS:
    sys.exit(3)
for line in sys.stdin:
    SEEN.append(line.rstrip("\n"))
    serve(json.loads(line))
while "stubborn" in OPTIONS:
    time.sleep(3600)
