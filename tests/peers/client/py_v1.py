"""The Python SDK, version 1: revisions up to 2025-11-25. Arguments: URL, token (or `oauth`), plan."""

import asyncio
import json
import os
from importlib.metadata import version

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.auth import OAuthClientProvider
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.auth import OAuthClientMetadata

from visit import REDIRECT, Storage, callbacks, deepest, plan, sign_in, visit


def provider(url):
    answers = {}

    async def redirect(page):
        answers.update(await asyncio.to_thread(sign_in, page))

    async def callback():
        return answers["code"], answers.get("state")

    metadata = OAuthClientMetadata(
        client_name="peers", redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
    )
    return OAuthClientProvider(url, metadata, Storage(), redirect, callback)


class Steps:
    def __init__(self, session, initialized):
        self.session, self.lister, self.initialized = session, session, initialized
        self.list_tools, self.read_resource = session.list_tools, session.read_resource
        self.get_prompt = session.get_prompt

    async def protocol(self):
        return self.initialized.protocolVersion

    async def call_tool(self, name, arguments, report):
        return await self.session.call_tool(name, arguments, progress_callback=report)


def transport(url, token):
    if url.startswith("["):
        command, *arguments = json.loads(url)
        return stdio_client(StdioServerParameters(command=command, args=arguments, env=dict(os.environ)))
    headers = {"Authorization": f"Bearer {token}"} if token not in ("", "oauth") else None
    return streamablehttp_client(url, headers=headers, auth=provider(url) if token == "oauth" else None)


async def main():
    url, token, _ = plan()
    result = {"client": "py-v1", "version": version("mcp")}
    try:
        async with transport(url, token) as streams:
            async with ClientSession(*streams[:2], **callbacks(types)) as session:
                result = await visit(result["client"], result["version"], Steps(session, await session.initialize()))
        result["close"] = True
    except Exception as error:
        cause = deepest(error)
        result["protocol" if "protocol" not in result else "close"] = {"error": type(cause).__name__, "text": str(cause)}
    print(json.dumps(result))


asyncio.run(main())
