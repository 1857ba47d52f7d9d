"""A small FastMCP server over streamable HTTP, in both protocol eras. Argument: the port on 127.0.0.1."""

import sys

from fastmcp import Context, FastMCP

server = FastMCP("fastmcp-peer")


@server.tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool
async def count(to: int, context: Context) -> str:
    """Counts and reports progress."""
    for number in range(1, to + 1):
        await context.report_progress(number, to)
    return f"counted to {to}"


@server.resource("peer://contact/{name}")
def contact(name: str) -> str:
    """Synthetic contact data."""
    return f"{name}, {name}@example.com, +1 202 555 0101"


@server.prompt
def ask(topic: str) -> str:
    """Asks about a topic."""
    return f"What is known about {topic}?"


server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), path="/mcp", show_banner=False)
