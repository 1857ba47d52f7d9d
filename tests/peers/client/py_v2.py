"""The Python SDK, version 2, choosing the revision itself. Arguments: URL, token (or `oauth`), plan."""

import asyncio
import json
import os
from importlib.metadata import version

import httpx2
from mcp import Client, StdioServerParameters, types
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from visit import REDIRECT, Storage, callbacks, deepest, plan, sign_in, visit


def provider(url):
    answers = {}

    async def redirect(page):
        answers.update(await asyncio.to_thread(sign_in, page))

    async def callback():
        return AuthorizationCodeResult(code=answers["code"], state=answers.get("state"), iss=answers.get("iss"))

    metadata = OAuthClientMetadata(
        client_name="peers", redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
    )
    return OAuthClientProvider(url, metadata, Storage(), redirect, callback)


class Steps:
    def __init__(self, client):
        self.client, self.lister = client, client
        self.list_tools, self.read_resource = client.list_tools, client.read_resource
        self.get_prompt = client.get_prompt

    async def protocol(self):
        return self.client.protocol_version

    async def call_tool(self, name, arguments, report):
        return await self.client.call_tool(name, arguments, progress_callback=report)


def server(url, http):
    if url.startswith("["):
        command, *arguments = json.loads(url)
        return StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    return streamable_http_client(url, http_client=http)


async def main():
    url, token, _ = plan()
    result = {"client": "py-v2", "version": version("mcp")}
    try:
        headers = {"Authorization": f"Bearer {token}"} if token not in ("", "oauth") else {}
        auth = provider(url) if token == "oauth" else None
        async with httpx2.AsyncClient(headers=headers, auth=auth, timeout=60) as http:
            async with Client(server(url, http), **callbacks(types)) as client:
                result = await visit(result["client"], result["version"], Steps(client))
        result["close"] = True
    except Exception as error:
        cause = deepest(error)
        result["protocol" if "protocol" not in result else "close"] = {"error": type(cause).__name__, "text": str(cause)}
    print(json.dumps(result))


asyncio.run(main())
