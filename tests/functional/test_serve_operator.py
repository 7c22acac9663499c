"""What the operator sees and can do: a folder that cannot be written is named, a download that hangs is
cancelled, and supervisors hear when there is something to serve.
"""

import json
import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from loopback import free_port
from provider import Provider
from service import Service, ask, wait_until
from test_serve import configuration, names_in

NOBODY = 65534
SOON = 20  # less than the time after which a server that says nothing is given up


@pytest.fixture(name="folder")
def a_folder_that_all_may_look_at():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def start_in(folder, *before, **options):
    return subprocess.run([*before, *Service(folder).command], capture_output=True, text=True,
                          timeout=30, check=False, **options)


def below_a_file(folder):
    (folder / "file").write_text("no folder")
    return start_in(folder / "file" / "data")


def of_somebody_else(folder):
    (folder / "data").mkdir(mode=0o555)
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return start_in(folder / "data", **who)
    except PermissionError:
        pytest.skip("another user may not start the program that is tested")


def read_only(folder):
    alone = ["unshare", "--mount", "--", "sh", "-c"]
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    (folder / "data").mkdir()
    if subprocess.run([*alone, mount, folder / "data", "true"], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    return start_in(folder / "data", *alone, mount, folder / "data")


@pytest.mark.parametrize("kind, reason", [(below_a_file, "Not a directory"),
                                          (of_somebody_else, "Permission denied"),
                                          (read_only, "Read-only file system")])
def test_a_data_folder_that_cannot_be_written_is_named(folder, kind, reason):
    refused = kind(folder)
    assert refused.returncode == 1
    said = refused.stderr.splitlines()
    assert len(said) == 1 and said[0].startswith(f"error: cannot write to the data folder {folder}/")
    assert reason in said[0] and "--data" in said[0]
    assert refused.stdout == ""
    assert [path.name for path in folder.rglob("*")] in (["file"], ["data"])


# How the download hangs that somebody cancels: with half of the list, without an answer, with a byte
# now and then, and between two tries. There are four at once; another one has to wait.
HANGING = ["stall", "silent", "drip", "toomanyfor/50"]


def test_downloads_that_hang_are_cancelled_and_cost_nothing(tmp_path):
    with ExitStack() as stack:
        providers = {kind: stack.enter_context(Provider()) for kind in [*HANGING, "plain"]}
        names = {kind: kind.replace("/", " ") for kind in providers}
        config = tmp_path / "service.toml"
        config.write_text('[service]\nquiet_period = "0s"\n' + "".join(
            f'[[sources]]\nname = "{names[kind]}"\nurl = "{one.url("/today/list.m3u")}"\n'
            f'[[proxies]]\nname = "{names[kind]}"\npublic = true\nsources = ["{names[kind]}"]\n'
            for kind, one in providers.items()))
        service = stack.enter_context(Service(tmp_path / "data", "--config", config))

        def served(kind):
            return ask(f"{service.address}/proxy/{names[kind].replace(' ', '%20')}/playlist.m3u").body

        def job(kind):
            return next(j for j in service.ctl("jobs")["jobs"] if j["id"] == jobs[kind])
        before = {kind: served(kind) for kind in providers}
        jobs = {}
        for kind, provider in providers.items():
            provider.server.today, provider.server.channels = kind, 5
            jobs[kind] = service.ctl("refresh", names[kind])["jobs"][0]["id"]
        wait_until(lambda: all(len(providers[kind].requests()) == 2 for kind in HANGING))
        assert {kind: job(kind)["state"] for kind in jobs} == {
            **dict.fromkeys(HANGING, "running"), "plain": "queued"}
        for kind in ["plain", *HANGING]:
            service.ctl("cancel", jobs[kind])
            wait_until(lambda kind=kind: job(kind)["state"] == "cancelled", SOON)
        assert {kind: served(kind) for kind in providers} == before
        # Nobody failed: nothing is said of any source, and all can be had at once.
        assert not any(source.get("error") for source in service.ctl("status")["sources"])
        assert len(providers["plain"].requests()) == 1
        for kind, provider in providers.items():
            provider.server.today = "plain"
            service.ctl("refresh", names[kind])
        wait_until(lambda: all(len(names_in(served(kind).decode())) == 5 for kind in providers))


def test_a_service_is_ready_once_there_is_something_to_serve(tmp_path):
    port = free_port()
    config = tmp_path / "config.toml"
    with Provider() as provider:
        provider.server.today = "stall"
        config.write_text(configuration(provider.url("/today/list.m3u"), extra="public = true\n"))
        service = Service(tmp_path / "data", "--config", config, port=port)
        base = f"http://127.0.0.1:{port}"

        def state():
            return [ask(f"{base}/{path}").status for path in ("live", "ready", "health",
                                                              "proxy/home/playlist.m3u")]
        with ExitStack() as stack:
            service.start()
            stack.push(service)
            wait_until(provider.requests)
            assert state() == [200, 503, 200, 503]
            for path in ("ready", "proxy/home/playlist.m3u"):
                assert int(ask(f"{base}/{path}").headers["retry-after"]) > 0
            assert json.loads(ask(f"{base}/health").text)["status"] == "starting"
            provider.server.today = "plain"
            service.ctl("cancel", service.ctl("status")["running"][0]["id"])
            wait_until(lambda: not service.ctl("status")["running"])
            service.ctl("refresh", "tv")
            service.wait_for_addresses()
            assert state() == [200, 200, 200, 200]
            assert json.loads(ask(f"{base}/health").text)["status"] == "ok"


def test_a_proxy_that_is_added_leaves_a_service_ready(tmp_path):
    config = tmp_path / "config.toml"
    with Provider() as provider, Provider() as hanging:
        before = configuration(provider.url("/plain/list.m3u"), extra="public = true\n")
        config.write_text(before)
        with Service(tmp_path / "data", "--config", config) as service:
            config.write_text(f'{before}[[sources]]\nname = "new"\nurl = "{hanging.url("/silent/list.m3u")}"\n'
                              '[[proxies]]\nname = "new"\npublic = true\nsources = ["new"]\n')
            wait_until(hanging.requests)
            answers = [ask(f"{service.address}/{path}").status
                       for path in ("ready", "proxy/home/playlist.m3u", "proxy/new/playlist.m3u")]
            assert answers == [200, 200, 503]
            wait_until(lambda: json.loads(ask(f"{service.address}/health").text)["proxies"]
                       == {"all": 2, "served": 1, "held": 0})
