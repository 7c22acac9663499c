"""The API at size: the table of ./dev bench; by itself: bench/api.py --build build/release.

A million channels and a guide are published by the service under 64 MB; a client asks over one
connection, what is measured is the whole request. Each question is asked some times with a warm page
cache, the first time of a search or an expression with another text, so that nothing of it is kept.
"""

import argparse
import contextlib
import http.client
import json
import re
import statistics
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import quote

from memory_group import memory_group
from service_at_size import CHANNELS, LIMIT_MB, row
from service_process import MB, Provider, inputs, running, write_configuration

GUIDE_MB = 200
ROUNDS = 15
PASSWORD = "a long password"
PROXY = uuid.uuid5(uuid.UUID("c5c5c16f-5662-5ddf-b09b-279718742c62"), "proxy:home")
P99_MS = 100
DIFF_MS = 1000
STEP = CHANNELS // (ROUNDS + 1)  # from one round's channels to the next one's

NOTES = """
A first page has what was found until then; its count goes on in the background, 20 ms at a time, what was
asked for last before the rest. So a count takes as long as one look at all channels, also while the counts of
pages that somebody has left behind are under way: those of the fifteen first pages are as the first count begins.
In the control group the page cache is charged too: goals are for the first column.
""".strip().splitlines()


class Client:
    """One connection of the first administrator."""

    def __init__(self, service):
        self.port = service.port
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.fields = {"Content-Type": "application/json"}
        secret = re.search(r"#/setup\?token=(\S+)", service.printed)[1]
        body = json.dumps({"token": secret, "name": "anna", "password": PASSWORD})
        answer, fields = self._ask("POST", "/setup", body)
        self.fields["Cookie"] = fields["Set-Cookie"].split(";")[0]
        self.fields["X-CSRF-Token"] = answer["csrf_token"]

    def _ask(self, method, path, body=None):
        self.connection.request(method, f"/api/v1{path}", body, self.fields)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {text[:300]}")
        return json.loads(text), response.headers

    def get(self, path):
        return self._ask("GET", f"/proxies/{PROXY}/{path}")[0]

    def post(self, path, body):
        return self._ask("POST", path, json.dumps(body))[0]

    def again(self):
        """The same person on another connection."""
        other = object.__new__(Client)
        other.port, other.fields = self.port, dict(self.fields)
        other.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        return other


def milliseconds(work):
    begin = time.monotonic()
    work()
    return (time.monotonic() - begin) * 1000


def until_counted(client, path):
    while not client.get(path)["total_is_exact"]:
        time.sleep(0.005)


def questions(client):
    """(what, the limit in ms, the work of round `i`)."""
    ids = [item["id"] for item in client.get(f"channels?limit=50&from={CHANNELS // 2}")["items"]]
    rare = 'channel_name contains "{}" AND NOT group_title contains "zz{}"'
    return [
        ("a page of 50 channels", 20, lambda i: client.get(f"channels?limit=50&from={i * STEP}")),
        ("a search for a part of a name", 50, lambda i: client.get(f"channels?limit=50&q=sport{i}")),
        ("any expression, its first page", 100,
         lambda i: client.get("channels?limit=50&filter=" + quote(rare.format("a", i)))),
        ("any expression, its count", 400,
         lambda i: until_counted(client, "channels?limit=50&filter=" + quote(rare.format("b", i)))),
        ("50 channels with now and next", 10,
         lambda i: client.get(f"channels?limit=50&now=true&from={i * STEP}")),
        ("a day's grid of 50 channels", 100,
         lambda i: client.get(f"programmes?count=50&row={i * STEP}")),
        ("a search for programmes", 100, lambda i: client.get(f"programmes/search?q=news{i}")),
        ("explain a channel", 50, lambda i: client.get(f"explain?channel={ids[i]}")),
        ("a page in the order of names, kept", 20,
         lambda i: client.get(f"channels?limit=50&sort=name&from={i * STEP}")),
    ]


def during_a_generation(service, client, provider_file):
    """The 99th of 100 of reads while the proxy is made again."""
    text = provider_file.read_text()
    provider_file.write_text(text.replace("#EXTM3U", "#EXTM3U x-changed=\"1\"", 1).replace(
        ",", ", New", 1))
    took = []
    stop = threading.Event()
    other = client.again()

    def read():
        i = 0
        while not stop.is_set():
            i += 1
            took.append(milliseconds(
                lambda at=i: other.get(f"channels?limit=50&from={at * 997 % CHANNELS}")))
    reader = threading.Thread(target=read)
    reader.start()
    try:
        service.ctl("refresh", "tv")
        service.wait_for_jobs("generate", 2)
    finally:
        stop.set()
        reader.join()
    return statistics.quantiles(took, n=100)[98], len(took)


def figures(build, before_exec=None):
    """(what, its figure, the goal as it is written, whether it is reached), a row each."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs(build, folder, CHANNELS, GUIDE_MB)
        provider = Provider(folder)
        write_configuration(folder / "m3u-proxy.toml", provider, guide="guide.xml")

        def add_times(what, goal, took, digits=1):
            median = statistics.median(took)
            rows.append((what, f"{median:.{digits}f} ({max(took):.{digits}f}) ms", f"≤ {goal} ms",
                         median <= goal))
        try:
            with running(build, folder, "--memory-limit", str(LIMIT_MB),
                         before_exec=before_exec) as service:
                service.wait_for_jobs("generate", 1)
                client = Client(service)
                first_sort = milliseconds(lambda: client.get("channels?limit=50&sort=name"))
                for what, goal, work in questions(client):
                    add_times(what, goal, [milliseconds(lambda i=i, w=work: w(i))
                                           for i in range(ROUNDS)])
                rows.append(("the first page in the order of names", f"{first_sort:.0f} ms", "", True))
                p99, reads = during_a_generation(service, client, folder / "tv.m3u")
                rows.append(("99 of 100 pages while it generates", f"≤ {p99:.1f} ms of {reads:,}",
                             f"≤ {P99_MS} ms", p99 <= P99_MS))
                newest, before = [one["number"] for one in client.get("generations")["items"][:2]]
                add_times("the difference between two generations", DIFF_MS,
                          [milliseconds(lambda: client.get(f"diff?from={before}&to={newest}"))
                           for _ in range(ROUNDS)], 0)
                peak = service.status_mb("VmHWM")
                rows.append(("peak RSS", f"{peak:.0f} MB", f"≤ {LIMIT_MB} MB", peak <= LIMIT_MB))
        finally:
            provider.close()
    return rows


def measure(build):
    """Lines of the table."""
    free = figures(build)
    with contextlib.ExitStack() as stack:
        try:
            group = stack.enter_context(memory_group(LIMIT_MB * MB))
        except OSError as error:
            held = [f"none can be made: {error.strerror}"] + [""] * (len(free) - 1)
        else:
            held = [figure for _, figure, _, _ in figures(build, group.join)]
    lines = ["| of a million channels at 64 MB: median (slowest) | warm cache | goal | in a control group of 64 MB |",
             "|---|---|---|---|"]
    lines += [f"{row(what, figure, goal, reached)} {inside} |"
              for (what, figure, goal, reached), inside in zip(free, held, strict=True)]
    return [*lines, "", *NOTES]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    print("\n".join(measure(parser.parse_args().build.resolve())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
