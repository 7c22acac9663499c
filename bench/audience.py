"""Clients of a service, in processes of their own: their CPU is theirs, and what waits in the ones
that download does not count as a small answer's time.

Ends when a line comes on its standard input. `download` prints the MB that its clients got, `small`
the milliseconds of each small answer.
"""

import asyncio
import socket
import subprocess
import sys
import threading
import time

MB = 1 << 20
CLIENT_RATE = MB
PAUSE_S = 0.05  # between small answers


async def download_slowly(port, path, until):
    """One client that takes CLIENT_RATE bytes a second, again and again; what it got."""
    got = 0
    while not until.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                         .encode())
            begin, here = time.monotonic(), 0
            while not until.is_set():
                piece = await reader.read(1 << 17)
                if not piece:
                    break
                here += len(piece)
                ahead = here / CLIENT_RATE - (time.monotonic() - begin)
                if ahead > 0:
                    await asyncio.sleep(ahead)
            got += here
            writer.close()
        except OSError:
            await asyncio.sleep(0.1)
    return got


async def download(port, clients):
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, sys.stdin.readline).add_done_callback(lambda _: until.set())
    got = await asyncio.gather(*(download_slowly(port, "/proxy/home/playlist.m3u", until)
                                 for _ in range(clients)))
    print(sum(got) / MB)


def small_answer_ms(port):
    """From connecting to the last byte."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        client.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        while client.recv(1 << 12):
            pass
    return (time.monotonic() - begin) * 1000


def small(port):
    until = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), until.set()), daemon=True).start()
    times = []
    while not until.wait(PAUSE_S):
        times.append(small_answer_ms(port))
    print(*(f"{ms:.2f}" for ms in times))


class Audience:
    """Both at once, from now until close()."""

    def __init__(self, port, clients):
        self._processes = [subprocess.Popen(
            [sys.executable, __file__, what, str(port), str(clients)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) for what in ("download", "small")]

    def close(self):
        """(MB that they got, sorted milliseconds of small answers)."""
        got, times = (process.communicate("\n", timeout=120)[0] for process in self._processes)
        return float(got), sorted(map(float, times.split()))


if __name__ == "__main__":
    if sys.argv[1] == "download":
        asyncio.run(download(int(sys.argv[2]), int(sys.argv[3])))
    else:
        small(int(sys.argv[2]))
