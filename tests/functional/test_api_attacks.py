"""What somebody would try: each is refused, and nothing else suffers."""

import contextlib
import gzip
import hashlib
import http.client
import http.server
import re
import socket
import threading
import time
from urllib.parse import quote

import pytest
from api_client import PASSWORD, Client, administrator
from postgres import lines_of
from service import Service, ask, wait_until

PLAYLIST = b"#EXTM3U\n#EXTINF:-1,One\nhttp://provider.example/1\n"


class Private(http.server.BaseHTTPRequestHandler):
    """A machine in a private network; what it was asked for is kept."""

    def do_GET(self):
        self.server.heads.append(dict(self.headers))
        self.server.asked.append(self.path)
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", self.server.leads_to)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PLAYLIST)))
        self.end_headers()
        self.wfile.write(PLAYLIST)

    def log_message(self, *_):
        pass


@pytest.fixture(name="private")
def a_private_machine():
    servers = []
    for address in ("127.0.0.1", "127.0.0.2"):
        server = http.server.ThreadingHTTPServer((address, 0), Private)
        server.asked, server.heads = [], []
        server.url = f"http://{address}:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    servers[0].leads_to = servers[1].url + "/inner.m3u"
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(name="service")
def a_service(tmp_path):
    config = tmp_path / "service.toml"
    config.write_text('[service]\nquiet_period = "1s"\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.admin = administrator(service)
        yield service


def refresh_is_refused(admin, source):
    """Asks for a refresh, and says whether the last one ended with where files may be read."""
    assert admin.post(f"/sources/{source}/refresh").status == 202
    error = admin.get(f"/sources/{source}").json["status"]["error"] or ""
    return "in none of the folders that may be read" in error and "[service] allowed_folders" in error


def test_where_a_file_is_counts_when_it_is_read(tmp_path):
    """A link that is put in its place after it was named, and a folder that may be read no more, lead nowhere."""
    inside = tmp_path / "inside"
    inside.mkdir()
    file, outside = inside / "tv.m3u", tmp_path / "outside.m3u"
    file.write_bytes(PLAYLIST)
    outside.write_bytes(PLAYLIST + PLAYLIST.replace(b"#EXTM3U\n", b"").replace(b"One", b"Two"))
    config = tmp_path / "service.toml"
    config.write_text(f'[service]\nquiet_period = "0s"\nallowed_folders = ["{inside}"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        made = admin.post("/sources", {"name": "tv", "config": {"path": str(file), "refresh": "manual"}}).json["id"]

        def status():
            return admin.get(f"/sources/{made}").json["status"]

        def is_read():
            now = status()
            if (now["state"], now["items"]) == ("fresh", 1):
                return True
            assert admin.post(f"/sources/{made}/refresh").status == 202
            return False
        wait_until(is_read)
        file.unlink()
        file.symlink_to(outside)
        wait_until(lambda: refresh_is_refused(admin, made))
        assert status()["items"] == 1
        file.unlink()
        file.write_bytes(PLAYLIST)
        wait_until(is_read)
        config.write_text('[service]\nquiet_period = "0s"\n')
        wait_until(lambda: refresh_is_refused(admin, made))
        assert status()["items"] == 1


def validated(admin, url):
    answer = admin.post("/sources/validate", {"config": {"url": url}})
    assert answer.status == 200, answer.text
    return answer.json


def test_a_source_of_the_api_reaches_no_private_machine(service, private):
    admin = service.admin
    port = private[0].server_port
    for url in (private[0].url, f"http://localhost:{port}", f"http://0.0.0.0:{port}",
                f"http://[::ffff:127.0.0.1]:{port}", f"http://2130706433:{port}", f"http://0x7f.1:{port}"):
        found = validated(admin, url)
        assert found["usable"] is False, url
    source = admin.post("/sources", {"name": "inner", "config": {"url": private[0].url}}).json
    def failed():
        status = admin.get(f"/sources/{source['id']}").json["status"]
        return status["state"] == "failed" and "private network" in status["error"]
    wait_until(failed)
    assert private[0].asked == []


def test_an_account_sends_no_file_and_no_variable_of_the_service(tmp_path, private):
    """xtream://…?password_env= and password_file= name what would be sent to the same address's server."""
    (tmp_path / "inside").mkdir()
    for name in ("secret", "inside/tv"):
        (tmp_path / name).write_text("geheim\n")
    config = tmp_path / "service.toml"
    config.write_text(f'[service]\nallowed_networks = ["127.0.0.1/32"]\nallowed_folders = ["{tmp_path}/inside"]\n')
    host = private[0].url.removeprefix("http://")
    with Service(tmp_path / "data", "--config", config, extra={"SECRET": "geheim"}) as service:
        admin = administrator(service)
        config = {"url": f"xtream://x:y@{host}?delay_ms=0", "refresh": "manual"}
        sources = {kind: admin.post(f"/{kind}", {"name": kind, "config": config}).json["id"]
                   for kind in ("sources", "epg-sources")}
        for query in ("password_env=SECRET", f"password_file={tmp_path}/secret", "live&password_env=SECRET",
                      f"password_file={tmp_path}/inside/..%2Fsecret", "password_file=secret"):
            for kind, made in sources.items():
                body = {"name": "evil", "config": {"url": f"xtream://x@{host}?{query}"}}
                for answer in (admin.post(f"/{kind}/validate", {"config": body["config"]}),
                               admin.post(f"/{kind}", body), admin.post(f"/{kind}?dry_run=true", body),
                               admin.put(f"/{kind}/{made}", body, headers={"If-Match": "*"})):
                    assert answer.status == 422, (query, answer.text)
                    assert answer.json["errors"][0]["field"] == "config.url", answer.text
        assert not [path for path in private[0].asked if "geheim" in path]
        account = f"xtream://x@{host}?delay_ms=0&password_file={tmp_path}/inside/tv"
        validated(admin, account)
        assert [path for path in private[0].asked if "geheim" in path]
        # What the file is by then counts, not what it was when the source was made.
        made = admin.post("/sources", {"name": "swapped", "config": {"url": account, "refresh": "manual"}}).json
        (tmp_path / "other").write_text("anderes\n")
        (tmp_path / "inside/tv").unlink()
        (tmp_path / "inside/tv").symlink_to(tmp_path / "other")
        wait_until(lambda: refresh_is_refused(admin, made["id"]))
        assert not [path for path in private[0].asked if "anderes" in path]


def test_a_hidden_secret_goes_to_no_other_server(tmp_path, private):
    config = tmp_path / "service.toml"
    config.write_text('[service]\nallowed_networks = ["127.0.0.0/8"]\n')
    host, other = (server.url.removeprefix("http://") for server in private)
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        made = admin.post("/sources", {"name": "s", "config": {
            "url": f"http://anna:geheim@{host}/x", "headers": {"X-Key": "geheim"}, "refresh": "manual"}})
        shown = made.json["config"]
        where = f"/sources/{made.json['id']}"

        def put(url):
            return admin.put(where, {"name": "s", "config": {**shown, "url": url}}, headers={"If-Match": "*"})
        for url in (f"http://{other}/x", f"http://***@{other}/x", f"http://{host}@{other}/x", f"https://{host}/x",
                    f"http://{host}\\@{other}/x", f"xtream://a:b@{other}", "/a/file"):
            answer = put(url)
            assert answer.status == 422, (url, answer.text)
            assert "hidden" in {error["code"] for error in answer.json["errors"]}, answer.text
        moved = put(f"http://***@{host}/y")
        assert moved.status == 200 and moved.json["config"]["url"] == f"http://***@{host}/y"
        assert admin.post(f"{where}/refresh").status == 202
        wait_until(lambda: "/y" in private[0].asked)
    head = private[0].heads[-1]
    assert head["X-Key"] == "geheim" and head["Authorization"].startswith("Basic ")
    assert private[1].asked == []


def operations_of(service):
    """Each operation of the document, with ids of nothing in its path."""
    for path, operations in service.admin.get("/openapi.json").json["paths"].items():
        for method, operation in operations.items():
            if method in ("post", "put", "delete", "patch"):
                names = [parameter.get("name") or parameter["$ref"].rsplit("/", 1)[1]
                         for parameter in operation.get("parameters", [])]
                body = {} if "requestBody" in operation else None
                yield method.upper(), re.sub(r"\{\w+\}", "0" * 22, path), body, names


def test_what_is_only_to_be_tried_is_not_done(service):
    """dry_run=true where nothing can be tried is refused, not left out of account."""
    tried = 0
    for method, path, body, parameters in operations_of(service):
        if not {"DryRun", "dry_run"} & set(parameters):
            answer = service.admin.ask(method, f"{path}?dry_run=true", body)
            assert answer.status == 422, (method, path, answer.text)
            assert answer.json["errors"][0]["field"] == "dry_run", (method, path)
            tried += 1
        else:
            answer = service.admin.ask(method, f"{path}?dry_run=yes", body)
            assert answer.status == 422, (method, path, answer.text)
    assert tried > 8


PLACES = ["proxy_memory.spill_dir", "wasm_plugins.plugin_directory", "wasm_plugins.cache_directory",
          "service.snapshots", "http.certificate", "http.key"]


def with_path(key, path):
    """Settings in which a key has a path; a certificate goes with its key."""
    section, name = key.split(".")
    return {section: {"certificate": path, "key": path} if section == "http" else {name: path}}


def saving(admin, config, query=""):
    return admin.put(f"/settings{query}", {"config": config}, headers={"If-Match": "*"})


@pytest.mark.parametrize("key", PLACES)
def test_a_path_of_the_api_lies_where_paths_may_lie(service, tmp_path, key):
    """What is there is not looked at: the answer is the same for what is there and what is not."""
    (tmp_path / "outside").mkdir()
    (service.data / "link").symlink_to(tmp_path / "outside")
    answers = set()
    for path in ("/etc", "/etc/passwd", "/nonexistent", f"{tmp_path}/outside", f"{service.data}/../outside",
                 f"{service.data}/link/x", f"{service.data}2"):
        for query in ("", "?dry_run=true"):
            answer = saving(service.admin, with_path(key, path), query)
            assert answer.status == 422, (path, answer.text)
            wrong = {error["field"]: error for error in answer.json["errors"]}[f"config.{key}"]
            assert path in wrong["message"]
            assert "configuration file" in wrong["hint"] and "[service] allowed_folders" in wrong["hint"]
            answers.add(wrong["message"].replace(path, "PATH"))
    assert len(answers) == 1
    assert service.admin.get("/settings").json["revision"] == 0


def test_paths_may_be_saved_in_the_data_folder_and_in_allowed_ones(service, tmp_path):
    key, elsewhere = "wasm_plugins.cache_directory", f"{tmp_path}/elsewhere"
    assert saving(service.admin, with_path(key, f"{service.data}/cache")).status == 200
    allowed = {"service": {"allowed_folders": [elsewhere]}}
    assert saving(service.admin, {**allowed, **with_path(key, f"{elsewhere}/cache")}).status == 200
    # What is saved already keeps nobody from saving something else.
    kept = saving(service.admin, {"service": {"refresh": "7h"}, **with_path(key, f"{elsewhere}/cache")})
    assert kept.status == 200, kept.text
    moved = saving(service.admin, {"service": {"refresh": "7h"}, **with_path(key, f"{elsewhere}/other")})
    assert moved.status == 422 and moved.json["errors"][0]["field"] == f"config.{key}"


def test_what_replicas_share_is_not_in_the_data_folder_of_one(service):
    for path in (service.data, f"{service.data}/shared"):
        answer = saving(service.admin, with_path("service.snapshots", str(path)))
        assert answer.status == 422, answer.text
        wrong = answer.json["errors"][0]
        assert wrong["field"] == "config.service.snapshots" and "may be named" in wrong["message"]


def test_paths_of_the_configuration_file_may_be_anywhere_and_its_list_is_the_last_word(tmp_path):
    config = tmp_path / "service.toml"
    config.write_text(f'[service]\nallowed_folders = []\n[wasm_plugins]\ncache_directory = "{tmp_path}/cache"\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        widened = saving(admin, {"service": {"allowed_folders": ["/"]}, **with_path("proxy_memory.spill_dir", "/")})
        assert widened.status == 409, widened.text
        assert [error["field"] for error in widened.json["errors"]] == ["config.service.allowed_folders"]
        assert saving(admin, with_path("proxy_memory.spill_dir", "/")).status == 422
        assert saving(admin, {"service": {"refresh": "7h"}}).status == 200


def test_a_redirect_leads_to_no_private_machine(tmp_path, private):
    config = tmp_path / "service.toml"
    config.write_text('[service]\nallowed_networks = ["127.0.0.1/32"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        assert validated(admin, private[0].url)["items"] == 1
        found = validated(admin, private[0].url + "/redirect")
        assert found["usable"] is False and "private network" in found["problems"][0]["message"]
    assert private[0].asked == ["/", "/redirect"] and private[1].asked == []


def test_what_the_configuration_file_names_may_be_anywhere(tmp_path, private):
    config = tmp_path / "service.toml"
    config.write_text(f'[service]\nquiet_period = "1s"\n[[sources]]\nname = "lan"\nurl = "{private[0].url}"\n'
                      '[[proxies]]\nname = "home"\nsources = ["lan"]\n')
    with Service(tmp_path / "data", "--config", config) as service:
        service.wait_for_generation(1)


@pytest.mark.parametrize("path", [
    "/sources/..%2f..%2fetc%2fpasswd", "/sources/%00", "/proxies/%2e%2e/tokens", "/jobs/..", "/users/%ff",
    "/sources/00000000-0000-0000-0000-000000000000/../../users"])
def test_no_path_climbs_out(service, path):
    assert service.admin.get(path).status in (400, 404)


CLIMBING = ["../secret.txt", "../../secret.txt", "../../../secret.txt", "../../../../etc/passwd", "/etc/passwd",
            "..", "..\\secret.txt", "%2e%2e/secret.txt", "....//secret.txt", "\0", "secret.txt\0.m3u"]
NOTHING = "00000000-0000-0000-0000-000000000000"


def climbing_requests(document):
    """(method, path, body): each parameter and each text of a body in turn leads to a file, the others to nothing."""
    def resolved(one):
        while "$ref" in one:
            at = document
            for name in one["$ref"].removeprefix("#/").split("/"):
                at = at[name]
            one = at
        return one
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters" or "text/event-stream" in str(operation["responses"]):
                continue
            parameters = [resolved(one) for one in [*item.get("parameters", []), *operation.get("parameters", [])]]
            content = operation.get("requestBody", {}).get("content", {})
            schema = resolved(content.get("application/json", {}).get("schema", {}))
            texts = [name for name, kind in schema.get("properties", {}).items() if "string" in str(resolved(kind))]
            to_nothing = re.sub(r"\{\w+\}", NOTHING, path)
            for climbing in CLIMBING:
                for parameter in parameters:
                    name = parameter["name"]
                    if parameter["in"] == "path":
                        target = path.replace("{%s}" % name, quote(climbing, safe=""))
                        yield method.upper(), re.sub(r"\{\w+\}", NOTHING, target), {} if content else None
                    elif parameter["in"] == "query":
                        yield (method.upper(), f"{to_nothing}?{name}={quote(climbing, safe='')}",
                               {} if content else None)
                for name in texts:
                    yield method.upper(), to_nothing, {name: climbing}


def test_no_parameter_leads_to_a_file(tmp_path):
    """Of the whole document, as somebody who may do everything: what is read and written stays inside."""
    (tmp_path / "secret.txt").write_text("nobody may read this")
    with Service(tmp_path / "data") as service:
        admin = administrator(service)
        document = admin.get("/openapi.json").json
        program = Client(service, admin.post("/tokens", {"name": "climber", "scopes": ["admin"]}).json["token"])
        def outside():
            return {path: path.stat().st_size for path in tmp_path.rglob("*")
                    if path.is_file() and path.name != "serve.log" and tmp_path / "data" not in path.parents}
        before, wrong, asked = outside(), [], 0
        for method, path, body in climbing_requests(document):
            answer = program.ask(method, path, body, headers={"If-Match": "*"})
            asked += 1
            if answer.status >= 500 and answer.status != 503 or re.search(rb"nobody may read|root:", answer.body):
                wrong.append(f"{method} {path} {body}: {answer.status}")
        assert not wrong and asked > 1000
        assert outside() == before


def test_a_request_from_another_page_changes_nothing(service):
    """CSRF: the browser sends the cookie along, the page does not know the token."""
    stranger = Client(service)
    stranger.cookie, stranger.csrf = service.admin.cookie, ""
    body = {"name": "x", "config": {"action": "include", "expression": 'channel_name contains "x"'}}
    assert stranger.post("/filters", body).status == 403
    assert Client(service).ask("POST", "/filters", body, headers={
        "Cookie": f"m3u_session={service.admin.cookie}", "Origin": "http://evil.example"}).status == 403
    assert service.admin.get("/filters").json["total"] == len(
        [f for f in service.admin.get("/filters").json["items"] if f["name"] != "x"])


def test_other_origins_are_told_nothing(service):
    answer = service.admin.get("/session", headers={"Origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_pages_of_named_origins_may_read_outputs_and_nothing_else(tmp_path):
    config = tmp_path / "service.toml"
    config.write_text('[http]\nallowed_origins = ["https://tv.example"]\n')
    (tmp_path / "tv.m3u").write_bytes(PLAYLIST)
    config.write_text(config.read_text() + '[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\n')
    good, evil = {"Origin": "https://tv.example"}, {"Origin": "https://evil.example"}
    with Service(tmp_path / "data", "--config", config) as service:
        service.wait_for_generation(1)
        wait_until(lambda: ask(service.playlist).status == 200)
        for address in (service.playlist, service.playlist + ".gz", service.guide,
                        service.playlist.replace("/proxy/", "/stream/").replace("playlist.m3u", "0" * 22),
                        service.playlist.replace("/proxy/", "/logo/").replace("playlist.m3u", "0" * 22)):
            assert ask(address, headers=good).headers.get("access-control-allow-origin") == good["Origin"], address
            assert "access-control-allow-origin" not in ask(address, headers=evil).headers
            asked = ask(address, "OPTIONS", {**good, "Access-Control-Request-Method": "GET",
                                             "Access-Control-Request-Headers": "range"})
            assert asked.status == 204 and "Range" in asked.headers["access-control-allow-headers"]
            assert "access-control-allow-methods" not in ask(address, "OPTIONS", evil).headers
        for path in ("/api/v1/session", "/api/v1/setup", "/health", "/metrics", "/ui/"):
            answer = ask(service.address + path, headers=good)
            assert not [name for name in answer.headers if name.startswith("access-control-")], path


@pytest.mark.parametrize("kind, begin", [("sources", b"#EXTM3U\n"), ("epg-sources", b"<tv>\n")])
def test_a_decompression_bomb_ends_as_a_problem(tmp_path, kind, begin):
    """Half a gigabyte of nothing in half a megabyte, in little memory."""
    config = tmp_path / "service.toml"
    config.write_text('[proxy_memory]\nmax_memory_mb = 96\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        source = admin.post(f"/{kind}", {"name": "bomb", "config": {
            "url": "http://provider.example/x", "refresh": "manual"}}).json
        bomb = gzip.compress(begin + b" " * (512 << 20), 9)
        wait_until(lambda: admin.put(f"/{kind}/{source['id']}/content", raw=bomb).status != 503)
        answer = admin.put(f"/{kind}/{source['id']}/content", raw=bomb)
        assert 400 <= answer.status < 500, answer.text
        assert admin.get("/status").json["memory"]["rss_mb"] < 110


def test_slow_heads_and_bodies_do_not_hold_up_others(service):
    host, port = service.admin.base.hostname, service.admin.base.port
    slow = []
    for _ in range(20):
        connection = socket.create_connection((host, port))
        connection.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n")
        slow.append(connection)
    begin = time.monotonic()
    assert service.admin.get("/status").status == 200
    assert time.monotonic() - begin < 2
    for connection in slow:
        connection.close()


def test_smuggled_requests_are_refused(service):
    host, port = service.admin.base.hostname, service.admin.base.port
    for head in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n",
                 b"Transfer-Encoding: chunked, identity\r\n", b"Content-Length : 5\r\n"):
        with socket.create_connection((host, port)) as connection:
            connection.settimeout(10)
            connection.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n0\r\n\r\n")
            answer = connection.recv(4096)
            assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), (head, answer)


def test_secrets_are_in_no_log_and_no_audit(service):
    admin = service.admin
    made = admin.post("/tokens", {"name": "t", "scopes": ["admin"]}).json
    program = Client(service, made["token"])
    assert program.get("/status").status == 200
    source = admin.post("/sources", {"name": "s", "config": {
        "url": "http://anna:geheim@provider.example/x", "headers": {"X-Key": "geheim"}, "refresh": "manual"}})
    assert source.status == 201
    Client(service).post("/session", {"name": "anna", "password": "not " + PASSWORD})
    everything = service.log() + admin.get("/audit").text + admin.get("/tokens").text
    for secret in (made["token"], "geheim", PASSWORD, admin.cookie, admin.csrf):
        assert secret not in everything
    assert "sources.create" in admin.get("/audit").text


def test_a_revoked_token_and_a_disabled_user_are_out_at_once(service):
    admin = service.admin
    made = admin.post("/tokens", {"name": "t", "scopes": ["read"]}).json
    program = Client(service, made["token"])
    assert program.get("/status").status == 200
    assert admin.delete(f"/tokens/{made['id']}").status == 204
    assert program.get("/status").status == 401
    user = admin.post("/users", {"name": "otto", "role": "editor", "password": PASSWORD})
    otto = Client(service).log_in("otto")
    assert otto.get("/status").status == 200
    where = f"/users/{user.json['id']}"
    assert admin.put(where, {"name": "otto", "role": "editor", "disabled": True},
                     headers={"If-Match": user.headers["etag"]}).status == 200
    assert otto.get("/status").status == 401
    assert Client(service).post("/session", {"name": "otto", "password": PASSWORD}).status == 401


class Listener:
    """One who listens to events; how it ended is known once the service closes the answer."""

    def __init__(self, client, query=""):
        self.connection = http.client.HTTPConnection(client.base.hostname, client.base.port, timeout=60)
        fields = {"Authorization": f"Bearer {client.token}"} if client.token else {
            "Cookie": f"m3u_session={client.cookie}"}
        self.connection.request("GET", "/api/v1/events" + query, headers=fields)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        self.ended = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while self.answer.readline():
                pass
        self.ended.set()


def test_who_may_not_come_in_any_more_hears_nothing_more(service):
    admin = service.admin
    made = admin.post("/tokens", {"name": "t", "scopes": ["read"]}).json
    user = admin.post("/users", {"name": "otto", "role": "admin", "password": PASSWORD})
    where, otto = f"/users/{user.json['id']}", Client(service).log_in("otto")
    stays = Listener(admin, "?logs=info")
    by_token, as_admin = Listener(Client(service, made["token"])), Listener(otto, "?logs=info")
    assert admin.delete(f"/tokens/{made['id']}").status == 204
    assert by_token.ended.wait(20)
    assert admin.put(where, {"name": "otto", "role": "viewer"}, headers={"If-Match": "*"}).status == 200
    assert as_admin.ended.wait(20)
    otto = Client(service).log_in("otto")
    logs_out = Listener(otto)
    assert otto.delete("/session").status == 204
    assert logs_out.ended.wait(20)
    disabled = Listener(Client(service).log_in("otto"))
    assert admin.put(where, {"name": "otto", "role": "viewer", "disabled": True},
                     headers={"If-Match": "*"}).status == 200
    assert disabled.ended.wait(20)
    assert not stays.ended.is_set()


def test_a_persons_own_output_token_goes_with_them(tmp_path):
    with Service(tmp_path / "data") as service:
        admin = administrator(service)
        proxy = admin.get("/proxies").json["items"][0]["id"]
        otto = admin.post("/users", {"name": "otto", "role": "editor", "password": PASSWORD}).json["id"]
        where = f"/proxies/{proxy}/tokens"
        editor = Client(service).log_in("otto")
        anna = admin.get("/session").json["user"]["id"]
        assert editor.post(where, {"name": "tv", "user": anna}).status == 403
        assert admin.post(where, {"name": "tv", "user": "0" * 22}).status == 422
        own = editor.post(where, {"name": "phone", "user": otto}).json
        shared = editor.post(where, {"name": "living room"}).json
        assert (own["user"], shared["user"]) == (otto, None)
        def opens(token, status):
            wait_until(lambda: ask(token["playlist_url"]).status == status)
        opens(own, 200)
        opens(shared, 200)
        own = editor.post(f"{where}/{own['id']}/rotate").json
        assert own["user"] == otto
        opens(own, 200)
        user = {"name": "otto", "role": "editor"}
        assert admin.put(f"/users/{otto}", {**user, "disabled": True}, headers={"If-Match": "*"}).status == 200
        opens(own, 404)
        opens(shared, 200)
        assert admin.put(f"/users/{otto}", user, headers={"If-Match": "*"}).status == 200
        opens(own, 200)
        assert admin.delete(f"/users/{otto}", headers={"If-Match": "*"}).status == 204
        opens(own, 404)
        opens(shared, 200)


def test_an_administrator_stays(service):
    admin = service.admin
    anna = next(u for u in admin.get("/users").json["items"] if u["name"] == "anna")
    where = f"/users/{anna['id']}"
    assert admin.delete(where, headers={"If-Match": "*"}).status == 409
    assert admin.put(where, {"name": "anna", "role": "viewer"}, headers={"If-Match": "*"}).status == 409


def test_names_reach_headers_and_files_as_plain_text(service):
    """XSS and header injection by a name: JSON is JSON, and a download has a tame name."""
    admin = service.admin
    name = '"><script>alert(1)</script>'
    made = admin.post("/filters", {"name": name, "config": {
        "action": "include", "expression": 'channel_name contains "x"'}})
    assert made.status == 201 and made.headers["content-type"] == "application/json"
    assert made.json["name"] == name
    evil = admin.post("/filters", {"name": "a\r\nSet-Cookie: x=y", "config": {
        "action": "include", "expression": 'channel_name contains "x"'}})
    assert evil.status == 422


def test_the_database_has_tokens_as_hashes_alone(service):
    """What is compared is a hash: how much of a token is right shows in no time that it takes."""
    token = service.admin.post("/tokens", {"name": "t", "scopes": ["read"]}).json["token"]
    for table, secret in (("tokens", token), ("sessions", service.admin.cookie)):
        digest = hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()
        assert digest in lines_of(service.data, f"SELECT hash FROM {table}")
        for part in (secret, secret[:20], secret[-20:]):
            for path in service.data.glob("*.sqlite*"):
                assert part.encode() not in path.read_bytes(), (table, path.name)
        assert Client(service, digest).get("/status").status == 401
    nearly = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (nearly, token[:-1], token + "A", "m3u_" + "x" * 43):
        assert Client(service, wrong).get("/status").status == 401
    assert Client(service, token).get("/status").status == 200


def test_outputs_answer_nothing_to_a_wrong_token(service):
    assert ask(f"{service.address}/proxy/{'x' * 43}/playlist.m3u").status == 404
