#!/usr/bin/env python3
"""Holds the gateway against real peers: the conformance suite, real clients and real servers.

    run.py [conformance] [clients] [oauth] [servers] [masked] [recognizer] [held]   all of them by default

Needs `target/debug/fixture` and `target/debug/countersign`.
"""

import subprocess
import sys

import install
from gateway import fixture, gateway


def run(script, *arguments):
    return subprocess.run([sys.executable, str(install.HERE / script), *arguments]).returncode


def conformance():
    """Both revisions: the same multiset of (scenario, check, status) through the gateway as directly."""
    with fixture("conformance") as url:
        direct = url.replace("127.0.0.1", "localhost")
        with gateway({"fixture": direct}) as endpoint:
            through, token = endpoint("fixture")
            return run("conformance.py", "--direct", direct, "--through", through, "--token", token)


def clients():
    """Seven real clients see through the gateway what they see directly, except the tool that policy hides."""
    with fixture("orders") as direct, gateway({"orders": direct}) as endpoint:
        through, token = endpoint("orders")
        return run("matrix.py", through, "--token", token)


def oauth():
    """The clients that can, sign in by themselves: 401, metadata, registration, login, token, calls."""
    with fixture("orders") as direct, gateway({"orders": direct}, signed_in="alice") as endpoint:
        return run("matrix.py", endpoint("orders")[0], "--oauth")


def servers():
    """Real servers: real clients of both eras see through the gateway what they see directly."""
    return run("servers.py")


def masked():
    """Masked answers of the same servers keep to the schemas that their tools announce."""
    return run("masked.py")


def recognizer():
    """The real Presidio finds names for the gateway; without it nothing passes."""
    return run("recognizer.py")


def held():
    """Real clients complete a call that a human has to approve, without a change of their code."""
    return run("held.py")


def main():
    every = [conformance, clients, oauth, servers, masked, recognizer, held]
    steps = {step.__name__: step for step in every}
    names = sys.argv[1:] or list(steps)
    results = {name: steps[name]() for name in names}
    failed = [name for name, status in results.items() if status]
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
