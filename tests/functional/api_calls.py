"""How each operation of the API is called so that it succeeds: with a valid body, on an object that is there.

    call = CALLS["putFilter"](world)    # makes a filter, and is a change of it

`world` is a running service (`World`) and an administrator who prepares what a call needs. A call succeeds
once: each time it is needed it is prepared anew.
"""

import itertools
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from api_client import PASSWORD, Client, Events, administrator
from program import plugins_are_built
from provider import Provider
from service import Service, wait_until
from test_plugin_runs import install_misbehaving
from test_serve_logos import PNG

ANY_REVISION = {"If-Match": "*"}
NOTHING_YET = {"If-None-Match": "*"}
SCOPES = {"viewer": "read", "editor": "edit", "admin": "admin"}
FILTER = {"action": "include", "expression": 'group_title equals "News"'}
RULE = {"expression": 'channel_name ends_with " HD" SET group_title = "HD"'}


@dataclass
class Call:
    method: str
    path: str
    body: Any = None
    raw: Any = None
    headers: dict = field(default_factory=dict)
    # What makes good that a client's session has ended: taken of the client and the answer.
    afterwards: Any = None
    goes_on: bool = False

    def status(self, client):
        """Of the answer that a client gets; of an answer without an end, as soon as it begins."""
        if self.goes_on and (client.token or client.cookie):
            with Events(client) as events:
                return events.answer.status
        answer = client.ask(self.method, self.path, self.body, raw=self.raw, headers=self.headers)
        if self.afterwards and answer.status < 300:
            self.afterwards(client, answer)
        return answer.status


class World:
    """A service that has published twice, with an account of each role and a token of each scope."""

    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count(1)
        self.clients = {}

    def __enter__(self):
        with ExitStack() as stack:
            self.begin(stack)
            self.stack = stack.pop_all()
        return self

    def begin(self, stack):
        provider = stack.enter_context(Provider())
        provider.server.channels = 8
        self.shrinking = provider.server
        (self.folder / "lists").mkdir()
        (self.folder / "lists/tv.m3u").write_bytes(self.playlist(1))
        (self.folder / "lists/guide.xml").write_text(
            '<tv><channel id="a"><display-name>A</display-name></channel><programme start="20990101000000 +0000" '
            'stop="20990101010000 +0000" channel="a"><title>News</title></programme></tv>')
        config = self.folder / "service.toml"
        config.write_text(self.configuration(provider))
        self.service = stack.enter_context(Service(self.folder / "data", "--config", config))
        self.admin = administrator(self.service)
        self.proxy = self.id_of("proxies", "home")
        self.service.wait_for_generation(1, "home")
        self.upload("tv", self.playlist(2))
        self.service.wait_for_generation(2, "home")
        self.channel = self.admin.get(f"/proxies/{self.proxy}/channels").json["items"][0]["id"]  # A, in both
        self.come_in()

    def __exit__(self, *failure):
        self.stack.__exit__(*failure)

    def configuration(self, provider):
        wasm = ""
        if plugins_are_built():
            (self.folder / "plugins").mkdir()
            install_misbehaving(self.folder, "leak")
            wasm = '[wasm_plugins]\nenabled = true\nplugin_directory = "plugins"\ncache_directory = "cache"\n'
        sources = "".join(f'[[{kind}]]\nname = "{name}"\n{where}\n' for kind, name, where in (
            ("sources", "tv", 'path = "lists/tv.m3u"'),
            ("sources", "hangs", f'url = "{provider.url("/silent/list.m3u")}"\nrefresh = "manual"'),
            ("sources", "shrinks", f'url = "{provider.url("/today/list.m3u")}"\nrefresh = "manual"'),
            ("epg_sources", "guide", 'path = "lists/guide.xml"'),
            ("epg_sources", "shrinks", f'url = "{provider.url("/today/guide.xml")}"\nrefresh = "manual"')))
        return (f'[service]\nquiet_period = "0s"\nallowed_folders = ["{self.folder}/lists"]\n{wasm}{sources}'
                '[[proxies]]\nname = "home"\nsources = ["tv"]\nepg_sources = ["guide"]\n')

    def playlist(self, number):
        return ('#EXTM3U\n#EXTINF:-1 tvg-id="a" group-title="News",A\nhttp://provider.example/a\n'
                f'#EXTINF:-1,B\nhttp://provider.example/{number}\n').encode()

    def come_in(self):
        """As nobody, as a user of each role, and with a token of each scope."""
        self.clients = {"nobody": Client(self.service), "admin": self.admin}
        for role in ("viewer", "editor"):
            assert self.admin.post("/users", {"name": role, "role": role, "password": PASSWORD}).status == 201
            self.clients[role] = Client(self.service).log_in(role)
        for scope in SCOPES.values():
            made = self.admin.post("/tokens", {"name": scope, "scopes": [scope]}).json
            self.clients[f"a token to {scope}"] = Client(self.service, made["token"])

    def log_in(self, client):
        """Again, as whom it was."""
        role = next(who for who, known in self.clients.items() if known is client)
        client.log_in("anna" if role == "admin" else role)

    def come_back(self, *_):
        """All sessions have ended."""
        for client in self.clients.values():
            if client.cookie:
                self.log_in(client)

    def new_name(self):
        return f"n{next(self.numbers)}"

    def id_of(self, kind, name):
        return next(one["id"] for one in self.admin.get(f"/{kind}").json["items"] if one["name"] == name)

    def done(self, method, path, *arguments, **options):
        """The answer to an administrator who prepares something."""
        answer = self.admin.ask(method, path, *arguments, **options)
        assert 200 <= answer.status < 300, (method, path, answer.text)
        return answer

    def upload(self, source, content):
        # Refused while it is being refreshed.
        path = f"/sources/{self.id_of('sources', source)}/content"
        wait_until(lambda: self.admin.put(path, raw=content).status == 200)


# What a person makes in the API, and its operations.


def configuration_of(world, kind):
    return {"sources": {"path": f"{world.folder}/lists/tv.m3u", "refresh": "manual"},
            "epg-sources": {"path": f"{world.folder}/lists/guide.xml", "refresh": "manual"},
            "filters": FILTER, "rules": RULE, "proxies": {"sources": ["tv"]}}[kind]


def new_entity(world, kind):
    return {"name": world.new_name(), "config": configuration_of(world, kind)}


def made(world, kind):
    """What was just made, and its path."""
    entity = world.done("POST", f"/{kind}", new_entity(world, kind)).json
    return entity, f"/{kind}/{entity['id']}"


def change(world, kind):
    entity, path = made(world, kind)
    # With the revision that was seen: what somebody else changes meanwhile shows.
    return Call("PUT", path, {"name": entity["name"], "config": configuration_of(world, kind)},
                headers={"If-Match": f'"{entity["revision"]}"'})


def order(world, kind):
    listed = world.admin.get(f"/{kind}")
    return Call("PUT", f"/{kind}/order", {"ids": [one["id"] for one in listed.json["items"]]},
                headers={"If-Match": listed.headers["etag"]})


def entity_calls(kind, one, many):
    return {f"list{many}": lambda world: Call("GET", f"/{kind}"),
            f"create{one}": lambda world: Call("POST", f"/{kind}", new_entity(world, kind)),
            f"order{many}": lambda world: order(world, kind),
            f"get{one}": lambda world: Call("GET", made(world, kind)[1]),
            f"put{one}": lambda world: change(world, kind),
            f"remove{one}": lambda world: Call("DELETE", made(world, kind)[1], headers=ANY_REVISION)}


def shrunk(world, kind):
    """A source whose last reply waits in quarantine."""
    path = f"/{kind}/{world.id_of(kind, 'shrinks')}"

    def refreshed():
        job = world.done("POST", f"{path}/refresh").json["id"]
        wait_until(lambda: world.admin.get(f"/jobs/{job}").json["state"] not in ("queued", "running"))
        return world.admin.get(path).json["status"]
    world.shrinking.channels = 8
    assert refreshed()["items"] == 8
    world.shrinking.channels = 1
    assert refreshed()["quarantined"]
    return path


def source_calls(kind, one, name, file):
    """On sources of the configuration: those that were just made are not yet known to everybody."""
    def of(source, method, path, **more):
        return lambda world: Call(method, f"/{kind}/{world.id_of(kind, source)}{path}", **more)

    def upload(world):
        return of("shrinks", "PUT", "/content", raw=(world.folder / "lists" / file).read_bytes())(world)
    return {f"validate{one}": lambda world: Call("POST", f"/{kind}/validate",
                                                 {"config": configuration_of(world, kind)}),
            f"refresh{one}": of(name, "POST", "/refresh"),
            f"accept{one}": lambda world: Call("POST", f"{shrunk(world, kind)}/accept"),
            f"quarantineOf{one}": lambda world: Call("GET", f"{shrunk(world, kind)}/quarantine"),
            f"dropReplyOf{one}": lambda world: Call("DELETE", f"{shrunk(world, kind)}/quarantine"),
            f"upload{one}": upload,
            f"historyOf{one}": of(name, "GET", "/history"),
            f"scheduleOf{one}": of(name, "GET", "/schedule")}


# What is published.


def of_proxy(path, method="GET", body=None):
    return lambda world: Call(method, f"/proxies/{world.proxy}{path.format(channel=world.channel)}", body)


def free(world):
    """Ends a roll back; what is published then."""
    if world.admin.get(f"/proxies/{world.proxy}").json["status"]["held"]:
        world.done("POST", f"/proxies/{world.proxy}/release")
    return world.admin.get(f"/proxies/{world.proxy}/generations").json["items"]


def roll_back(world):
    another = next(one["number"] for one in free(world) if one["state"] != "current")
    return Call("POST", f"/proxies/{world.proxy}/roll-back", {"generation": another})


def release(world):
    back = roll_back(world)
    world.done(back.method, back.path, back.body)
    return Call("POST", f"/proxies/{world.proxy}/release")


def output_token(world):
    token = world.done("POST", f"/proxies/{world.proxy}/tokens", {"name": world.new_name()}).json["id"]
    return f"/proxies/{world.proxy}/tokens/{token}"


# What is decided about single channels.


def new_edit(world):
    return Call("PUT", f"/edits/{uuid.uuid4()}", {"name": world.new_name()}, headers=NOTHING_YET)


def edited(world):
    edit = new_edit(world)
    world.done("PUT", edit.path, edit.body, headers=edit.headers)
    return edit.path


# Accounts, archives and the rest.


def user(world):
    entity = world.done("POST", "/users", {"name": world.new_name(), "role": "viewer", "password": PASSWORD}).json
    return entity, f"/users/{entity['id']}"


def changed_user(world):
    entity, path = user(world)
    return Call("PUT", path, {"name": entity["name"], "role": "editor"}, headers=ANY_REVISION)


def api_token(world):
    return f"/tokens/{world.done('POST', '/tokens', {'name': world.new_name(), 'scopes': ['read']}).json['id']}"


def running_job(world):
    """One that waits for a provider, until it is cancelled."""
    return world.done("POST", f"/sources/{world.id_of('sources', 'hangs')}/refresh").json["id"]


def logo(world):
    made_logo = world.done("POST", f"/logos?name={world.new_name()}", raw=PNG, headers={"Content-Type": "image/png"})
    return f"/logos/{made_logo.json['id']}"


def backup(world):
    return f"/backups/{world.done('POST', '/backups').json['name']}"


def restored(world):
    path = backup(world)
    archive = world.done("GET", path).body
    world.done("DELETE", path)
    return Call("POST", "/restore", raw=archive, headers={"Content-Type": "application/octet-stream"},
                afterwards=world.come_back)


def new_settings(world):
    return Call("PUT", "/settings", {"config": {"service": {"refresh": "6h"}}},
                headers={"If-Match": world.done("GET", "/settings").headers["etag"]})


def imported(world):
    return Call("POST", "/import", raw=(f'[[filters]]\nname = "{world.new_name()}"\naction = "include"\n'
                                        "expression = 'channel_name contains \"x\"'\n").encode(),
                headers={"Content-Type": "application/toml"})


def log_out(world):
    return Call("DELETE", "/session", afterwards=lambda client, _: client.cookie and world.log_in(client))


CALLS = {
    "getDocument": lambda world: Call("GET", "/openapi.json"),
    "getSetup": lambda world: Call("GET", "/setup"),
    "getSession": lambda world: Call("GET", "/session"),
    "logIn": lambda world: Call("POST", "/session", {"name": "viewer", "password": PASSWORD}),
    "logOut": log_out,
    "setPassword": lambda world: Call("PUT", "/session/password", {"old": PASSWORD, "new": PASSWORD},
                                      afterwards=Client.take_session),
    "listChannels": of_proxy("/channels?filter=channel_name%20equals%20%22A%22&now=true"),
    "getChannel": of_proxy("/channels/{channel}"),
    "listGroups": of_proxy("/groups"),
    "listGuideChannels": of_proxy("/guide-channels"),
    "previewProxy": of_proxy("/preview", "POST", {"filters": [{"name": "draft", "config": FILTER}]}),
    "explainChannel": of_proxy("/explain?channel={channel}&whole=true"),
    "listProgrammes": of_proxy("/programmes?channels={channel}"),
    "searchProgrammes": of_proxy("/programmes/search?q=news"),
    "validateExpression": lambda world: Call("POST", "/expressions/validate", {"expression": FILTER["expression"]}),
    "completeExpression": lambda world: Call("POST", "/expressions/complete", {"expression": "group_t", "position": 7}),
    "testExpression": lambda world: Call("POST", "/expressions/test", {"expression": FILTER["expression"],
                                                                      "proxy": world.proxy}),
    "listenToEvents": lambda world: Call("GET", "/events", goes_on=True),
    **entity_calls("sources", "Source", "Sources"),
    **source_calls("sources", "Source", "tv", "tv.m3u"),
    **entity_calls("epg-sources", "EpgSource", "EpgSources"),
    **source_calls("epg-sources", "EpgSource", "guide", "guide.xml"),
    **entity_calls("filters", "Filter", "Filters"),
    **entity_calls("rules", "Rule", "Rules"),
    **entity_calls("proxies", "Proxy", "Proxies"),
    "listGenerations": of_proxy("/generations"),
    "downloadGeneration": lambda world: Call(
        "GET", f"/proxies/{world.proxy}/generations/{free(world)[0]['number']}/playlist.m3u"),
    "diffGenerations": of_proxy("/diff"),
    "rollBack": roll_back,
    "release": release,
    "generate": of_proxy("/generate", "POST"),
    "listOutputTokens": of_proxy("/tokens"),
    "createOutputToken": lambda world: Call("POST", f"/proxies/{world.proxy}/tokens", {"name": world.new_name()}),
    "removeOutputToken": lambda world: Call("DELETE", output_token(world)),
    "rotateOutputToken": lambda world: Call("POST", f"{output_token(world)}/rotate"),
    "listEdits": lambda world: Call("GET", "/edits"),
    "getEdit": lambda world: Call("GET", edited(world)),
    "putEdit": new_edit,
    "removeEdit": lambda world: Call("DELETE", edited(world), headers=ANY_REVISION),
    "editInBulk": lambda world: Call("POST", "/edits/bulk", {"channels": [world.channel], "set": {"group": "Mine"}}),
    "renumber": lambda world: Call("POST", "/edits/renumber", {"channels": [world.channel], "start": 7}),
    "writeEdits": lambda world: Call("POST", "/edits/write", {"items": [
        {"channel": str(uuid.uuid4()), "revision": 0, "edit": {"group": "Mine"}}]}),
    "listJobs": lambda world: Call("GET", "/jobs"),
    "getJob": lambda world: Call("GET", f"/jobs/{world.done('GET', '/jobs').json['items'][0]['id']}"),
    "cancelJob": lambda world: Call("POST", f"/jobs/{running_job(world)}/cancel"),
    "getStatus": lambda world: Call("GET", "/status"),
    "listRuns": lambda world: Call("GET", f"/history?proxy={world.proxy}"),
    "getSettings": lambda world: Call("GET", "/settings"),
    "putSettings": new_settings,
    "listPlugins": lambda world: Call("GET", "/plugins"),
    "reloadPlugins": lambda world: Call("POST", "/plugins/reload"),
    "getPlugin": lambda world: Call("GET", "/plugins/leak"),
    "clearPlugin": lambda world: Call("POST", "/plugins/leak/clear"),
    "listUsers": lambda world: Call("GET", "/users"),
    "createUser": lambda world: Call("POST", "/users", {"name": world.new_name(), "role": "viewer",
                                                        "password": PASSWORD}),
    "getUser": lambda world: Call("GET", user(world)[1]),
    "putUser": changed_user,
    "removeUser": lambda world: Call("DELETE", user(world)[1], headers=ANY_REVISION),
    "listTokens": lambda world: Call("GET", "/tokens"),
    "createToken": lambda world: Call("POST", "/tokens", {"name": world.new_name(), "scopes": ["read"]}),
    "removeToken": lambda world: Call("DELETE", api_token(world)),
    "listAudit": lambda world: Call("GET", "/audit"),
    "listLogos": lambda world: Call("GET", "/logos"),
    "createLogo": lambda world: Call("POST", f"/logos?name={world.new_name()}", raw=PNG,
                                     headers={"Content-Type": "image/png"}),
    "getLogo": lambda world: Call("GET", logo(world)),
    "removeLogo": lambda world: Call("DELETE", logo(world)),
    "listBackups": lambda world: Call("GET", "/backups"),
    "createBackup": lambda world: Call("POST", "/backups", {"passphrase": PASSWORD}),
    "downloadBackup": lambda world: Call("GET", backup(world)),
    "removeBackup": lambda world: Call("DELETE", backup(world)),
    "exportConfiguration": lambda world: Call("GET", "/export"),
    "importConfiguration": imported,
    "restore": restored,
}
