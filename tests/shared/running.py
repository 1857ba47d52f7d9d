"""Processes that end with the block that began them, and waiting for what they do."""

import contextlib
import socket
import subprocess
import time

SECONDS_MAX = 90


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(*command, **options):
    """A child that is ended with the block. What it prints can be read from it, unless `options` says otherwise."""
    options = {"stdout": subprocess.PIPE, "text": True, **options}
    child = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def until(what, holds):
    """Waits for something to hold; answers it."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)
