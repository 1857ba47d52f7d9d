#!/usr/bin/env python3
"""Runs one of the real servers: over HTTP it prints the URL once it listens, over stdio it becomes the server.

    server.py everything [--port P]        streamable HTTP, sessions, resumable
    server.py fastmcp [--port P]           streamable HTTP, both eras
    server.py filesystem --directory DIR   stdio
    server.py git --directory DIR          stdio; DIR is a repository
    server.py sqlite --directory DIR       stdio; the database is DIR/peer.db
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import install
from gateway import free_port

STARTUP_SECONDS_MAX = 60


def http(name, port):
    """The command and the environment of a server over HTTP."""
    if name == "fastmcp":
        return [str(install.CACHE / "v2" / "bin" / "python"), str(install.HERE / "server" / "fastmcp_server.py"), str(port)], {}
    loopback = install.HERE / "server" / "loopback.mjs"
    program = shutil.which("mcp-server-everything", path=install.environment()["PATH"])
    return ["node", "--import", loopback.as_uri(), os.path.realpath(program), "streamableHttp"], {"PORT": str(port)}


def stdio(name, directory):
    """The command of a server over stdio."""
    return {
        "filesystem": ["mcp-server-filesystem", directory],
        "git": ["mcp-server-git", "--repository", directory],
        "sqlite": ["mcp-server-sqlite", "--db-path", os.path.join(directory, "peer.db")],
    }[name]


def wait(process, port):
    """Waits until the server listens."""
    limit = time.monotonic() + STARTUP_SECONDS_MAX
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    process.kill()
    sys.exit("the server did not start")


@contextlib.contextmanager
def running(name):
    """A server over HTTP for as long as the block lasts; yields its URL."""
    port = free_port()
    command, extra = http(name, port)
    process = subprocess.Popen(
        command, env={**install.environment(), **extra}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait(process, port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["everything", "fastmcp", "filesystem", "git", "sqlite"])
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--directory", default=".")
    arguments = parser.parse_args()
    install.install()
    if arguments.name in ("filesystem", "git", "sqlite"):
        command = stdio(arguments.name, os.path.abspath(arguments.directory))
        os.execvpe(command[0], command, install.environment())
    port = arguments.port or free_port()
    command, extra = http(arguments.name, port)
    process = subprocess.Popen(command, env={**install.environment(), **extra}, stdout=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    wait(process, port)
    print(f"http://127.0.0.1:{port}/mcp", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        process.wait()


if __name__ == "__main__":
    main()
