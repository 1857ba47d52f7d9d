"""Small servers that keep objects as the documentation of two clouds says, on free ports of 127.0.0.1.

They are not the clouds: they show that the gateway asks as documented, and what it makes of the documented answers.
"""

import contextlib
import hashlib
import hmac
import http.client
import http.server
import threading
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do(self):
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.reply(*self.server.answer(self, address.path, query, body))

    do_GET = do_HEAD = do_PUT = do_DELETE = do

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def server(answer):
    """Answers requests by a function; yields the port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        serving.daemon_threads = True
        serving.answer = answer
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        try:
            yield serving.server_port
        finally:
            serving.shutdown()


class Azure:
    """Version-level immutability before Azurite, which stores and checks signatures and has none."""

    def __init__(self, port, mode):
        """`mode`: the one in which policies are shown, whatever was asked for."""
        self.port, self.mode, self.versions, self.held, self.lock = port, mode, 0, {}, threading.Lock()

    def answer(self, request, path, query, body):
        with self.lock:
            if request.command == "DELETE" and path in self.held:
                return self.delete(path, query)
            return self.forward(request, path, body)

    def delete(self, path, query):
        until, version = self.held[path]
        if "versionid" not in query:
            # The current version becomes an earlier one.
            return 202, {}, b""
        assert query["versionid"] == version, query
        if parsedate_to_datetime(until) > datetime.now(timezone.utc):
            return 409, {"x-ms-error-code": "BlobImmutableDueToPolicy"}, b""
        return 202, {}, b""

    def forward(self, request, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(request.command, request.path, body, dict(request.headers))
        found = connection.getresponse()
        body = found.read()
        headers = {name: value for name, value in found.getheaders() if name.lower().startswith("x-ms-")}
        connection.close()
        until = request.headers.get("x-ms-immutability-policy-until-date")
        if request.command == "PUT" and found.status == 201 and until:
            assert request.headers["x-ms-immutability-policy-mode"] == "locked"
            self.versions += 1
            version = f"2026-01-01T00:00:00.{self.versions:07}Z"
            self.held[path] = until, version
            headers["x-ms-version-id"] = version
        if request.command == "HEAD" and path in self.held:
            headers["x-ms-immutability-policy-mode"] = self.mode
            headers["x-ms-immutability-policy-until-date"] = self.held[path][0]
        return found.status, headers, body


class Google:
    """A bucket with object retention, one version of each object, and signatures checked by the signer of botocore."""

    def __init__(self, key_id, secret):
        self.key_id, self.secret, self.generation, self.lock = key_id, secret, 0, threading.Lock()
        self.objects, self.answered = {}, []

    def answer(self, request, path, query, body):
        with self.lock:
            status, headers, body = self.decide(request, path, query, body)
            self.answered.append((request.command, status))
            return status, headers, body

    def decide(self, request, path, query, body):
        if not self.signed(request, body):
            return refusal(403, "SignatureDoesNotMatch")
        found = self.objects.get(path)
        if found and query.get("generation", found["generation"]) != found["generation"]:
            found = None
        if request.command == "PUT":
            return self.put(request, path, found, body)
        if not found:
            return refusal(404, "NoSuchKey")
        if request.command == "DELETE":
            if found["until"] > now():
                return refusal(403, "RetentionPolicyNotMet")
            del self.objects[path]
            return 204, {}, b""
        headers = {"x-goog-generation": found["generation"]}
        if found["mode"]:
            headers["x-goog-object-lock-mode"] = found["mode"]
            headers["x-goog-object-lock-retain-until-date"] = found["until"]
        return 200, headers, found["body"]

    def put(self, request, path, found, body):
        if request.headers.get("x-goog-if-generation-match", "") == "0" and found:
            return refusal(412, "PreconditionFailed")
        if found and found["until"] > now():
            return refusal(403, "RetentionPolicyNotMet")
        self.generation += 1
        self.objects[path] = {
            "body": body,
            "generation": str(self.generation),
            "mode": request.headers.get("x-goog-object-lock-mode"),
            "until": request.headers.get("x-goog-object-lock-retain-until-date", ""),
        }
        return 200, {"x-goog-generation": str(self.generation)}, b""

    def signed(self, request, body):
        """Whether botocore, given Google's words, makes the same `Authorization` of what arrived."""
        given = request.headers.get("authorization", "")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        ours = {name.lower() for name in request.headers if name.lower().startswith("x-goog-")}
        if not ours <= set(names) or request.headers["x-goog-content-sha256"] != hashlib.sha256(body).hexdigest():
            return False
        return given == google_authorization(request, names, body, self.key_id, self.secret)


def google_authorization(request, names, body, key_id, secret):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    time = request.headers["x-goog-date"]
    scope = f"{time[:8]}/auto/storage/goog4_request"
    asked = AWSRequest(request.command, f"http://{request.headers['host']}{request.path}", data=body)
    for name in names:
        asked.headers[name] = request.headers[name]
    signer = SigV4Auth(Credentials(key_id, secret), "storage", "auto")
    signer.headers_to_sign = lambda asked: asked.headers
    signer.payload = lambda asked: asked.headers["x-goog-content-sha256"]
    canonical = hashlib.sha256(signer.canonical_request(asked).encode()).hexdigest()
    key = f"GOOG4{secret}".encode()
    for part in [*scope.split("/"), f"GOOG4-HMAC-SHA256\n{time}\n{scope}\n{canonical}"]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"GOOG4-HMAC-SHA256 Credential={key_id}/{scope},SignedHeaders={';'.join(names)},Signature={key.hex()}"


def refusal(status, code):
    return status, {}, f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>".encode()


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
