"""A gateway whose log is anchored, on free ports of 127.0.0.1, and the programs that verify what it leaves."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "shared"))

from running import SECONDS_MAX, free_port, until  # noqa: E402

PRODUCT = ROOT / "target" / "debug" / "countersign"
VERIFIERS = {
    "countersign verify": [PRODUCT, "verify"],
    "countersign-verify": [ROOT / "target" / "debug" / "countersign-verify"],
    "verify.py": [sys.executable, ROOT / "crates" / "evidence" / "verify.py"],
}


def fetch(url, **fields):
    """The status and text of an answer; 0 when there is none."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **fields), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Gateway:
    """One configuration, and the gateway that runs with it now and then."""

    def __init__(self, directory, **more):
        self.directory, self.port, self.admin, self.child = Path(directory), free_port(), free_port(), None
        (self.directory / "policies").mkdir(parents=True)
        (self.directory / "policies" / "all.cedar").write_text('@id("all") permit (principal, action, resource);\n')
        self.configuration = {
            "deployment": "anchored",
            "listen": {
                "address": f"127.0.0.1:{self.port}",
                "public_url": f"http://localhost:{self.port}",
                "drain_grace_ms": 0,
            },
            "admin": {"address": f"127.0.0.1:{self.admin}"},
            "storage": {"directory": "data"},
            "identity": {"service_keys": "accepted"},
            "policy": {"directory": "policies"},
            "servers": [{"name": "up", "http": {"url": "http://127.0.0.1:9"}}],
            "log": {"level": "info"},
            **more,
        }
        self.file = self.directory / "countersign.yaml"
        self.write()

    def write(self):
        self.file.write_text(json.dumps(self.configuration))

    def start(self):
        log = open(self.directory / "log", "ab")
        self.child = subprocess.Popen([PRODUCT, "serve", "-c", self.file], stderr=log)
        until("the gateway is ready", lambda: fetch(f"http://127.0.0.1:{self.admin}/readyz")[0] == 200)

    def stop(self, how=signal.SIGINT):
        if self.child:
            self.child.send_signal(how)
            self.child.wait(SECONDS_MAX)
            self.child = None

    def record(self, count):
        """Has calls recorded: of a program, to a server that is not there."""
        url = f"http://localhost:{self.port}/mcp/up"
        made = self.run("key", "create", "--kind", "service", "--all-servers", "--name", "caller", "--expires", "1d")
        headers = {
            "authorization": f"Bearer {next(word for word in made.split() if word.startswith('csk_'))}",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
        }
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        }
        ask = lambda: fetch(url, data=json.dumps(call).encode(), headers=headers)
        # A key that was just made is known within seconds.
        until("the key is known", lambda: ask()[0] != 401)
        for _ in range(count - 1):
            status, text = ask()
            assert status in (200, 502, 503, 504), (status, text)

    def kill_after(self, *counts):
        """Has so many calls recorded, each time with an end somewhere in the middle of publishing."""
        for count in counts:
            self.start()
            self.record(count)
            self.stop(signal.SIGKILL)

    def published(self, *places):
        """Waits until the places hold the whole log."""
        for place in places:
            until(f"{place} is up to date", lambda: self.lag(f"place {place}") == 0)

    def lag(self, anchor):
        """Leaves that an anchor does not know yet; `None` while nothing is known."""
        text = fetch(f"http://127.0.0.1:{self.admin}/metrics")[1]
        for line in text.splitlines():
            if line.startswith(f'countersign_anchor_lag_leaves{{anchor="{anchor}"}}'):
                return int(line.rsplit(" ", 1)[1])
        return None

    def worries(self):
        return fetch(f"http://127.0.0.1:{self.admin}/readyz")[1]

    def run(self, *arguments, status=0):
        """Runs a command of the product with this configuration; answers what it printed."""
        command = [str(PRODUCT), *map(str, arguments), "-c", str(self.file)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX)
        if done.returncode != status:
            raise RuntimeError(f"{' '.join(command[1:])}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def doctor(self):
        """What `doctor` says of the assurance level."""
        done = subprocess.run([PRODUCT, "doctor", "-c", self.file, "--json"], stdout=subprocess.PIPE, text=True)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return next(finding for finding in found if finding["what"] == "assurance level")

    def key(self, epoch=1):
        name = "log.pub" if epoch == 1 else f"log.{epoch}.pub"
        return (self.directory / "data" / "keys" / name).read_text().strip()


def verify(directory, *arguments, sound=True):
    """Verifies with every verifier, which must agree; answers their outputs."""
    outputs = {}
    for name, command in VERIFIERS.items():
        command = [str(word) for word in [*command, directory, *arguments]]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX)
        if (done.returncode == 0) != sound:
            raise RuntimeError(f"{name} {directory} {arguments}: status {done.returncode}\n{done.stdout}")
        outputs[name] = done.stdout
    return outputs
