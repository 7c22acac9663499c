"""The configuration of a service as a file: out and in again, by command and by API."""

import subprocess

import postgres
import pytest
from api_client import Client, administrator
from program import BINARY, environment
from service import Service, ask, wait_until
from test_serve import playlist_of

RAW = {"Content-Type": "application/toml"}
FILTER = '[[filters]]\nname = "{}"\naction = "include"\nexpression = \'channel_name contains "{}"\'\n'


def run(data, *arguments):
    return subprocess.run([BINARY, *map(str, arguments), "--data", str(data)], capture_output=True, text=True,
                          check=False, timeout=60, env=environment(**postgres.database_of(data)))


def exported(data, *arguments):
    done = run(data, "export", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def create(client, kind, name, config):
    made = client.post(f"/{kind}", {"name": name, "config": config})
    assert made.status == 201, made.text
    return made.json


def remove_the_example(client):
    for kind in ("proxies", "rules", "filters", "epg-sources", "sources"):
        for one in client.get(f"/{kind}").json["items"]:
            assert client.delete(f"/{kind}/{one['id']}", headers={"If-Match": "*"}).status == 204


@pytest.fixture(name="made", scope="module")
def a_service_that_was(tmp_path_factory):
    """Everything that a person can configure, and what was published of it."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "lists").mkdir()
    (folder / "lists" / "tv.m3u").write_text(playlist_of("A", "B", "C", "D"))
    (folder / "service.toml").write_text(f'[service]\nquiet_period = "0s"\nallowed_folders = ["{folder}/lists"]\n')
    data = folder / "data"
    with Service(data, "--config", folder / "service.toml") as service:
        admin = administrator(service)
        remove_the_example(admin)
        create(admin, "sources", "tv", {"path": f"{folder}/lists/tv.m3u"})
        create(admin, "sources", "account", {
            "url": "http://anna:geheim@provider.example/x", "headers": {"X-Key": "geheim, hidden key"}, "refresh": "manual"})
        create(admin, "filters", 'a "quoted" name', {
            "action": "exclude", "expression": 'channel_name equals "D"\nand not group_title equals "x\'\'\'y"'})
        create(admin, "rules", "rename", {"expression": 'channel_name equals "B" SET channel_name = "Bé \\"two\\""'})
        create(admin, "rules", "unused", {"expression": 'channel_name equals "Z" SET channel_name = "Y"'})
        proxy = create(admin, "proxies", "home", {
            "sources": ["tv"], "filters": ['a "quoted" name'], "rules": ["rename"], "starting_channel_number": 10,
            "sort": [{"field": "channel_name", "order": "desc"}]})
        service.wait_for_generation(1, "home")
        channels = {one["name"]: one["id"] for one in admin.get(f"/proxies/{proxy['id']}/channels").json["items"]}
        new = {"If-None-Match": "*"}
        assert admin.put(f"/edits/{channels['A']}?proxy={proxy['id']}",
                         {"name": "Edited, 'twice'", "number": 99, "hidden": False}, headers=new).status == 201
        assert admin.put(f"/edits/{channels['C']}", {"group": "", "place": {"before": channels["A"]}},
                         headers=new).status == 201
        # An order that is not that of the names.
        ids = [one["id"] for one in admin.get("/rules").json["items"]]
        assert admin.put("/rules/order", {"ids": ids[::-1]}, headers={"If-Match": "*"}).status == 204
        token = admin.post(f"/proxies/{proxy['id']}/tokens", {"name": "x"}).json
        wait_for_edit(token["playlist_url"])
        published = ask(token["playlist_url"]).body
        assert admin.delete(f"/proxies/{proxy['id']}/tokens/{token['id']}").status == 204
        text = admin.get("/export")
        assert text.status == 200 and text.headers["content-type"].startswith("application/toml")
    return {"folder": folder, "data": data, "published": published, "text": text.text}


def wait_for_edit(url):
    def is_there():
        text = ask(url).text
        return "Edited" in text and "Bé" in text and text.index(",C\n") < text.index("Edited")
    wait_until(is_there)


def test_secrets_are_left_out_and_said_to_be(made):
    text = exported(made["data"])
    assert text == made["text"]
    assert "geheim" not in text and "geheim, hidden key" not in text and "***" in text
    assert "left out" in text
    with_secrets = exported(made["data"], "--with-secrets")
    assert "geheim" in with_secrets and "geheim, hidden key" in with_secrets and "left out" not in with_secrets


@pytest.mark.parametrize("secrets", [[], ["--with-secrets"]])
def test_there_and_back_it_is_the_same_to_the_byte(made, tmp_path, secrets):
    text = exported(made["data"], *secrets)
    file = tmp_path / ("with-secrets.toml" if secrets else "tv.toml")
    file.write_text(text)
    data = tmp_path / "fresh"
    done = run(data, "import", file, "--check")
    assert done.returncode == 0 and "Would be" in done.stdout, done.stderr
    assert exported(data).count("[[") == 0
    done = run(data, "import", file)
    assert done.returncode == 0, done.stderr
    assert ("no accounts" in done.stdout) == (not secrets)
    assert exported(data, *secrets) == text
    # Once more, nothing happens; nor where it came from, whose accounts stay.
    for where, options in ((data, []), (data, ["--replace"])):
        done = run(where, "import", file, *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("0 new, 0 changed") == 2 and done.stdout.count("0 removed") == 2, done.stdout
        assert exported(where, *secrets) == text


def test_generate_makes_of_it_what_the_service_published(made, tmp_path):
    (tmp_path / "tv.toml").write_text(made["text"])
    done = subprocess.run([BINARY, "generate", "--config", tmp_path / "tv.toml", "--out", tmp_path / "out"],
                          capture_output=True, text=True, check=False, env=environment())
    assert done.returncode in (0, 1), done.stderr
    assert (tmp_path / "out" / "home.m3u").read_bytes().split(b"\n", 1)[1] == made["published"].split(b"\n", 1)[1]


def test_an_export_that_cannot_be_written_is_an_error(made):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([BINARY, "export", "--data", made["data"]], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False, env=environment(**postgres.database_of(made["data"])))
    assert done.returncode == 1
    assert "cannot write to standard output" in done.stderr and "No space left" in done.stderr


def test_accounts_that_are_known_stay(made, tmp_path):
    (tmp_path / "tv.toml").write_text(made["text"].replace('name = "unused"', 'name = "now used"'))
    with_secrets = exported(made["data"], "--with-secrets")
    done = run(made["data"], "import", tmp_path / "tv.toml")
    assert done.returncode == 0 and "0 new, 1 changed" in done.stdout and "no accounts" not in done.stdout, done.stdout
    assert exported(made["data"], "--with-secrets") == with_secrets.replace('name = "unused"', 'name = "now used"')
    (tmp_path / "tv.toml").write_text(made["text"])
    assert run(made["data"], "import", tmp_path / "tv.toml").returncode == 0
    assert exported(made["data"], "--with-secrets") == with_secrets


def test_a_running_service_is_named(made, tmp_path):
    (tmp_path / "tv.toml").write_text(made["text"])
    with Service(tmp_path / "data") as service:
        done = run(tmp_path / "data", "import", tmp_path / "tv.toml")
        assert done.returncode == 1
        assert f"process {service.process.pid}" in done.stderr and "/api/v1/import" in done.stderr
        assert "[[proxies]]" in exported(tmp_path / "data")


def taken(client, text, query="", status=200):
    answer = client.post(f"/import{query}", raw=text.encode(), headers=RAW)
    assert answer.status == status, answer.text
    return answer.json


def test_a_running_service_takes_it_by_api(made, tmp_path):
    config = made["folder"] / "service.toml"
    with Service(tmp_path / "data", "--config", config) as service:
        admin = administrator(service)
        own = admin.get("/export").text
        said = taken(admin, made["text"], "?dry_run=true")
        assert said["dry_run"] and said["entities"]["created"] == 6 and said["edits"]["created"] == 2, said
        assert admin.get("/export").text == own
        said = taken(admin, made["text"], "?replace=true")
        assert said["entities"] == {"created": 6, "changed": 0, "unchanged": 0, "removed": said["entities"]["removed"]}
        assert said["without_secrets"] == 1
        assert admin.get("/export").text == made["text"]
        service.wait_for_generation(1, "home")
        entry = admin.get("/audit").json["items"][0]
        assert entry["action"] == "configuration.import" and entry["detail"]["after"]["without_secrets"] == 1
        # What is added stays beside what is there.
        said = taken(admin, FILTER.format("more", "x") + "[service]\n")
        assert said["entities"]["created"] == 1 and said["ignored"] == ["service"]
        assert len(admin.get("/filters").json["items"]) == 2
        # What goes or is another is named in the audit log.
        taken(admin, FILTER.format("more", "y"), "?replace=true")
        before = admin.get("/audit").json["items"][0]["detail"]["before"]
        assert before["changed"] == ['filter "more"']
        assert {'proxy "home"', 'rule "rename"', 'source "tv"'} <= set(before["removed"])


def test_what_is_wrong_changes_nothing(made, tmp_path):
    text = made["text"]
    with Service(tmp_path / "data", "--config", made["folder"] / "service.toml") as service:
        admin = administrator(service)
        own = admin.get("/export").text
        for wrong, words in (
                ("", "empty"), ("[[sources", ""), (b"\xff = 1", ""),
                ('[[filters]]\nname = "x"\naction = "include"\nexpression = "channel_nam is"\n', "no operator"),
                ('[[filters]]\nname = "x"\nexpresion = "a"\n', "expresion"),
                (text + '\n[[proxies]]\nname = "y"\nsources = ["nowhere"]\n', "nowhere"),
                (text + ("\n" + FILTER.format("x", "y")) * 2, ""),
                (text.replace('sources = ["tv"]', 'sources = ["tele"]'), "tele"),
                (text.replace('proxy = "home"', 'proxy = "away"'), "away"),
                ('[[sources]]\nname = "x"\npath = "/etc/passwd"\n', "folders"),
                ('[[sources]]\nname = "x"\npath = "passwd"\n', "folders"),
                ('[[sources]]\nname = "x"\nurl = "file:///etc/passwd"\n', "folders"),
                ('[[proxies]]\nname = "x"\nmode = "proxy"\n', "relayed"),
                ('[[edits]]\nchannel = "nonsense"\nname = "x"\n', "channel")):
            answer = admin.post("/import", raw=wrong if isinstance(wrong, bytes) else wrong.encode(), headers=RAW)
            assert answer.status in (409, 422), (wrong[-60:], answer.status, answer.text)
            assert words in answer.text, (wrong[-60:], answer.text)
        wrong = '# ü\n[[filters]]\nname = "x"\nexpresion = "a"\n[[rules]]\nnaem = "y"\n'
        errors = admin.post("/import", raw=wrong.encode(), headers=RAW).json["errors"]
        found = {one["position"]["line"]: one for one in errors if one["field"] == "file"}
        assert "expresion" in found[4]["message"] and "naem" in found[6]["message"], errors
        assert wrong[found[4]["position"]["start"]:].startswith("expresion")
        assert admin.get("/export").text == own
        assert admin.post("/import", raw=b"#", headers={**RAW, "Content-Length": str(1 << 21)}).status == 413
        assert Client(service).get("/export").status == 401


def test_what_the_file_manages_is_not_changed(tmp_path):
    (tmp_path / "service.toml").write_text(FILTER.format("of the file", "x"))
    with Service(tmp_path / "data", "--config", tmp_path / "service.toml") as service:
        admin = administrator(service)
        text = admin.get("/export").text
        assert taken(admin, text)["entities"]["unchanged"] == 1
        answer = taken(admin, text.replace('"x"', '"y"'), status=409)
        assert "configuration file" in answer["detail"]
        # It stays although the imported file does not have it.
        taken(admin, FILTER.format("mine", "x"), "?replace=true")
        names = [one["name"] for one in admin.get("/filters").json["items"]]
        assert names == ["mine", "of the file"]


def test_names_may_be_exchanged_and_ids_taken_over(tmp_path):
    data = tmp_path / "data"
    rule = '[[rules]]\nname = "{}"\nid = "{}"\nexpression = \'channel_name equals "A" SET channel_name = "{}"\'\n'
    one, two = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    file = tmp_path / "tv.toml"
    file.write_text(rule.format("one", one, "1") + rule.format("two", two, "2"))
    assert run(data, "import", file).returncode == 0
    file.write_text(rule.format("two", one, "1") + rule.format("one", two, "2"))
    done = run(data, "import", file)
    assert "0 new, 2 changed" in done.stdout, done.stdout + done.stderr
    text = exported(data)
    assert text.index(one) < text.index(two) and text.index('name = "two"') < text.index('name = "one"')
    # Another order, which --replace takes over.
    file.write_text(rule.format("one", two, "2") + rule.format("two", one, "1"))
    assert run(data, "import", file).returncode == 0 and exported(data) == text
    assert run(data, "import", file, "--replace").returncode == 0
    assert exported(data).index(two) < exported(data).index(one)
    # One of the same name and another id: with --replace it is another one.
    file.write_text(rule.format("one", two.replace("2", "3"), "2"))
    done = run(data, "import", file, "--replace")
    assert "1 new, 0 changed, 0 unchanged, 2 removed" in done.stdout, done.stdout + done.stderr


def test_help_tells_the_two_forms_of_import_apart(tmp_path):
    shown = subprocess.run([BINARY, "import", "--help"], capture_output=True, text=True, check=True).stdout
    assert "FILE" in shown and "--replace" in shown and "tuliprox" in shown
    for arguments, words in ((["import"], "the configuration file is missing"),
                             (["import", "tulipox", "/x"], "nor one of the programs"),
                             (["import", "x.toml", "tuliprox", "/x"], "not both"),
                             (["import", "nowhere.toml", "--data", tmp_path / "data"], "nowhere.toml")):
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode != 0 and words in done.stderr, (arguments, done.stderr)
    assert not (tmp_path / "data").exists()


def test_a_file_for_the_owner_only(made, tmp_path):
    file = tmp_path / "with-secrets.toml"
    assert exported(made["data"], "--with-secrets", "--output", file) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert "geheim" in file.read_text()
    missing = run(tmp_path / "nowhere", "export")
    assert missing.returncode != 0 and "no data folder" in missing.stderr


def test_an_import_without_a_service_is_in_the_audit_log(tmp_path):
    data = tmp_path / "data"
    (tmp_path / "tv.toml").write_text(FILTER.format("mine", "x"))
    assert run(data, "import", tmp_path / "tv.toml", "--check").returncode == 0
    assert run(data, "import", tmp_path / "tv.toml").returncode == 0
    (tmp_path / "tv.toml").write_text(FILTER.format("mine", "y"))
    assert run(data, "import", tmp_path / "tv.toml").returncode == 0
    with Service(data) as service:
        entries = [one for one in administrator(service).get("/audit").json["items"]
                   if one["action"] == "configuration.import"]
        assert [(one["actor"], one["detail"]["before"]["changed"]) for one in entries] == [
            ("the command line", ['filter "mine"']), ("the command line", [])]


def test_accounts_in_any_address_are_left_out_and_stay_where_they_are_known(tmp_path):
    data = tmp_path / "data"
    (tmp_path / "tv.toml").write_text('''
[[sources]]
name = "written down"
channels = [{ name = "A", url = "http://anna:geheim@provider.example/1.ts" }]
[[rules]]
name = "logo"
expression = 'channel_name equals "A" SET tvg_logo = "http://anna:geheim@provider.example/a.png"'
''')
    assert run(data, "import", tmp_path / "tv.toml").returncode == 0
    with_secrets = exported(data, "--with-secrets")
    assert with_secrets.count("geheim") == 2
    text = exported(data)
    assert "geheim" not in text and text.count("***@provider.example") == 2
    # What comes back as it was shown is what it was; a new name changes nothing else.
    (tmp_path / "tv.toml").write_text(text)
    done = run(data, "import", tmp_path / "tv.toml")
    assert done.returncode == 0 and "0 new, 0 changed" in done.stdout and "no accounts" not in done.stdout, done.stdout
    assert exported(data, "--with-secrets") == with_secrets
    (tmp_path / "tv.toml").write_text(text.replace('"A"', '"B"', 1))
    assert run(data, "import", tmp_path / "tv.toml").returncode == 0
    assert exported(data, "--with-secrets") == with_secrets.replace('"A"', '"B"', 1)
    # Where it is not known it has to be entered.
    done = run(tmp_path / "other", "import", tmp_path / "tv.toml")
    assert done.returncode == 0 and "no accounts" in done.stdout, done.stdout
