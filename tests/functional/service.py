"""A service under test: the real binary, with a data folder of its own, on a free port."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from kept_secrets import MARK
from postgres import database_of
from program import BINARY, SLOWER, environment

START = 60
SECRETS = [MARK, "a long password"]  # the latter is that of docs/quickstart.md
SOON = 30 * SLOWER
LONGEST_SOCKET = 107  # bytes of the path of one (unix(7))


class Service:
    """`m3u-proxy serve`; use it in a `with`, which waits until it has printed its addresses."""

    def __init__(self, data, *arguments, extra=None, port=0):
        self.data = Path(data)
        too_long = len(os.fsencode(self.data / "control.sock")) - LONGEST_SOCKET
        assert too_long <= 0, f"{self.data} is too long by {too_long} bytes: set a shorter TMPDIR"
        self.environment = {**environment(), **database_of(data), **(extra or {})}
        self.listens_at = f"127.0.0.1:{port}"
        self.command = [BINARY, "serve", "--data", str(data), "--listen", self.listens_at,
                        *map(str, arguments)]
        self.process = None
        self.printed = ""

    def __enter__(self):
        self.start()
        self.wait_for_addresses()
        return self

    def start(self):
        log = open(self.data.parent / "serve.log", "ab")
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=log,
                                        env=self.environment)
        log.close()

    def wait_for_addresses(self):
        """They are printed once all proxies have something to serve."""
        for line in self.process.stdout:
            self.printed += line
            if "ctl status" in line:
                return
        raise AssertionError(f"ended with {self.process.wait(5 * SLOWER)}: {self.log()}")

    def __exit__(self, failure, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20 * SLOWER)
        self.process.stdout.close()
        # What a sanitizer has said is the cause, whatever else failed.
        assert not re.search(r"\w+Sanitizer", self.log()), self.log()
        if failure is None:
            self.look_for_secrets()

    def look_for_secrets(self):
        """No secret of a mock or a person is in what the service has said, in the name of a file,
        or plainly in its database. kept_secrets.py looks through all files at the end of the suite."""
        said = self.printed + self.log()
        for secret in SECRETS:
            assert secret not in said, "a secret is in the log"
            for path in self.data.rglob("*"):
                assert secret not in path.name, "a secret is in the name of a file"
                if ".sqlite" in path.name and path.is_file():
                    assert secret.encode() not in path.read_bytes(), f"a secret is in {path.name}"

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def log(self):
        return (self.data.parent / "serve.log").read_text()

    @property
    def address(self):
        return re.search(r"serves at (\S+)", self.printed)[1]

    @property
    def playlist(self):
        """The address of the only proxy's playlist."""
        return re.search(r"playlist\s+(\S+)", self.printed)[1]

    @property
    def guide(self):
        return re.search(r"guide\s+(\S+)", self.printed)[1]

    def ctl(self, *arguments):
        """The answer of `m3u-proxy ctl … --json`."""
        done = subprocess.run([BINARY, "ctl", *arguments, "--data", str(self.data), "--json"],
                              capture_output=True, text=True, timeout=SOON, check=False,
                              env=environment())
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def wait_for_generation(self, number, proxy=None):
        """Until a proxy (the first one) has published generation `number` or a later one."""
        def published():
            proxies = self.ctl("status")["proxies"]
            chosen = [p for p in proxies if proxy is None or p["name"] == proxy]
            return chosen and chosen[0]["generation"] >= number
        wait_until(published)

    def wait_until_quiet(self, within=SOON):
        """Until no job waits or runs."""
        wait_until(lambda: not self.ctl("status")["running"], within)


class Crowd:
    """Threads that each do one of `works` (a function and what it is called with) until the end of a
    `with`, when `over` is set; what they see that is wrong goes to `wrong`."""

    def __init__(self, works):
        self.wrong = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=work, args=(what,), daemon=True) for work, what in works]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def wait_until(condition, within=SOON):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()


def ask(url, method="GET", headers=None, sender=None):
    """One request, redirects not followed; from the address `sender` of this machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SOON,
                                            source_address=(sender, 0) if sender else None)
    try:
        path = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, path, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()
