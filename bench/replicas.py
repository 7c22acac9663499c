"""Downloads from one replica and from two, for each second of CPU that they take: a table of ./dev
bench; by itself: ./dev bench --only replicas.

Two processes on a machine of two cores share these with the clients, so what they serve together in a
second of the clock says little; what each serves in a second of its own CPU is what a machine of its
own would serve. Rounds alternate, and the median of each counts.
"""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import service_process

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "functional"))

import postgres  # noqa: E402

CHANNELS = 20_000
SECONDS = 4
ROUNDS = 5
CONNECTIONS = 20
LEAST = 1.8


class Replica(service_process.Service):
    """One of several, over `database`, with the key of `first`."""

    def __init__(self, build, folder, database, first=None):
        folder.mkdir()
        shutil.copy(folder.parent / "m3u-proxy.toml", folder / "m3u-proxy.toml")
        if first is not None:
            (folder / "data").mkdir(mode=0o700)
            shutil.copy(first.data / "secret.key", folder / "data" / "secret.key")
        super().__init__(build, folder, variables={"M3U_PROXY_DATABASE__URL": database})


@contextlib.contextmanager
def replicas(build, folder):
    """Two that serve the same list."""
    service_process.inputs(build, folder, CHANNELS)
    (folder / "shared").mkdir()
    provider = service_process.Provider(folder)
    config = folder / "m3u-proxy.toml"
    service_process.write_configuration(config, provider)
    config.write_text(config.read_text().replace(
        "[service]\n", f'[service]\nsnapshots = "{folder / "shared"}"\n'))
    with postgres.server(folder / "server") as database, contextlib.ExitStack() as stack:
        stack.callback(provider.close)
        first = Replica(build, folder / "first", database)
        stack.callback(first.close)
        second = Replica(build, folder / "second", database, first)
        stack.callback(second.close)
        yield first, second


def downloads(services):
    """For each service: how many of its list went out, and its CPU seconds; all at the same time."""
    before = [service.cpu_s() for service in services]
    asking = [subprocess.Popen(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", "Host: localhost",
                                f"http://127.0.0.1:{service.port}/proxy/home/playlist.m3u"],
                               stdout=subprocess.PIPE, text=True) for service in services]
    said = [one.communicate()[0] for one in asking]
    counts = []
    for text in said:
        if wrong := re.search(r"Non-2xx.*|Socket errors:.*", text):
            raise RuntimeError(f"a download failed: {wrong.group()}")
        counts.append(int(re.search(r"(\d+) requests in", text)[1]))
    return [(count, service.cpu_s() - cpu)
            for count, service, cpu in zip(counts, services, before, strict=True)]


def measure(build):
    """The lines of the table; what missed its goal is marked."""
    if not shutil.which("wrk") or postgres.programs() is None:
        return ["(not measured: wrk or PostgreSQL is not there)"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with replicas(build, folder) as both:
            size = os.path.getsize(folder / "tv.m3u")
            downloads(both)  # whatever is done once
            rounds = [(downloads(both[:1]), downloads(both)) for _ in range(ROUNDS)]

    def per_cpu(measured):
        return sum(count / cpu for count, cpu in measured)

    def per_second(measured):
        return sum(count for count, _ in measured) / SECONDS

    one = statistics.median(per_cpu(alone) for alone, _ in rounds)
    two = statistics.median(per_cpu(together) for _, together in rounds)
    gain = statistics.median(per_cpu(together) / per_cpu(alone) for alone, together in rounds)
    return [f"A list of {CHANNELS:,} channels ({size / service_process.MB:.1f} MB), {CONNECTIONS} "
            "clients of each replica; they are on the same two cores.", "",
            "| | downloads/s, by the clock | downloads in a second of CPU of each | |",
            "|---|---|---|---|",
            f"| one replica | {statistics.median(per_second(a) for a, _ in rounds):,.0f} | {one:,.0f} | |",
            f"| two replicas | {statistics.median(per_second(t) for _, t in rounds):,.0f} | {two:,.0f} | "
            f"{gain:.2f} × (≥ {LEAST} ×){'' if gain >= LEAST else ' **missed**'} |"]


if __name__ == "__main__":
    print("\n".join(measure(Path(sys.argv[1]).resolve())))
