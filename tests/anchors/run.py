#!/usr/bin/env python3
"""Holds the anchors against real ones: buckets with and without object lock, witnesses, a timestamp authority, a signer.

    run.py [bucket] [azure] [azure_locked] [google] [witness] [epochs] [stamps] [signer]        all of them by default

Needs `target/debug/countersign`, `target/debug/countersign-verify` and `openssl`.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clouds
import install
from gateway import PRODUCT, VERIFIERS, Gateway, fetch, verify
from running import free_port, process, until

LOCK_DAYS = 1
OUTPUT = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


def service(name, port, key, secret):
    import boto3

    return boto3.client(
        name,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-central-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


@contextlib.contextmanager
def buckets():
    """An S3-compatible server with a bucket that keeps what it gets, and one that does not."""
    port = free_port()
    server = Path(sys.executable).parent / "moto_server"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # From the fourth request on signatures and permissions are checked.
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "3"}
    with process(server, "-H", "127.0.0.1", "-p", port, env=environment, **silent):
        until("the bucket server answers", lambda: fetch(f"http://127.0.0.1:{port}/moto-api/")[0] == 200)
        iam = service("iam", port, "any", "any")
        iam.create_user(UserName="gateway")
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName="gateway", PolicyName="all", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="gateway")["AccessKey"]
        os.environ["COUNTERSIGN_TEST_ID"], os.environ["COUNTERSIGN_TEST_SECRET"] = key["AccessKeyId"], key["SecretAccessKey"]
        client = service("s3", port, key["AccessKeyId"], key["SecretAccessKey"])
        where = {"LocationConstraint": "eu-central-1"}
        client.create_bucket(Bucket="held", CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": LOCK_DAYS}}
        lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        client.put_object_lock_configuration(Bucket="held", ObjectLockConfiguration=lock)
        client.create_bucket(Bucket="open", CreateBucketConfiguration=where)
        yield port, client


def place(name, port, bucket, **more):
    s3 = {
        "bucket": bucket,
        "region": "eu-central-1",
        "endpoint": f"http://127.0.0.1:{port}",
        "access_key_id": {"env": "COUNTERSIGN_TEST_ID"},
        "secret_access_key": {"env": "COUNTERSIGN_TEST_SECRET"},
        **more,
    }
    return {"name": name, "interval_ms": 1000, "s3": s3}


def names(client, bucket):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def download(client, bucket, directory):
    for name in names(client, bucket):
        path = Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, name, str(path))


def bucket(directory):
    """Two buckets get the log, also over kills of the gateway; what was downloaded verifies by three programs."""
    from botocore.exceptions import ClientError

    with buckets() as (port, client):
        places = [place("held", port, "held", prefix="prod/log"), place("open", port, "open")]
        gateway = Gateway(directory / "gateway", anchors={"places": places})
        try:
            gateway.kill_after(3, 40, 400)
            gateway.start()
            gateway.published("held", "open")
            level = until("L2", lambda: (found := gateway.doctor())["detail"].startswith("L2") and found)
            print(f"doctor: {level['detail']}")
            assert "object lock in mode COMPLIANCE" in level["detail"], level
            assert "nothing was proven to keep the files there" in level["detail"], level
        finally:
            gateway.stop()
        for name, below in (("held", "prod/log"), ("open", "")):
            download(client, name, directory / name)
            outputs = verify(directory / name / below, "--key", gateway.key())
            print(outputs["countersign verify"].splitlines()[0:5])
        for name in names(client, "held"):
            found = client.head_object(Bucket="held", Key=name)
            assert found["ObjectLockMode"] == "COMPLIANCE", name
            try:
                client.delete_object(Bucket="held", Key=name, VersionId=found["VersionId"])
                raise AssertionError(f"{name} could be deleted")
            except ClientError as error:
                assert error.response["Error"]["Code"] == "AccessDenied", error
        print(f"{len(names(client, 'held'))} objects, none of which can be deleted")
        tamper(directory / "open", gateway)


def tamper(published, gateway):
    """Changed, removed and swapped files of a copy are found by every program."""
    tile = next(path for path in sorted((published / "epoch-1/tile/entries").rglob("*")) if path.is_file())
    bytes_before = tile.read_bytes()
    tile.write_bytes(bytes_before[:-1] + bytes([bytes_before[-1] ^ 1]))
    verify(published, "--key", gateway.key(), sound=False)
    tile.write_bytes(bytes_before)
    verify(published, "--key", gateway.key())
    sizes = sorted(int(path.name) for path in (published / "epoch-1/checkpoints").iterdir())
    latest = published / "epoch-1/checkpoint"
    bytes_before = latest.read_bytes()
    latest.write_bytes((published / f"epoch-1/checkpoints/{sizes[0]}").read_bytes())
    verify(published, "--key", gateway.key(), sound=False)
    latest.write_bytes(bytes_before)


def witness(directory):
    """Of three witnesses one is down and one lies; a quorum of one holds, of two does not."""
    with contextlib.ExitStack() as stack:
        gateway = Gateway(directory / "gateway")
        gateway.start()
        gateway.stop()
        ports, keys = [free_port() for _ in range(3)], []
        for number in range(3):
            state = directory / f"w{number}"
            init = [PRODUCT, "witness", "init", "--directory", state, "--name", f"w{number}.example/w"]
            keys.append(subprocess.run(init, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
        # The second is down. The third answers under the key of another: somebody has put himself in its place.
        other = directory / "other"
        init = [PRODUCT, "witness", "init", "--directory", other, "--name", "w2.example/w"]
        subprocess.run(init, stdout=subprocess.DEVNULL, check=True)
        for port, state in ((ports[0], directory / "w0"), (ports[2], other)):
            serve = [PRODUCT, "witness", "serve", "--directory", state, "--listen", f"127.0.0.1:{port}"]
            log = stack.enter_context(open(directory / f"{state.name}.log", "wb"))
            stack.enter_context(process(*serve, "--log", gateway.key(), stderr=log))
        witnesses = [{"url": f"http://127.0.0.1:{port}", "key": key} for port, key in zip(ports, keys)]
        gateway.configuration["anchors"] = {"witnesses": witnesses}
        gateway.write()
        stack.callback(gateway.stop)
        gateway.start()
        gateway.record(5)
        until("the witness has cosigned", lambda: gateway.lag("witness w0.example/w") == 0)
        assert gateway.doctor()["detail"].startswith("L1"), "a level needs every witness"
        # The one that works is enough to say L3 when nobody claims the others.
        gateway.stop()
        gateway.configuration["anchors"]["witnesses"] = witnesses[:1]
        gateway.write()
        assert gateway.doctor()["detail"].startswith("L3"), gateway.doctor()
        export = directory / "export"
        print(gateway.run("export", "-o", export))
        given = ["--key", gateway.key(), *(word for key in keys for word in ("--witness", key))]
        outputs = verify(export, *given, "--quorum", "1")
        assert all("L3" in output for output in outputs.values()), outputs
        verify(export, *given, "--quorum", "2", sound=False)
        verify(export, *given, sound=False)


def epochs(directory):
    """A key is rotated, the log goes on where it is published, and a restored older database is declared."""
    vault = directory / "vault"
    places = [{"name": "vault", "interval_ms": 1000, "directory": str(vault)}]
    gateway = Gateway(directory / "gateway", anchors={"places": places})
    try:
        gateway.start()
        gateway.record(3)
        gateway.stop()
        backup = directory / "backup"
        subprocess.run(["cp", "-r", gateway.directory / "data", backup], check=True)
        refused = gateway.run("log", "genesis", "--reason", "too early", status=1)
        assert "was not sealed" in refused, refused
        sealed = gateway.run("log", "seal", "--reason", "yearly rotation of the key")
        print(sealed)
        begun = gateway.run("log", "genesis", "--reason", "yearly rotation of the key")
        print(begun)
        gateway.start()
        gateway.record(3)
        until("both epochs are published", lambda: (vault / "epoch-2/checkpoint").exists() and gateway.lag("place vault") == 0)
        gateway.stop()
        export = directory / "export"
        gateway.run("export", "-o", export)
        # One key is enough, whichever it is: seal and genesis name the others.
        for key in (gateway.key(), gateway.key(2)):
            verify(export, "--key", key)
            verify(vault, "--key", key)
        # The machine is lost, and the copy is older than what was published.
        subprocess.run(["rm", "-r", gateway.directory / "data"], check=True)
        subprocess.run(["cp", "-r", backup, gateway.directory / "data"], check=True)
        gateway.start()
        until("the place contradicts", lambda: "place `vault`: what stands there is not this log" in gateway.worries())
    finally:
        gateway.stop()


AUTHORITY = """
[tsa]
default_tsa = here
[here]
serial = {0}/serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[req]
distinguished_name = name
prompt = no
x509_extensions = stamping
[name]
CN = timestamps for a test
[stamping]
extendedKeyUsage = critical,timeStamping
"""


@contextlib.contextmanager
def authority(directory):
    """A timestamp authority: `openssl ts` behind HTTP. Yields its address and the file of its certificate."""
    directory.mkdir()
    conf, key, certificate = (directory / name for name in ("tsa.cnf", "tsa.key", "tsa.pem"))
    conf.write_text(AUTHORITY.format(directory))
    (directory / "serial").write_text("01\n")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config", conf]
    run = {"check": True, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    subprocess.run([*make, "-keyout", key, "-out", certificate], **run)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            query = directory / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["content-length"])))
            reply = ["openssl", "ts", "-reply", "-config", conf, "-queryfile", query, "-inkey", key, "-signer", certificate]
            answer = subprocess.run(reply, **run).stdout
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", certificate
    finally:
        server.shutdown()


def stamps(directory):
    """An authority stamps a checkpoint; openssl verifies it from an export and from where the log is published."""
    vault = directory / "vault"
    with authority(directory / "tsa") as (url, certificate), authority(directory / "other") as (_, stranger):
        anchors = {
            "authorities": [{"name": "tsa", "url": url}],
            "places": [{"name": "vault", "interval_ms": 1000, "directory": str(vault)}],
        }
        gateway = Gateway(directory / "gateway", anchors=anchors)
        try:
            gateway.start()
            gateway.record(3)
            until("a checkpoint is stamped", lambda: gateway.lag("authority tsa") is not None)
            until("the timestamp is published", lambda: list(vault.glob("epoch-1/timestamps/*.tsa.tsr")))
            gateway.record(3)
            until("the place is up to date", lambda: gateway.lag("place vault") == 0)
        finally:
            gateway.stop()
        export = directory / "export"
        gateway.run("export", "-o", export)
        for place in (export, vault):
            outputs = verify(place, "--key", gateway.key())
            assert "leaves, says `tsa`" in outputs["countersign verify"], outputs
            script = VERIFIERS["verify.py"]
            done = subprocess.run([*script, place, "--key", gateway.key(), "--tsa", certificate], **OUTPUT)
            assert done.returncode == 0 and "leaves were stamped: " in done.stdout, done.stdout
            print(next(line for line in done.stdout.splitlines() if "were stamped" in line))
            refused = subprocess.run([*script, place, "--key", gateway.key(), "--tsa", stranger], **OUTPUT)
            assert refused.returncode == 1 and "did not sign this" in refused.stdout, refused.stdout
        # A timestamp of something else is found by all of them.
        stamp = next(path for path in (export / "timestamps").iterdir())
        bytes_before = stamp.read_bytes()
        imprint = bytes_before.index(b"\x04\x20") + 2
        stamp.write_bytes(bytes_before[:imprint] + bytes(32) + bytes_before[imprint + 32:])
        for name in ("countersign verify", "countersign-verify"):
            done = subprocess.run([*VERIFIERS[name], export, "--key", gateway.key()], **OUTPUT)
            assert done.returncode == 1 and "of something else" in done.stdout, done.stdout


SIGN = """#!/bin/sh
set -e
text=$(mktemp); trap 'rm -f "$text"' EXIT
cat > "$text"
epoch=${COUNTERSIGN_KEY%%+*}; epoch=${epoch##*/}
openssl pkeyutl -sign -rawin -inkey "$(dirname "$0")/$epoch.pem" -in "$text" | base64 -w0
"""


def signer(directory):
    """A program outside signs, through a rotation of its key; while it is away nothing is published and calls go on."""
    outside = directory / "outside"
    outside.mkdir()
    program = outside / "sign"
    program.write_text(SIGN)
    program.chmod(0o755)
    keys = []
    for epoch in (1, 2):
        pem, name = outside / f"{epoch}.pem", f"anchored/audit/{epoch}"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
        public = ["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"]
        key = b"\x01" + subprocess.run(public, stdout=subprocess.PIPE, check=True).stdout[-32:]
        number = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex()
        keys.append(f"{name}+{number}+{base64.b64encode(key).decode()}")
    gateway = Gateway(directory / "gateway", signer={"keys": keys[:1], "by": {"command": [str(program)]}})
    try:
        gateway.start()
        gateway.record(2)
        program.rename(outside / "away")
        gateway.record(2)
        until("the signer is missed", lambda: "the signer failed" in gateway.worries())
        print(gateway.worries().strip())
        (outside / "away").rename(program)
        until("the signer is back", lambda: gateway.worries() == "ok\n")
        gateway.stop()
        refused = gateway.run("log", "seal", "--reason", "yearly rotation of the key", status=1)
        assert "names no key `anchored/audit/2`" in refused, refused
        gateway.configuration["signer"]["keys"] = keys
        gateway.write()
        gateway.run("log", "seal", "--reason", "yearly rotation of the key")
        gateway.run("log", "genesis", "--reason", "yearly rotation of the key")
        gateway.start()
        gateway.record(2)
        gateway.stop()
        export = directory / "export"
        gateway.run("export", "-o", export)
        verify(export, "--key", keys[0])
        assert not list((gateway.directory / "data/keys").glob("log*.key")), "a signing key is here"
    finally:
        gateway.stop()


STEPS = (bucket, clouds.azure, clouds.azure_locked, clouds.google, witness, epochs, stamps, signer)
# They wait for each other's programs more than they work.
AT_ONCE = 2


def main():
    python = install.install()
    if Path(sys.executable) != python:
        os.execv(python, [str(python), *sys.argv])
    steps = {step.__name__: step for step in STEPS}
    names = sys.argv[1:] or list(steps)
    if len(names) == 1:
        passed = one(names[0], steps[names[0]])
        return report(int(passed), int(not passed))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(by_itself, names))
    return report(ended.count(True), ended.count(False))


def report(passed, failed):
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def by_itself(name):
    """Runs a step in a process of its own, and says what it said."""
    ended = subprocess.run([sys.executable, __file__, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # Only the last line counts what was run.
    print(ended.stdout.rsplit("\n", 2)[0], flush=True)
    return ended.returncode == 0


def one(name, step):
    print(f"--- {name}: {step.__doc__}")
    with tempfile.TemporaryDirectory() as directory:
        try:
            step(Path(directory))
            return True
        except Exception as error:
            print(f"{name} failed: {error!r}")
            for log in sorted(Path(directory).rglob("log")):
                if log.is_file():
                    print(log.read_text()[-4000:])
            return False


if __name__ == "__main__":
    sys.exit(main())
