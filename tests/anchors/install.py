"""Installs servers of objects, at the versions pinned here, into a cache directory. Does nothing when nothing changed."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("ANCHORS_CACHE") or HERE.parent.parent / "target" / "anchors").resolve()
NODE = CACHE / "node"
PINS = ["package.json", "package-lock.json", "requirements.txt"]


def install():
    """Brings the cache up to date and returns its Python."""
    python, done = CACHE / "bin" / "python", CACHE / "installed"
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()
    if done.exists() and done.read_text() == digest:
        return python
    venv.create(CACHE, with_pip=True, clear=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / PINS[2])
    NODE.mkdir()
    for name in PINS[:2]:
        shutil.copy(HERE / name, NODE / name)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error", cwd=NODE)
    done.write_text(digest)
    return python


def run(*command, cwd=None):
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, stdout=sys.stderr)
