"""Clients of a service, in processes of their own: their CPU is theirs, and what waits in the ones
that download does not count as a small answer's time.

Ends when a line comes on its standard input. `download` prints the MB that its clients got and how
often one was refused, `small` the milliseconds of each small answer, "inf" for one that was refused.
No address has so many clients that the service would take them for one that shuts others out.
"""

import asyncio
import math
import socket
import subprocess
import sys
import threading
import time

MB = 1 << 20
CLIENT_RATE = MB
PAUSE_S = 0.05  # between small answers
REFUSED_PAUSE_S = 1  # what the service asks for
ADDRESSES = 50


class Refused(Exception):
    """The answer was not 200."""


async def download_once(port, path, sender, until):
    """The bytes that a client got from the address `sender`, CLIENT_RATE a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16,
                                                   local_addr=(sender, 0))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        if b" 200 " not in await reader.readline():
            raise Refused
        begin, got = time.monotonic(), 0
        while not until.is_set():
            piece = await reader.read(1 << 17)
            if not piece:
                break
            got += len(piece)
            ahead = got / CLIENT_RATE - (time.monotonic() - begin)
            if ahead > 0:
                await asyncio.sleep(ahead)
        return got
    finally:
        writer.close()


async def download_slowly(port, path, sender, until):
    """One client that downloads again and again: (the bytes it got, how often it was refused)."""
    got, refused = 0, 0
    while not until.is_set():
        try:
            got += await download_once(port, path, sender, until)
        except (OSError, Refused):
            refused += 1
            await asyncio.sleep(REFUSED_PAUSE_S)
    return got, refused


async def download(port, clients):
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, sys.stdin.readline).add_done_callback(lambda _: until.set())
    done = await asyncio.gather(*(
        download_slowly(port, "/proxy/home/playlist.m3u", f"127.0.0.{2 + number % ADDRESSES}", until)
        for number in range(clients)))
    got, refused = map(sum, zip(*done))
    print(got / MB, refused)


def small_answer_ms(port):
    """From connecting to the last byte; infinite where there is no answer, or another than 200."""
    begin, answer = time.monotonic(), b""
    try:
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            client.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            while piece := client.recv(1 << 12):
                answer += piece
    except OSError:
        return math.inf
    return (time.monotonic() - begin) * 1000 if answer.startswith(b"HTTP/1.1 200 ") else math.inf


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
        """(MB that they got, how often one was refused, sorted milliseconds of small answers)."""
        got, times = (process.communicate("\n", timeout=120)[0].split() for process in self._processes)
        return float(got[0]), int(got[1]), sorted(map(float, times))


if __name__ == "__main__":
    if sys.argv[1] == "download":
        asyncio.run(download(int(sys.argv[2]), int(sys.argv[3])))
    else:
        small(int(sys.argv[2]))
