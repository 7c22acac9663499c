"""How the service is doing, and what its last runs took, as the API says it."""

import pytest
from api_client import administrator
from service import Service, wait_until
from test_serve import Source, configuration, playlist_of


@pytest.fixture(name="running")
def a_service_with_a_source(tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url)
                          + "\n[memory_cleanup]\naggressive_cleanup = true\n")
        with Service(tmp_path / "data", "--config", config, "--memory-limit", "64MB") as service:
            service.admin = administrator(service)
            service.source = source
            service.wait_for_generation(1)
            yield service


def status_of(service):
    answer = service.admin.get("/status")
    assert answer.status == 200, answer.text
    return answer.json


def test_the_status_says_where_memory_is_and_what_was_cleaned(running):
    status = status_of(running)
    memory = status["memory"]
    assert memory["limit_mb"] == 64 and 0 < memory["rss_mb"] < 64
    assert memory["pressure"] in ("Optimal", "Moderate", "High")
    tags = {tag["name"]: tag for tag in memory["tags"]}
    assert {"store", "http"} <= set(tags)
    assert all(tag["peak_mb"] >= tag["used_mb"] for tag in tags.values())
    assert set(memory["spill"]) == {"used_mb", "peak_mb", "written_mb", "files"}
    cleanups = status["cleanups"]
    assert 3 <= len(cleanups) <= 100
    assert {"Source Loading", "Filtering", "M3U Generation"} <= {c["stage"] for c in cleanups}
    assert all(c["strategy"] in ("basic", "smart", "aggressive") and c["reason"] == "stage"
               for c in cleanups)
    assert [c["at"] for c in cleanups] == sorted((c["at"] for c in cleanups), reverse=True)


def test_the_status_says_what_runs_and_what_it_stands_on(running):
    status = status_of(running)
    assert status["ready"] and status["database_kind"] == "sqlite"
    assert status["database"].endswith("m3u-proxy.sqlite")
    assert status["jobs"] == {"queued": 0, "running": []}
    on_disk = sum(f.stat().st_blocks * 512 for f in running.data.rglob("*") if f.is_file())
    assert 0.5 * on_disk < status["disk"]["used_mb"] * 2**20 < 2 * on_disk + 2**20
    assert status["disk"]["free_mb"] > 0
    assert status["http"]["connections"] >= 1
    before = status["http"]["requests"]
    wait_until(lambda: status_of(running)["http"]["requests"] > before)


def test_alerts_are_there_until_they_are_over(running):
    assert status_of(running)["alerts"] == []
    content, running.source.content = running.source.content, None
    source = running.admin.get("/sources").json["items"][0]
    for _ in range(2):
        job = running.admin.post(f"/sources/{source['id']}/refresh").json["id"]
        wait_until(lambda j=job: running.admin.get(f"/jobs/{j}").json["state"] == "failed")
    wait_until(lambda: status_of(running)["alerts"])
    alert = status_of(running)["alerts"][0]
    assert (alert["cause"], alert["about"]) == ("source_failed", source["name"])
    assert "could not be fetched" in alert["message"] and alert["since"].endswith("Z")
    running.source.content = content
    running.admin.post(f"/sources/{source['id']}/refresh")
    wait_until(lambda: status_of(running)["alerts"] == [])


def test_the_history_has_each_run_with_its_stages(running):
    proxy = running.admin.get("/proxies").json["items"][0]["id"]
    running.admin.post(f"/proxies/{proxy}/generate")
    def runs():
        return running.admin.get(f"/history?proxy={proxy}").json["items"]
    wait_until(lambda: len(runs()) == 2)
    first, last = runs()
    assert first["finished"] <= last["started"]
    assert running.admin.get(f"/history?proxy={proxy}&limit=1").json["items"] == [last]
    for run in (first, last):
        assert run["state"] == "done" and run["error"] is None
        assert run["channels"] == 3 and run["programmes"] == 0 and run["limit_mb"] == 64
        assert 0 < run["peak_mb"] < 64 and run["spilled_mb"] == 0
        stages = {stage["name"]: stage for stage in run["stages"]}
        assert stages["Source Loading"]["items"] == 3
        assert 0 <= sum(s["seconds"] for s in stages.values()) <= run["seconds"] + 0.1
        assert all(stage["peak_mb"] > 0 for stage in stages.values())


@pytest.mark.parametrize("query, status", [("", 422), ("?proxy=x", 422), ("?proxy=&limit=2", 422),
                                           ("?proxy=00000000-0000-0000-0000-000000000000", 200),
                                           ("?proxy=00000000-0000-0000-0000-000000000000&limit=0", 422),
                                           ("?proxy=00000000-0000-0000-0000-000000000000&limit=101", 422)])
def test_what_is_asked_of_the_history_is_checked(running, query, status):
    assert running.admin.get("/history" + query).status == status
