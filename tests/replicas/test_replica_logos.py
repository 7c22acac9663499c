"""Uploaded logos of replicas whose object store has bad days."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_client import administrator
from replicas import Group
from service import wait_until
from test_api_logos import upload
from test_replica_faults import sources_of
from test_serve import Source, playlist_of

SILENT = 3  # seconds, of BadDays


@pytest.fixture(name="group")
def one_replica(server, tmp_path, store, days):
    with Source(playlist_of("One")) as source, \
            Group(tmp_path, server, sources_of(source), 1, service=store.settings(days.address),
                  extra=store.secrets) as group:
        group.agree(lambda text: "One" in text)
        yield group


def test_who_waits_for_a_silent_store_keeps_nobody_waiting(group, days):
    admin = administrator(group.replicas[0])
    days.fault = lambda method, path, count: "silent" if method == "PUT" and "/logos/" in path else None
    with ThreadPoolExecutor(4) as people:
        uploads = [people.submit(upload, admin) for _ in range(4)]
        wait_until(lambda: len(days.met) >= 2)
        begin = time.monotonic()
        assert admin.get("/logos").status == 200
        assert admin.log_in().get("/proxies").status == 200
        assert time.monotonic() - begin < SILENT / 2
        assert [u.result().status for u in uploads] == [201] * 4


def test_a_logo_is_removed_although_its_object_stays(group, days):
    admin = administrator(group.replicas[0])
    logo = upload(admin).json["id"]
    days.fault = lambda method, path, count: "slow down" if method == "DELETE" else None
    assert admin.delete(f"/logos/{logo}").status == 204
    assert "slow down" in days.met
    assert admin.get("/logos").json["items"] == []
    audit = [(a["action"], a["target"]) for a in admin.get("/audit").json["items"]]
    assert ("logos.remove", logo) in audit
    assert "the shared file of a removed logo stays for now" in group.replicas[0].log()
