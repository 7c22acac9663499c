"""Bad days of providers, one kind each, all of them on the same day: what each of them served well is
served on, byte by byte; what is wrong is said; and once they are well again their news come through.
And a host that hangs, on which nobody else has to wait.
"""

import time
from contextlib import ExitStack
from urllib.parse import quote

import pytest
from provider import Provider
from service import Service, ask, wait_until
from test_serve import names_in

# How a provider behaves that day, and what is said of it.
BAD = {
    "half": "closed the connection before the end",
    "cut": "closed the connection before the end",
    "truncated": "closed the connection before the end",
    "down": "503 Service Unavailable",
    "toomanyfor 1": "429 Too Many Requests, retry after 1",
    "status 404": "404 Not Found",
    "closed": "cannot connect to",
}


class BadDay:
    def __init__(self, folder, stack):
        self.providers = {kind: stack.enter_context(Provider()) for kind in BAD}
        config = folder / "service.toml"
        config.write_text('[service]\nquiet_period = "0s"\n' + "".join(
            f'[[sources]]\nname = "{kind}"\nurl = "{provider.url("/today/list.m3u")}"\n'
            f'[[proxies]]\nname = "{kind}"\npublic = true\nsources = ["{kind}"]\n'
            for kind, provider in self.providers.items()))
        self.service = stack.enter_context(Service(folder / "data", "--config", config))

    def served(self, kind):
        return ask(f"{self.service.address}/proxy/{quote(kind)}/playlist.m3u").body

    def channels(self, kind):
        return len(names_in(self.served(kind).decode()))

    def state_of(self, kind):
        return next(s for s in self.service.ctl("status")["sources"] if s["name"] == kind)

    def refresh(self, kind):
        self.service.ctl("refresh", kind)

    def begin(self, kind):
        provider = self.providers[kind]
        if kind == "closed":
            provider.__exit__()
        else:
            provider.server.today = kind.replace(" ", "/")
            provider.server.channels = 5  # which nobody may ever see
        self.refresh(kind)

    def end(self, kind):
        provider = self.providers[kind]
        if kind == "closed":
            provider.__enter__()
        provider.server.today = "plain"
        provider.server.channels = 6


@pytest.fixture(name="day", scope="module")
def a_bad_day(tmp_path_factory):
    with ExitStack() as stack:
        day = BadDay(tmp_path_factory.mktemp("bad-days"), stack)
        wait_until(lambda: all(day.channels(kind) == 3 for kind in BAD))
        day.before = {kind: day.served(kind) for kind in BAD}
        for kind in BAD:
            day.begin(kind)
        wait_until(lambda: all(s.get("error") for s in day.service.ctl("status")["sources"]))
        yield day


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_day_leaves_what_was_good_and_ends(day, kind):
    assert day.served(kind) == day.before[kind]
    state = day.state_of(kind)
    assert BAD[kind] in state["error"] and state["items"] == 3
    assert day.service.ctl("generations", kind)["generations"][0]["number"] == 1
    day.end(kind)

    def is_well():
        day.refresh(kind)  # not at once: who asked to be left alone is
        return not day.state_of(kind).get("error")
    wait_until(is_well)
    wait_until(lambda: day.channels(kind) == 6)


def test_a_host_that_hangs_holds_up_no_other_host(tmp_path):
    with Provider() as hanging, Provider() as quick:
        sources = [(f"a slow one, {i}", hanging.url(f"/silent/{i}.m3u")) for i in range(6)]
        sources.append(("quick", quick.url("/plain/list.m3u")))
        config = tmp_path / "config.toml"
        config.write_text('[service]\nquiet_period = "0s"\n' + "".join(
            f'[[sources]]\nname = "{name}"\nurl = "{url}"\n' for name, url in sources) +
            '[[proxies]]\nname = "home"\nsources = ["quick"]\n')
        begin = time.monotonic()
        with Service(tmp_path / "data", "--config", config) as service:
            assert len(names_in(ask(service.playlist).text)) == 3
            job = service.ctl("refresh", "quick")["jobs"][0]["id"]
            wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job] == "done")
            assert time.monotonic() - begin < 15, "it waited for the hanging host"
            states = [job["state"] for job in service.ctl("jobs")["jobs"] if job["kind"] == "refresh"]
            assert sorted(states) == ["done", "done"] + ["queued"] * 5 + ["running"]
            assert len(hanging.requests()) == 1
