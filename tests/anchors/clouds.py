"""Places in the clouds that speak no S3."""

import base64
import contextlib
import os
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import install
import worm
from gateway import Gateway, verify
from running import free_port, process, until

ACCOUNT = "auditlog"


@contextlib.contextmanager
def azurite():
    """Azurite with two containers. Yields its port and a client of Microsoft's library."""
    from azure.storage.blob import BlobServiceClient

    port, key = free_port(), base64.b64encode(os.urandom(64)).decode()
    os.environ["COUNTERSIGN_TEST_KEY"] = key
    command = [install.NODE / "node_modules" / ".bin" / "azurite-blob", "--silent", "--disableTelemetry"]
    command += ["--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", port]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with process(*command, env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}, **silent) as child:
        credential = {"account_name": ACCOUNT, "account_key": key}
        options = {"credential": credential, "api_version": "2021-12-02", "retry_total": 0}
        client = BlobServiceClient(f"http://127.0.0.1:{port}/{ACCOUNT}", **options)

        def answers():
            assert child.poll() is None, "Azurite ended"
            with contextlib.suppress(Exception):
                return client.get_account_information()

        until("Azurite answers", answers)
        for container in ("keyed", "shared"):
            client.create_container(container)
        yield port, client


def azure_place(name, port, access, **more):
    endpoint = f"http://127.0.0.1:{port}"
    azure = {"account": ACCOUNT, "container": name, "endpoint": endpoint, "access": access, **more}
    return {"name": name, "interval_ms": 1000, "azure": azure}


def blobs(client, container):
    return {blob.name: blob.etag for blob in client.get_container_client(container).list_blobs()}


def fetch_blobs(client, container, directory):
    for name in blobs(client, container):
        path = Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(client.get_blob_client(container, name).download_blob().readall())


def shared_access(client):
    """A signature for one container that may read and write blobs, and not delete them."""
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    return generate_container_sas(
        ACCOUNT,
        "shared",
        account_key=client.credential.account_key,
        permission=ContainerSasPermissions(read=True, create=True, write=True),
        expiry=datetime.now(timezone.utc) + timedelta(hours=1),
    )


def azure(directory):
    """Azurite gets the log, by a key and by a shared access signature, over kills of the gateway; nothing is replaced."""
    with azurite() as (port, client):
        os.environ["COUNTERSIGN_TEST_SAS"] = shared_access(client)
        places = [
            azure_place("keyed", port, {"key": {"env": "COUNTERSIGN_TEST_KEY"}}, prefix="prod/log"),
            azure_place("shared", port, {"sas": {"env": "COUNTERSIGN_TEST_SAS"}}),
        ]
        gateway = Gateway(directory / "gateway", anchors={"places": places})
        latest = "epoch-1/checkpoint"
        try:
            gateway.kill_after(3, 40, 300)
            gateway.start()
            gateway.published("keyed", "shared")
            found = gateway.doctor()["detail"]
            print(f"doctor: {found}")
            # Azurite keeps nothing, and that is what is said; a signature that may not delete proves nothing either.
            assert found.startswith("L1"), found
            assert found.count("nothing was proven to keep the files there") == 2, found
            log = (gateway.directory / "log").read_text()
            assert "nothing: a blob there was deleted again" in log, log
            assert "deleting a blob was refused, and no retention was shown" in log, log
            gateway.stop()
            for name, below in (("keyed", "prod/log"), ("shared", "")):
                fetch_blobs(client, name, directory / name)
                outputs = verify(directory / name / below, "--key", gateway.key())
                print("\n".join(outputs["countersign verify"].splitlines()[:5]))
            # Without the latest checkpoint all is published again: what stands there is compared and stays.
            before = blobs(client, "shared")
            client.get_blob_client("shared", latest).delete_blob()
            gateway.start()
            until("all is published again", lambda: latest in blobs(client, "shared"))
            gateway.stop()
            after = blobs(client, "shared")
            assert all(after[name] == tag for name, tag in before.items() if name.startswith("epoch-") and name != latest)
            print(f"{len(before)} blobs, none of which was replaced")
            # What somebody changed there is not written over either, but said.
            tile = next(name for name in after if name.startswith("epoch-1/tile/"))
            client.get_blob_client("shared", tile).upload_blob(b"something else", overwrite=True)
            client.get_blob_client("shared", latest).delete_blob()
            gateway.start()
            until("the place contradicts", lambda: "place `shared`: what stands there is not this log" in gateway.worries())
            assert client.get_blob_client("shared", tile).download_blob().readall() == b"something else"
        finally:
            gateway.stop()


def azure_locked(directory):
    """Only a policy in locked mode that outlasts a deletion makes L2; Azurite behind a server that keeps as documented."""
    with azurite() as (port, client):
        for mode, level in (("Locked", "L2"), ("Unlocked", "L1")):
            keeper = worm.Azure(port, mode)
            with worm.server(keeper.answer) as front:
                key = {"key": {"env": "COUNTERSIGN_TEST_KEY"}}
                place = azure_place("keyed", front, key, retain_days=1, prefix=mode)
                gateway = Gateway(directory / mode, anchors={"places": [place]})
                try:
                    gateway.start()
                    gateway.record(5)
                    gateway.published("keyed")
                    found = gateway.doctor()["detail"]
                    print(f"doctor: {found}")
                    assert found.startswith(level), found
                finally:
                    gateway.stop()
            fetch_blobs(client, "keyed", directory / "found")
            verify(directory / "found" / mode, "--key", gateway.key())
            assert all(path.removeprefix(f"/{ACCOUNT}/keyed/") in blobs(client, "keyed") for path in keeper.held)


def google(directory):
    """A server written from Google's documentation gets the log, retained in locked mode or not at all, over kills."""
    os.environ["COUNTERSIGN_TEST_ID"], os.environ["COUNTERSIGN_TEST_SECRET"] = "GOOG1EXAMPLE", "secret/of+a+test"
    for days, level in ((1, "L2"), (None, "L1")):
        keeper = worm.Google("GOOG1EXAMPLE", "secret/of+a+test")
        with worm.server(keeper.answer) as port:
            gcs = {
                "bucket": "audit",
                "endpoint": f"http://127.0.0.1:{port}",
                "prefix": "prod/log",
                "access_key_id": {"env": "COUNTERSIGN_TEST_ID"},
                "secret_access_key": {"env": "COUNTERSIGN_TEST_SECRET"},
                **({"retain_days": days} if days else {}),
            }
            anchors = {"places": [{"name": "google", "interval_ms": 1000, "gcs": gcs}]}
            gateway = Gateway(directory / level / "gateway", anchors=anchors)
            try:
                latest = "/audit/prod/log/epoch-1/checkpoint"
                for count in (3, 300):
                    gateway.start()
                    gateway.record(count)
                    until("a checkpoint is there", lambda: latest in keeper.objects)
                    gateway.stop(signal.SIGKILL)
                # Without the latest checkpoint all is published again: what stands there is compared and stays.
                before = {path: found["generation"] for path, found in keeper.objects.items() if "/epoch-" in path}
                del before[latest], keeper.objects[latest]
                gateway.start()
                until("all is published again", lambda: latest in keeper.objects)
                gateway.published("google")
                found = gateway.doctor()["detail"]
                print(f"doctor: {found}")
                assert found.startswith(level), found
                assert all(keeper.objects[path]["generation"] == number for path, number in before.items())
                assert ("PUT", 412) in keeper.answered, "nothing was there already"
                assert ("DELETE", 403 if days else 204) in keeper.answered
                assert not any(status == 403 for verb, status in keeper.answered if verb != "DELETE")
            finally:
                gateway.stop()
            export = directory / level / "export"
            for path, found in keeper.objects.items():
                file = export / path.removeprefix("/audit/prod/log/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(found["body"])
            verify(export, "--key", gateway.key())
            print(f"{len(before)} objects, none of which was replaced")
            # Another secret signs something else, and nothing is answered to that.
            os.environ["COUNTERSIGN_TEST_SECRET"], keeper.answered = "another", []
            try:
                gateway.start()
                until("it is refused", lambda: keeper.answered)
                gateway.stop()
                assert {status for _, status in keeper.answered} == {403}, keeper.answered
            finally:
                gateway.stop()
                os.environ["COUNTERSIGN_TEST_SECRET"] = keeper.secret
