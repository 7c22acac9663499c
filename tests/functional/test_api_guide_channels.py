"""The channels of guides through the API: all of them, and those that come near a channel."""

import time
import uuid
from urllib.parse import quote

import pytest
from api_client import administrator
from service import Service, wait_until

NAMESPACE = uuid.UUID("c5c5c16f-5662-5ddf-b09b-279718742c62")
HOME = str(uuid.uuid5(NAMESPACE, "proxy:home"))
BARE = str(uuid.uuid5(NAMESPACE, "proxy:bare"))
PLAYLIST = ('#EXTM3U\n#EXTINF:-1 tvg-id="one.tv",One\nhttp://s/1\n#EXTINF:-1 tvg-id="TWO.tv",Two HD\nhttp://s/2\n'
            "#EXTINF:-1,Drei_Drei\nhttp://s/3\n#EXTINF:-1,Nothing\nhttp://s/4\n")


def guide(*channels):
    """(id, names, programmes) of each."""
    day = time.strftime("%Y%m%d")
    heads = "".join(f'<channel id="{id_}">' + "".join(f"<display-name>{n}</display-name>" for n in names) + "</channel>\n"
                    for id_, names, _ in channels if names is not None)
    shows = "".join(f'<programme start="{day}{hour:02}0000 +0000" stop="{day}{hour:02}3000 +0000" channel="{id_}">'
                    "<title>T</title></programme>\n" for id_, _, count in channels for hour in range(count))
    return f"<tv>\n{heads}{shows}</tv>\n"


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guides")
    (folder / "tv.m3u").write_text(PLAYLIST)
    (folder / "first.xml").write_text(guide(
        ("one.tv", ["One &amp; Only", "Eins"], 3), ("two.tv", ["Second"], 2), ("3.tv", ["drei  DREI"], 1),
        ("ÄÖ.tv", ["Ärte"], 0), ("undeclared.tv", None, 4)))
    (folder / "second.xml").write_text(guide(("one.tv", ["Other One"], 1), ("Drei", ["Drei Drei"], 1)))
    config = folder / "service.toml"
    config.write_text(f"""
[service]
quiet_period = "1s"
[[sources]]
name = "tv"
path = "{folder}/tv.m3u"
[[epg_sources]]
name = "first"
path = "{folder}/first.xml"
[[epg_sources]]
name = "second"
path = "{folder}/second.xml"
[[proxies]]
name = "home"
sources = ["tv"]
epg_sources = ["first", "second"]
[[proxies]]
name = "bare"
sources = ["tv"]
""")
    with Service(folder / "data", "--config", config) as service:
        service.folder = folder
        service.admin = administrator(service)
        wait_until(lambda: service.admin.get(f"/proxies/{HOME}/channels").status == 200)
        wait_until(lambda: service.admin.get(f"/proxies/{BARE}/channels").status == 200)
        wait_until(lambda: found(service, "")["is_whole"])
        yield service


def found(service, q, **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    answer = service.admin.get(f"/proxies/{HOME}/guide-channels?q={quote(q)}{query}")
    assert answer.status == 200, answer.text
    return answer.json


def guide_of(service, name, proxy=HOME):
    return service.admin.get(f"/proxies/{proxy}/explain?name={quote(name)}").json["guide"]


def test_all_channels_of_the_guides_are_found(service):
    every = found(service, "")
    assert [(c["id"], c["names"], c["source"], c["programmes"]) for c in every["items"]] == [
        ("one.tv", ["One & Only", "Eins"], "first", 3), ("two.tv", ["Second"], "first", 2),
        ("3.tv", ["drei  DREI"], "first", 1), ("ÄÖ.tv", ["Ärte"], "first", 0),
        ("undeclared.tv", [], "first", 4), ("one.tv", ["Other One"], "second", 1), ("Drei", ["Drei Drei"], "second", 1)]
    assert not every["more"]
    assert [c["id"] for c in found(service, "EINS")["items"]] == ["one.tv"]
    assert [c["id"] for c in found(service, "äö")["items"]] == ["ÄÖ.tv"]
    assert [c["source"] for c in found(service, "one")["items"]] == ["first", "second"]
    assert found(service, "nowhere")["items"] == []
    two = found(service, "", limit=2)
    assert len(two["items"]) == 2 and two["more"]
    assert service.admin.get(f"/proxies/{BARE}/guide-channels").json["items"] == []
    assert service.admin.get(f"/proxies/{uuid.UUID(int=1)}/guide-channels").status == 404
    assert service.admin.get(f"/proxies/{HOME}/guide-channels?limit=0").status == 422
    assert service.admin.get(f"/proxies/{HOME}/guide-channels?q={'x' * 201}").status == 422


def test_what_comes_near_a_channel_is_said(service):
    one = guide_of(service, "One")
    assert one["matched_by"] == "id" and one["has_programmes"]
    assert [(c["id"], c["name"], c["source"], c["how"]) for c in one["candidates"]] == [
        ("one.tv", "One & Only", "first", "id"), ("one.tv", "Other One", "second", "id")]
    two = guide_of(service, "Two HD")
    assert two["matched_by"] is None and not two["has_programmes"]
    assert [(c["id"], c["how"]) for c in two["candidates"]] == [("two.tv", "case")]
    three = guide_of(service, "Drei_Drei")
    assert three["id"] == "" and "no guide id" in three["text"]
    assert [(c["id"], c["how"]) for c in three["candidates"]] == [("3.tv", "name"), ("Drei", "name")]
    assert guide_of(service, "Nothing") is None and guide_of(service, "Drei_Drei", BARE) is None


def test_a_guide_that_an_edit_gives_is_told_apart(service):
    admin = service.admin
    channel = admin.get(f"/proxies/{HOME}/channels?q=Nothing").json["items"][0]["id"]
    made = admin.put(f"/edits/{channel}?proxy={HOME}", {"guide_id": "undeclared.tv"}, headers={"If-None-Match": "*"})
    assert made.status == 201
    wait_until(lambda: (guide_of(service, "Nothing") or {}).get("has_programmes"))
    said = guide_of(service, "Nothing")
    assert (said["id"], said["matched_by"]) == ("undeclared.tv", "edit")
    assert [(c["id"], c["name"], c["how"]) for c in said["candidates"]] == [("undeclared.tv", "undeclared.tv", "id")]


def test_a_guide_that_is_fetched_again_is_looked_through_again(service):
    (service.folder / "second.xml").write_text(guide(("new.tv", ["Brand New"], 1)))
    service.ctl("refresh", "second")
    wait_until(lambda: [c["id"] for c in found(service, "brand new")["items"]] == ["new.tv"])
    assert [c["source"] for c in found(service, "one")["items"]] == ["first"]
    files = list((service.folder / "data" / "guide-channels").iterdir())
    assert len(files) == 2
    for file in files:
        file.write_bytes(file.read_bytes()[:50])
    wait_until(lambda: found(service, "")["is_whole"])
    assert [c["id"] for c in found(service, "eins")["items"]] == ["one.tv"]


def test_while_a_guide_is_read_the_rest_is_answered(tmp_path):
    """What is known of the channel without the list of the guide's channels comes at once."""
    (tmp_path / "tv.m3u").write_text(PLAYLIST)
    (tmp_path / "large.xml").write_text(guide(("one.tv", ["One"], 3), *(
        (f"{number}.else", [f"Another {number}"], 20) for number in range(5000))))
    config = tmp_path / "service.toml"
    config.write_text('[service]\nquiet_period = "0s"\n[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[epg_sources]]\nname = "large"\npath = "large.xml"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\nepg_sources = ["large"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.admin = administrator(service)
        service.wait_until_quiet()
        answers = [guide_of(service, "One")]

        def is_whole():
            answers.append(guide_of(service, "One"))
            return answers[-1]["candidates_are_whole"]
        wait_until(is_whole)
        assert {one["has_programmes"] for one in answers} == {True}
        assert answers[-1]["matched_by"] == "id"
        assert [one["id"] for one in answers[-1]["candidates"]] == ["one.tv"]
