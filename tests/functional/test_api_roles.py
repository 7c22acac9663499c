"""Who may do what: each operation of the document with each role and each scope of a token, on something that
is there. What is allowed succeeds, what is not is refused and has done nothing."""

import re

import pytest
from api_calls import CALLS, World
from api_client import PASSWORD, Client
from program import plugins_are_built
from service import Service

ROLES = ["nobody", "viewer", "editor", "admin"]
# What each may do, who comes with a session or with a token.
PRINCIPALS = {"nobody": "nobody", "viewer": "viewer", "editor": "editor", "admin": "admin",
              "a token to read": "viewer", "a token to edit": "editor", "a token to admin": "admin"}
# Of a session: who has none is told so.
OF_A_SESSION = {"getSession": 401, "setPassword": 403}
NEED_A_PLUGIN = ["getPlugin", "clearPlugin"]


@pytest.fixture(name="world", scope="module")
def a_world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("roles")) as world:
        document = Client(world.service).get("/openapi.json").json
        world.operations = {operation["operationId"]: operation for item in document["paths"].values()
                            for operation in item.values() if "operationId" in operation}
        yield world


def refusal(operation, who):
    """The status with which it is refused; None for who may do it."""
    if ROLES.index(PRINCIPALS[who]) < ROLES.index(operation["x-role"]):
        return 401 if who == "nobody" else 403
    has_session = who in ROLES[1:]
    return None if has_session else OF_A_SESSION.get(operation["operationId"])


def test_the_table_has_each_operation_of_the_document(world):
    assert set(world.operations) == {*CALLS, "setUp"}


@pytest.mark.parametrize("name", CALLS)
def test_each_role_may_do_what_the_document_says_and_nothing_else(world, name):
    if name in NEED_A_PLUGIN and not plugins_are_built():
        pytest.skip("built without plugins")
    operation = world.operations[name]
    success = max(int(code) for code in operation["responses"] if code != "default")
    refused = {who: status for who in PRINCIPALS if (status := refusal(operation, who))}
    call = CALLS[name](world)
    answers = {who: call.status(world.clients[who]) for who in refused}
    assert answers == refused
    allowed = [who for who in PRINCIPALS if who not in refused]
    for who in allowed:
        # The first one finds everything as it was before the others were refused.
        assert (who, call.status(world.clients[who])) == (who, success)
        if who != allowed[-1]:
            call = CALLS[name](world)


def test_the_first_administrator_is_made_by_whoever_has_the_link_and_by_nobody_later(world, tmp_path):
    with Service(tmp_path / "data") as service:
        secret = re.search(r"#/setup\?token=(\S+)", service.printed)[1]
        body = {"token": secret, "name": "anna", "password": PASSWORD}
        assert Client(service).post("/setup", {**body, "token": secret[::-1]}).status == 403
        assert Client(service).post("/setup", body).status == 200
        assert Client(service).post("/setup", body).status == 403
    # Who tries again and again has to wait.
    assert {client.post("/setup", body).status for client in world.clients.values()} <= {403, 429}
