"""The FastMCP client, choosing the revision itself. Arguments: URL, token, plan."""

import asyncio
import json
from importlib.metadata import version

from fastmcp import Client

from visit import deepest, plan, visit


class Steps:
    def __init__(self, client):
        self.client = client
        self.list_tools, self.read_resource = client.list_tools, client.read_resource
        self.get_prompt = client.get_prompt

    async def protocol(self):
        return str(self.client.session.protocol_version)

    async def call_tool(self, name, arguments, report):
        return await self.client.call_tool(name, arguments, progress_handler=report, raise_on_error=False)


async def main():
    url, token, _ = plan()
    result = {"client": "fastmcp", "version": version("fastmcp")}
    try:
        async with Client(url, auth=token or None) as client:
            result = await visit(result["client"], result["version"], Steps(client))
        result["close"] = True
    except Exception as error:
        cause = deepest(error)
        result["protocol" if "protocol" not in result else "close"] = {"error": type(cause).__name__, "text": str(cause)}
    print(json.dumps(result))


asyncio.run(main())
