"""Logos in the API: uploaded, assigned, published, removed."""

import pytest
from api_client import Client, administrator
from service import Service, ask, wait_until
from test_serve_logos import PNG, SVG, addresses_of, configuration

MISSING = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(name="service")
def a_service(tmp_path):
    with Service(tmp_path / "data") as service:
        service.admin = administrator(service)
        yield service


def upload(client, body=PNG, name="News", kind="image/png"):
    return client.post(f"/logos?name={name}", raw=body, headers={"Content-Type": kind})


def client_of(service, scope):
    made = service.admin.post("/tokens", {"name": scope, "scopes": [scope]})
    return Client(service, made.json["token"])


def test_a_logo_is_uploaded_shown_and_removed(service):
    made = upload(service.admin)
    assert made.status == 201
    logo = made.json
    assert (logo["name"], logo["type"], logo["bytes"]) == ("News", "image/png", len(PNG))
    assert logo["logo"] == "@logo:" + logo["id"]
    assert made.headers["location"].endswith("logos/" + logo["id"])
    upload(service.admin, SVG, name="Art", kind="application/octet-stream")
    listed = service.admin.get("/logos").json
    assert [i["name"] for i in listed["items"]] == ["Art", "News"]
    assert listed["items"][1] == logo
    assert (listed["total"], listed["next_cursor"]) == (2, None)
    shown = service.admin.get(f"/logos/{logo['id']}")
    assert (shown.status, shown.body) == (200, PNG)
    assert shown.headers["content-type"] == "image/png"
    assert "sandbox" in shown.headers["content-security-policy"]
    again = service.admin.get(f"/logos/{logo['id']}",
                              headers={"If-None-Match": shown.headers["etag"]})
    assert again.status == 304
    assert service.admin.delete(f"/logos/{logo['id']}").status == 204
    assert service.admin.delete(f"/logos/{logo['id']}").status == 404
    assert service.admin.get(f"/logos/{logo['id']}").status == 404
    audit = service.admin.get("/audit").json["items"]
    done = [(a["action"], a["target"]) for a in audit if a["action"].startswith("logos.")]
    assert ("logos.create", logo["id"]) in done and ("logos.remove", logo["id"]) in done


def test_what_is_no_logo_is_refused(service):
    def refused(answer, status, *words):
        assert answer.status == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert all(word in answer.text for word in words), answer.text
    refused(upload(service.admin, b"<html>no</html>"), 422, "no picture", "PNG")
    refused(upload(service.admin, b""), 422, "no picture")
    refused(upload(service.admin, kind="text/html"), 415, "picture")
    refused(upload(service.admin, PNG * 1100), 413)
    for name in ("", "%0A", "%FF", "a" * 201):
        refused(upload(service.admin, name=name), 422, '"name"')
    refused(service.admin.post("/logos", raw=PNG, headers={"Content-Type": "image/png"}),
            422, "required")
    refused(service.admin.get(f"/logos/{MISSING}"), 404)
    assert service.admin.get("/logos/..%2F..%2Fsecret.key").status == 400
    assert service.admin.get("/logos").json["items"] == []


def test_viewers_see_logos_and_editors_change_them(service):
    viewer, editor = client_of(service, "read"), client_of(service, "edit")
    assert upload(viewer).status == 403
    logo = upload(editor).json
    assert viewer.get(f"/logos/{logo['id']}").body == PNG
    assert viewer.delete(f"/logos/{logo['id']}").status == 403
    assert Client(service).get("/logos").status == 401
    assert editor.delete(f"/logos/{logo['id']}").status == 204


def test_uploaded_logos_are_named_by_edits_rules_and_written_down_channels(tmp_path):
    data = tmp_path / "data"
    config = configuration(tmp_path, [("A", "http://tv.example/a.png"), ("B", "")], extra="")
    with Service(data, "--config", config) as service:
        admin = administrator(service)
        logos = [upload(admin, name=name).json["logo"] for name in ("edit", "rule", "manual")]
        ids = {c["name"]: c["channel"] for c in service.ctl("channels", "home")["channels"]}
        service.ctl("edits", "set", ids["A"], "--logo", logos[0])
        text = config.read_text().replace('sources = ["tv"]',
                                          'sources = ["tv", "mine"]\nrules = ["b"]')
        config.write_text(text + f'''
[[rules]]
name = "b"
expression = 'channel_name equals "B" SET tvg_logo = "{logos[1]}"'

[[sources]]
name = "mine"

[[sources.channels]]
name = "C"
url = "http://tv.example/c"
logo = "{logos[2]}"
''')
        wait_until(lambda: len([a for a in addresses_of(service)
                                if a.startswith(service.address)]) == 3)
        addresses = addresses_of(service)
        for address, logo in zip(addresses, logos):
            assert address.endswith("/" + logo.removeprefix("@logo:"))
            assert ask(address).body == PNG
        # Those who ask the API see what people wrote.
        proxy = admin.get("/proxies").json["items"][0]["id"]
        shown = admin.get(f"/proxies/{proxy}/channels").json["items"]
        assert [c["logo"] for c in shown] == logos
        assert admin.delete("/logos/" + logos[0].removeprefix("@logo:")).status == 204
        assert ask(addresses[0]).status == 404
