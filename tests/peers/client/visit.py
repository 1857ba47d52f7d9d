"""What every Python client does, whatever its version: the steps of the plan, and signing in without a browser."""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

REDIRECT = "http://127.0.0.1:1/callback"


ROOT = "file:///peers"
# What a server asked to be shown.
PAGES = []


def plan():
    """The URL (or command, as a JSON array), the token or `oauth`, and the plan."""
    url, token, text = sys.argv[1:4]
    return url, token, json.loads(text)


async def visit(name, version, steps):
    """Runs the steps of the plan; prints one JSON object."""
    steps_plan = plan()[2]
    if steps_plan.get("survey"):
        return await survey(name, version, steps, steps_plan)
    if steps_plan.get("held"):
        return await held(name, version, steps, steps_plan)
    result = {"client": name, "version": version}
    progress = []

    async def report(done, total=None, message=None):
        progress.append(done)

    async def step(key, act):
        try:
            result[key] = await act()
        except Exception as error:  # whatever a client raises is a result here
            cause = deepest(error)
            result[key] = {"error": type(cause).__name__, "text": str(cause)}

    async def tools():
        listed = await steps.list_tools()
        return [tool.name for tool in getattr(listed, "tools", listed)]

    async def resource():
        read = await steps.read_resource(steps_plan["resource"])
        return getattr(read, "contents", read)[0].text

    async def prompt():
        return (await steps.get_prompt(*steps_plan["prompt"])).messages[0].content.text

    async def call(key, callback=None):
        return outcome(await steps.call_tool(*steps_plan[key], callback))

    await step("protocol", steps.protocol)
    await step("tools", tools)
    await step("call", lambda: call("call"))
    await step("resource", resource)
    await step("prompt", prompt)
    await step("denied", lambda: call("denied"))
    await step("stream", lambda: call("stream", report))
    result["progress"] = len(progress)
    return result


async def held(name, version, steps, steps_plan):
    """One call that policy holds, repeated as long as a line on standard input says `again`."""
    again, protocol = True, await steps.protocol()
    while again:
        progress, began = [], time.monotonic()

        async def report(done, total=None, message=None):
            progress.append(done)

        try:
            answer = outcome(await steps.call_tool(*steps_plan["held"], report if steps_plan["progress"] else None))
        except Exception as error:  # whatever a client raises is a result here
            cause = deepest(error)
            answer = {"error": type(cause).__name__, "text": str(cause)}
        seen = {"seconds": time.monotonic() - began, "progress": len(progress), "pages": len(PAGES), **answer}
        print(json.dumps({"attempt": seen}), flush=True)
        again = (await asyncio.to_thread(sys.stdin.readline)).strip() == "again"
    return {"client": name, "version": version, "protocol": protocol}


async def survey(name, version, steps, steps_plan):
    """Everything a server lists and every call of the plan, as the client got it."""
    result = {"client": name, "version": version, "calls": []}

    async def take(act, *arguments):
        try:
            answer = await act(*arguments)
            dump = getattr(answer, "model_dump", None)
            return dump(mode="json", by_alias=True, exclude_none=True) if dump else answer
        except Exception as error:  # whatever a client raises is a result here
            cause = deepest(error)
            return {"error": type(cause).__name__, "text": str(cause)}

    result["protocol"] = await take(steps.protocol)
    for kind in ("tools", "resources", "resource_templates", "prompts"):
        result[kind] = await take(getattr(steps.lister, f"list_{kind}"))
    for tool, arguments in steps_plan["calls"]:
        progress = []

        async def report(done, total=None, message=None):
            progress.append(done)

        answer = await take(steps.call_tool, tool, arguments, report)
        result["calls"].append({"call": [tool, arguments], "answer": answer, "progress": len(progress)})
    result["read"] = [await take(steps.read_resource, uri) for uri in steps_plan.get("resources", [])]
    result["got"] = [await take(steps.get_prompt, *prompt) for prompt in steps_plan.get("prompts", [])]
    return result


def callbacks(types):
    """What this caller answers when a server asks it for something, by the types of its version."""

    async def sample(context, params):
        content = types.TextContent(type="text", text="a sampled answer")
        return types.CreateMessageResult(role="assistant", content=content, model="peers", stopReason="endTurn")

    async def elicit(context, params):
        if plan()[2].get("page"):
            PAGES.append(params.url)
            return types.ElicitResult(action="accept")
        return types.ElicitResult(action="decline")

    async def roots(context):
        return types.ListRootsResult(roots=[types.Root(uri=ROOT, name="peers")])

    return {"sampling_callback": sample, "elicitation_callback": elicit, "list_roots_callback": roots}


def outcome(result):
    """The same three fields, whichever way the version spells them."""
    error = next((getattr(result, name) for name in ("isError", "is_error") if hasattr(result, name)), False)
    names = ("structuredContent", "structured_content")
    structured = next((getattr(result, name) for name in names if hasattr(result, name)), None)
    text = "\n".join(getattr(block, "text", "") for block in result.content)
    return {"isError": bool(error), "text": text, "structured": structured}


def deepest(error):
    """The first leaf of a group of exceptions."""
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    return error


def sign_in(url):
    """Follows an authorization URL like a browser whose user is signed in already; returns the answer's fields."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        urllib.request.build_opener(Stay).open(url, timeout=30)
    except urllib.error.HTTPError as answer:
        location = answer.headers.get("location")
        if location:
            return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
    raise RuntimeError("no redirect from the issuer")


class Storage:
    """Keeps what an OAuth client learns in memory."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client
