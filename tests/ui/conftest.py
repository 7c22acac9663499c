"""A browser before the real program. A test fails on console errors and on requests that failed."""

import base64
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "functional"))
from api_client import PASSWORD, Client, administrator  # noqa: E402
from service import Service, wait_until  # noqa: E402
from town import Town  # noqa: E402

SHOTS = Path(os.environ.get("TEST_BUILD", ROOT / "build" / "debug")).parent / "ui-shots"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
# Logos and guides of examples are nobody's to ask for.
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# The provider of tests is on loopback, where a browser asks before it fetches logos from.
LOCAL = "--disable-features=LocalNetworkAccessChecks"
LONG = os.environ.get("M3U_PROXY_LONG_TESTS")  # "1": the long ones too, "only": nothing else
HOSTILE = '<img src=x onerror="document.title=1">'


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "long" in item.keywords and not LONG:
            item.add_marker(pytest.mark.skip(reason="of ./dev test --full"))
    if LONG == "only":
        config.hook.pytest_deselected(items=[item for item in items if "long" not in item.keywords])
        items[:] = [item for item in items if "long" in item.keywords]


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only in ./dev test --full")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium",
                                             args=["--no-sandbox", "--disable-gpu", NOWHERE, LOCAL])
        yield browser
        browser.close()


def setup_link(service):
    """The way to the first password, as the service prints it."""
    return re.search(r"(\S+#/setup\?token=\S+)", service.printed)[1]


class Watched:
    """A page whose errors are remembered; `allow` names those that a test brings about itself."""

    def __init__(self, context, address):
        self.address = address
        self.page = context.new_page()
        self.troubles = []
        self.allowed = []
        page = self.page
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    def _console(self, message):
        # A failed answer is reported with its address by the response itself.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.troubles.append(f"{response.status} {response.request.method} {response.url}")

    def _failed(self, request):
        # What the page itself gave up, such as a search for what is typed no more.
        ours = request.url.startswith(self.address)
        if ours and "ERR_ABORTED" not in (request.failure or ""):
            self.troubles.append(f"failed: {request.method} {request.url} {request.failure}")

    def allow(self, *patterns):
        self.allowed += patterns

    def check(self):
        left = [trouble for trouble in self.troubles
                if not any(re.search(pattern, trouble) for pattern in self.allowed)]
        assert left == []


class Person:
    """Somebody with a browser window in front of a service."""

    def __init__(self, browser, address, width=1280, height=860, theme="light", language="en-GB", timezone=None):
        self.address = address
        self.context = browser.new_context(viewport={"width": width, "height": height},
                                           color_scheme=theme, locale=language, timezone_id=timezone,
                                           reduced_motion="reduce")
        self.watched = Watched(self.context, address)
        self.page = self.watched.page
        self.page.set_default_timeout(15_000)
        # Nobody is signed in at first, and the page asks whether somebody is.
        self.watched.allow(r"401 GET .*/api/v1/session$")

    def open(self, place=""):
        self.page.goto(f"{self.address}/ui/{place}")
        return self.page

    def sign_in(self, name="anna", password=PASSWORD):
        page = self.open()
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Pages").wait_for()
        return page

    def shot(self, name, docs=False):
        """A picture of the page; of those that docs/ui.md shows a small one too, build/ui-shots/docs."""
        (SHOTS / "docs").mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")
        if docs:
            tools = self.context.new_cdp_session(self.page)
            picture = tools.send("Page.captureScreenshot", {"format": "webp", "quality": 75})
            (SHOTS / "docs" / f"{name}.webp").write_bytes(base64.b64decode(picture["data"]))
            tools.detach()

    def fits(self):
        """Nothing sticks out to the right."""
        width, seen = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= seen

    def is_accessible(self, where):
        """axe finds nothing serious."""
        if not AXE.exists():
            pytest.skip("web/node_modules is not there: npm ci in web/")
        # The policy of the page allows no script of others, so it comes by the driver.
        self.page.evaluate(AXE.read_text() + ";0")
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        serious = [(one["id"], [node["html"][:160] for node in one["nodes"]][:4]) for one in found
                   if one["impact"] in ("serious", "critical")]
        assert serious == [], where

    def leave(self):
        self.watched.check()
        self.context.close()


@pytest.fixture
def person(browser):
    """Makes people; each is checked at the end."""
    made = []

    def make(service, **options):
        made.append(Person(browser, getattr(service, "address", service), **options))
        return made[-1]

    yield make
    for one in made:
        one.leave()


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def playlist(names, group="News"):
    lines = ["#EXTM3U"]
    for name in names:
        lines += [f'#EXTINF:-1 tvg-id="" group-title="{group}",{name}', f"http://127.0.0.1:9/{name}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """What a service has once it has made its example's list, and has an administrator."""
    folder = tmp_path_factory.mktemp("example")
    with Service(folder / "data") as running:
        administrator(running)
        running.wait_for_generation(1)
    shutil.move(folder / "data", folder / "made")
    return folder


@pytest.fixture
def service(example):
    """A service with the example and an administrator."""
    data = example / "data"  # sources say where their files are
    shutil.copytree(example / "made", data)
    with Service(data) as running:
        running.client = Client(running).log_in()
        yield running
    shutil.rmtree(data)


@pytest.fixture
def empty(data, tmp_path):
    """A service without anything, which may read files below its test's folder."""
    config = tmp_path / "service.toml"
    config.write_text(f'[service]\nallowed_folders = ["{tmp_path}"]\nquiet_period = "0s"\n')
    with Service(data, "--config", config) as running:
        running.client = administrator(running)
        yield running


@pytest.fixture(scope="session")
def town():
    with Town() as running:
        yield running


@pytest.fixture
def lively(data, tmp_path, town):
    """A service with the town's channels and guide, and an administrator."""
    config = tmp_path / "service.toml"
    config.write_text(f"""
[service]
quiet_period = "0s"
allowed_networks = ["127.0.0.0/8"]
""")
    with Service(data, "--config", config) as running:
        client = running.client = administrator(running)
        for kind, name, path in (("sources", "town", "list.m3u"), ("epg-sources", "town guide", "guide.xml")):
            made = client.post(f"/{kind}", {"name": name, "config": {"url": f"{town.base}/{path}"}})
            assert made.status == 201, made.text
        made = client.post("/proxies", {"name": "home", "config": {"sources": ["town"], "epg_sources": ["town guide"]}})
        assert made.status == 201, made.text
        running.proxy = made.json["id"]
        wait_until(lambda: (client.get("/proxies").json["items"][0]["status"]["programmes"] or 0) > 0)
        yield running


__all__ = ["Client", "HOSTILE", "PASSWORD", "Person", "Service", "administrator", "playlist", "setup_link"]
