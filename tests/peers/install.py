#!/usr/bin/env python3
"""Installs the real peers, at the versions pinned here, into a cache directory. Does nothing when nothing changed.

The directory is `PEERS_CACHE`, or `target/peers` of this repository. Needs npm, Python and the package registries.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("PEERS_CACHE") or HERE.parent.parent / "target" / "peers").resolve()
PINS = ["package.json", "package-lock.json", "requirements-v1.txt", "requirements-v2.txt", "requirements-presidio.txt"]


def install():
    """Brings the cache up to date and returns its directory."""
    CACHE.mkdir(parents=True, exist_ok=True)
    # The scripts go along, because Node looks for packages beside the script that imports them.
    shutil.copytree(HERE / "client", CACHE / "client", dirs_exist_ok=True)
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()
    done = CACHE / "installed"
    if done.exists() and done.read_text() == digest:
        return CACHE
    done.unlink(missing_ok=True)
    for name in PINS[:2]:
        shutil.copy(HERE / name, CACHE / name)
    run("npm", "ci", "--no-audit", "--no-fund", cwd=CACHE)
    for version in ("v1", "v2", "presidio"):
        venv.create(CACHE / version, with_pip=True, clear=True)
        python = CACHE / version / "bin" / "python"
        pins = HERE / f"requirements-{version}.txt"
        run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(pins))
    done.write_text(digest)
    return CACHE


def environment():
    """The environment in which the peers run: Node 22 and their commands come first."""
    paths = [CACHE / "node_modules" / ".bin", CACHE / "v1" / "bin"]
    path = os.pathsep.join([*map(str, paths), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PEERS_CACHE": str(CACHE)}


def run(*command, cwd=None):
    subprocess.run(command, cwd=cwd, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    print(install())
