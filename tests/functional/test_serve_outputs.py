"""What players get: conditions that hold whatever is published, compressed files whatever happens."""

import gzip
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from service import Service, ask, wait_until
from test_serve import names_in, playlist_of


@pytest.fixture(name="service")
def a_service(tmp_path):
    (tmp_path / "tv.m3u").write_text(playlist_of("One", "Two"))
    config = tmp_path / "service.toml"
    config.write_text('[service]\nquiet_period = "0s"\n[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\nmode = "redirect"\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.source, service.config = tmp_path / "tv.m3u", config
        service.wait_for_generation(1)
        wait_until(lambda: ask(service.playlist).status == 200)
        yield service


def since(service, answer):
    """What a player gets that knows only when its copy was changed last."""
    return ask(service.playlist, headers={"If-Modified-Since": answer.headers["last-modified"]})


def test_a_roll_back_is_news_for_who_has_the_newer_list(service):
    first = ask(service.playlist)
    assert since(service, first).status == 304
    service.source.write_text(playlist_of("One", "Three"))
    wait_until(lambda: names_in(ask(service.playlist).text) == ["One", "Three"])
    second = ask(service.playlist)
    assert since(service, first).status == 200 and since(service, second).status == 304
    service.ctl("roll-back", "home")
    wait_until(lambda: names_in(ask(service.playlist).text) == ["One", "Two"])
    assert names_in(since(service, second).text) == ["One", "Two"]


def test_a_proxy_that_comes_back_is_served_again(service):
    """It has the id that it had; what was made of the same sources then is gone."""
    with_proxy = service.config.read_text()
    for turn in range(2):
        service.config.write_text(with_proxy.split("[[proxies]]")[0])
        wait_until(lambda: service.ctl("status")["proxies"] == [])
        service.config.write_text(with_proxy)
        wait_until(lambda: (service.ctl("status")["proxies"] or [{"generation": 0}])[0]["generation"] == turn + 2)
    wait_until(lambda: names_in(ask(service.ctl("status")["proxies"][0]["playlist"]).text) == ["One", "Two"])


def test_many_players_want_the_compressed_list_at_once(service):
    """As after each publication: it is compressed once, and nobody is sent away."""
    service.source.write_text(playlist_of(*(f"Channel {i}" for i in range(20_000))))
    wait_until(lambda: "Channel 19999" in ask(service.playlist).text)
    with ThreadPoolExecutor(150) as pool:
        answers = list(pool.map(ask, [service.playlist + ".gz"] * 150))
    assert {answer.status for answer in answers} == {200}
    plain = ask(service.playlist).body
    assert {gzip.decompress(answer.body) == plain for answer in answers} == {True}


def test_what_cannot_be_compressed_is_sent_as_it_is_in_a_gzip_file(service):
    """As on a full disk."""
    variants = service.data / "variants"
    shutil.rmtree(variants)
    variants.write_text("no folder")
    plain = ask(service.playlist)
    packed = ask(service.playlist + ".gz")
    assert packed.status == 200 and packed.headers["content-type"] == "application/gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) > len(plain.body)
    part = ask(service.playlist + ".gz", headers={"Range": "bytes=10-99"})
    assert part.status == 206 and part.body == packed.body[10:100]
    assert ask(service.playlist + ".gz", headers={"If-None-Match": packed.headers["etag"]}).status == 304
    variants.unlink()
    variants.mkdir()
    again = ask(service.playlist + ".gz")
    assert again.headers["etag"] != packed.headers["etag"] and len(again.body) < len(plain.body)
    assert gzip.decompress(again.body) == plain.body
