"""A backup, made while the service runs, brings everything back; what is wrong with one changes
nothing."""

import io
import json
import re
import signal
import stat
import subprocess
import tarfile
import threading
import time
from urllib.parse import quote

import postgres
import pytest
import xxhash
from api_client import Client, administrator
from program import BINARY, environment
from provider import Provider
from service import Service, ask, wait_until
from test_serve import configuration, playlist_of
from test_serve_logos import PNG

KINDS = ("sources", "epg-sources", "filters", "rules", "proxies", "users")
# One that is a secret, and one that is none.
SETTINGS = {"http": {"metrics_token": "geheim-metrics"}, "service": {"generations_kept": 7}}
PASSPHRASE = "geheim höhe 100% staple"
RAW = {"Content-Type": "application/octet-stream"}


def unpacked(archive):
    """What another program sees in it: names and contents, in order."""
    plain = subprocess.run(["zstd", "-dc"], input=archive, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def packed(files, member=None):
    """A tar of these; `member` may change each header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(member(info) if member else info, io.BytesIO(content))
    return out.getvalue()


def decided(client, service):
    """Everything, by names, without ids of rows, revisions and times."""
    def items(kind):
        return client.get(f"/{kind}").json["items"]

    out = {("edit", one["channel"], one.get("proxy")): {
               field: value for field, value in one.items() if field not in ("revision", "updated", "missing_since")}
           for one in service.ctl("edits", "list")["edits"]}
    for kind in KINDS:
        for one in items(kind):
            out[kind, one["name"]] = (one.get("config"), one.get("role"))
    for one in items("tokens"):
        out["token", one["name"]] = one["scopes"]
    for proxy in items("proxies"):
        # One that cannot be shown any more gets another beside it, of the same name.
        out["output tokens", proxy["name"]] = {one["name"] for one in items(f"proxies/{proxy['id']}/tokens")}
    for one in items("logos"):
        out["logo", one["name"]] = (one["id"], one["type"], client.get(f"/logos/{one['id']}").body)
    out["settings"] = client.get("/settings").json["config"]
    return out


def as_listed(made):
    """What was just made as it is in the list: what is missing in it was said then."""
    return {field: value for field, value in made.items() if not field.startswith("missing")}


def fill(service, admin):
    assert admin.post("/sources", {"name": "account", "config": {
        "url": "http://anna:geheim@provider.example/x", "refresh": "manual"}}).status == 201
    for number in range(3):
        assert admin.post("/filters", {"name": f"f{number}", "config": {
            "action": "include", "expression": 'channel_name contains "x"'}}).status == 201
    assert admin.post("/users", {"name": "eva", "role": "editor", "password": "geheim, another password"}).status == 201
    assert admin.post("/logos?name=News", raw=PNG, headers={"Content-Type": "image/png"}).status == 201
    assert admin.put("/settings", {"config": SETTINGS}, headers={"If-Match": "*"}).status == 200
    channels = [one["channel"] for one in service.ctl("channels", "example", "")["channels"]]
    service.ctl("edits", "set", channels[1], "--proxy", "example", "--number", "77", "--group", "Other", "--logo",
                "http://logo.example/x.png", "--guide-id", "mine.tv", "--hide", "--after", channels[2])
    # Last, since it is waited for.
    service.ctl("edits", "set", channels[0], "--name", "Née \\N \"renamed\"")


def restore(client, archive, passphrase=PASSPHRASE, query=""):
    headers = {**RAW, **({"X-Passphrase": quote(passphrase)} if passphrase else {})}
    return client.post(f"/restore{query}", raw=archive, headers=headers)


@pytest.fixture(name="made", scope="module")
def a_backup(tmp_path_factory):
    """Of a service that has published, with snapshots and under a passphrase."""
    data = tmp_path_factory.mktemp("made") / "data"
    with Service(data) as service:
        admin = administrator(service)
        fill(service, admin)
        program = admin.post("/tokens", {"name": "program", "scopes": ["read"]}).json["token"]
        service.wait_for_generation(2)
        wait_until(lambda: "Née" in ask(service.playlist).text)
        playlist = service.playlist.split("/proxy/")[1]
        published = ask(service.playlist).text
        answer = admin.post("/backups", {"passphrase": PASSPHRASE, "with_snapshots": True})
        assert answer.status == 201, answer.text
        assert answer.json["secrets"] == "passphrase" and answer.json["with_snapshots"]
        assert (answer.json["missing"], answer.json["missing_names"]) == (0, [])
        assert admin.get("/backups").json["items"] == [as_listed(answer.json)]
        name = answer.json["name"]
        assert stat.S_IMODE((data / "backups" / name).stat().st_mode) == 0o600
        copy = admin.get(f"/backups/{name}")
        assert copy.status == 200 and len(copy.body) == answer.json["bytes"]
        for bad in ("..%2fm3u-proxy.sqlite", "secret.key", "x.tar.zst"):
            assert admin.get(f"/backups/{bad}").status in (400, 404)
        before = decided(admin, service)
        assert admin.delete(f"/backups/{name}").status == 204
        assert admin.get("/backups").json["items"] == []
    return {"archive": copy.body, "before": before, "playlist": playlist, "published": published,
            "program": program}


def test_another_program_can_look_into_it_and_finds_no_secret(made):
    files = unpacked(made["archive"])
    assert list(files)[0] == "backup.json" and list(files)[-1] == "contents.json"
    about = json.loads(files["backup.json"])
    assert about["format"] == 1 and about["secrets"]["sealed_with"] == "passphrase"
    sources = [json.loads(line) for line in files["sources/000001.jsonl"].splitlines()]
    account = next(one for one in sources if one["name"] == "account")
    assert "***" in account["config"]["url"] and account["sealed"]
    assert not any(b"geheim" in content for content in files.values())
    assert {one["name"]: one["bytes"] for one in json.loads(files["contents.json"])["files"]} == {
        name: len(content) for name, content in files.items() if name != "contents.json"}


def test_everything_is_back_on_a_machine_that_has_nothing(made, tmp_path):
    """Its providers are down: the playlist is there at once, under the same address."""
    archive = tmp_path / "tv.tar.zst"
    archive.write_bytes(made["archive"])
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    data = tmp_path / "data"
    command = [BINARY, "restore", archive, "--data", data, "--passphrase-file", tmp_path / "passphrase"]
    env = environment(**postgres.database_of(data))
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0 and "1 proxies with their data" in done.stdout, done.stderr
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    with Service(data) as service:
        again = Client(service).log_in()
        assert decided(again, service) == made["before"]
        moved = ask(f"{service.address}/proxy/{made['playlist']}")
        assert moved.status == 200
        assert moved.text.replace(service.address, "") == re_addressed(made["published"])
        assert "Née" in moved.text
        source = next(one for one in again.get("/sources").json["items"] if one["name"] == "account")
        assert "***" in source["config"]["url"]
        assert Client(service, made["program"]).get("/sources").status == 200
        assert again.get("/settings").json["config"] == {
            "http": {"metrics_token": "***"}, "service": {"generations_kept": 7}}
        entries = [one for one in again.get("/audit").json["items"] if one["action"] == "backups.restore"]
        assert [one["actor"] for one in entries] == ["the command line"]
        # What is published is older than a change that is made now, wherever revisions were counted.
        proxy = again.get("/proxies").json["items"][0]["id"]
        newest = max(one["settings_revision"] for one in again.get(f"/proxies/{proxy}/generations").json["items"])
        change = again.post("/rules", {"name": "later", "config": {"expression": 'SET group_title = "x"'}})
        assert change.status == 201 and int(change.headers["settings-revision"]) > newest > 0
    assert not list(data.glob(".m3u-proxy-*"))


def re_addressed(text):
    return re.sub(r"http://127\.0\.0\.1:\d+", "", text)


def test_a_running_service_goes_back_and_goes_on(made, tmp_path):
    with Service(tmp_path / "data") as service:
        admin = administrator(service)
        other = admin.post("/filters", {"name": "later", "config": {
            "action": "include", "expression": 'channel_name contains "x"'}})
        assert other.status == 201
        now = decided(admin, service)
        said = restore(admin, made["archive"], query="?dry_run=true")
        assert said.status == 200 and said.json["without_secrets"] == 0, said.text
        assert said.json["dry_run"] and said.json["proxies"], said.text
        assert decided(admin, service) == now
        answer = restore(admin, made["archive"])
        assert answer.status == 200, answer.text
        assert admin.get("/session").status == 401
        admin = Client(service).log_in()
        assert decided(admin, service) == made["before"]
        audit = admin.get("/audit").json["items"]
        assert any(one["action"] == "backups.restore" for one in audit)
        wait_until(lambda: ask(f"{service.address}/proxy/{made['playlist']}").status == 200)
        wait_until(lambda: "Née" in ask(f"{service.address}/proxy/{made['playlist']}").text)


def test_the_commands_work_beside_a_running_service(made, tmp_path):
    """Which does the restore itself, and whose own key opens what has no passphrase."""
    def run(*arguments):
        return subprocess.run([BINARY, *arguments, "--data", tmp_path / "data"], capture_output=True,
                              text=True, check=False,
                              env=environment(**postgres.database_of(tmp_path / "data")))

    with Service(tmp_path / "data") as service:
        admin = administrator(service)
        fill(service, admin)
        before = decided(admin, service)
        done = run("backup", tmp_path / "own.tar.zst")
        assert done.returncode == 0 and "secret.key" in done.stdout, done.stderr
        assert admin.delete(f"/users/{user_id(admin, 'eva')}", headers={"If-Match": "*"}).status == 204
        done = run("restore", tmp_path / "own.tar.zst", "--check")
        assert done.returncode == 0 and "The backup of" in done.stdout, done.stderr
        assert decided(admin, service) != before
        done = run("restore", tmp_path / "own.tar.zst")
        assert done.returncode == 0 and "Restored" in done.stdout, done.stderr
        assert decided(Client(service).log_in(), service) == before
        (tmp_path / "foreign.tar.zst").write_bytes(made["archive"])
        done = run("restore", tmp_path / "foreign.tar.zst")
        assert done.returncode != 0 and "passphrase" in done.stderr
    done = run("restore", tmp_path / "own.tar.zst")
    assert done.returncode == 0, done.stderr
    with Service(tmp_path / "other") as service:
        admin = administrator(service)
        answer = restore(admin, (tmp_path / "own.tar.zst").read_bytes(), passphrase=None)
        assert answer.status == 422 and "secret key" in answer.json["detail"]


def user_id(client, name):
    return next(one["id"] for one in client.get("/users").json["items"] if one["name"] == name)


def test_without_the_passphrase_the_rest_comes_back(made, tmp_path):
    with Service(tmp_path / "data") as service:
        admin = administrator(service)
        refused = restore(admin, made["archive"], passphrase=None)
        assert refused.status == 422 and "passphrase" in refused.json["detail"]
        refused = restore(admin, made["archive"], passphrase="another")
        assert refused.status == 422 and "passphrase" in refused.json["detail"]
        answer = restore(admin, made["archive"], passphrase=None, query="?without_secrets=true")
        assert answer.status == 200 and answer.json["without_secrets"] > 0, answer.text
        # Settings stay but for the secret one.
        expected = {**made["before"], "settings": {"http": {}, "service": {"generations_kept": 7}}}
        assert decided(Client(service).log_in(), service) == expected


def is_let_in(service, admin):
    """Whether the provider of the source "private" gives its list, which it does for its account only."""
    source = next(one for one in admin.get("/sources").json["items"] if one["name"] == "private")
    job = admin.post(f"/sources/{source['id']}/refresh").json["id"]
    wait_until(lambda: admin.get(f"/jobs/{job}").json["state"] not in ("queued", "running"))
    source = next(one for one in service.ctl("status")["sources"] if one["name"] == "private")
    return source["items"] == 3 and "error" not in source


def test_a_provider_knows_a_restored_account(tmp_path):
    """Which is shown as *** either way."""
    (tmp_path / "service.toml").write_text('[service]\nallowed_networks = ["127.0.0.0/8"]\n')
    config = ["--config", tmp_path / "service.toml"]
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    with Provider() as provider:
        with Service(tmp_path / "a" / "data", *config) as service:
            admin = administrator(service)
            assert admin.post("/sources", {"name": "private", "config": {
                "url": provider.url("/private/tv.m3u", user="me:geheim-secret"), "refresh": "manual"}}).status == 201
            name = admin.post("/backups", {"passphrase": PASSPHRASE}).json["name"]
            archive = admin.get(f"/backups/{name}").body
        with Service(tmp_path / "b" / "data", *config) as service:
            assert restore(administrator(service), archive).status == 200
            assert is_let_in(service, Client(service).log_in())
        with Service(tmp_path / "c" / "data", *config) as service:
            answer = restore(administrator(service), archive, passphrase=None, query="?without_secrets=true")
            assert answer.status == 200, answer.text
            assert not is_let_in(service, Client(service).log_in())


def test_what_could_not_be_read_is_said(tmp_path):
    data = tmp_path / "data"
    with Service(data) as service:
        admin = administrator(service)
        logo = admin.post("/logos?name=News", raw=PNG, headers={"Content-Type": "image/png"}).json
        (data / "logos" / logo["id"]).unlink()
        made = admin.post("/backups").json
        assert (made["missing"], made["missing_names"]) == (1, ['logo "News"'])
        assert made["problem"] is None
        done = subprocess.run([BINARY, "backup", tmp_path / "tv.tar.zst", "--data", data], capture_output=True,
                              text=True, check=False, env=environment(**postgres.database_of(data)))
        assert done.returncode == 3 and 'could not be read: logo "News"' in done.stdout, done.stdout + done.stderr
        # The rest is in it.
        answer = restore(admin, (tmp_path / "tv.tar.zst").read_bytes(), passphrase=None)
        assert answer.status == 200 and answer.json["logos"] == 0, answer.text


def test_the_data_of_what_nobody_fetches_is_in_it(tmp_path):
    """Also where it is the service that says so: what was uploaded is there once only."""
    data = tmp_path / "data"
    (tmp_path / "tv.m3u").write_text(playlist_of("A", "B"))
    (tmp_path / "service.toml").write_text(
        '[service]\nrefresh = "Manual"\n[[sources]]\nname = "daily"\npath = "tv.m3u"\nrefresh = "24h"\n')
    with Service(data, "--config", tmp_path / "service.toml") as service:
        admin = administrator(service)
        ids = {}  # but for the one that is fetched every day
        for name, said in (("says nothing", {}), ("manual", {"refresh": " manual "})):
            made = admin.post("/sources", {"name": name, "config": {"url": "http://provider.example/x", **said}})
            assert made.status == 201, made.text
            ids[name] = made.json["id"]
            service.ctl("upload", name, tmp_path / "tv.m3u")
        wait_until(lambda: all(one["items"] == 2 for one in service.ctl("status")["sources"]))
        name = admin.post("/backups", {"passphrase": PASSPHRASE}).json["name"]
        files = unpacked(admin.get(f"/backups/{name}").body)
    there = {name.split("/")[2] for name in files if name.startswith("snapshots/sources/")}
    assert there == set(ids.values())
    command = [BINARY, "backup", tmp_path / "tv.tar.zst", "--data", data, "--config", tmp_path / "service.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env=environment(**postgres.database_of(data)))
    assert done.returncode == 0, done.stderr
    files = unpacked((tmp_path / "tv.tar.zst").read_bytes())
    assert {name.split("/")[2] for name in files if name.startswith("snapshots/sources/")} == there


def test_what_is_wrong_with_an_archive_changes_nothing(made, tmp_path):
    archive = made["archive"]
    files = unpacked(archive)
    names = list(files)
    newer = {**files, "backup.json": files["backup.json"].replace(b'"format":1', b'"format":9')}
    link = lambda info: (setattr(info, "type", tarfile.SYMTYPE), setattr(info, "linkname", "/etc/passwd"), info)[2] if info.name.startswith("users") else info
    flipped = bytearray(packed(files))
    flipped[600] ^= 1
    bad = {
        "nothing": b"",
        "no archive": b"x" * 5000,
        "cut off": archive[:len(archive) // 2],
        "cut off at the end": archive[:-5],
        "damaged": archive[:2000] + bytes([archive[2000] ^ 1]) + archive[2001:],
        "something behind it": archive + b"more",
        "another's tar": packed({"a": b"b"}),
        "newer": packed(newer),
        "no list": packed({name: files[name] for name in names[:-1]}),
        "a file too few": packed({name: files[name] for name in names if not name.startswith("users")}),
        "another content": packed({**files, "users/000001.jsonl": files["users/000001.jsonl"].replace(b"editor", b"admin\x20")}),
        "a header that is damaged": bytes(flipped),
        "a path above": packed({**{names[0]: files[names[0]]}, "../evil": b"x", **files}),
        "an absolute path": packed({**{names[0]: files[names[0]]}, "/tmp/evil": b"x"}),
        "a snapshot's path above": packed({**{names[0]: files[names[0]]}, "snapshots/sources/../../evil": b"x"}),
        "a link": packed(files, link),
    }
    data = tmp_path / "data"
    with Service(data) as service:
        admin = administrator(service)
        now = decided(admin, service)
        there = sorted(str(path) for path in data.rglob("*") if "edits" not in str(path) and "sqlite" not in str(path))
        for what, content in bad.items():
            answer = restore(admin, content)
            assert answer.status == 422, (what, answer.status, answer.text)
            assert len(answer.json["detail"]) > 10, what
        assert decided(admin, service) == now
        left = sorted(str(path) for path in data.rglob("*") if "edits" not in str(path) and "sqlite" not in str(path))
        assert left == there
        assert not (tmp_path / "evil").exists()
        # A bomb: a gigabyte of zeros in some kilobytes where a line of JSON is expected.
        bomb = subprocess.run("head -c 1000000000 /dev/zero | zstd -c", shell=True, capture_output=True, check=True).stdout
        assert restore(admin, bomb).status == 422
        assert restore(admin, archive).status == 200


def test_rows_that_do_not_fit_together_are_refused(made, tmp_path):
    """With a list that fits, as from somebody who knows the format."""
    with Service(tmp_path / "data") as service:
        admin = administrator(service)
        now = decided(admin, service)
        for kind, old, new, said in (
                ("filters", b"channel_name contains", b"channel_nam_ contains", "channel_nam_"),
                ("users", b'"role":"admin"', b'"role":"queen"', "role"),
                ("users", b'"role":"admin"', b'"role":"viewer"', "administrator"),
                ("proxies", b'"name":"example"', b'"nome":"example"', "nome")):
            files = unpacked(made["archive"])
            part = f"{kind}/000001.jsonl"
            assert old in files[part], (kind, files[part])
            files[part] = files[part].replace(old, new)
            answer = restore(admin, packed(relisted(files)))
            assert answer.status == 422 and said in answer.json["detail"], (kind, answer.text)
        assert decided(admin, service) == now


def relisted(files):
    """With the list of contents made anew."""
    files = dict(files)
    files.pop("contents.json")
    rows = ",".join(
        f'{{"name":"{name}","bytes":{len(content)},"hash":"{xxhash.xxh3_128_hexdigest(content)}"}}'
        for name, content in files.items())
    return {**files, "contents.json": f'{{"files":[{rows}]}}\n'.encode()}


@postgres.sqlite_only
def test_from_sqlite_to_postgresql_and_back(made, tmp_path):
    """Restored into one, backed up there, and restored into the other, all is as it was."""
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    config = tmp_path / "postgres.toml"
    archive = tmp_path / "first.tar.zst"
    archive.write_bytes(made["archive"])
    second = tmp_path / "second.tar.zst"
    with postgres.server(tmp_path / "server") as address:
        config.write_text(f'[database]\nurl = "{address}"\n')
        for command in (
                ["restore", archive, "--data", tmp_path / "p", "--config", config],
                ["backup", second, "--data", tmp_path / "p", "--config", config, "--with-snapshots"],
                ["restore", second, "--data", tmp_path / "s"]):
            done = subprocess.run([BINARY, *command, "--passphrase-file", tmp_path / "passphrase"],
                                  capture_output=True, text=True, check=False, env=environment())
            assert done.returncode == 0, done.stderr
        with Service(tmp_path / "p", "--config", config) as service:
            admin = Client(service).log_in()
            assert decided(admin, service) == made["before"]
            assert restore(admin, second.read_bytes()).status == 200
            assert decided(Client(service).log_in(), service) == made["before"]
    with Service(tmp_path / "s") as service:
        assert decided(Client(service).log_in(), service) == made["before"]
        assert "Née" in ask(f"{service.address}/proxy/{made['playlist']}").text


def with_many_edits(archive, count):
    files = unpacked(archive)
    row = next(one for one in map(json.loads, files["edits/000001.jsonl"].splitlines()) if "name" in one)
    row.pop("proxy", None)  # for all proxies
    rows = (json.dumps({**row, "channel": f"{number:08x}-0000-4000-8000-000000000000"}, separators=(",", ":"))
            for number in range(count))
    lines = list(rows)
    parts = {f"edits/{1 + at // 5000:06d}.jsonl": ("\n".join(lines[at:at + 5000]) + "\n").encode()
             for at in range(0, count, 5000)}
    kept = {name: content for name, content in files.items() if not name.startswith("edits/")}
    before = [name for name in kept if not name.startswith(("logos/", "files/", "snapshots/", "contents"))]
    ordered = {name: kept[name] for name in before} | parts | {
        name: content for name, content in kept.items() if name not in before}
    return packed(relisted(ordered))


def test_a_stop_ends_a_restore_without_harm(made, tmp_path):
    """It lasts for many seconds otherwise."""
    archive = with_many_edits(made["archive"], 300_000)
    data = tmp_path / "data"
    with Service(data) as service:
        admin = administrator(service)
        fill(service, admin)
        before = decided(admin, service)
        answers = []

        def ask_for_it():
            try:
                answers.append(restore(admin, archive).status)
            except OSError:
                answers.append(None)

        asking = threading.Thread(target=ask_for_it)
        asking.start()
        wait_until(lambda: list(data.glob(".m3u-proxy-*/store")))
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(20) == 0
        assert time.monotonic() - begun < 5
        asking.join(20)
        assert answers in ([503], [None])
    with Service(data) as service:
        assert decided(Client(service).log_in(), service) == before
        assert not list(data.glob(".m3u-proxy-*/store"))


def test_the_files_edit_holds_against_a_persons_in_the_backup(tmp_path):
    """The same with a service and without one."""
    data = tmp_path / "data"
    config = tmp_path / "service.toml"
    (tmp_path / "tv.m3u").write_text(playlist_of("A", "B"))
    plain = configuration("x").replace('url = "x"', 'path = "tv.m3u"')
    config.write_text(plain)
    with Service(data, "--config", config) as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        channels = [one["channel"] for one in service.ctl("channels", "home", "")["channels"]]
        for channel in channels:
            service.ctl("edits", "set", channel, "--name", "By hand")
        made = admin.post("/backups", {"passphrase": PASSPHRASE}).json["name"]
        archive = admin.get(f"/backups/{made}").body
        service.ctl("edits", "remove", channels[0])
        config.write_text(f'{plain}\n[[edits]]\nchannel = "{channels[0]}"\nname = "Of the file"\n')
        expected = {channels[0]: "Of the file", channels[1]: "By hand"}

        def names():
            return {one["channel"]: one["name"] for one in service.ctl("edits", "list")["edits"]}

        wait_until(lambda: names() == expected)
        answer = restore(admin, archive)
        assert answer.status == 200 and answer.json["edits_of_the_file"] == 1, answer.text
        assert names() == expected
    (tmp_path / "tv.tar.zst").write_bytes(archive)
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    done = subprocess.run([BINARY, "restore", tmp_path / "tv.tar.zst", "--data", data, "--passphrase-file",
                           tmp_path / "passphrase"], capture_output=True, text=True, check=False,
                          env=environment(**postgres.database_of(data)))
    assert done.returncode == 0 and "1 edits of channels gave way" in done.stdout, done.stdout + done.stderr
    with Service(data, "--config", config) as service:
        assert names() == expected


def test_archives_that_cannot_be_read_are_shown_as_such(tmp_path):
    data = tmp_path / "data"
    with Service(data) as service:
        admin = administrator(service)
        good = admin.post("/backups").json
        assert good["problem"] is None
        whole = (data / "backups" / good["name"]).read_bytes()
        for name, content in (("cut.tar.zst", whole[:30]), ("empty.tar.zst", b""), ("other.tar.zst", packed({"a": b"b"}))):
            (data / "backups" / name).write_bytes(content)
        (data / "backups" / "link.tar.zst").symlink_to("/etc/passwd")
        (data / "backups" / "notes.txt").write_text("x")
        items = {one["name"]: one for one in admin.get("/backups").json["items"]}
        assert set(items) == {good["name"], "cut.tar.zst", "empty.tar.zst", "other.tar.zst"}
        assert items[good["name"]] == as_listed(good)
        for name in ("cut.tar.zst", "empty.tar.zst", "other.tar.zst"):
            assert len(items[name]["problem"]) > 10 and "created" not in items[name]
            assert admin.delete(f"/backups/{name}").status == 204
        assert [one["name"] for one in admin.get("/backups").json["items"]] == [good["name"]]
        assert admin.get("/backups/link.tar.zst").status == 404
