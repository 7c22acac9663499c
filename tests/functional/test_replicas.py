"""Three services over one PostgreSQL and a shared folder are one."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import postgres
import pytest
from api_client import Client, administrator
from program import BINARY
from replicas import AGREED, HOST, Group, Replica
from service import Service, ask, wait_until
from test_api_logos import upload
from test_serve import Source, playlist_of
from test_serve_logos import PNG

pytestmark = postgres.sqlite_only  # they bring a server of their own


@pytest.fixture(name="server")
def a_postgresql_server(tmp_path):
    with postgres.Server(tmp_path / "server") as server:
        yield server


def sources_of(source, folder):
    guide = folder / "guide.xml"
    guide.write_text('<tv><programme start="20990101000000 +0000" channel="One"><title>Show</title></programme></tv>')
    return (f'[[sources]]\nname = "tv"\nurl = "{source.url}"\n[[epg_sources]]\nname = "guide"\npath = "{guide}"\n'
            '[[proxies]]\nname = "home"\nsources = ["tv"]\nepg_sources = ["guide"]\n')


def test_replicas_fetch_once_and_serve_the_same(server, tmp_path):
    with Source(playlist_of("One", "Two")) as source, \
            Group(tmp_path, server, sources_of(source, tmp_path)) as group:
        playlist, guide = group.agree(lambda text: "Two" in text, files=("playlist.m3u", "guide.xml"))
        assert b"Show" in guide and playlist.count(b"#EXTINF") == 2
        assert len(source.requests) == 1
        wait_until(lambda: sum(r.leads() for r in group.replicas) == 1)

        def idle():
            return group.query("SELECT 1 FROM jobs WHERE state IN ('queued', 'running')") == []

        def states():
            return group.query("SELECT state FROM generations ORDER BY number")

        wait_until(idle)
        # On a busy machine the list may be published before its guide has come.
        first = len(states())
        source.content = playlist_of("One", "Three")
        for replica in group.replicas:  # by whichever of them somebody clicks: it is one job
            replica.ctl("refresh", "tv")
        group.agree(lambda text: "Three" in text and "Two" not in text)
        wait_until(idle)
        assert states() == ["kept"] * first + ["current"]
        assert group.query("SELECT count(*) FROM source_snapshots WHERE state = 'current'") == ["2"]

        leader = next(r for r in group.replicas if r.leads())
        leader.kill()
        others = group.alive()
        wait_until(lambda: any(r.leads() for r in others), 5)
        source.content = playlist_of("One", "Four")
        others[0].ctl("refresh", "tv")
        group.agree(lambda text: "Four" in text)


def test_a_new_replica_and_one_that_lost_its_folder_fetch_what_is_there(server, tmp_path):
    with Source(playlist_of("One")) as source, \
            Group(tmp_path, server, sources_of(source, tmp_path), size=2) as group:
        group.agree(lambda text: "One" in text)
        late = Replica(tmp_path / "late", group.config, server.address)
        late.data.mkdir()
        shutil.copy(group.replicas[0].data / "secret.key", late.data / "secret.key")
        with late:
            group.replicas.append(late)
            first = group.agree(lambda text: "One" in text)
            second = group.replicas[1]
            second.kill()
            shutil.rmtree(second.data / "generations")
            shutil.rmtree(second.data / "sources", ignore_errors=True)
            second.printed = ""
            second.start()
            second.wait_for_addresses()
            assert group.agree(lambda text: "One" in text) == first
        group.replicas.remove(late)
        assert len(source.requests) == 1
        put = {path.name for path in (tmp_path / "shared").glob("generations/*/1/*")}
        assert {"manifest", "playlist.m3u", "guide.xml", "lineup"} <= put


def test_an_uploaded_logo_comes_and_goes_at_all(server, tmp_path):
    with Source(playlist_of("One")) as source, \
            Group(tmp_path, server, sources_of(source, tmp_path), size=2) as group:
        group.agree(lambda text: "One" in text)
        admin = administrator(group.replicas[0])

        def served(replica, logo):
            token = replica.playlist.split("/")[-2]
            return ask(f"http://{replica.listens}/logo/{token}/{logo}", headers={"Host": HOST})

        first, last = (upload(admin).json["id"] for _ in range(2))
        for replica in group.replicas:
            wait_until(lambda: [served(replica, logo).body for logo in (first, last)] == [PNG, PNG], AGREED)
        for logo in (first, last):
            assert admin.delete(f"/logos/{logo}").status == 204
            for replica in group.replicas:
                wait_until(lambda: served(replica, logo).status == 404, AGREED)
            if logo == first:
                assert all(served(replica, last).body == PNG for replica in group.replicas)
        assert not list((tmp_path / "shared").glob("logos/*"))

        # What was changed while one was down it finds out when it is back.
        gone = upload(admin).json["id"]
        second = group.replicas[1]
        wait_until(lambda: served(second, gone).status == 200, AGREED)
        second.kill()
        assert admin.delete(f"/logos/{gone}").status == 204
        new = upload(admin).json["id"]
        second.printed = ""
        second.start()
        second.wait_for_addresses()
        wait_until(lambda: served(second, new).body == PNG and served(second, gone).status == 404, AGREED)


def test_of_a_removal_and_a_use_at_two_replicas_one_is_refused(server, tmp_path):
    with Source(playlist_of("One")) as source, \
            Group(tmp_path, server, sources_of(source, tmp_path), size=2) as group, ThreadPoolExecutor(2) as pool:
        one = administrator(group.replicas[0])
        other = Client(group.replicas[1]).log_in()
        whatever = {"If-Match": "*"}

        def proxy(*sources):
            return {"name": "mine", "config": {"sources": ["tv", *sources]}}

        made = one.post("/proxies", proxy())
        assert made.status == 201, made.text
        where = f"/proxies/{made.json['id']}"
        for round_ in range(12):
            config = {"channels": [{"name": "Camera", "url": "http://camera.example/1"}]}
            raced = one.post("/sources", {"name": f"raced {round_}", "config": config})
            assert raced.status == 201, raced.text
            use = pool.submit(other.put, where, proxy(raced.json["name"]), headers=whatever)
            removal = pool.submit(one.delete, f"/sources/{raced.json['id']}", headers=whatever)
            used, removed = use.result(), removal.result()
            assert (used.status, removed.status) in ((200, 409), (422, 204)), (used.text, removed.text)
            named = one.get(where).json["config"]["sources"]
            assert set(named) <= {item["name"] for item in one.get("/sources").json["items"]}
            refused = removed if used.status == 200 else used
            assert raced.json["name"] in refused.json["detail"]
            assert other.put(where, proxy(), headers=whatever).status == 200


def test_of_two_orders_at_two_replicas_one_is_told_to_look_again(server, tmp_path):
    with Source(playlist_of("One")) as source, \
            Group(tmp_path, server, sources_of(source, tmp_path), size=2) as group, ThreadPoolExecutor(2) as pool:
        clients = [administrator(group.replicas[0]), Client(group.replicas[1]).log_in()]
        for name in "abc":
            config = {"action": "include", "expression": 'channel_name contains "x"'}
            assert clients[0].post("/filters", {"name": name, "config": config}).status == 201

        def put(client, ids, seen):
            return client.put("/filters/order", {"ids": ids}, headers={"If-Match": seen})

        for _ in range(12):
            listed = clients[0].get("/filters")
            ids = [item["id"] for item in listed.json["items"]]
            orders = [ids[::-1], ids[1:] + ids[:1]]
            answers = list(pool.map(put, clients, orders, [listed.headers["etag"]] * 2))
            assert sorted(answer.status for answer in answers) == [204, 412], [answer.text for answer in answers]
            won = next(i for i, answer in enumerate(answers) if answer.status == 204)
            now = clients[0].get("/filters")
            assert [item["id"] for item in now.json["items"]] == orders[won]
            assert now.headers["etag"] == answers[won].headers["etag"]


def test_the_key_can_be_given_by_a_file(server, tmp_path):
    with Source(playlist_of("One")) as source, \
            Group(tmp_path, server, sources_of(source, tmp_path), size=1) as group:
        first = group.agree(lambda text: "One" in text)
        key = tmp_path / "given.key"
        shutil.copy(group.replicas[0].data / "secret.key", key)
        second = Replica(tmp_path / "second", group.config, server.address,
                         {"M3U_PROXY_SECRET_KEY_FILE": str(key)})
        good = key.read_text()
        # What is no key is not taken, so that the right one can be later.
        for wrong in ("", "\n", good[:-4] + "\n", good + "x", "m3u-proxy-key-1 " + "A" * 86, good.split()[1]):
            key.write_text(wrong)
            second.start()
            assert second.process.wait(20) != 0
            said = second.log().splitlines()[-1]
            assert f"{key}, which M3U_PROXY_SECRET_KEY_FILE names, is not a secret key" in said
            assert "openssl rand -base64 32" in said
            assert not (second.data / "secret.key").exists()
        key.write_text(good)
        with second:
            group.replicas.append(second)
            assert group.agree(lambda text: "One" in text) == first
            assert (second.data / "secret.key").read_bytes() == key.read_bytes()
            assert (second.data / "secret.key").stat().st_mode & 0o777 == 0o600
            group.replicas.remove(second)
        key.write_text("m3u-proxy-key-1 " + "A" * 43 + "\n")
        second.start()
        assert second.process.wait(20) != 0
        assert "is another key than M3U_PROXY_SECRET_KEY_FILE names" in second.log()


def test_what_one_alone_had_is_shared_when_it_becomes_one_of_several(server, tmp_path):
    with Source(playlist_of("One")) as source:
        (tmp_path / "service.toml").write_text(
            f'[service]\nquiet_period = "0s"\n[http]\nallowed_hosts = ["tv.example"]\n'
            + sources_of(source, tmp_path))
        with Replica(tmp_path / "alone", tmp_path / "service.toml", server.address) as alone:
            wait_until(lambda: alone.get("playlist.m3u").status == 200)
        source.content = None
        group = Group(tmp_path, server, sources_of(source, tmp_path), size=2)
        shutil.move(tmp_path / "alone" / "data", group.replicas[0].data)
        with group:
            group.agree(lambda text: "One" in text)


def test_what_cannot_work_is_refused_with_the_remedy(server, tmp_path):
    def said(config, **environment):
        path = tmp_path / "refused.toml"
        path.write_text(config)
        done = subprocess.run([BINARY, "serve", "--data", tmp_path / "refused", "--listen", "127.0.0.1:0", "--config", path],
                              capture_output=True, text=True, timeout=60, check=False, env=environment)
        assert done.returncode != 0
        return done.stderr

    database = f'[database]\nurl = "{server.address}"\n'
    shared = tmp_path / "not-mounted"
    assert "need a PostgreSQL database" in said(f'[service]\nsnapshots = "{tmp_path}"\n')
    assert f"{shared} is not there" in said(f'[service]\nsnapshots = "{shared}"\n' + database)
    assert "neither an absolute path nor s3://" in said('[service]\nsnapshots = "here"\n' + database)
    assert "needs s3_access_key and s3_secret_key" in said('[service]\nsnapshots = "s3://bucket"\n' + database)
    # The key of another installation.
    shared.mkdir()
    shutil.rmtree(tmp_path / "refused")
    refused = said(f'[service]\nsnapshots = "{shared}"\n' + database)
    assert "secret.key" in refused and Path(tmp_path / "refused").exists()


def test_an_object_store_whose_address_is_saved_is_at_home_only_where_that_is_allowed(server, tmp_path):
    """Somebody saved it who may not see the machines around the service."""
    extra = {"M3U_PROXY_DATABASE__URL": server.address, "M3U_PROXY_SERVICE__S3_SECRET_KEY": "s"}
    at_once = {"quiet_period": "0s"}

    def rename(service, name):
        channel = service.ctl("channels", "example", "")["channels"][0]["channel"]
        service.ctl("edits", "set", channel, "--name", name)
    with Source(None) as inner:
        store = {**at_once, "snapshots": "s3://bucket", "s3_access_key": "k",
                 "s3_endpoint": f"http://127.0.0.1:{inner.server.server_port}"}
        with Service(tmp_path / "data", extra=extra) as service:
            service.wait_for_generation(1)
            done = administrator(service).put("/settings", {"config": {"service": store}}, headers={"If-Match": "*"})
            assert done.status == 200, done.text
        with Service(tmp_path / "data", extra=extra) as service:
            rename(service, "Refused")
            wait_until(lambda: any("private network" in line and "[service] allowed_networks" in line
                                   for line in service.log().splitlines()))
            assert inner.requests == []
            allowed = {"config": {"service": {**store, "allowed_networks": ["127.0.0.1/32"]}}}
            done = Client(service).log_in().put("/settings", allowed, headers={"If-Match": "*"})
            assert done.status == 200, done.text
            rename(service, "Asked")
            wait_until(lambda: inner.requests)
