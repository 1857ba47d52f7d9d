"""Runs an issuer, upstreams and a gateway in front of them on free ports of 127.0.0.1, for as long as it is needed.

When the block ends without a fault, the gateway is stopped and its log exported and verified by both verifiers.
"""

import base64
import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import install

ROOT = install.HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "shared"))

from running import SECONDS_MAX, free_port, process, until  # noqa: E402

FIXTURE = ROOT / "target" / "debug" / "fixture"
GATEWAY = ROOT / "target" / "debug" / "countersign"

BACK = "http://127.0.0.1:1/callback"
CLIENT = {"id": "peers", "secret": "peers", "redirect_uris": [BACK]}
ALLOW_ALL = '@id("all") permit (principal, action, resource);\n'
POLICY = """@id("all") permit (principal, action, resource);
@id("no-execute") forbid (principal, action == Action::"tools/call", resource) when { resource.name == "execute" };
"""


@contextlib.contextmanager
def fixture(*arguments):
    """A fixture that prints its URL first."""
    with process(FIXTURE, *arguments) as child:
        yield child.stdout.readline().strip()


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5)
        return True
    except OSError:
        return False


def token(issuer, **fields):
    fields = {"client_id": CLIENT["id"], "client_secret": CLIENT["secret"], **fields}
    body = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(issuer + "/token", body, timeout=30) as answer:
        return json.load(answer)["access_token"]


class Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow a redirect: what it says is in its address."""

    def redirect_request(self, *_):
        return None


class Endpoint:
    """Where a gateway is, and tokens for it."""

    def __init__(self, base, issuer):
        self.base, self.issuer = base, issuer

    def __call__(self, name):
        """URL of a server, and a token of a program for it."""
        url = f"{self.base}/mcp/{name}"
        return url, token(self.issuer, grant_type="client_credentials", resource=url)

    def person(self, subject, path):
        """A token of a person for what is at this path: authorization code with PKCE."""
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": CLIENT["id"],
            "redirect_uri": BACK,
            "response_type": "code",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "scope": "openid profile email",
            "login_hint": subject,
            "resource": self.base + path,
        }
        try:
            urllib.request.build_opener(Stay).open(f"{self.issuer}/authorize?{urllib.parse.urlencode(asked)}", timeout=30)
            raise RuntimeError("no redirect from the issuer")
        except urllib.error.HTTPError as answer:
            query = urllib.parse.urlsplit(answer.headers["location"]).query
        code = dict(urllib.parse.parse_qsl(query))["code"]
        return token(
            self.issuer, grant_type="authorization_code", code=code, code_verifier=verifier, redirect_uri=BACK,
            resource=self.base + path,
        )


def prove(file, directory):
    """Exports the log and verifies it, with the program and with the script; says how many leaves it has."""
    export = directory / "export"
    run = {"check": True, "stdout": subprocess.PIPE, "text": True, "timeout": SECONDS_MAX}
    made = subprocess.run([GATEWAY, "export", "-c", file, "-o", export, "--json"], **run)
    made = json.loads(made.stdout)
    for verifier in ([GATEWAY, "verify"], [sys.executable, ROOT / "crates" / "evidence" / "verify.py"]):
        done = subprocess.run([*verifier, export, "--key", made["key"], "--json"], **{**run, "check": False})
        if done.returncode or not json.loads(done.stdout)["sound"]:
            raise RuntimeError(f"{verifier[-1]}: {done.stdout}")
    print(f"log of {made['leaves']} leaves: sound, by `countersign verify` and by verify.py", file=sys.stderr)


@contextlib.contextmanager
def gateway(upstreams, policy=POLICY, signed_in=None, tools=(), masking=None, approvals=None):
    """A gateway in front of `upstreams` (URL, or configuration of a stdio server, by name).

    Yields an [`Endpoint`]. With `signed_in`, the issuer asks nobody who they are. `tools` is said about every server;
    `masking` and `approvals` are what the configuration says about them.
    """
    port, admin = free_port(), free_port()
    base = f"http://localhost:{port}"
    with contextlib.ExitStack() as stack:
        person = ["--signed-in", signed_in] if signed_in else []
        issuer = stack.enter_context(fixture("issuer", "--client", json.dumps(CLIENT), *person))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (directory / "policies").mkdir()
        (directory / "policies" / "peers.cedar").write_text(policy)
        configuration = {
            "deployment": "peers",
            "listen": {
                "address": f"127.0.0.1:{port}",
                "public_url": base,
                "drain_grace_ms": 0,
                "allowed_hosts": [f"127.0.0.1:{port}"],
            },
            "admin": {"address": f"127.0.0.1:{admin}"},
            "storage": {"directory": "data"},
            "identity": {"issuers": [{"name": "demo", "url": issuer}]},
            "policy": {"directory": "policies"},
            "servers": [
                {"name": name, "tools": list(tools), **({"stdio": up} if isinstance(up, dict) else {"http": {"url": up}})}
                for name, up in upstreams.items()
            ],
            "masking": masking or {},
            "approvals": approvals or {},
            "log": {"level": "error"},
        }
        file = directory / "countersign.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(configuration))
        with process(GATEWAY, "serve", "-c", file):
            until("the gateway is ready", lambda: answers(f"http://127.0.0.1:{admin}/readyz"))
            yield Endpoint(base, issuer)
        prove(file, directory)
