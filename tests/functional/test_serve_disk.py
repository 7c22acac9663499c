"""What snapshots take on the disk is bounded, and what has no room costs nothing that is served."""

import pytest

from api_client import administrator
from provider import Provider
from service import Service, ask, wait_until
from test_serve import Source, configuration, names_in, playlist_of

MB = 2**20


@pytest.fixture(name="data")
def a_data_folder(tmp_path):
    return tmp_path / "data"


def snapshots_of(data):
    """The sizes of all files of snapshots, one for all names of a file."""
    files = {}
    for kind in ["sources", "generations"]:
        for path in (data / kind).glob("*/*/*"):
            info = path.stat()
            files[info.st_ino] = info.st_size
    return sum(files.values())


def limited_to(mb, source):
    return configuration(source).replace(
        "[service]\n", f"[service]\nmax_snapshot_mb = {mb}\ngenerations_kept = 100\n")


def test_the_oldest_generations_make_room_and_what_has_none_costs_nothing(data, tmp_path):
    many = [f"a_channel_with_a_rather_long_name_{i:03}" for i in range(350)]
    config = tmp_path / "service.toml"
    with Source(playlist_of(*many, "0")) as source:
        config.write_text(limited_to(1, source.url))
        with Service(data, "--config", config) as service:
            for version in range(1, 9):
                source.content = playlist_of(*many, str(version))
                service.ctl("refresh", "tv")
                service.wait_for_generation(version + 1)
                assert snapshots_of(data) <= MB
            wait_until(lambda: names_in(ask(service.playlist).text)[-1] == "8")
            numbers = [g["number"] for g in service.ctl("generations", "home")["generations"]]
            assert 2 <= len(numbers) < 9
            assert numbers == list(range(9, 9 - len(numbers), -1))

            before = ask(service.playlist).body
            source.content = playlist_of(*many, *(f"{i}_and_more_of_them" for i in range(12_000)))
            job = service.ctl("refresh", "tv")["jobs"][0]["id"]
            wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job]
                       == "failed")
            error = service.ctl("status")["sources"][0]["error"]
            assert 'no room for a new copy of "tv": snapshots that have to stay take 0.' in error
            assert "more are needed, and max_snapshot_mb is 1" in error
            assert "raise max_snapshot_mb" in error
            assert ask(service.playlist).body == before
            assert [g["number"] for g in service.ctl("generations", "home")["generations"]] == numbers

            config.write_text(limited_to(100, source.url))
            wait_until(lambda: "service.max_snapshot_mb is another one now" in service.log())
            service.ctl("refresh", "tv")
            service.wait_for_generation(10)
            wait_until(lambda: len(names_in(ask(service.playlist).text)) == 12_350)


def test_a_list_without_an_end_costs_no_more_than_a_download_may_have(data, tmp_path):
    config = tmp_path / "service.toml"
    with Source(playlist_of("A", "B")) as source, Provider() as provider:
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            bound = "[proxy_memory]\nmax_download_mb = 2\n"
            config.write_text(bound + configuration(source.url))
            wait_until(lambda: "proxy_memory.max_download_mb is another one now" in service.log())
            config.write_text(bound + configuration(provider.url("/endless/list.m3u")))

            def error_of_tv():
                return service.ctl("status")["sources"][0].get("error") or ""

            wait_until(lambda: "larger than" in error_of_tv())
            error = error_of_tv()
            assert f"{provider.url('/endless/list.m3u')}: it is larger than the 2.0 MB" in error
            assert "raise max_download_mb in [proxy_memory]" in error
            assert names_in(ask(service.playlist).text) == ["A", "B"]
            assert sum(p.stat().st_size for p in data.glob("sources/*/*/*")) < MB
            config.write_text(configuration(source.url))
            source.content = playlist_of("A", "C")
            wait_until(lambda: names_in(ask(service.playlist).text) == ["A", "C"])


def test_a_list_without_an_end_is_looked_at_as_far_as_its_beginning(data, tmp_path):
    config = tmp_path / "service.toml"
    config.write_text('[service]\nallowed_networks = ["127.0.0.1/32"]\n')
    with Provider() as provider, Service(data, "--config", config) as service:
        asked = {"config": {"url": provider.url("/endless/list.m3u")}}
        answer = administrator(service).post("/sources/validate", asked).json
        assert answer["usable"] and answer["items"] > 1000, answer
        assert answer["bytes"] <= 256 * MB
        assert "it is longer, and was looked at as far as here" in [
            problem["message"] for problem in answer["problems"]]
        assert not [path for path in data.rglob("*") if path.stat().st_size > 10 * MB]
