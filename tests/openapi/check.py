#!/usr/bin/env python3
"""Validates an OpenAPI 3.1 document from standard input with a validator that is not ours.

The validator is installed, at the versions pinned in `requirements.txt`, below `target/` of this repository.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / "target" / "openapi"
PINS = HERE / "requirements.txt"

CHECK = """
import json, sys
from openapi_spec_validator import OpenAPIV31SpecValidator
document = json.load(sys.stdin)
problems = list(OpenAPIV31SpecValidator(document).iter_errors())
for problem in problems:
    print(f"{'/'.join(map(str, problem.absolute_path))}: {problem.message}")
operations = sum(len(item) for item in document["paths"].values())
print(f"{operations} passed, {len(problems)} failed")
sys.exit(bool(problems) or not operations)
"""


def installed():
    """The Python of an environment with the validator."""
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()
    done = PLACE / "installed"
    python = PLACE / "bin" / "python"
    if not (done.exists() and done.read_text() == digest):
        venv.create(PLACE, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", PINS]
        subprocess.run(command, check=True, stdout=sys.stderr)
        done.write_text(digest)
    return python


if __name__ == "__main__":
    sys.exit(subprocess.run([installed(), "-c", CHECK], stdin=sys.stdin, check=False).returncode)
