"""A copy of the database, made while the service runs, brings everything back."""

import shutil
import stat

from api_client import Client, administrator
from service import Service


def test_everything_is_back_after_all_is_lost(tmp_path):
    data = tmp_path / "data"
    with Service(data) as service:
        admin = administrator(service)
        for name in ("one", "two"):
            assert admin.post("/filters", {"name": name, "config": {
                "action": "include", "expression": 'channel_name contains "x"'}}).status == 201
        assert admin.post("/sources", {"name": "account", "config": {
            "url": "http://anna:geheim@provider.example/x", "refresh": "manual"}}).status == 201
        made = admin.post("/backups")
        assert made.status == 201, made.text
        name = made.json["name"]
        assert admin.get("/backups").json["items"] == [made.json]
        file = data / "backups" / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        copy = admin.get(f"/backups/{name}")
        assert copy.status == 200 and copy.body.startswith(b"SQLite format 3") and b"geheim" not in copy.body
        for bad in ("..%2fm3u-proxy.sqlite", "secret.key", "x.sqlite"):
            assert admin.get(f"/backups/{bad}").status in (400, 404)
        before = {kind: admin.get(f"/{kind}").json["items"] for kind in ("filters", "sources", "users")}
        assert admin.post("/filters", {"name": "later", "config": {
            "action": "include", "expression": 'channel_name contains "x"'}}).status == 201
    key = (data / "secret.key").read_bytes()
    shutil.rmtree(data)
    data.mkdir()
    (data / "secret.key").write_bytes(key)
    (data / "secret.key").chmod(0o600)
    (data / "m3u-proxy.sqlite").write_bytes(copy.body)
    with Service(data) as service:
        again = Client(service).log_in()
        for kind, items in before.items():
            found = {one["name"]: one.get("config") for one in again.get(f"/{kind}").json["items"]}
            assert found == {one["name"]: one.get("config") for one in items}
        assert again.delete(f"/backups/{name}").status == 404
