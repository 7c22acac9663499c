"""Settings: saved in the database, with one word for the file, the API and the start; who says what,
what holds at once and what after a restart."""

import time

import pytest
from api_client import Client, administrator
from postgres import lines_of
from receivers import PostServer
from service import Service, ask, wait_until
from test_serve import Source, configuration, playlist_of

SECRET = "geheim-very-secret-hook"
ANYWHERE = {"service": {"allowed_folders": ["/"]}}


@pytest.fixture(name="service")
def a_service(tmp_path):
    with Service(tmp_path / "data") as service:
        service.admin = administrator(service)
        yield service


def save(client, config, **options):
    """Puts `config` in the place of what is saved, whatever that is."""
    return client.put("/settings", {"config": config}, headers={"If-Match": "*"}, **options)


def saved(client, config):
    answer = save(client, config)
    assert answer.status == 200, answer.text
    return answer.json


def key_of(settings, name):
    return next(key for key in settings["keys"] if key["key"] == name)


def test_settings_say_what_holds_and_who_says_it(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[service]\nrefresh = "1h"\n')
    with Service(tmp_path / "data", "--config", config, "--memory-limit", "96MB",
                 extra={"M3U_PROXY_SERVICE__JITTER": "9s"}) as service:
        admin = administrator(service)
        saved(admin, {"service": {"quiet_period": "1s"}})
        shown = admin.get("/settings").json
        found = {k["key"]: (k["value"], k["source"], k["editable"]) for k in shown["keys"]}
        assert found["proxy_memory.max_memory_mb"] == (96, "command_line", False)
        assert found["http.listen"] == ("127.0.0.1:0", "command_line", False)
        assert found["service.jitter"] == ("9s", "environment", False)
        assert found["service.refresh"] == ("1h", "file", False)
        assert found["service.quiet_period"] == ("1s", "database", True)
        assert found["service.generations_kept"] == (5, "default", True)
        kept = key_of(shown, "service.generations_kept")
        assert (kept["type"], kept["least"], kept["most"], kept["default"]) == ("integer", 1, 1000, 5)
        assert key_of(shown, "service.log_format")["choices"] == ["text", "json"]
        assert shown["config"] == {"service": {"quiet_period": "1s"}}
        assert shown["restart_needed"] == []


def test_a_lost_update_and_a_missing_tag_are_refused(service):
    first = service.admin.get("/settings")
    assert first.headers["etag"] == '"0"' and first.json["updated"] is None
    body = {"config": {"service": {"refresh": "6h"}}}
    assert service.admin.put("/settings", body).status == 428
    done = service.admin.put("/settings", body, headers={"If-Match": '"0"'})
    assert done.status == 200 and done.headers["etag"] == '"1"' and done.json["revision"] == 1
    assert service.admin.put("/settings", body, headers={"If-Match": '"0"'}).status == 412
    # Whole: what it does not say goes back to the default.
    assert key_of(saved(service.admin, {}), "service.refresh")["value"] == "12h"


@pytest.mark.parametrize("config, field, words", [
    ({"service": {"jitter": "soon"}}, "config.service.jitter", 'service.jitter is "soon"'),
    ({"service": {"refrsh": "1h"}}, "config.service.refrsh", "refresh"),
    ({"servce": {}}, "config.servce", "service"),
    ({"sources": [{"name": "x", "url": "http://h/"}]}, "config.sources", "no section"),
    ({"service": 1}, "config.service", "object"),
    ({"service": {"generations_kept": 0}}, "config.service.generations_kept", "1 to 1000"),
    ({"service": {"time_zone": "Mars/North"}}, "config.service.time_zone", "Mars/North"),
    ({"service": {"refresh": "61 * * * *"}}, "config.service.refresh", "service.refresh"),
    ({"service": {"log_level": "loud"}}, "config.service.log_level", "trace, debug, info"),
    ({"service": {"allowed_networks": ["10.0.0.0/33"]}}, "config.service.allowed_networks[1]", ""),
    ({"http": {"public_url": "ftp://h"}}, "config.http.public_url", "http:// or https://"),
    ({"http": {"certificate": "/a"}}, "config.http", "only one of certificate and key"),
    ({**ANYWHERE, "http": {"certificate": "/a", "key": "/b"}}, "config.http.certificate", "/a"),
    ({"http": {"trusted_proxies": ["x"]}}, "config.http.trusted_proxies[1]", "no range"),
    ({"alerts": {"smtp": "smtp://h"}}, "config.alerts", "mail_from"),
    ({"proxy_memory": {"max_memory_mb": 5}}, "config.proxy_memory.max_memory_mb", "least that works"),
    ({"proxy_memory": {"spill_dir": "here"}}, "config.proxy_memory.spill_dir", "begin with /"),
    ({**ANYWHERE, "proxy_memory": {"spill_dir": "/dev/shm"}}, "config.proxy_memory.spill_dir", "/dev/shm"),
    ({**ANYWHERE, "proxy_memory": {"spill_dir": "/proc"}}, "config.proxy_memory.spill_dir", "/proc"),
    ({"service": {"quiet_period": 9223372036854775807}}, "config.service.quiet_period", "duration"),
    ({"http": {"metrics_token": "***"}}, "config.http.metrics_token", "***"),
    ({"http": {"allowed_origins": ["tv.example"]}}, "config.http.allowed_origins[1]", "no origin"),
    ({**ANYWHERE, "proxy_memory": {"spill_dir": "/nonexistent"}}, "config.proxy_memory.spill_dir", "no folder"),
    ({"wasm_plugins": {"enabled": True}}, "config.wasm_plugins.enabled", ""),
])
def test_what_is_wrong_is_told_by_its_field_in_the_words_of_the_file(service, config, field, words):
    answer = save(service.admin, config)
    assert answer.status == 422, answer.text
    wrong = answer.json["errors"][0]
    assert wrong["field"] == field
    assert words in wrong["message"] + wrong.get("hint", "")
    assert service.admin.get("/settings").json["revision"] == 0


def test_what_others_say_cannot_be_changed_here(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[service]\nrefresh = "1h"\n[alerts]\nwebhook = "https://h.example/geheim-secret"\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        refused = save(admin, {"service": {"refresh": "2h"}, "http": {"listen": "127.0.0.1:1"},
                               "database": {"url": "postgresql://h/x"}})
        assert refused.status == 409
        wrong = {e["field"]: e for e in refused.json["errors"]}
        assert wrong.keys() == {"config.service.refresh", "config.http.listen", "config.database.url"}
        assert "config.toml says it" in wrong["config.service.refresh"]["hint"]
        assert "command line" in wrong["config.http.listen"]["hint"]
        # What they say may come back, as it was shown, and is not saved.
        shown = key_of(admin.get("/settings").json, "database.url")["value"]
        done = saved(admin, {"service": {"refresh": "1h", "jitter": "7s"},
                             "alerts": {"webhook": "https://h.example/***"},
                             "database": {"url": shown}})
        assert done["config"] == {"service": {"jitter": "7s"}}
        # What is saved holds once the file says nothing.
        config.write_text("")
        wait_until(lambda: key_of(admin.get("/settings").json, "service.refresh")["value"] == "12h")
        assert key_of(saved(admin, {"service": {"refresh": "2h"}}), "service.refresh")["value"] == "2h"
        config.write_text('[service]\nrefresh = "3h"\n')
        wait_until(lambda: key_of(admin.get("/settings").json, "service.refresh")["value"] == "3h")
        assert admin.get("/settings").json["config"] == {"service": {"refresh": "2h"}}


def test_secrets_are_sealed_and_hidden_and_stay(service):
    hook = f"https://hooks.example/{SECRET}"
    done = saved(service.admin, {"alerts": {"webhook": hook, "smtp": f"smtp://me:{SECRET}@mail.example",
                                            "mail_from": "a@b", "mail_to": ["c@d"]},
                                 "http": {"metrics_token": SECRET}})
    assert done["config"]["alerts"]["webhook"] == "https://hooks.example/***"
    assert done["config"]["alerts"]["smtp"] == "smtp://***@mail.example"
    assert done["config"]["http"]["metrics_token"] == "***"
    assert key_of(done, "alerts.webhook")["value"] == "https://hooks.example/***"
    assert key_of(done, "alerts.webhook")["secret"]
    moved = save(service.admin, {"alerts": {**done["config"]["alerts"], "smtp": "smtp://***@mail.example:465"}})
    assert moved.status == 422 and moved.json["errors"][0]["code"] == "hidden", moved.text
    again = saved(service.admin, done["config"])
    assert again["config"] == done["config"] and again["revision"] == 2
    everything = [service.admin.get("/settings").text, service.admin.get("/audit").text,
                  service.log()]
    assert not any(SECRET in text for text in everything)
    rows = lines_of(service.data, "SELECT value FROM settings")
    assert rows and not any(SECRET in value or "hooks.example" in value for value in rows)
    actions = [e["action"] for e in service.admin.get("/audit").json["items"]]
    assert actions.count("settings.change") == 2


def test_what_plugins_are_told_is_hidden_and_stays(service):
    """Anything a plugin is configured with may be a secret, and nobody but the plugin knows which."""
    told = {"token": SECRET, "pin": 471100815, "deep": {"keys": [SECRET]}, "quick": True}
    shown = {"token": "***", "pin": "***", "deep": {"keys": ["***"]}, "quick": True}
    first = saved(service.admin, {"wasm_plugins": {"plugins": {"icons": {"config": told}}}})
    made = service.admin.post("/tokens", {"name": "v", "scopes": ["read"]})
    viewer = Client(service, made.json["token"])
    for who in (viewer, service.admin):
        seen = who.get("/settings").json
        key = key_of(seen, "wasm_plugins.plugins")
        assert key["secret"] and key["saved"]["icons"]["config"] == shown
        assert seen["config"]["wasm_plugins"]["plugins"]["icons"]["config"] == shown
    # What comes back as it was shown stays beside what is changed.
    changed = {"wasm_plugins": {"plugins": {"icons": {"config": {**shown, "quick": False, "more": 1}}}}}
    again = saved(service.admin, changed)
    assert again["revision"] == first["revision"] + 1
    tried = service.admin.put("/settings?dry_run=true", {"config": changed}, headers={"If-Match": "*"})
    assert tried.status == 200 and tried.json["changed"] == [], tried.text
    wrong = save(service.admin, {"wasm_plugins": {"plugins": {"other": {"config": shown}}}})
    assert wrong.status == 422 and {e["field"] for e in wrong.json["errors"]} == {
        f"config.wasm_plugins.plugins.other.config.{name}" for name in ("token", "pin", "deep.keys[1]")}
    everything = [viewer.get("/settings").text, service.admin.get("/audit").text, tried.text, wrong.text,
                  viewer.get("/plugins").text, service.admin.get("/export").text, service.log()]
    assert not any(SECRET in text or "471100815" in text for text in everything)


def test_what_the_file_tells_plugins_is_hidden_and_may_come_back(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'[wasm_plugins.plugins.icons]\nenabled = false\nconfig = {{ token = "{SECRET}" }}\n')
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        seen = admin.get("/settings")
        assert SECRET not in seen.text
        plugins = key_of(seen.json, "wasm_plugins.plugins")["value"]
        assert plugins == {"icons": {"enabled": False, "config": {"token": "***"}}}
        assert saved(admin, {"wasm_plugins": {"plugins": plugins}})["config"] == {}
        plugins["icons"]["config"]["token"] = "another"
        assert save(admin, {"wasm_plugins": {"plugins": plugins}}).status == 409


def test_only_administrators_change_settings(service):
    made = service.admin.post("/tokens", {"name": "e", "scopes": ["edit"]})
    editor = Client(service, made.json["token"])
    assert editor.get("/settings").status == 200
    assert save(editor, {}).status == 403
    assert Client(service).get("/settings").status == 401


def test_a_dry_run_says_what_would_come_of_it(service):
    proxy = service.admin.get("/proxies").json["items"][0]
    done = saved(service.admin, {"service": {"refresh": "2h"}, "memory_pools": {"channel_pool_size": 5}})
    assert done["restart_needed"] == ["memory_pools.channel_pool_size"]
    plugins = {"enabled": True, "plugin_directory": str(service.data)}
    body = {"config": {"service": {"refresh": "3h"}, "wasm_plugins": plugins}}
    dry = service.admin.put("/settings?dry_run=true", body, headers={"If-Match": "*"})
    assert dry.status == 200, dry.text
    later = ["memory_pools.channel_pool_size", "wasm_plugins.enabled", "wasm_plugins.plugin_directory"]
    assert dry.json["dry_run"] and dry.json["restart_needed"] == later
    assert dry.json["changed"] == [*later, "service.refresh"]
    impact, = dry.json["proxies"]
    assert (impact["id"], impact["name"]) == (proxy["id"], proxy["name"])
    assert impact["channels_before"] == impact["channels_after"]
    assert "plugins" in impact["note"] and not dry.json["exact"]
    body["config"].pop("wasm_plugins")
    dry = service.admin.put("/settings?dry_run=true", body, headers={"If-Match": "*"})
    assert dry.json["proxies"] == [] and dry.json["exact"]
    assert service.admin.get("/settings").json["config"]["service"] == {"refresh": "2h"}


# --- what changes while it runs --------------------------------------------------------------------


def test_the_log_follows_its_settings_at_once(service):
    assert "DEBUG" not in service.log()
    saved(service.admin, {"service": {"log_level": "info,http=debug"}})
    service.admin.get("/session")
    wait_until(lambda: "DEBUG http" in service.log())
    saved(service.admin, {"service": {"log_format": "json"}})
    before = len(service.log())
    saved(service.admin, {"service": {"log_format": "json", "refresh": "5h"}})
    wait_until(lambda: '"message":"service.refresh is another one now"' in service.log()[before:])
    saved(service.admin, {})
    service.admin.get("/session")
    assert "DEBUG" not in service.log()[before:]


def test_alerts_go_to_new_receivers_at_once(service):
    with PostServer() as post:
        saved(service.admin, {"service": {"allowed_networks": ["127.0.0.1/32"]},
                              "alerts": {"webhook": f"http://127.0.0.1:{post.port}/hook",
                                         "disk_low_mb": 2**30}})
        proxy = service.admin.get("/proxies").json["items"][0]["id"]
        service.admin.post(f"/proxies/{proxy}/generate")
        wait_until(lambda: post.received)
        assert "disk_low" in str(post.received[0])
        causes = [a["cause"] for a in service.admin.get("/status").json["alerts"]]
        assert "disk_low" in causes


def test_a_saved_receiver_is_at_home_only_where_that_is_allowed(service):
    """Somebody saved its address who may not see the machines around the service."""
    proxy = service.admin.get("/proxies").json["items"][0]["id"]
    with PostServer() as post:
        hook = f"http://127.0.0.1:{post.port}/hook"
        saved(service.admin, {"alerts": {"webhook": hook, "disk_low_mb": 2**30}})
        service.admin.post(f"/proxies/{proxy}/generate")
        wait_until(lambda: "could not be sent by webhook" in service.log())
        said = next(line for line in service.log().splitlines() if "could not be sent by webhook" in line)
        assert "private network" in said and "[service] allowed_networks" in said
        assert not post.received
        saved(service.admin, {"service": {"allowed_networks": ["127.0.0.1/32"]},
                              "alerts": {"webhook": hook, "disk_low_mb": 0}})
        wait_until(lambda: service.admin.post(f"/proxies/{proxy}/generate").status == 202 and post.received)
        assert '"over"' in post.received[0][2]


def test_the_memory_limit_changes_while_it_runs(service):
    saved(service.admin, {"proxy_memory": {"max_memory_mb": 80}})
    assert service.admin.get("/status").json["memory"]["limit_mb"] == 80
    done = saved(service.admin, {"proxy_memory": {"max_memory_mb": "none"}})
    assert done["restart_needed"] == []
    assert service.admin.get("/status").json["memory"]["limit_mb"] is None
    # What has taken more than that already goes on as it was.
    used = service.admin.get("/status").json["memory"]
    least = save(service.admin, {"proxy_memory": {"max_memory_mb": 1}}).json["errors"][0]["hint"]
    least_mb = int(least.split(" is ")[1].split()[0])
    if used["used_mb"] > 9:
        done = saved(service.admin, {"proxy_memory": {"max_memory_mb": least_mb}})
        assert done["restart_needed"] == ["proxy_memory.max_memory_mb"]
        assert key_of(done, "proxy_memory.max_memory_mb")["value"] == "none"
        assert key_of(done, "proxy_memory.max_memory_mb")["saved"] == least_mb


def test_retention_and_shrinking_follow_at_once(tmp_path):
    with Source(playlist_of(*"ABCDEFGH")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url).replace('[service]\nquiet_period = "0s"\n', ""))
        with Service(tmp_path / "data", "--config", config) as service:
            admin = administrator(service)
            service.wait_for_generation(1)
            saved(admin, {"service": {"max_shrink": 0.9, "generations_kept": 1, "quiet_period": "0s"}})
            ids = {kind: admin.get(f"/{kind}").json["items"][0]["id"]
                   for kind in ("sources", "proxies")}
            # Three quarters less: with the default it would wait in quarantine.
            source.content = playlist_of("A", "B")
            admin.post(f"/sources/{ids['sources']}/refresh")
            service.wait_for_generation(2)
            rows = admin.get(f"/proxies/{ids['proxies']}/generations").json["items"]
            assert [row["number"] for row in rows] == [2]
            assert admin.get(f"/sources/{ids['sources']}").json["status"]["state"] == "fresh"


def test_schedules_and_hosts_follow_at_once(service):
    source = service.admin.get("/sources").json["items"][0]["id"]
    def first_run():
        return service.admin.get(f"/sources/{source}/schedule?count=1").json["runs"][0]
    assert ask_with_host(service, "tv.example.org") == 421
    saved(service.admin, {"service": {"refresh": "30 4 * * *", "jitter": "0s", "time_zone": "Asia/Tokyo"},
                          "http": {"allowed_hosts": ["tv.example.org"]}})
    wait_until(lambda: first_run().endswith("T19:30:00Z"))
    assert ask_with_host(service, "tv.example.org") == 200
    saved(service.admin, {})
    wait_until(lambda: not first_run().endswith("T19:30:00Z"))
    assert ask_with_host(service, "tv.example.org") == 421


def ask_with_host(service, host):
    return service.admin.get("/session", headers={"Host": host}).status


# --- what holds after a restart --------------------------------------------------------------------


def test_what_needs_a_restart_says_so_and_holds_then(tmp_path):
    data = tmp_path / "data"
    with Service(data) as service:
        admin = administrator(service)
        done = saved(admin, {"memory_pools": {"channel_pool_size": 77}, "http": {"metrics_token": "abc"},
                             "proxy_memory": {"max_memory_mb": 90}, "service": {"refresh": "9h"}})
        assert done["restart_needed"] == ["memory_pools.channel_pool_size", "http.metrics_token"]
        pool = key_of(done, "memory_pools.channel_pool_size")
        assert (pool["value"], pool["saved"], pool["applies"]) == (10000, 77, "restart")
        assert ask(f"{service.address}/metrics").status == 200
    with Service(data) as service:
        admin = Client(service).log_in()
        shown = admin.get("/settings").json
        assert shown["restart_needed"] == []
        assert key_of(shown, "memory_pools.channel_pool_size")["value"] == 77
        assert key_of(shown, "service.refresh")["value"] == "9h"
        assert admin.get("/status").json["memory"]["limit_mb"] == 90
        assert ask(f"{service.address}/metrics").status == 403
        # The command line has the last word.
    with Service(data, "--memory-limit", "100MB") as service:
        admin = Client(service).log_in()
        assert admin.get("/status").json["memory"]["limit_mb"] == 100


def test_plugins_that_are_switched_on_make_their_proxies_anew_after_the_restart(tmp_path):
    data = tmp_path / "data"
    (tmp_path / "plugins").mkdir()
    with Service(data) as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        proxy = admin.get("/proxies").json["items"][0]["id"]
        runs = len(admin.get(f"/history?proxy={proxy}").json["items"])
        saved(admin, {"wasm_plugins": {"enabled": True, "plugin_directory": str(tmp_path / "plugins")},
                      "service": {"allowed_folders": [str(tmp_path)]}})
        time.sleep(1)
        assert len(admin.get(f"/history?proxy={proxy}").json["items"]) == runs
    with Service(data) as service:
        admin = Client(service).log_in()
        assert admin.get("/plugins").json["enabled"]
        wait_until(lambda: len(admin.get(f"/history?proxy={proxy}").json["items"]) == runs + 1)


def test_what_is_saved_and_no_longer_fits_the_file_does_not_keep_it_from_starting(tmp_path):
    data = tmp_path / "data"
    with Service(data) as service:
        saved(administrator(service), {"alerts": {"smtp": "smtp://mail.example", "mail_from": "a@b",
                                                  "mail_to": ["c@d"]}})
    config = tmp_path / "config.toml"
    config.write_text("[alerts]\nmail_to = []\n")
    with Service(data, "--config", config) as service:
        assert "the saved settings are left out" in service.log()
        shown = Client(service).log_in().get("/settings").json
        assert key_of(shown, "alerts.smtp")["value"] == ""


def test_settings_are_in_a_backup(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with Service(tmp_path / "one" / "data") as service:
        admin = administrator(service)
        saved(admin, {"service": {"refresh": "7h"}, "alerts": {"webhook": f"https://h/{SECRET}"}})
        name = admin.post("/backups", {"passphrase": "open sesame"}).json["name"]
        archive = admin.get(f"/backups/{name}").body
    with Service(tmp_path / "two" / "data") as service:
        admin = administrator(service)
        done = admin.post("/restore", raw=archive, headers={
            "Content-Type": "application/octet-stream", "X-Passphrase": "open%20sesame"})
        assert done.status == 200, done.text
        shown = Client(service).log_in().get("/settings").json
        assert key_of(shown, "service.refresh")["value"] == "7h"
        assert shown["config"]["alerts"]["webhook"] == "https://h/***"


def test_a_backup_brings_no_path_that_could_not_be_saved(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    config = tmp_path / "config.toml"
    config.write_text(f'[service]\nallowed_folders = ["{tmp_path}"]\n')
    with Service(tmp_path / "one" / "data", "--config", config) as service:
        admin = administrator(service)
        saved(admin, {"service": {"refresh": "7h"}, "wasm_plugins": {"cache_directory": str(tmp_path / "cache")}})
        name = admin.post("/backups", {"passphrase": "open sesame"}).json["name"]
        archive = admin.get(f"/backups/{name}").body
    headers = {"Content-Type": "application/octet-stream", "X-Passphrase": "open%20sesame"}
    with Service(tmp_path / "two" / "data") as service:
        admin = administrator(service)
        for query in ("?dry_run=true", ""):
            refused = admin.post(f"/restore{query}", raw=archive, headers=headers)
            assert refused.status == 422, refused.text
            assert f'wasm_plugins.cache_directory: "{tmp_path}/cache"' in refused.json["detail"], refused.text
            assert "allowed_folders" in refused.json["hint"], refused.text
        assert admin.get("/settings").json["revision"] == 0
    with Service(tmp_path / "two" / "data", "--config", config) as service:
        done = Client(service).log_in().post("/restore", raw=archive, headers=headers)
        assert done.status == 200, done.text
        assert key_of(Client(service).log_in().get("/settings").json, "service.refresh")["value"] == "7h"
