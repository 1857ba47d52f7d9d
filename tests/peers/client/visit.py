"""What every Python client does, whatever its version: the steps of the plan, and signing in without a browser."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

REDIRECT = "http://127.0.0.1:1/callback"


def plan():
    """The URL, the token or `oauth`, and the plan."""
    url, token, text = sys.argv[1:4]
    return url, token, json.loads(text)


async def visit(name, version, steps):
    """Runs the steps of the plan; prints one JSON object."""
    steps_plan = plan()[2]
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
