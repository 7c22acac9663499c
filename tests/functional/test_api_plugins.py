"""Plugins in the API: what there is, what it took, loaded again, cleared."""

import os
import shutil
import time

import pytest
from api_client import Client, administrator
from program import plugins_are_built
from service import Service, wait_until
from test_plugin_runs import install, install_misbehaving, playlist, samples  # noqa: F401

pytestmark = pytest.mark.skipif(not plugins_are_built(), reason="built without plugins")

CHANNELS = 3000


@pytest.fixture(name="folder")
def a_folder(tmp_path):
    (tmp_path / "tv.m3u").write_text("".join(playlist("tv", CHANNELS, 40)))
    (tmp_path / "plugins").mkdir()
    return tmp_path


def serve(folder, wasm=""):
    config = folder / "config.toml"
    config.write_text('[service]\nquiet_period = "0s"\n'
                      f'[wasm_plugins]\nenabled = true\nplugin_directory = "plugins"\n'
                      f'cache_directory = "cache"\n{wasm}\n'
                      '[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
                      '[[proxies]]\nname = "home"\nsources = ["tv"]\n')
    return Service(folder / "data", "--config", config)


def generate(admin):
    """Makes the proxy again, and says how that ended."""
    proxy = admin.get("/proxies").json["items"][0]["id"]
    job = admin.post(f"/proxies/{proxy}/generate").json["id"]
    wait_until(lambda: admin.get(f"/jobs/{job}").json["state"] not in ("queued", "running"))
    return admin.get(f"/jobs/{job}").json["state"]


def later(file):
    """As somebody who edits a file does it: some time later."""
    now = time.time() + 10
    os.utime(file, (now, now))


def test_a_plugin_says_what_it_is_and_what_it_took(folder, samples):  # noqa: F811
    install(folder, samples, "sports_tagger", "deduplicator")
    with serve(folder) as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        listed = admin.get("/plugins").json
        assert listed["enabled"] and listed["folder"].endswith("plugins")
        assert [p["name"] for p in listed["items"]] == ["deduplicator", "sports_tagger"]
        tagger = admin.get("/plugins/sports_tagger").json
        assert tagger == {**listed["items"][1], **{k: tagger[k] for k in
                                                   ("generations", "calls", "seconds", "profile")}}
        assert tagger["state"] == "ready" and tagger["error"] is None
        assert tagger["stages"] == ["data_mapping"] and tagger["version"] == "1.0.0"
        assert tagger["memory"]["limit_mb"] == 64 and tagger["memory"]["streaming"]
        assert tagger["failures"] == 0 and tagger["calls"] >= 3 and tagger["seconds"] > 0
        assert 0 < tagger["peak_mb"] <= 64
        stage, = tagger["profile"]
        assert (stage["stage"], stage["items_in"], stage["items_out"], stage["last_failure"]) == (
            "data_mapping", CHANNELS * tagger["generations"], CHANNELS * tagger["generations"], None)
        runs = tagger["generations"]
        assert generate(admin) == "done"
        assert admin.get("/plugins/sports_tagger").json["generations"] == runs + 1
        assert admin.get("/plugins/nothing").status == 404
        assert admin.get("/plugins/..%2Fdata").status in (400, 404)


def test_a_reload_takes_what_is_new_and_keeps_what_it_cannot_replace(folder):
    install_misbehaving(folder, "leak")
    with serve(folder, "enable_hot_reload = false") as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        assert admin.post("/plugins/reload").json == {
            "loaded": [], "removed": [], "unchanged": ["leak"], "failed": []}
        install_misbehaving(folder, "grow")
        assert [p["name"] for p in admin.get("/plugins").json["items"]] == ["leak"]
        assert admin.post("/plugins/reload").json["loaded"] == ["grow"]
        (folder / "plugins" / "leak.wat").write_text("(module (no module")
        later(folder / "plugins" / "leak.wat")
        (folder / "plugins" / "new.toml").write_text("[plugin\n")
        done = admin.post("/plugins/reload").json
        assert {(f["file"], f["kept"]) for f in done["failed"]} == {("leak.toml", True),
                                                                    ("new.toml", False)}
        assert done["unchanged"] == ["grow"]
        shown = {p["name"]: p for p in admin.get("/plugins").json["items"]}
        assert shown["leak"]["state"] == "ready" and shown["leak"]["error"]
        assert shown["new"]["state"] == "unusable" and "new.toml" in shown["new"]["error"]
        for file in ("new.toml", "grow.toml"):
            (folder / "plugins" / file).unlink()
        assert admin.post("/plugins/reload").json["removed"] == ["grow"]
        # The one that was loaded before goes on.
        assert generate(admin) == "done"
        audit = admin.get("/audit").json["items"]
        assert "plugins.reload" in [entry["action"] for entry in audit]


def test_a_reload_can_be_tried(folder):
    install_misbehaving(folder, "leak")
    install_misbehaving(folder, "grow")
    with serve(folder, "enable_hot_reload = false") as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        home, = admin.get("/proxies").json["items"]

        def tried():
            answer = admin.post("/plugins/reload?dry_run=true")
            assert answer.status == 200 and answer.json["dry_run"] is True, answer.text
            return answer.json
        same = tried()
        assert (same["unchanged"], same["changed_files"], same["proxies"]) == (["grow", "leak"], [], [])
        assert same["instances"] >= 2 and same["instances_mb"] > 0
        before = admin.get("/plugins").json
        (folder / "plugins" / "grow.toml").unlink()
        (folder / "plugins" / "leak.wat").write_text((folder / "plugins" / "leak.wat").read_text() + "\n")
        later(folder / "plugins" / "leak.wat")
        (folder / "plugins" / "new.toml").write_text("[plugin\n")
        planned = tried()
        assert planned["changed_files"] == ["leak.wat", "new.toml"]
        impact, = planned["proxies"]
        assert (impact["id"], impact["name"], impact["exact"]) == (home["id"], "home", False)
        assert impact["channels_before"] == impact["channels_after"] == home["status"]["channels"]
        assert admin.get("/plugins").json == before
        done = admin.post("/plugins/reload").json
        assert done == {name: planned[name] for name in done}
        assert (done["loaded"], done["removed"], [f["file"] for f in done["failed"]]) == (
            ["leak"], ["grow"], ["new.toml"])
        assert [entry["action"] for entry in admin.get("/audit").json["items"]].count("plugins.reload") == 1


def test_a_broken_file_leaves_what_runs_where_changes_are_looked_for(folder):
    install_misbehaving(folder, "leak")
    with serve(folder) as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        (folder / "plugins" / "leak.toml").write_text("[plugin\n")
        later(folder / "plugins" / "leak.toml")
        assert generate(admin) == "done"
        shown = admin.get("/plugins/leak").json
        assert shown["state"] == "ready" and "leak.toml" in shown["error"]
        install_misbehaving(folder, "leak")
        later(folder / "plugins" / "leak.toml")
        assert generate(admin) == "done"
        assert admin.get("/plugins/leak").json["error"] is None


def test_a_plugin_in_quarantine_runs_again_when_it_is_cleared(folder):
    install_misbehaving(folder, "refuse")
    with serve(folder, "fallback_to_native = true\nmax_plugin_failures = 1") as service:
        admin = administrator(service)
        service.wait_for_generation(1)
        shown = admin.get("/plugins/refuse").json
        assert shown["state"] == "quarantined" and "not to my taste" in shown["error"]
        assert shown["failures"] >= 1 and "not to my taste" in shown["profile"][0]["last_failure"]
        compiled = {f: f.stat().st_mtime_ns for f in (folder / "cache").glob("*.cwasm")}
        assert len(compiled) == 1
        planned = admin.post("/plugins/refuse/clear?dry_run=true").json
        assert (planned["dry_run"], planned["action"], planned["before"]) == (True, "change", shown)
        assert planned["compiled_mb"] > 0
        assert (planned["instances"] == 0) == (planned["instances_mb"] == 0)
        assert [proxy["name"] for proxy in planned["proxies"]] == ["home"]
        assert {f: f.stat().st_mtime_ns for f in (folder / "cache").glob("*.cwasm")} == compiled
        assert admin.get("/plugins/refuse").json == shown
        cleared = admin.post("/plugins/refuse/clear").json
        assert planned["after"] == cleared
        assert (cleared["state"], cleared["error"], cleared["failures"]) == ("ready", None, 0)
        again = {f: f.stat().st_mtime_ns for f in (folder / "cache").glob("*.cwasm")}
        assert again.keys() == compiled.keys() and again != compiled
        for query in ("", "?dry_run=true"):
            assert admin.post(f"/plugins/nothing/clear{query}").status == 404


def test_a_service_without_plugins_has_none(folder):
    shutil.rmtree(folder / "plugins")
    with Service(folder / "data") as service:
        admin = administrator(service)
        assert admin.get("/plugins").json["items"] == []
        assert not admin.get("/plugins").json["enabled"]
        for query in ("", "?dry_run=true"):
            refused = admin.post(f"/plugins/reload{query}")
            assert refused.status == 409 and "wasm_plugins.enabled" in refused.text


def test_only_administrators_change_plugins(folder):
    with serve(folder) as service:
        admin = administrator(service)
        made = admin.post("/tokens", {"name": "e", "scopes": ["edit"]})
        editor = Client(service, made.json["token"])
        assert editor.get("/plugins").status == 200
        assert editor.post("/plugins/reload").status == 403
        assert editor.post("/plugins/leak/clear").status == 403
