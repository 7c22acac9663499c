"""HTTP beside nginx: the table of ./dev bench; by itself: bench/http_server.py --build build/release.

Both serve the same files on one core, wrk asks from the other; on a machine with one core they share
it. Rounds alternate, and the better one of each counts, since other work only ever slows them.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 3
ROUNDS = 3
FILES = {"100k": 100 * 1024, "10m": 10 * 1024 * 1024}
IDLE_CLIENTS = 500
MOST_RSS_MB = 10
LEAST_SHARE = 0.90
LEAST_SMALL = 100_000

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port};
    location = /small {{
      default_type application/json;
      return 200 '{{"status":"ok","channels":39161}}';
    }}
    location /files/ {{ alias {folder}/files/; }}
  }}
}}
"""


@dataclass
class Case:
    title: str
    path: str
    connections: int


CASES = [
    Case("100 KB, 50 clients", "/files/100k", 50),
    Case("100 KB, 500 clients", "/files/100k", 500),
    Case("10 MB, 20 clients", "/files/10m", 20),
    Case("small answer, 50 clients", "/small", 50),
]


def cores() -> tuple[list[str], list[str]]:
    """What to put before the server's and the client's command."""
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        return [], []
    return ["taskset", "-c", "0"], ["taskset", "-c", "1"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nobody listens on {port}")


@contextmanager
def nginx(folder: Path):
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    server = subprocess.Popen([*cores()[0], shutil.which("nginx") or "/usr/sbin/nginx",
                               "-c", str(config), "-p", str(folder)],
                              stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        workers = subprocess.run(["ps", "--ppid", str(server.pid), "-o", "pid="],
                                 capture_output=True, text=True).stdout.split()
        yield port, int(workers[0])
    finally:
        server.terminate()
        server.wait()


@contextmanager
def own(folder: Path, build: Path):
    server = subprocess.Popen([*cores()[0], str(build / "bench_http"), str(folder / "files"), "1"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(server.stdout.readline()), server.pid
    finally:
        server.stdin.close()
        server.wait()


def rss_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def ask(port: int, case: Case) -> float:
    """Answers a second."""
    done = subprocess.run([*cores()[1], "wrk", "-t1", f"-c{case.connections}", f"-d{SECONDS}s",
                           f"http://127.0.0.1:{port}{case.path}"], capture_output=True, text=True)
    wrong = re.search(r"Non-2xx.*|Socket errors:.*", done.stdout)
    if wrong:
        print(f"{case.title}: {wrong.group()}", file=sys.stderr)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


def memory_of_clients(port: int, pid: int) -> float:
    """MB more with 500 clients that have downloaded a file and keep their connection."""
    before = rss_mb(pid)
    clients = []
    for _ in range(IDLE_CLIENTS):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"GET /files/100k HTTP/1.1\r\nHost: a\r\n\r\n")
        clients.append(client)
    for client in clients:
        got = 0
        while got < FILES["100k"]:
            got += len(client.recv(1 << 17))
    after = rss_mb(pid)
    for client in clients:
        client.close()
    return after - before


def measure(build: Path) -> list[str]:
    """The lines of the table; what missed its goal is marked."""
    if not shutil.which("wrk"):
        return ["(not measured: there is no wrk)"]
    lines = ["| | m3u-proxy | nginx | share | goal |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "files").mkdir()
        for file, size in FILES.items():
            (folder / "files" / file).write_bytes(os.urandom(size))
        with nginx(folder) as (their_port, their_pid), own(folder, build) as (our_port, our_pid):
            for case in CASES:
                ours = theirs = 0.0
                for _ in range(ROUNDS):
                    ours = max(ours, ask(our_port, case))
                    theirs = max(theirs, ask(their_port, case))
                small = case.path == "/small"
                reached = ours >= LEAST_SMALL if small else ours >= LEAST_SHARE * theirs
                goal = f"≥ {LEAST_SMALL:,}/s" if small else f"≥ {LEAST_SHARE:.0%}"
                lines.append(f"| {case.title} | {ours:,.0f}/s | {theirs:,.0f}/s | "
                             f"{ours / theirs:.0%} | {goal}{'' if reached else ' **missed**'} |")
        # Fresh ones: what the loads before left behind is not these clients'.
        with nginx(folder) as (port, pid):
            theirs_mb = memory_of_clients(port, pid)
        with own(folder, build) as (port, pid):
            start_mb = rss_mb(pid)
            ours_mb = memory_of_clients(port, pid)
        reached = ours_mb <= MOST_RSS_MB
        lines.append(f"| RSS of {IDLE_CLIENTS} clients more | {ours_mb:.1f} MB (after "
                     f"{start_mb:.1f}) | {theirs_mb:.1f} MB | | ≤ {MOST_RSS_MB} MB"
                     f"{'' if reached else ' **missed**'} |")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    print("\n".join(measure(parser.parse_args().build)))
