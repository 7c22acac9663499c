"""Many connections at once: who opens them keeps neither other clients out, nor the other parts of
the service from answering, nor whoever runs it.
"""

import http.client
import re
import socket
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest
from program import run
from service import SOON, Service, ask, wait_until

ATTACKERS = ("127.0.0.2", "127.0.0.3")
VISITOR = "127.0.0.4"
MORE = 20  # than there is room for
NEVER_SENT = (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              b"Content-Length: 1000\r\n\r\n{")
# One of each part of the service that the network reaches; their bodies never begin.
EVERYWHERE = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
              for path in ("/proxy/none/guide.xml", "/api/v1/session", "/ui/", "/live", "/metrics")]
ALIVE = b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(name="service")
def a_small_service(tmp_path):
    """With room for a few hundred connections, however much the program takes by itself: a sanitizer's
    is many times more."""
    refused = run("serve", "--data", tmp_path / "refused", "--memory-limit", "2MB")
    least = int(re.search(r"the least that works is (\d+) MB", refused.stderr)[1])
    with Service(tmp_path / "data", "--memory-limit", f"{least + 40}MB") as service:
        yield service


def asked(service, path):
    """The answer; None where the connection ends before, as one too many may before it is read."""
    try:
        return ask(service.address + path, sender=VISITOR)
    except (ConnectionError, http.client.HTTPException):
        return None


def figures(service):
    """What /metrics says of HTTP, once there is room for who asks."""
    answers = []

    def answered():
        answers.append(asked(service, "/metrics"))
        return answers[-1] is not None and answers[-1].status == 200
    wait_until(answered)
    return {line.rsplit(" ", 1)[0].removeprefix("m3u_proxy_http_"): float(line.rsplit(" ", 1)[1])
            for line in answers[-1].text.splitlines() if line.startswith("m3u_proxy_http_")}


def opened(service, sender, stack):
    """A connection from an address of this machine; it is closed with the stack."""
    at = urlsplit(service.address)
    return stack.enter_context(socket.create_connection((at.hostname, at.port), SOON, (sender, 0)))


def status_of(connection):
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def test_slow_requests_of_a_few_addresses_shut_nobody_out(service):
    """They take the part of the service that they ask, up to its share; all others answer."""
    limit = int(figures(service)["connections_limit"])
    share = max(limit // 2, 32)
    with ExitStack() as stack:
        for attacker in ATTACKERS:
            for _ in range(share + MORE):
                connection = opened(service, attacker, stack)
                with suppress(OSError):  # it may have been refused before
                    connection.sendall(NEVER_SENT)
        wait_until(lambda: figures(service)['door_refused_total{door="api"}'] > 0)
        now = figures(service)
        assert now["connections_rejected_by_address_total"] >= MORE
        assert share < now['door_requests{door="api"}'] < limit
        refused = ask(f"{service.address}/api/v1/session", sender=VISITOR)
        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        for _ in range(20):
            assert ask(f"{service.address}/live", sender=VISITOR).status == 200
            assert ask(f"{service.address}/proxy/none/guide.xml", sender=VISITOR).status == 404
        assert "proxies" in service.ctl("status")
    wait_until(lambda: figures(service)['door_requests{door="api"}'] == 0)
    assert ask(f"{service.address}/api/v1/session", sender=VISITOR).status != 503


def test_connections_that_rest_make_room(service):
    """However many stay open after their answer, the next one is answered too, and the oldest ends."""
    limit = int(figures(service)["connections_limit"])
    with ExitStack() as stack:
        rest = []
        for number in range(limit + MORE):
            rest.append(opened(service, ATTACKERS[number % 2], stack))
            rest[-1].sendall(ALIVE)
            assert status_of(rest[-1]) == 200, number
        assert ask(f"{service.address}/live", sender=VISITOR).status == 200
        assert "proxies" in service.ctl("status")
        now = figures(service)
        assert now["connections_rejected_total"] == 0
        assert now["connections_closed_for_room_total"] >= MORE
        assert rest[0].recv(1) == b""
        # The last one is as it was.
        rest[-1].sendall(ALIVE)
        assert status_of(rest[-1]) == 200


def test_silent_connections_make_room(service):
    """As many as can be opened from anywhere, without a word."""
    limit = int(figures(service)["connections_limit"])
    with ExitStack() as stack:
        for number in range(limit + MORE):
            opened(service, f"127.0.1.{number % 20 + 1}", stack)
        assert "proxies" in service.ctl("status")
        assert ask(f"{service.address}/live", sender=VISITOR).status == 200
        wait_until(lambda: figures(service)["connections_closed_for_room_total"] >= MORE)
        assert figures(service)["connections"] <= limit


def test_requests_everywhere_leave_the_control_socket_open(service):
    """Each part that the network reaches has all that it may have under way, from many addresses."""
    limit = int(figures(service)["connections_limit"])
    with ExitStack() as stack:
        for number in range(limit + MORE):
            connection = opened(service, f"127.0.1.{number % 20 + 1}", stack)
            with suppress(OSError):  # it may have been refused before
                connection.sendall(EVERYWHERE[number % len(EVERYWHERE)])
        wait_until(lambda: (answer := asked(service, "/live")) is None or answer.status == 503)
        for _ in range(3):
            assert "proxies" in service.ctl("status")
    wait_until(lambda: figures(service)['door_requests{door="status"}'] == 0)
