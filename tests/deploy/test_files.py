"""The files of deploy/: each is held against the tool that knows its kind, and each check can fail."""

import json
import re

import pytest
from conftest import BUILD, ROOT, run

DEPLOY = ROOT / "deploy"
EXPOSURE = 15  # tenths, of 100; a unit without hardening has 96


def yaml_of(tools, path):
    """The documents of a YAML file, read by the tools' own parser."""
    script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))"
    with open(path) as file:
        return json.loads(run(tools / "python", "-c", script, stdin=file).stdout)


def test_the_dockerfile_is_clean(tools, tmp_path):
    run(tools / "hadolint", DEPLOY / "Dockerfile")
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN cd /tmp && sudo apt-get install curl\n")
    assert run(tools / "hadolint", bad, check=False).returncode != 0


def test_the_image_has_what_an_operator_counts_on():
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["debian:12", "source", "source", "${DEBIAN}",
                                                       "${DEBIAN}"]
    service = text[text.index("AS service"):]
    assert re.search(r"^USER (?!0|root)\d+:\d+$", service, re.M)
    assert "HEALTHCHECK --interval" in service and "VOLUME /data" in service


def test_kubernetes_takes_the_manifests(tools, tmp_path):
    manifest = DEPLOY / "kubernetes" / "m3u-proxy.yaml"
    run(tools / "kubernetes-validate", "--strict", manifest)
    bad = tmp_path / "bad.yaml"
    bad.write_text(manifest.read_text().replace("readinessProbe:", "readinessProb:"))
    assert run(tools / "kubernetes-validate", "--strict", bad, check=False).returncode != 0


def test_the_deployment_has_the_limits_that_were_promised(tools):
    documents = yaml_of(tools, DEPLOY / "kubernetes" / "m3u-proxy.yaml")
    container = next(d for d in documents if d["kind"] == "Deployment")["spec"]["template"]["spec"][
        "containers"][0]
    assert container["resources"]["requests"]["memory"] == "256Mi"
    assert container["resources"]["limits"]["memory"] == "512Mi"
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    assert variables["MEMORY_LIMIT_MB"] == "448"
    assert variables["CLEANUP_AGGRESSIVE"] == "true"
    assert variables["PLUGIN_MEMORY_LIMIT_MB"] == "64"


def test_compose_has_the_same_and_a_database_where_one_is_wanted(tools):
    alone = yaml_of(tools, DEPLOY / "compose.yaml")[0]["services"]["m3u-proxy"]
    assert alone["environment"]["MEMORY_LIMIT_MB"] == "448"
    assert alone["deploy"]["resources"]["limits"]["memory"] == "512M"
    services = yaml_of(tools, DEPLOY / "compose.postgresql.yaml")[0]["services"]
    assert set(services) == {"m3u-proxy", "database"}
    url = services["m3u-proxy"]["environment"]["M3U_PROXY_DATABASE__URL"]
    assert re.fullmatch(r"postgresql://m3u_proxy:\$\{\w+:\?[^}]*\}@database/m3u_proxy", url)


def test_compose_has_two_replicas_that_share(tools):
    first = yaml_of(tools, DEPLOY / "compose.yaml")[0]["services"]["m3u-proxy"]
    database = yaml_of(tools, DEPLOY / "compose.postgresql.yaml")[0]["services"]["m3u-proxy"]
    text = yaml_of(tools, DEPLOY / "compose.replicas.yaml")[0]
    more, second = text["services"]["m3u-proxy"], text["services"]["m3u-proxy-2"]
    assert second["environment"] == {**first["environment"], **database["environment"],
                                     **more["environment"]}
    assert second["secrets"] == more["secrets"] == list(text["secrets"])
    assert more["environment"]["M3U_PROXY_SECRET_KEY_FILE"] == f"/run/secrets/{more['secrets'][0]}"
    assert more["environment"]["M3U_PROXY_SERVICE__SNAPSHOTS"] == "/shared"
    assert {"shared:/shared"} == set(more["volumes"]) & set(second["volumes"])
    assert not set(first["volumes"]) & set(second["volumes"])
    for key in ("read_only", "tmpfs", "cap_drop", "security_opt", "deploy", "restart"):
        assert second[key] == first[key]


def test_systemd_takes_the_unit(tmp_path):
    unit = tmp_path / "m3u-proxy.service"
    text = (DEPLOY / "systemd" / "m3u-proxy.service").read_text()
    unit.write_text(text.replace("/usr/bin/m3u-proxy", str(BUILD / "m3u-proxy")))
    done = run("systemd-analyze", "verify", "--man=no", unit)
    assert done.stderr == ""
    unit.write_text(unit.read_text().replace("ExecStart=", "ExecStrat="))
    assert run("systemd-analyze", "verify", "--man=no", unit, check=False).returncode != 0


def test_the_unit_is_hardened(tmp_path):
    unit = DEPLOY / "systemd" / "m3u-proxy.service"
    check = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}"]
    run(*check, unit)
    weak = tmp_path / "m3u-proxy.service"
    weak.write_text(re.sub(r"^(Protect|Private|Restrict|SystemCall).*\n", "", unit.read_text(),
                           flags=re.M))
    assert run(*check, weak, check=False).returncode != 0


def test_maintainer_scripts_are_clean():
    for name in ("postinst", "prerm", "postrm"):
        run("shellcheck", DEPLOY / "debian" / name)
