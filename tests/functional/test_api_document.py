"""The document as a judge: who may do what, and that every operation does what it says."""

import json
import os
import re
import subprocess
import uuid
from pathlib import Path

import pytest
from api_client import PASSWORD, Client, administrator
from locked_programs import programs_of
from service import Service, ask

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "build" / "api-tests"
LOCK = ROOT / "tools" / "dev" / "api-tests.lock"
ROLES = ["nobody", "viewer", "editor", "admin"]
SCOPES = {"viewer": "read", "editor": "edit", "admin": "admin"}


@pytest.fixture(name="service", scope="module")
def a_service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("api") / "data") as service:
        service.admin = administrator(service)
        service.clients = {"nobody": Client(service)}
        for role, scope in SCOPES.items():
            made = service.admin.post("/tokens", {"name": role, "scopes": [scope]})
            assert made.status == 201, made.text
            service.clients[role] = Client(service, made.json["token"])
        service.document = Client(service).get("/openapi.json").json
        yield service


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete"):
                yield path, method.upper(), operation


def goes_on(operation):
    """Whether its answer has no end: server-sent events."""
    return "text/event-stream" in json.dumps(operation["responses"])


def test_each_operation_answers_each_role_as_the_document_says(service):
    """With ids that nothing has: a role that may not do it hears so before anything is looked up."""
    wrong = []
    for path, method, operation in operations(service.document):
        for role in ROLES:
            target = re.sub(r"\{\w+\}", str(uuid.UUID(int=0)), path)
            body = {} if "requestBody" in operation else None
            raw = None
            if body is not None and "application/json" not in operation["requestBody"]["content"]:
                body, raw = None, b"x"
            least = operation["x-role"]
            if goes_on(operation) and ROLES.index(role) >= ROLES.index(least):
                continue
            status = service.clients[role].ask(method, target, body, raw=raw).status
            if ROLES.index(role) >= ROLES.index(least):
                # getSession is anybody's question; only a session has an answer.
                right = status not in (401, 403) or operation["tags"] == ["session"]
            else:
                right = status == (401 if role == "nobody" else 403)
            if not right or status >= 500:
                wrong.append(f"{method} {path} as {role}: {status}")
    assert not wrong


def test_every_change_by_a_session_needs_what_only_our_pages_know(service):
    """CSRF: another page's request comes with the cookie. Only who has no session yet has no token either."""
    stranger = Client(service)
    stranger.cookie, stranger.csrf = service.admin.cookie, "not the token"
    wrong = []
    for path, method, operation in operations(service.document):
        if method == "GET" or operation["operationId"] in ("setUp", "logIn"):
            continue
        body = {} if "requestBody" in operation else None
        answer = stranger.ask(method, re.sub(r"\{\w+\}", str(uuid.UUID(int=0)), path), body)
        if answer.status != 403 or "CSRF" not in answer.text:
            wrong.append(f"{method} {path}: {answer.status} {answer.text}")
    assert not wrong
    assert service.admin.get("/session").status == 200


def test_every_path_answers_the_methods_of_the_document_and_no_other(service):
    wrong = []
    for path, item in service.document["paths"].items():
        target = re.sub(r"\{\w+\}", str(uuid.UUID(int=0)), path)
        answer = service.admin.ask("PATCH", target)
        allowed = set(answer.headers.get("allow", "").split(", ")) - {"HEAD", "OPTIONS"}
        documented = {m.upper() for m in item if m in ("get", "put", "post", "delete")}
        if answer.status != 405 or not documented <= allowed:
            wrong.append(f"{path}: {allowed}")
    assert not wrong


def test_every_operation_is_described_and_has_its_errors(service):
    ids = []
    for path, method, operation in operations(service.document):
        ids.append(operation["operationId"])
        assert operation["summary"] and operation["tags"], (path, method)
        assert "default" in operation["responses"], (path, method)
        assert any(code.startswith("2") for code in operation["responses"]), (path, method)
    assert len(ids) == len(set(ids))


def test_the_pages_need_nothing_from_elsewhere(service):
    page = ask(f"{service.address}/api/docs")
    assert page.status == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert parts == ["docs/docs.css", "docs/docs.js"]
    texts = [ask(f"{service.address}/api/{part}") for part in parts]
    assert [text.status for text in texts] == [200, 200]
    for text in (page, *texts):
        assert "://" not in text.text and "innerHTML" not in text.text
    assert not re.search(r"<script>|style=|onclick", page.text)


def schemathesis():
    return programs_of(VENV, LOCK, "schemathesis") / "schemathesis"


# Statuses that say more than the form of a request: what no form says is asked of the program.
SETTINGS = f"""
hooks = "{Path(__file__).parent / "schemathesis_hooks.py"}"

[checks.negative_data_rejection]
# Refused before its body is read: what is not as it was seen, and what is too long.
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 422, 428, 429]

[checks.positive_data_acceptance]
# Never 400, 406, 413 or 415. 422: whether an expression, an address or a key of the configuration is one, no
# schema says; 404, 409, 412 and 428 are about what is there.
expected-statuses = ["2xx", 401, 403, 404, 409, 412, 422, 428, 429, 503]

[checks.not_a_server_error]
# 503: a proxy has nothing to show before its sources were fetched.
expected-statuses = ["2xx", "3xx", "4xx", 503]

[[operations]]
include-operation-id = "putEdit"
# 400: no schema says that of If-Match and If-None-Match there is one.
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 422, 428, 429, 503]

[[operations]]
include-operation-id = "createBackup"
# A hundred fill the folder.
generation.max-examples = 6

[[operations]]
include-operation-id = "listenToEvents"
# It has no end: one event is read of each.
max-stream-events = 1
request-timeout = 20
"""


@pytest.mark.parametrize("who", ["nobody", "admin"])
def test_schemathesis_finds_nothing(service, who, tmp_path):
    """Of all operations and by all checks."""
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    account = {"name": f"account of {who}", "password": PASSWORD}
    made = service.clients["admin"].post("/users", {**account, "role": "viewer"})
    assert made.status == 201, made.text
    # From a file: of an address it would leave out the operation that gives it the document.
    (tmp_path / "openapi.json").write_text(json.dumps(service.document))
    command = [schemathesis(), "run", "openapi.json",
               "--url", f"{service.address}/api/v1", "--phases", "examples,fuzzing",
               "--max-examples", "12", "--seed", "1", "--max-failures", "20", "--no-color"]
    environment = {**os.environ, "HOME": str(tmp_path), "SERVICE": service.address, "AS": who,
                   "ADMIN_TOKEN": service.clients["admin"].token,
                   "ACCOUNT": account["name"], "ACCOUNT_PASSWORD": account["password"]}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900,
                          env=environment, check=False)
    assert done.returncode == 0, done.stdout[-40000:] + done.stderr[-2000:]
    operation_count = len(list(operations(service.document)))
    assert f"Selected: {operation_count}/{operation_count}" in done.stdout
    assert service.process.poll() is None
    assert service.clients["admin"].get("/status").status == 200
