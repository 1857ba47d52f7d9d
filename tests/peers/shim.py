"""A loopback proxy that adds one header field to every request and is otherwise verbatim.

The conformance suite cannot send a token. `Host` and `Origin` are translated only where they name the shim itself,
so that a check for foreign ones still sees them.
"""

import asyncio
import re
from urllib.parse import urlsplit


async def start(target, field):
    """Listens on a free port and forwards to the URL `target`; returns the server and the URL to use instead."""
    parts = urlsplit(target)

    async def connected(reader, writer):
        try:
            ahead, behind = await asyncio.open_connection(parts.hostname, parts.port)
            back = asyncio.create_task(copy(ahead, writer))
            await requests(reader, behind, field, own, parts.netloc)
            back.cancel()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            if "behind" in locals():
                behind.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20)
    own = server.sockets[0].getsockname()[1]
    return server, f"http://localhost:{own}{parts.path}"


async def requests(reader, writer, field, own, authority):
    """Forwards requests one after the other, until the caller hangs up."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, rest = head.split("\r\n", 1)
        mine = rf"(?im)^((?:host|origin):.*?)(?:localhost|127\.0\.0\.1):{own}\b"
        rest = re.sub(mine, lambda match: match[1] + authority, rest)
        length = re.search(r"(?im)^content-length:\s*(\d+)", rest)
        if re.search(r"(?im)^transfer-encoding:", rest):
            raise ConnectionError("the suite never sends chunks")
        body = await reader.readexactly(int(length[1])) if length else b""
        writer.write(f"{line}\r\n{field}\r\n{rest}".encode("latin-1") + body)
        await writer.drain()


async def copy(reader, writer):
    """Forwards whatever comes, as it comes; the end as well."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
