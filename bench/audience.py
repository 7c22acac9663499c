"""Clients of a service, in a process of their own, so that their CPU is theirs.

Prints, when a line comes on its standard input: the MB that the clients got, then the milliseconds
of each small answer.
"""

import asyncio
import subprocess
import sys
import time

MB = 1 << 20
CLIENT_RATE = MB


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


async def ask_small(port, until):
    """Milliseconds of a small answer, twenty times a second."""
    times = []
    while not until.is_set():
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        await reader.read()
        times.append((time.monotonic() - begin) * 1000)
        writer.close()
        await asyncio.sleep(0.05)
    return times


class Audience:
    """Clients in a process of their own, so that their CPU is theirs; see main()."""

    def __init__(self, port, clients):
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(port), str(clients)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        """(MB that they got, sorted milliseconds of small answers)."""
        out, _ = self._process.communicate("\n", timeout=120)
        got, *times = map(float, out.split())
        return got, sorted(times)


def main(port, clients):
    async def all_of_them():
        until = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, sys.stdin.readline).add_done_callback(lambda _: until.set())
        downloads = [asyncio.create_task(download_slowly(port, "/proxy/home/playlist.m3u", until))
                     for _ in range(clients)]
        times = await ask_small(port, until)
        got = sum(await asyncio.gather(*downloads))
        print(got / MB, *(f"{ms:.2f}" for ms in times))
    asyncio.run(all_of_them())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
