"""Addresses of this service inside what it serves: they are those by which a player reached it, in
every file alike, and who invents hosts costs it nothing that grows.
"""

import gzip
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from urllib.parse import urlsplit

import pytest
from loopback import free_port
from service import Service, ask, wait_until
from test_serve_logos import configuration, in_use

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
PUBLIC = "https://public.example:8443/iptv"
SAYS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tv.example", "X-Forwarded-Port": "4443",
        "X-Forwarded-Prefix": "/below"}
MOST_VARIANTS = 8  # of one proxy
HOSTS = 400


def start(folder, http):
    """A service whose outputs have addresses of all kinds, all of them its own."""
    config = configuration(folder, [(name, f"http://logos.example/{name}.png") for name in "AB"],
                           extra='cache_logos = true\nmode = "redirect"\n')
    config.write_text(f"[http]\n{http}\n{config.read_text()}")
    return Service(folder / "data", "--config", config, port=free_port())


@pytest.fixture(name="service", scope="module", params=["", PUBLIC], ids=["each its own", "public"])
def a_service(request, tmp_path_factory):
    with start(tmp_path_factory.mktemp("addresses"), f'trusted_proxies = ["{PROXY}"]\n'
               f'allowed_hosts = ["tv.example"]\npublic_url = "{request.param}"') as service:
        service.public = request.param
        # Not as it is printed, which is the public one.
        service.files = (f"http://{service.listens_at}" +
                         re.search(r"/proxy/[^/]+", service.playlist)[0])
        wait_until(lambda: ask(f"{service.files}/guide.xml").status == 200)
        yield service


def expected(service, sender, said):
    """The base of all addresses."""
    if service.public:
        return service.public
    host, port = service.listens_at.split(":")
    if sender == STRANGER:
        return f"http://{host}:{port}"
    scheme = said.get("X-Forwarded-Proto", "http")
    if "X-Forwarded-Host" in said:
        host, port = said["X-Forwarded-Host"], {"http": "80", "https": "443"}[scheme]
    port = said.get("X-Forwarded-Port", port)
    own = (scheme, port) in {("http", "80"), ("https", "443")}
    return f"{scheme}://{host}{'' if own else ':' + port}{said.get('X-Forwarded-Prefix', '')}"


@pytest.mark.parametrize("sender", [PROXY, STRANGER], ids=["through the proxy", "past it"])
def test_all_outputs_have_the_addresses_of_who_asks(service, sender):
    tags = {}
    for which in product([False, True], repeat=len(SAYS)):
        said = {name: SAYS[name] for name, is_said in zip(SAYS, which) if is_said}
        base = expected(service, sender, said)
        for file, count in {"playlist.m3u": 6, "guide.xml": 1}.items():
            plain, packed = (ask(f"{service.files}/{file}{end}", headers=said, sender=sender)
                             for end in ("", ".gz"))
            assert gzip.decompress(packed.body) == plain.body
            addresses = re.findall(r'https?://[^"\s<]+', plain.text)
            assert len(addresses) == count
            for address in addresses:
                path = address.removeprefix(base)
                assert re.match(r"/(proxy|stream|logo)/[^/]+/", path), (said, address, base)
            assert "X-Forwarded-Host" in plain.headers["vary"]
            for answer in (plain, packed):
                tags.setdefault(answer.headers["etag"], set()).add((file, base))
    # No cache takes what has the addresses of one for what another wants.
    assert {len(meant) for meant in tags.values()} == {1}


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "[::]"])
def test_where_it_listens_everywhere_it_can_be_reached_as_it_says(tmp_path, everywhere):
    service = Service(tmp_path / "data")
    service.command[service.command.index(service.listens_at)] = f"{everywhere}:0"
    with service:
        printed = urlsplit(service.playlist)
        assert printed.hostname not in ("0.0.0.0", "::")
        assert service.address == f"{printed.scheme}://{printed.netloc}"
        try:
            socket.getaddrinfo(printed.hostname, printed.port)
        except OSError:
            pytest.skip("others cannot reach this machine, not even by its name")
        answer = ask(service.playlist)
        assert answer.status == 200
        assert f"{service.address}/proxy/" in answer.text
        # As the machine itself need not know: a container's host, a router that forwards.
        mapped = ask(f"http://127.0.0.1:{printed.port}{printed.path}",
                     headers={"Host": "203.0.113.7:9000"})
        assert mapped.status == 200
        assert "http://203.0.113.7:9000/proxy/" in mapped.text


def test_invented_hosts_leave_a_bounded_number_of_files(tmp_path):
    with start(tmp_path, f'allowed_hosts = [".example"]\ntrusted_proxies = ["{PROXY}"]') as service:
        wait_until(lambda: ask(service.guide).status == 200)
        variants = service.data / "variants"
        counts = []

        def invent(number):
            """By both fields, for both files, and every fourth time a host that is refused."""
            field = ["Host", "X-Forwarded-Host"][number % 2]
            url = [service.playlist, service.guide][number // 2 % 2] + ".gz"
            host = f"h{number}.{'example' if number % 4 else 'elsewhere'}"
            answer = ask(url, headers={field: host})
            if number % 20 == 0:
                counts.append(len(list(variants.iterdir())))
            return answer.status, answer.status == 200 and (
                f"http://{host}/".encode() in gzip.decompress(answer.body))
        _, files = in_use(service)
        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(invent, range(HOSTS)))
        assert answers == [(200, True) if number % 4 else (421, False) for number in range(HOSTS)]
        assert 0 < len(list(variants.iterdir())) <= MOST_VARIANTS
        assert max(counts) <= 2 * MOST_VARIANTS  # with those that are made and those that go
        wait_until(lambda: in_use(service)[1] <= files + MOST_VARIANTS)
