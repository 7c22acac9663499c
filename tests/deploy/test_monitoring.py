"""The dashboard and the alerts: every query is answered from the figures of a real service."""

import http.client
import json
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest
from conftest import BUILD, ROOT, run
from loopback import free_port

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "m3u-proxy.json"
SOON_S = 60
# Nothing of these happens while a service starts.
MAY_BE_EMPTY = {"m3u_proxy_alerts_active", "up"}


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def queries():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels
            for target in panel.get("targets", [])]


def metrics_in(expression):
    return set(re.findall(r"\b(?:m3u_proxy_|process_)\w+", expression))


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    port = free_port()
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [BUILD / "m3u-proxy", "serve", "--data", folder / "data", "--listen",
             f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
    for line in process.stdout:
        if "ctl status" in line:
            break
    yield f"127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    process.stdout.close()


@pytest.fixture(scope="module")
def prometheus(service, tmp_path_factory):
    if not shutil.which("prometheus"):
        pytest.skip("there is no prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    (folder / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "m3u-proxy",
                            "static_configs": [{"targets": [service]}]}]}))
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    address = f"127.0.0.1:{port}"
    try:
        end = time.monotonic() + SOON_S
        while time.monotonic() < end:
            try:
                # It listens before it answers, and rates take several samples.
                if get(address, "/-/ready")[0] == 200 and values(
                        address, "count_over_time(m3u_proxy_build_info[1m]) >= 4"):
                    break
            except OSError:
                pass
            time.sleep(0.2)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def values(address, expression):
    status, body = get(address, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    assert status == 200, body
    return json.loads(body)["data"]["result"]


def test_promtool_takes_the_figures(service):
    status, body = get(service, "/metrics")
    assert status == 200
    done = run("promtool", "check", "metrics", input=body)
    assert done.stdout + done.stderr == ""


def test_promtool_takes_the_rules(tmp_path):
    run("promtool", "check", "rules", RULES)
    bad = tmp_path / "rules.yml"
    bad.write_text(RULES.read_text().replace("> 0.95", "> > 0.95"))
    assert run("promtool", "check", "rules", bad, check=False).returncode != 0


def test_each_alert_comes_when_it_should(tmp_path):
    test = tmp_path / "test.yml"
    text = (Path(__file__).parent / "rules_test.yml").read_text()
    test.write_text(text.replace("RULES", str(RULES)))
    run("promtool", "test", "rules", test)
    named = set(re.findall(r"alertname: (\w+)", text))
    assert named == set(re.findall(r"alert: (\w+)", RULES.read_text()))


def test_every_figure_of_an_alert_is_one_of_the_services(service):
    body = get(service, "/metrics")[1]
    families = set(re.findall(r"^# TYPE (\w+)", body, re.M))
    assert metrics_in(re.sub(r"#.*", "", RULES.read_text())) <= families


def test_the_rules_are_evaluated_without_error(prometheus):
    end = time.monotonic() + SOON_S
    while time.monotonic() < end:
        groups = json.loads(get(prometheus, "/api/v1/rules")[1])["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        if rules and all(rule["health"] != "unknown" for rule in rules):
            break
        time.sleep(0.2)
    assert {rule["health"] for rule in rules} == {"ok"}
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []


@pytest.mark.parametrize(("title", "expression"), queries(),
                         ids=[f"{title} {number}" for number, (title, _) in enumerate(queries())])
def test_every_query_of_the_dashboard_has_an_answer(prometheus, title, expression):
    query = expression.replace("$instance", ".*").replace("$__rate_interval", "1m")
    assert "$" not in query
    if not metrics_in(query) <= MAY_BE_EMPTY:
        assert values(prometheus, query), f"{title}: {query}"
