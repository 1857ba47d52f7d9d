"""Installs an S3-compatible server, at the version pinned here, into a cache directory. Does nothing when nothing changed."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("ANCHORS_CACHE") or HERE.parent.parent / "target" / "anchors").resolve()
PINS = HERE / "requirements.txt"


def install():
    """Brings the cache up to date and returns its Python."""
    python, done = CACHE / "bin" / "python", CACHE / "installed"
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if done.exists() and done.read_text() == digest:
        return python
    venv.create(CACHE, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(PINS)]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    done.write_text(digest)
    return python
