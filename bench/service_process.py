"""A service and its provider under measurement: processes on the loopback."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MB = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")


class Provider:
    """Serves files by name. `validators`: answers 304 to a client that has the file already."""

    def __init__(self, folder, validators=True):
        provider = self
        self.folder = Path(folder)
        self.validators = validators
        self.requests = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                provider.requests += 1
                with open(provider.folder / Path(self.path).name, "rb") as file:
                    stat = os.fstat(file.fileno())
                    tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
                    if provider.validators and self.headers.get("If-None-Match") == tag:
                        self.send_response(304)
                        self.send_header("ETag", tag)
                        self.end_headers()
                        return
                    self.send_response(200)
                    if provider.validators:
                        self.send_header("ETag", tag)
                    self.send_header("Content-Length", str(stat.st_size))
                    self.end_headers()
                    self.wfile.flush()
                    with contextlib.suppress(OSError):
                        self.connection.sendfile(file)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def write_configuration(path, provider, playlist="tv.m3u", guide=None, quiet_period="0s"):
    text = (f'[service]\nquiet_period = "{quiet_period}"\n\n[[sources]]\nname = "tv"\nrefresh = "24h"\n'
            f'url = "{provider.url}/{playlist}"\n\n')
    if guide:
        text += (f'[[epg_sources]]\nname = "guide"\nrefresh = "24h"\n'
                 f'url = "{provider.url}/{guide}"\n\n')
    text += '[[proxies]]\nname = "home"\npublic = true\nsources = ["tv"]\n'
    path.write_text(text + ('epg_sources = ["guide"]\n' if guide else ""))


class Service:
    """`m3u-proxy serve` in `folder`; counts what the kernel knows of it."""

    def __init__(self, build, folder, *options, before_exec=None, variables=None):
        self.program = str(build / "m3u-proxy")
        self.data = folder / "data"
        self._log = folder / "serve.log"
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--data", str(self.data), "--config",
                 str(folder / "m3u-proxy.toml"), "--listen", "127.0.0.1:0", "--log-level",
                 "warn", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True, preexec_fn=before_exec,
                env={name: value for name, value in os.environ.items()
                     if not name.startswith(("M3U_PROXY_", "MEMORY_"))} | (variables or {}))
        self.printed = ""
        for line in self.process.stdout:
            self.printed += line
            if "ctl status" in line:
                return
        raise RuntimeError(f"serve ended: {self._log.read_text()}")

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def port(self):
        return int(re.search(r"http://127\.0\.0\.1:(\d+)", self.printed)[1])

    def ctl(self, *arguments):
        done = subprocess.run([self.program, "ctl", *arguments, "--data", str(self.data)],
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr)

    def jobs(self, kind):
        """(state, milliseconds from start to end), oldest first."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.data}/m3u-proxy.sqlite?mode=ro", uri=True, timeout=30)) as database:
            return database.execute("SELECT state, finished - started FROM jobs WHERE kind = ? "
                                    "ORDER BY created, id", (kind,)).fetchall()

    def wait_for_jobs(self, kind, number, within=600):
        """The milliseconds of the `number`-th job of a kind, when it is done."""
        end = time.monotonic() + within
        while True:
            done = [job for job in self.jobs(kind) if job[0] == "done"]
            if len(done) >= number:
                return done[number - 1][1]
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no {kind}: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def cpu_s(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def status_mb(self, name):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024

    def written_mb(self):
        text = Path(f"/proc/{self.pid}/io").read_text()
        return int(re.search(r"wchar: (\d+)", text)[1]) / MB

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def switches(self):
        return sum(int(count) for task in Path(f"/proc/{self.pid}/task").iterdir()
                   for count in re.findall(r"ctxt_switches:\s+(\d+)",
                                           (task / "status").read_text()))


@contextlib.contextmanager
def running(build, folder, *options, before_exec=None):
    service = Service(build, folder, *options, before_exec=before_exec)
    try:
        yield service
    finally:
        service.close()


def inputs(build, folder, channels, guide_mb=0):
    command = [str(build / "bench_generate"), "--channels", str(channels), "--playlist-out",
               str(folder / "tv.m3u")]
    if guide_mb:
        command += ["--guide-mb", str(guide_mb), "--guide-out", str(folder / "guide.xml")]
    subprocess.run(command, check=True)
