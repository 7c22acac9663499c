"""The bounds of each door, as docs/security.md has them."""

import re
import socket
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from api_client import Client
from service import SOON, Service, ask

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
UNITS = {"KB": 2**10, "MB": 2**20, "GB": 2**30}
LARGEST_IN_MEMORY = 2**20
HEAD, LINE, FIELDS = 16384, 8192, 100


def rows():
    """(door, [(method, path)], bytes of a body) of each row of the table."""
    section = DOCUMENT.read_text().split("### By door\n\n")[1].split("\n\n")[0]
    for row in section.splitlines()[2:]:
        door, requests, size = (cell.strip() for cell in row.strip("|").split("|"))
        number = re.match(r"(\d+) (KB|MB|GB)", size)
        assert number or size == "none", row
        yield (door.strip("`"), re.findall(r"`([A-Z]+) (/\S*)`", requests),
               int(number[1]) * UNITS[number[2]] if number else 0)


ROWS = list(rows())


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("limits") / "data") as service:
        yield service


def status_of(service, head, door="api"):
    """The status of the first answer to a head, be it 100."""
    if door == "control":
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(service.data / "control.sock"))
    else:
        at = urlsplit(service.address)
        connection = socket.create_connection((at.hostname, at.port))
    with closing(connection):
        connection.settimeout(SOON)
        connection.sendall(head.encode())
        answer = b""
        while b"\r\n" not in answer:
            piece = connection.recv(4096)
            assert piece, (head[:100], answer)
            answer += piece
    return int(answer.split(b" ")[1])


def status_of_body(service, method, path, size, door="api"):
    """What a request is told that announces a body and does not send it."""
    return status_of(service, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n"
                     "Expect: 100-continue\r\n\r\n", door)


def test_the_table_has_every_door(service):
    served = set(re.findall(r'm3u_proxy_http_door_requests\{door="(\w+)"\}', ask(f"{service.address}/metrics").text))
    assert served - {"none", "ui"} == {door for door, _, _ in ROWS} - {"ui"}
    assert all(requests for _, requests, _ in ROWS)


@pytest.mark.parametrize("door, requests, size", ROWS, ids=[f"{door} {size}" for door, _, size in ROWS])
def test_a_body_is_as_long_as_its_door_takes_and_no_longer(service, door, requests, size):
    if door == "ui" and ask(f"{service.address}/ui/").status == 404:
        pytest.skip("the program was built without its pages")
    for method, path in requests:
        if size:
            assert status_of_body(service, method, path, size, door) == 100, path
        assert status_of_body(service, method, path, size + 1, door) == 413, path


def test_no_operation_takes_a_longer_body_than_the_table_says(service):
    known = {(method, re.sub(r"\b(ID|NAME)\b", "{}", path)): size for _, requests, size in ROWS
             for method, path in requests}
    asked = 0
    for path, operations in Client(service).get("/openapi.json").json["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            at = "/api/v1" + path
            most = LARGEST_IN_MEMORY if "requestBody" in operation else 0
            most = known.get((method.upper(), re.sub(r"\{\w+\}", "{}", at)), most)
            target = re.sub(r"\{\w+\}", "0" * 22, at)
            assert status_of_body(service, method.upper(), target, most + 1) == 413, (method, path)
            asked += 1
    assert asked > 100


@pytest.mark.parametrize("path", ["/live", "/api/v1/session", "/proxy/x/playlist.m3u", "/metrics"])
def test_a_head_is_bounded_at_each_door(service, path):
    def status(line="", fields=""):
        return status_of(service, f"GET {path}{line} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
    assert status(line="?" + "x" * LINE) == 414
    assert status(fields="X: " + "x" * HEAD + "\r\n") == 431
    assert status(fields="X: x\r\n" * FIELDS) == 431
    assert status(fields="X: x\r\n" * (FIELDS - 1)) not in (414, 431)
