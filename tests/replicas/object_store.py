"""An S3-compatible store for tests, moto's with signatures required, and a proxy before it that does
what object stores do on bad days."""

import http.client
import json
import os
import subprocess
import threading
import time
from email.utils import formatdate
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from locked_programs import programs_of
from loopback import free_port

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "build" / "object-store-tests"
LOCK = ROOT / "tools" / "dev" / "object-store-tests.lock"
BUCKET = "lists"
SKEW = 15 * 60  # seconds that S3 puts up with

# Four actions are free, as many as it takes to make somebody who may do everything, and the bucket.
SETUP = """
import json, sys, boto3
at = dict(endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
iam = boto3.client("iam", **at)
iam.create_user(UserName="m3u-proxy")
key = iam.create_access_key(UserName="m3u-proxy")["AccessKey"]
iam.put_user_policy(UserName="m3u-proxy", PolicyName="all", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
boto3.client("s3", **at).create_bucket(Bucket=sys.argv[2])
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"""


class ObjectStore:
    """moto's; use it in a `with`."""

    def __enter__(self):
        programs = programs_of(VENV, LOCK, "moto")
        self.port = free_port()
        self.process = subprocess.Popen(
            [programs / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "4"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=5).connect()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end
                time.sleep(0.1)
        done = subprocess.run([programs / "python", "-c", SETUP, f"http://127.0.0.1:{self.port}", BUCKET],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        self.access_key, self.secret_key = json.loads(done.stdout)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def settings(self, endpoint):
        """Of [service]; the secret is given by the environment."""
        return (f'snapshots = "s3://{BUCKET}/test"\ns3_endpoint = "{endpoint}"\n'
                f's3_access_key = "{self.access_key}"\n')

    @property
    def secrets(self):
        return {"M3U_PROXY_SERVICE__S3_SECRET_KEY": self.secret_key}


class BadDays:
    """Before an object store. `fault(method, path, count)` says what becomes of a request, of which that
    method has had `count` before: None (passed on), "slow down", "silent", "hang" (for a minute), "half
    put", "short put", "half get", "moved", "other region". `ahead`: seconds that the store's clock is
    ahead of ours."""

    def __init__(self, store):
        self.fault = lambda method, path, count: None
        self.ahead = None
        self.met = []
        self.counts = {}
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, headers=()):
                self.send_response_only(status)
                self.send_header("Date", formatdate(time.time() + (outer.ahead or 0), usegmt=True))
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def fail_with(self, status, code, more=""):
                self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code>"
                                    f"<Message>as said</Message>{more}</Error>".encode())

            def handle_request(self):
                length = int(self.headers.get("Content-Length", 0))
                with outer.lock:
                    count = outer.counts[self.command] = outer.counts.get(self.command, -1) + 1
                fault = outer.fault(self.command, self.path, count)
                if fault:
                    outer.met.append(fault)
                if fault == "half put":
                    self.rfile.read(length // 2)
                    self.close_connection = True
                    return
                body = self.rfile.read(length)
                if fault == "slow down":
                    self.fail_with(503, "SlowDown")
                    return
                if fault == "moved":
                    self.fail_with(301, "PermanentRedirect")
                    return
                if fault == "other region":
                    self.fail_with(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>")
                    return
                if fault == "silent":
                    time.sleep(3)
                if fault == "hang":
                    time.sleep(60)
                    self.close_connection = True
                    return
                if outer.ahead is not None:
                    signed = datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
                    if abs(signed.timestamp() - time.time() - outer.ahead) > SKEW:
                        outer.met.append("skewed")
                        self.fail_with(403, "RequestTimeTooSkewed")
                        return
                if fault == "short put":
                    body = body[:len(body) // 2]
                connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=30)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
                connection.request(self.command, self.path, body if self.command == "PUT" else None, headers)
                reply = connection.getresponse()
                data = reply.read()
                connection.close()
                if fault == "half get" and len(data) > 1:
                    self.send_response_only(reply.status)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data[:len(data) // 2])
                    self.close_connection = True
                    return
                kept = [(n, v) for n, v in reply.getheaders() if n.lower() not in
                        ("content-length", "date", "connection", "transfer-encoding", "server")]
                self.answer(reply.status, data, kept)

            do_GET = do_PUT = do_DELETE = do_HEAD = handle_request

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
