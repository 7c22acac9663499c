"""Running the service: its figures, logs, alerts, TLS, what it costs while nothing happens."""

import json
import shutil
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kept_secrets import MARK
from receivers import MailServer, PostServer
from service import Service, ask, wait_until
from test_serve import Source, configuration, names_in, playlist_of
from xtream import LIVE, XtreamServer, account

IDLE_S = 15
MOST_SWITCHES_A_MINUTE = 5


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def base_of(service):
    return service.playlist.split("/proxy/")[0]


def values(text):
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in text.splitlines() if line and not line.startswith("#")}


def test_metrics_say_what_happens(data, tmp_path):
    with Source(playlist_of("A", "B", "C")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            for _ in range(3):
                ask(service.playlist)
            # An answer counts once its last byte is on its way.
            served = 'm3u_proxy_http_requests_total{route="/proxy/{door}/playlist.m3u",code="2xx"}'
            wait_until(lambda: values(ask(base_of(service) + "/metrics").text).get(served, 0) >= 3)
            answer = ask(base_of(service) + "/metrics")
            assert answer.status == 200
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            if promtool := shutil.which("promtool"):
                judged = subprocess.run([promtool, "check", "metrics"], input=answer.body,
                                        capture_output=True, timeout=30, check=False)
                assert judged.returncode == 0, judged.stderr
                assert judged.stdout + judged.stderr == b""
            found = values(answer.text)
            assert found['m3u_proxy_source_items{source="tv",kind="playlist"}'] == 3
            assert found['m3u_proxy_generation_channels{proxy="home"}'] == 3
            assert found['m3u_proxy_generation_peak_memory_bytes{proxy="home"}'] > 1e6
            assert found['m3u_proxy_jobs_total{kind="generate",state="done"}'] == 1
            assert found['m3u_proxy_memory_reserved_bytes{tag="http"}'] > 0
            assert found["process_resident_memory_bytes"] > 1e6
            assert found['m3u_proxy_stage_seconds_total{stage="Source Loading"}'] >= 0
            assert "secret-password" not in answer.text


def test_metrics_are_for_this_machine_or_who_has_the_token(data, tmp_path):
    config = tmp_path / "config.toml"
    with Source(playlist_of("A", "B")) as source:
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            url = base_of(service) + "/metrics"
            assert ask(url, headers={"X-Forwarded-For": "192.0.2.7"}).status == 403
        config.write_text(configuration(source.url) + '[http]\nmetrics_token = "geheim let me in"\n')
        with Service(data, "--config", config) as service:
            url = base_of(service) + "/metrics"
            assert ask(url).status == 403
            assert ask(url, headers={"Authorization": "Bearer let me out"}).status == 403
            assert ask(url, headers={"Authorization": "Bearer geheim let me in"}).status == 200


def test_logs_are_json_where_that_is_wanted_and_name_requests(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config, "--log-format", "json", "--log-level",
                     "info,http=debug") as service:
            made = ask(service.playlist).headers["x-request-id"]
            own = ask(service.playlist, headers={"X-Request-Id": "shop-7.a_b"})
            assert own.headers["x-request-id"] == "shop-7.a_b"
            for unsafe in ["a b", "x" * 65, "<script>"]:
                other = ask(service.playlist, headers={"X-Request-Id": unsafe})
                assert other.headers["x-request-id"] not in ("", unsafe)
            wait_until(lambda: service.log().count('"request"') >= 5)
            token = service.playlist.split("/proxy/")[1].split("/")[0]
        lines = [json.loads(line) for line in service.log().splitlines()]
        assert all({"time", "level", "module", "message"} <= set(line) for line in lines)
        requests = {line["request"]: line for line in lines if "request" in line}
        assert {made, "shop-7.a_b"} <= set(requests)
        assert requests[made]["message"] == "GET /proxy/{door}/playlist.m3u 200"
        assert token not in service.log()


def test_health_is_complete(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url) + "[alerts]\nfailures = 1\n")
        with Service(data, "--config", config) as service:
            def seen():
                return json.loads(ask(base_of(service) + "/health").text)
            # It is served a moment before it is counted.
            wait_until(lambda: seen()["proxies"] == {"all": 1, "served": 1, "held": 0})
            health = seen()
            assert (health["status"], health["ready"]) == ("ok", True)
            assert health["sources"] == {"all": 1, "failing": 0, "quarantined": 0}
            assert health["memory"]["rss_mb"] > 0 and health["disk"]["free_mb"] > 0
            source.content = None
            service.ctl("refresh", "tv")

            def degraded():
                now = json.loads(ask(base_of(service) + "/health").text)
                return now["status"] == "degraded" and now["alerts"] == {"source_failed": 1}
            wait_until(degraded)


def test_alerts_reach_webhook_ntfy_and_mail_once_and_when_they_are_over(data, tmp_path):
    config = tmp_path / "config.toml"
    with Source(playlist_of(*"ABCDEFGH")) as source, PostServer() as posts, MailServer() as mails:
        config.write_text(
            configuration(source.url) +
            f'[alerts]\nfailures = 1\nwebhook = "http://127.0.0.1:{posts.port}/geheim-hook"\n'
            f'ntfy = "http://127.0.0.1:{posts.port}/geheim-topic"\n'
            f'smtp = "smtp://127.0.0.1:{mails.port}"\nmail_from = "tv@example.org"\n'
            'mail_to = ["me@example.org", "you@example.org"]\n')
        with Service(data, "--config", config) as service:
            good = source.content
            source.content = None
            for _ in range(2):
                job = service.ctl("refresh", "tv")["jobs"][0]["id"]
                wait_until(lambda: {j["id"]: j["state"] for j in service.ctl("jobs")["jobs"]}[job]
                           == "failed")
            wait_until(lambda: len(mails.received) == 1)
            source.content = good
            service.ctl("refresh", "tv")
            wait_until(lambda: len(mails.received) == 2)
            source.content = playlist_of("A")
            service.ctl("refresh", "tv")
            wait_until(lambda: len(mails.received) == 3)
            service.ctl("accept", "tv")
            wait_until(lambda: len(mails.received) == 4)
        hooks = [json.loads(body) for path, _, body in posts.received if path == "/geheim-hook"]
        assert [(h["state"], h["kind"], h["about"]) for h in hooks] == [
            ("begun", "source_failed", "tv"), ("over", "source_failed", "tv"),
            ("begun", "quarantine", "tv"), ("over", "quarantine", "tv")]
        topics = [headers["Title"] for path, headers, _ in posts.received if path == "/geheim-topic"]
        assert topics[:2] == ["m3u-proxy: source_failed: tv", "m3u-proxy: over: source_failed: tv"]
        sender, recipients, text = mails.received[0]
        assert (sender, recipients) == ("tv@example.org", ["me@example.org", "you@example.org"])
        assert "Subject: m3u-proxy: source_failed: tv\r\n" in text
        assert "last good" in text.replace("=\r\n", "")
        everything = str(posts.received) + str(mails.received) + service.log()
        assert "secret-password" not in everything


def test_a_mail_server_that_refuses_is_asked_again(data, tmp_path):
    config = tmp_path / "config.toml"
    with Source(playlist_of("A", "B")) as source, MailServer(refuse=1) as mails:
        config.write_text(
            configuration(source.url) + '[alerts]\nfailures = 1\n'
            f'smtp = "smtp://127.0.0.1:{mails.port}"\nmail_from = "tv@example.org"\n'
            'mail_to = ["me@example.org"]\n')
        with Service(data, "--config", config) as service:
            source.content = None
            service.ctl("refresh", "tv")
            wait_until(lambda: len(mails.received) == 1)
            assert mails.refuse == 0


def test_an_xtream_account_is_kept_fresh_and_its_end_announced(data, tmp_path):
    config = tmp_path / "config.toml"
    soon = str(int(time.time()) + 3 * 86400)
    with XtreamServer() as server, PostServer() as posts:
        server.replies[""] = account(exp_date=soon)
        config.write_text(
            '[service]\nquiet_period = "0s"\n'
            f'[alerts]\nwebhook = "http://127.0.0.1:{posts.port}/hook"\n'
            f'[[sources]]\nname = "tv"\nurl = "{server.address("live&vod")}"\n'
            f'[[epg_sources]]\nname = "tv"\nurl = "{server.address()}"\n'
            '[[proxies]]\nname = "home"\nsources = ["tv"]\nepg_sources = ["tv"]\n'
            'mode = "redirect"\n')
        with Service(data, "--config", config) as service:
            wait_until(lambda: "A Film (2020)" in ask(service.playlist).text)
            stream = next(line for line in ask(service.playlist).text.splitlines()
                          if line.startswith("http"))
            assert ask(stream).headers["location"].startswith(f"http://{server.host}/")
            wait_until(lambda: posts.received)
            message = json.loads(posts.received[0][2])
            assert (message["state"], message["kind"], message["about"]) == (
                "begun", "account_ends", "tv")
            server.replies[""] = account(exp_date=str(int(time.time()) + 90 * 86400))
            server.replies["get_live_streams"] = LIVE[:2] + [dict(LIVE[0], name="Seven", stream_id=7)]
            service.ctl("refresh", "tv")
            wait_until(lambda: len(posts.received) == 2)
            assert json.loads(posts.received[1][2])["state"] == "over"
            wait_until(lambda: "Seven" in ask(service.playlist).text)
            assert server.most_at_once == 1
            said = json.dumps([service.ctl("status"), service.ctl("jobs")]) + service.log()
        assert MARK not in said + str(posts.received)


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)


def shown_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_tls_by_files_that_may_change(data, tmp_path):
    tree = tmp_path / "certificates"  # in which nothing else is that would be watched
    for name in ["first", "second"]:
        (tree / name).mkdir(parents=True)
        make_certificate(tree / name, name)
    (tree / "tls").symlink_to("first")
    config = tmp_path / "config.toml"
    (tmp_path / "tv.m3u").write_text(playlist_of("A", "B"))
    config.write_text(configuration("x").replace('url = "x"', 'path = "tv.m3u"') +
                      f'[http]\ncertificate = "{tree}/tls/cert.pem"\nkey = "{tree}/tls/key.pem"\n')
    with Service(data, "--config", config) as service:
        assert service.playlist.startswith("https://127.0.0.1:")
        port = urlsplit(service.playlist).port
        trust = ssl.create_default_context(cafile=str(tree / "first" / "cert.pem"))
        with urllib.request.urlopen(service.playlist, context=trust, timeout=20) as answer:
            assert names_in(answer.read().decode()) == ["A", "B"]
        first = (tree / "first" / "cert.pem").read_text()
        assert shown_certificate(port).strip() == first.strip()
        (tree / "next").symlink_to("second")
        (tree / "next").rename(tree / "tls")
        second = (tree / "second" / "cert.pem").read_text()
        wait_until(lambda: shown_certificate(port).strip() == second.strip())
        (tree / "second" / "cert.pem").write_text("nonsense")
        wait_until(lambda: "the old certificate stays" in service.log())
        assert shown_certificate(port).strip() == second.strip()


def switches(pid):
    """Voluntary context switches of all threads of a process."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def test_nothing_wakes_up_while_nothing_happens(data, tmp_path):
    with Source(playlist_of("A", "B")) as source:
        config = tmp_path / "config.toml"
        config.write_text(configuration(source.url))
        with Service(data, "--config", config) as service:
            ask(service.playlist)
            service.ctl("status")
            time.sleep(8)  # connections and what follows from the start come to their end
            before = switches(service.process.pid)
            time.sleep(IDLE_S)
            switched = switches(service.process.pid) - before
            assert switched <= MOST_SWITCHES_A_MINUTE * IDLE_S / 60, switched
