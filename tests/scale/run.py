#!/usr/bin/env python3
"""How long every list, search and export takes on a large log, on SQLite and on PostgreSQL.

  cargo build --release -p countersign --bins --examples
  tests/scale/run.py --directory DIR [--calls 1500000] [--rounds 40] [--store sqlite,postgres]

DIR needs about 6 KiB a call. The calls are written by the example `quarter` through the real ledger, so every hash,
signature and checkpoint is one; the PostgreSQL server is one of its own, and gets the same rows. What is there already is
used again. Prints tables in Markdown. Needs nothing but Python, PostgreSQL's programs and what cargo built.
"""

import argparse
import contextlib
import glob
import http.client
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "shared"))

from running import free_port  # noqa: E402

PAGES_DEEP = 20


class Place:
    """The directory with the data, and the programs that work on it."""

    def __init__(self, arguments):
        self.root = Path(arguments.directory).resolve()
        self.arguments = arguments
        self.binaries = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])

    def generate(self):
        if (self.root / "quarter" / "done").exists():
            return
        shutil.rmtree(self.root / "quarter", ignore_errors=True)
        self.root.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        words = [self.arguments.quarter, self.root / "quarter", self.arguments.calls, 92, 2000, 20]
        subprocess.run([str(word) for word in words], check=True)
        (self.root / "quarter" / "done").write_text(f"{time.monotonic() - began:.0f}")

    def configure(self, name, storage):
        """A configuration of its own, which anybody with a key may ask everything."""
        directory = self.root / name
        (directory / "policies").mkdir(parents=True, exist_ok=True)
        (directory / "policies" / "all.cedar").write_text('@id("all") permit (principal, action, resource);\n')
        port, admin = free_port(), free_port()
        servers = [{"name": f"server-{n:02}", "http": {"url": "http://127.0.0.1:9/mcp"}} for n in range(20)]
        configuration = {
            "deployment": "quarter",
            "listen": {"address": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}", "drain_grace_ms": 0},
            "admin": {"address": f"127.0.0.1:{admin}"},
            "storage": storage,
            "identity": {"service_keys": "accepted"},
            "policy": {"directory": "policies"},
            # Nothing is erased while it is measured.
            "retention": {"ordinary_days": 36500, "privileged_days": 36500},
            "servers": servers,
            "log": {"level": "warn"},
        }
        file = directory / "countersign.yaml"
        file.write_text(json.dumps(configuration))
        return file, port, admin

    def command(self, file, *words):
        words = [self.arguments.product, *words, "-c", file]
        return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True).stdout


class Postgres:
    """A server of its own, as its default settings are, on a Unix socket."""

    def __init__(self, place):
        self.place, self.directory = place, place.root / "pg"

    def run(self, program, *words, **options):
        command = [self.place.binaries / program, *words]
        if os.getuid() == 0:
            command = ["runuser", "-u", "nobody", "--", *command]
        command = [str(word) for word in command]
        options = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
        return subprocess.run(command, cwd="/tmp", **options)

    def sql(self, text, database="audit"):
        command = [self.place.binaries / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", self.directory]
        command = [str(word) for word in [*command, "-d", database, "-c", text]]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def url(self, role):
        return f"postgresql:///audit?host={self.directory}&user={role}"

    @contextlib.contextmanager
    def running(self):
        fresh = not (self.directory / "data").exists()
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(self.directory, "nobody")
        if fresh:
            self.run("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "-D", self.directory / "data")
        options = f"-k {self.directory} -c listen_addresses= -c max_wal_size=2GB"
        log = self.directory / "log"
        self.run("pg_ctl", "-w", "-D", self.directory / "data", "-o", options, "-l", log, "start")
        try:
            yield fresh
        finally:
            self.run("pg_ctl", "-w", "-D", self.directory / "data", "-m", "fast", "stop")

    def fill(self, file):
        """The rows that are in the SQLite database, through COPY; indexes are made afterwards."""
        self.sql("CREATE ROLE owner LOGIN", "postgres")
        self.sql("CREATE ROLE gateway LOGIN", "postgres")
        self.sql("CREATE DATABASE audit OWNER owner", "postgres")
        self.sql("ALTER SCHEMA public OWNER TO owner")
        self.place.command(file, "migrate", "--owner", "owner")
        indexes = self.sql(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ('entry', 'payload', 'word') "
            "AND indexdef NOT LIKE 'CREATE UNIQUE%'"
        ).splitlines()
        for index in indexes:
            self.sql(f"DROP INDEX {index.split()[2]}")
        source = sqlite3.connect(f"file:{self.place.root}/quarter/data/countersign.db?mode=ro", uri=True)
        # All of it as it was at one moment.
        source.execute("BEGIN")
        names = [name for (name,) in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in names:
            if table != "migration" and not table.startswith("sqlite_"):
                self.copy(source, table)
        for index in indexes:
            self.sql(index)
        self.sql("SELECT setval(pg_get_serial_sequence('lane_head', 'ticket'), max(ticket)) FROM lane_head")
        self.sql("VACUUM ANALYZE")

    def copy(self, source, table):
        columns = [name for (name,) in source.execute(f"SELECT name FROM pragma_table_info('{table}')")]
        command = [self.place.binaries / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", self.directory]
        text = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        command = [*command, "-d", "audit", "-c", f"ALTER TABLE {table} DISABLE TRIGGER USER", "-c", text]
        command += ["-c", f"ALTER TABLE {table} ENABLE TRIGGER USER"]
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):
            child.stdin.write(("\t".join(map(copied, row)) + "\n").encode())
        child.stdin.close()
        if child.wait() != 0:
            raise RuntimeError(f"COPY of {table} failed")


def copied(value):
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return str(value)


class Gateway:
    """Runs with a configuration; asked on one connection, as a page does."""

    def __init__(self, place, file, port, admin):
        self.port, self.admin = port, admin
        made = place.command(file, "key", "create", "--kind", "service", "--all-servers", "--name", "reader", "--expires", "1d")
        self.key = next(word for word in made.split() if word.startswith("csk_"))
        log = open(file.parent / "log", "ab")
        self.child = subprocess.Popen([str(place.arguments.product), "serve", "-c", str(file)], stderr=log)
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        while self.child.poll() is None and not self.ready():
            time.sleep(0.1)

    def ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            probe = http.client.HTTPConnection("127.0.0.1", self.admin)
            probe.request("GET", "/readyz")
            return probe.getresponse().status == 200
        return False

    def ask(self, path):
        """The answer, and how long it took, in milliseconds."""
        began = time.perf_counter()
        self.connection.request("GET", f"/api/v1/{path}", headers={"authorization": f"Bearer {self.key}"})
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")
        return (json.loads(text) if answer.getheader("content-type", "").startswith("application/json") else text), took

    def rss_mib(self):
        text = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024

    def end(self):
        self.child.send_signal(signal.SIGINT)
        self.child.wait(120)


def questions(gateway, dice):
    """Every list and search, each as a function that answers a path: another one each time."""
    page = gateway.ask("calls?limit=100")[0]["calls"]
    some, deep = list(page), [None]
    for _ in range(PAGES_DEEP):
        found = gateway.ask("calls?limit=100" + (f"&before={deep[-1]}" if deep[-1] else ""))[0]
        some += found["calls"]
        deep.append(found["next"])
    sessions = [s["id"] for s in gateway.ask("sessions?limit=100")[0]["sessions"]]
    size = gateway.ask("log")[0]["size"]
    # What is new is the measuring itself: recorded calls lie before it.
    person = lambda: f"corp/person-{dice.randrange(2000)}"
    server = lambda: f"server-{dice.randrange(20):02}"
    day = lambda: f"2026-{dice.choice(['07', '08', '09'])}-{dice.randrange(1, 29):02}"
    span = lambda: (lambda d: f"from={d}T00:00:00Z&to={d}T23:59:59Z")(day())
    call = lambda: dice.choice(some)["call"]
    return {
        "calls": lambda: "calls",
        "calls, 100 a page": lambda: "calls?limit=100",
        "calls, pages further down": lambda: f"calls?limit=100&before={dice.choice(deep[2:])}",
        "calls of a day": lambda: f"calls?{span()}",
        "calls of a person": lambda: f"calls?person={person()}",
        "calls of a person on a day": lambda: f"calls?person={person()}&{span()}",
        "calls to a server": lambda: f"calls?server={server()}",
        "calls of a tool": lambda: f"calls?server={server()}&tool=query",
        "calls refused": lambda: "calls?decision=deny",
        "calls refused, of a person at a server": lambda: f"calls?decision=deny&person={person()}&server={server()}",
        "calls held": lambda: "calls?decision=hold",
        "calls held, of a day": lambda: f"calls?decision=hold&{span()}",
        "calls failed": lambda: "calls?status=tool_error",
        "calls orphaned": lambda: "calls?status=orphaned",
        "calls ended well, at a server": lambda: f"calls?status=ok&server={server()}",
        "search for a frequent word": lambda: "calls?text=orders",
        "search for a rare word": lambda: "calls?text=ddl_destructive",
        "search for a word, at a server": lambda: f"calls?text=ddl_destructive&server={server()}",
        "search for a word nobody used": lambda: "calls?text=nonesuch",
        "search in a day": lambda: f"calls?text=orders&{span()}",
        "sessions": lambda: "sessions",
        "sessions, 100 a page": lambda: "sessions?limit=100",
        "sessions of a person": lambda: f"sessions?person={person()}",
        "sessions with a refused call": lambda: "sessions?decision=deny",
        "sessions with a word": lambda: "sessions?text=ddl_destructive",
        "one session": lambda: f"sessions/{dice.choice(sessions)}?limit=100",
        "one call, with what was said": lambda: f"calls/{call()}",
        "approvals": lambda: "approvals",
        "deliveries": lambda: "deliveries",
        "log": lambda: "log",
        "checkpoints": lambda: "log/checkpoints?limit=100",
        "checkpoints further down": lambda: f"log/checkpoints?limit=100&before={dice.randrange(1000, size)}",
        "256 leaves": lambda: f"log/leaves?from={dice.randrange(size - 256)}&n=256",
        "latest leaves": lambda: "log/leaves?n=256",
        "proof of a leaf": lambda: f"log/proof/{dice.randrange(size - 5000)}",
        "entry bundle": lambda: f"log/tile/entries/{tile(dice.randrange(size // 256 - 20))}",
        "tile": lambda: f"log/tile/0/{tile(dice.randrange(size // 256 - 20))}",
        "activity, an hour": lambda: "activity?window=1h",
        "activity, a week": lambda: "activity?window=7d",
        "servers": lambda: "servers",
        "tools of a server": lambda: f"servers/{server()}/tools",
        "policies": lambda: "policies",
        "reviews": lambda: "reviews",
        "canaries": lambda: "canaries",
    }


def tile(number):
    """A number as C2SP tlog-tiles writes it in a path."""
    parts = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03}")
    return "/".join(parts)


def measure(gateway, rounds):
    dice, found = random.Random(7), {}
    asked = questions(gateway, dice)
    for _ in range(rounds):
        for name, path in asked.items():
            found.setdefault(name, []).append(gateway.ask(path())[1])
    return found


def rank(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))]


def followed(place, name, postgres):
    """Waits until words, counts and sessions are those of the whole log; answers how long it took, in seconds."""
    began, last = time.monotonic(), None
    while True:
        done = "coalesce((SELECT CASE WHEN sessions < size THEN sessions ELSE size END FROM follower), 0)"
        sql = f"SELECT (SELECT size FROM tree) - {done}"
        if postgres:
            left = int(postgres.sql(sql))
        else:
            db = sqlite3.connect(f"file:{place.root}/{name}/data/countersign.db?mode=ro", uri=True)
            left = db.execute(sql).fetchone()[0]
            db.close()
        # The measuring itself writes leaves.
        if left < 100:
            return time.monotonic() - began
        if last is None or last - left > 500_000:
            last = left
            print(f"{left} leaves are not followed yet", file=sys.stderr)
        time.sleep(1)


def exported(place, file):
    """Time and memory of the commands that read the whole log."""
    rows = []
    for name, words in {
        "log tail": ["log", "tail", "-n", "100"],
        "session list": ["session", "list"],
        "export": ["export", "-o", file.parent / "export"],
        "evidence package of a month": [
            "evidence",
            "package",
            "--from",
            "2026-08-01",
            "--to",
            "2026-09-01",
            "-o",
            file.parent / "package.zip",
        ],
    }.items():
        began = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        words = [str(word) for word in [place.arguments.product, *words, "-c", file]]
        done = subprocess.run(["/usr/bin/env", "time", "-f", "%M", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        last = (done.stderr.strip().splitlines() or [""])[-1]
        memory = int(last) // 1024 if last.isdigit() else before // 1024
        if done.returncode != 0:
            print(f"{name}: {done.stderr}", file=sys.stderr)
        rows.append((name, time.monotonic() - began, memory))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    release = ROOT / "target" / "release"
    parser.add_argument("--directory", required=True)
    parser.add_argument("--calls", type=int, default=1_500_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--store", default="sqlite,postgres")
    parser.add_argument("--product", default=release / "countersign")
    parser.add_argument("--quarter", default=release / "examples" / "quarter")
    parser.add_argument("--exports", action="store_true", help="also time exports of the whole log")
    place = Place(parser.parse_args())
    place.generate()
    columns, exports = {}, {}
    for store in place.arguments.store.split(","):
        with contextlib.ExitStack() as stack:
            postgres = None
            if store == "postgres":
                postgres = Postgres(place)
                fresh = stack.enter_context(postgres.running())
                keys = place.root / "keys"
                if not keys.exists():
                    shutil.copytree(place.root / "quarter" / "data" / "keys", keys)
                storage = {"directory": "data", "keys": str(keys), "postgres": {"url": postgres.url("gateway")}}
                file, port, admin = place.configure("gateway", storage)
                if fresh:
                    postgres.fill(file)
                else:
                    # The rows may be those of an earlier release.
                    place.command(file, "migrate", "--owner", "owner")
            else:
                file, port, admin = place.configure("quarter", {"directory": "data"})
            gateway = Gateway(place, file, port, admin)
            try:
                waited = followed(place, "quarter", postgres)
                print(f"{store}: followed after {waited:.0f} s", file=sys.stderr)
                columns[store] = measure(gateway, place.arguments.rounds)
                print(f"{store}: the gateway needed {gateway.rss_mib()} MiB", file=sys.stderr)
            finally:
                gateway.end()
            if place.arguments.exports:
                exports[store] = exported(place, file)
    stores = list(columns)
    print("| what | " + " | ".join(f"{store} p50 ms | p95 ms | max ms" for store in stores) + " |")
    print("|---|" + "--:|--:|--:|" * len(stores))
    for name in columns[stores[0]]:
        figures = [columns[store][name] for store in stores]
        cells = [f"{rank(f, 0.5):.1f} | {rank(f, 0.95):.1f} | {max(f):.1f}" for f in figures]
        print(f"| {name} | " + " | ".join(cells) + " |")
    for store, rows in exports.items():
        for name, seconds, memory in rows:
            print(f"{store}, {name}: {seconds:.1f} s, {memory} MiB")


if __name__ == "__main__":
    main()
