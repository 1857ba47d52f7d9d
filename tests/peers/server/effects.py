"""A FastMCP server over streamable HTTP, in both protocol eras, with one tool that has an effect: it writes a line.

Arguments: the port on 127.0.0.1, the file for the lines.
"""

import os
import sys

from fastmcp import FastMCP

server = FastMCP("effects-peer")


@server.tool
def effect(marker: str) -> str:
    """Writes the marker to a file, durably."""
    with open(sys.argv[2], "a") as file:
        file.write(marker + "\n")
        file.flush()
        os.fsync(file.fileno())
    return f"done {marker}"


server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), path="/mcp", show_banner=False)
