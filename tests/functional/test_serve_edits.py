"""Edits of channels in the service, with the real binary."""

import subprocess

import pytest

from service import BINARY, Service, ask, environment, wait_until
from test_serve import Source, configuration, names_in, playlist_of


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def ids_of(service, proxy="home"):
    return {c["name"]: c["channel"] for c in service.ctl("channels", proxy)["channels"]}


def names(service):
    return names_in(ask(service.playlist).text)


def test_edits_change_what_is_published(data, tmp_path):
    with Source(playlist_of("A", "B", "C", "D")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url, extra='numbering = "preserve"\n'))
        with Service(data, "--config", config) as service:
            ids = ids_of(service)
            made = service.ctl("edits", "set", ids["B"], "--name", "Best of all",
                               "--number", "77", "--group", "Mine", "--logo", "http://logo/b.png",
                               "--guide-id", "b.tv", "--before", ids["A"])
            assert made["number"] == "77"
            service.wait_for_generation(2)
            wait_until(lambda: "Best of all" in ask(service.playlist).text)
            lines = ask(service.playlist).text.splitlines()
            assert lines[1] == ('#EXTINF:-1 tvg-id="b.tv" tvg-logo="http://logo/b.png" '
                                'group-title="Mine" tvg-chno="77",Best of all')
            service.ctl("edits", "set", ids["C"], "--hide")
            service.wait_for_generation(3)
            wait_until(lambda: names(service) == ["Best of all", "A", "D"])
            service.ctl("edits", "set", ids["B"], "--unset", "place,name")
            service.wait_for_generation(4)
            wait_until(lambda: names(service) == ["A", "B", "D"])
            assert 'tvg-chno="77"' in ask(service.playlist).text
            service.ctl("edits", "remove", ids["B"])
            service.ctl("edits", "remove", ids["C"])
            wait_until(lambda: names(service) == ["A", "B", "C", "D"])
            wait_until(lambda: 'tvg-chno="77"' not in ask(service.playlist).text)
            assert service.ctl("edits", "list")["edits"] == []


def test_an_edit_of_one_proxy_leaves_the_other(data, tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url, extra='public = true\n\n[[proxies]]\n'
                                        'name = "other"\nsources = ["tv"]\npublic = true\n'))
        with Service(data, "--config", config) as service:
            ids = ids_of(service)
            service.ctl("edits", "set", ids["A"], "--proxy", "home", "--name", "Home")
            service.ctl("edits", "set", ids["A"], "--name", "All", "--group", "Everywhere")
            base = service.playlist.split("/proxy/")[0]

            def of(proxy):
                return ask(f"{base}/proxy/{proxy}/playlist.m3u").text
            wait_until(lambda: "Everywhere" in of("home") and "Everywhere" in of("other"))
            assert names_in(of("home")) == ["Home", "B", "C"]
            assert names_in(of("other")) == ["All", "B", "C"]
            listed = service.ctl("edits", "list", "--proxy", "home")["edits"]
            assert [(e["proxy"], e["name"]) for e in listed] == [("home", "Home")]


def test_edits_that_cannot_be_are_refused(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            a = ids_of(service)["A"]
            for args, words in [((a, "--number", "five"), "no number"),
                                ((a, "--name", ""), "needs a name"),
                                (("nonsense", "--number", "5"), "nonsense"),
                                ((a, "--proxy", "nowhere", "--hide"), "no proxy called"),
                                ((a, "--before", a), "before or after itself"),
                                ((a, "--unset", "colour"), "colour")]:
                failed = subprocess.run(
                    [BINARY, "ctl", "edits", "set", *args, "--data", str(data)],
                    env=environment(), capture_output=True, text=True, check=False)
                assert failed.returncode != 0
                assert words in failed.stderr
            assert service.ctl("edits", "list")["edits"] == []


def test_the_file_manages_its_own_edits(data, tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            ids = ids_of(service)
            with_edit = configuration(source.url) + (
                f'\n[[edits]]\nchannel = "{ids["A"]}"\nproxy = "home"\nname = "From the file"\n')
            config.write_text(with_edit)
            wait_until(lambda: names(service) == ["From the file", "B", "C"])
            assert service.ctl("edits", "list")["edits"][0]["managed_by"] == "file"
            refused = subprocess.run(
                [BINARY, "ctl", "edits", "remove", ids["A"], "--proxy", "home", "--data",
                 str(data)], env=environment(), capture_output=True, text=True, check=False)
            assert "configuration file" in refused.stderr
            config.write_text(configuration(source.url))
            wait_until(lambda: names(service) == ["A", "B", "C"])
            assert service.ctl("edits", "list")["edits"] == []


def test_an_edit_waits_for_a_channel_that_vanishes(data, tmp_path):
    with Source(playlist_of(*"ABCDEF")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            a = ids_of(service)["A"]
            service.ctl("edits", "set", a, "--name", "Kept")
            service.wait_for_generation(2)
            source.content = playlist_of(*"BCDEF")
            service.ctl("refresh", "tv")
            wait_until(lambda: "A" not in names(service) and "Kept" not in names(service))
            wait_until(lambda: service.ctl("edits", "list")["edits"][0]["missing_since"])
            source.content = playlist_of(*"ABCDEFG")
            service.ctl("refresh", "tv")
            wait_until(lambda: names(service)[0] == "Kept")
            wait_until(lambda: not service.ctl("edits", "list")["edits"][0]["missing_since"])


def test_edits_stay_when_the_source_is_renamed(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            service.ctl("edits", "set", ids_of(service)["A"], "--name", "Kept")
            service.wait_for_generation(2)
            config.write_text(configuration(source.url).replace(
                'name = "tv"', 'name = "television"\nrenamed_from = "tv"').replace(
                '["tv"]', '["television"]'))
            wait_until(lambda: service.ctl("status")["sources"][0]["name"] == "television")
            assert names(service) == ["Kept", "B"]
            source.content = playlist_of("A", "B", "C")
            service.ctl("refresh", "television")
            wait_until(lambda: names(service) == ["Kept", "B", "C"])


@pytest.mark.parametrize("limit", ["none", "64MB"])
def test_bytes_are_those_of_generate_with_and_without_a_limit(data, tmp_path, limit):
    with Source(playlist_of(*(f"Channel {i}" for i in range(3000)))) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config, "--memory-limit", limit) as service:
            ids = ids_of(service)
            edits = "".join(
                f'\n[[edits]]\nchannel = "{ids[f"Channel {i}"]}"\nnumber = {5000 - i}\n'
                f'after = "{ids[f"Channel {i + 1}"]}"\n' for i in range(0, 150, 3))
            config.write_text(configuration(source.url) + edits)
            service.wait_for_generation(2)
            wait_until(lambda: b'"5000"' in ask(service.playlist).body)
            served = ask(service.playlist).body
        own = tmp_path / "own.toml"
        file = tmp_path / "list.m3u"
        file.write_text(source.content)
        own.write_text(config.read_text().replace(f'url = "{source.url}"', f'path = "{file}"'))
        subprocess.run([BINARY, "generate", "--config", own, "--out", str(tmp_path / "out")],
                       check=True, env=environment(), capture_output=True)
        generated = (tmp_path / "out" / "home.m3u").read_bytes()
        assert served.split(b"\n", 1)[1] == generated.split(b"\n", 1)[1]
