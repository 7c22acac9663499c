"""Services that are swept with faults (test_service_faults.py, test_service_bad_system.py): what each
publishes before and after a refresh, and how to tell that nothing was lost, doubled or left.

A home is used in a `with`. `prepare` makes its data folder `ready`, whose service has published the old;
its sources have the new by then. A service of a copy of that folder publishes it by itself. What a fault
has left in a copy, and what comes of it, is searched for secrets before it is gone (kept_secrets.py).
"""

import base64
import gzip
import itertools
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import postgres
from api_client import administrator
from kept_secrets import look_through
from service import SOON, Service, ask, wait_until
from test_serve import configuration, names_in, playlist_of
from test_serve_logos import PNG
from xtream import LIVE, XtreamServer

NEVER = 1_000_000  # a call that no run comes to
KEPT = 5  # generations, by default
LEASE = 30  # seconds that on PostgreSQL the job of a dead one is left alone: it could be another replica's
PATIENCE = 60 if postgres.SHARED is None else LEASE + 2 * SOON


def sweep(try_call, calls, tries, at_a_time):
    """Tries a fault at `tries` of the `calls` of a run, evenly. `try_call` returns how many calls its run
    had, at least `call` where the fault came. Two runs differ, as their threads meet and as the new is
    published in one step or in several: of one that ended before its fault, the same share is tried."""
    def is_reached(number):
        seen = calls
        for _ in range(3):
            call = 1 + number * seen // tries
            seen = try_call(call)
            if seen >= call:
                return True
        return False

    with ThreadPoolExecutor(at_a_time) as pool:
        reached = list(pool.map(is_reached, range(tries)))
    assert sum(reached) >= 0.95 * tries, reached


class OneList:
    """A service of one list."""

    COPIES = 2  # of sources: the old and the new of each
    REFRESHED = 1  # sources that have something new, each of which may be published by itself
    WITHIN = 2  # seconds that publishing all of the new takes at most, with some left

    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count()
        self.ready = folder / "ready"
        self.listing = folder / "tv.m3u"
        self.config = folder / "config.toml"
        self.config.write_text(configuration("x").replace('url = "x"', 'path = "tv.m3u"'))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def service(self, data, **extra):
        return Service(data, "--config", self.config, extra=extra)

    def prepare(self):
        self.listing.write_text(playlist_of("A", "B"))
        with self.service(self.ready) as service:
            self.fill(service)
            self.published = service.ctl("generations", "home")["generations"]
        self.renew()
        self.next = f'"home" #{self.published[0]["number"] + 1}:'  # the log says so of the new

    def fill(self, service):
        """What people do, until all of it is published."""

    def renew(self):
        self.listing.write_text(playlist_of("A", "C"))

    def copy(self, call):
        """A data folder of its own for one try, with what is ready."""
        data = self.folder / f"{next(self.numbers)}-{call}" / "data"
        shutil.copytree(self.ready, data)
        postgres.copy_database(self.ready, data)
        return data

    def look_for_secrets(self, data):
        """In the files of a data folder, as they are now, and in those beside it."""
        assert look_through(data.parent, self.folder.parent) == []

    def forget(self, data):
        """The logs beside it stay."""
        postgres.dump_database(data)
        self.look_for_secrets(data)
        shutil.rmtree(data)
        postgres.drop_database(data)

    def look(self, service, when):
        """What is served is whole, of the old or of the new. Whether it is all of the new."""
        names = names_in(ask(service.playlist).text)
        assert names in (["A", "B"], ["A", "C"]), (when, names)
        return names == ["A", "C"]

    def check(self, service, when):
        """Of a service that has published the new: everything is there once. Returns what was published."""
        rows = service.ctl("generations", "home")["generations"]
        assert [row["state"] for row in rows] == ["current"] + ["kept"] * (len(rows) - 1), (when, rows)
        numbers, old = ([row["number"] for row in some] for some in (rows, self.published))
        new = [number for number in numbers if number > old[0]]
        assert 1 <= len(new) <= self.REFRESHED, (when, rows)
        # A fault may cost a number, and may come before what is not kept any more is forgotten.
        wanted = new + old
        assert len(numbers) >= min(KEPT, len(wanted)) and numbers == wanted[:len(numbers)], (when, rows)
        return rows

    def check_folder(self, data, rows, when):
        """Of a service that has ended: nothing is there that the database does not have."""
        assert {path.name for path in data.glob("generations/*/*")} == {str(row["number"]) for row in rows}, when
        copies = {uuid.UUID(bytes=base64.urlsafe_b64decode(path.name + "=="))
                  for path in data.glob("sources/*/*")}
        assert len(copies) == self.COPIES, when
        assert copies == set(map(uuid.UUID, postgres.lines_of(data, "SELECT id FROM source_snapshots"))), when
        left = [path for path in data.rglob("*") if path.name.startswith(".m3u-proxy-")]
        assert left == [], when


class Everything(OneList):
    """A service of a list, a guide and an Xtream account, with an edit and an uploaded logo."""

    COPIES = 6
    REFRESHED = 3
    WITHIN = 6
    ACCOUNTS = (["One"], ["One", "Seven", "A Film (2020)", "Another"])
    LISTS = (["Mine", "B"], ["Mine", "C"])

    def __init__(self, folder):
        super().__init__(folder)
        self.guide = folder / "guide.xml"
        self.server = XtreamServer(get_live_streams=LIVE[:1])
        self.lists = [listing + account for listing, account in itertools.product(self.LISTS, self.ACCOUNTS)]
        # A programme is published where its channel is; A is called Mine.
        self.guides = [[f"{version} {channel}" for channel in ("A", listing[1], "one.tv")
                        if channel != other]
                       for (version, other), listing in itertools.product((("Old", "C"), ("New", "B")), self.LISTS)]

    def __enter__(self):
        self.server.__enter__()
        self.configure("live")
        self.write_guide("Old", "A", "B", "one.tv")
        return self

    def __exit__(self, *failure):
        self.server.__exit__(*failure)

    def configure(self, kinds):
        """A second of quiet, so that what is new is mostly published at once."""
        self.config.write_text(
            '[service]\nquiet_period = "1s"\n[[sources]]\nname = "tv"\npath = "tv.m3u"\n'
            f'[[sources]]\nname = "account"\nurl = "{self.server.address(kinds)}"\n'
            '[[epg_sources]]\nname = "guide"\npath = "guide.xml"\n'
            '[[proxies]]\nname = "home"\nsources = ["tv", "account"]\nepg_sources = ["guide"]\n')

    def write_guide(self, version, *channels):
        self.guide.write_text("<tv>" + "".join(
            f'<programme start="20990101000000 +0000" channel="{channel}"><title>{version} {channel}</title>'
            "</programme>\n" for channel in channels) + "</tv>")

    def fill(self, service):
        made = administrator(service).post("/logos?name=Mine", raw=PNG, headers={"Content-Type": "image/png"})
        assert made.status == 201, made.text
        ids = {channel["name"]: channel["channel"] for channel in service.ctl("channels", "home")["channels"]}
        service.ctl("edits", "set", ids["A"], "--name", "Mine", "--logo", made.json["logo"])
        wait_until(lambda: self.served(service) == (self.lists[0], self.guides[0]))
        service.wait_until_quiet()

    def renew(self):
        super().renew()
        self.write_guide("New", "A", "C", "one.tv")
        self.server.replies["get_live_streams"] = [
            LIVE[0], dict(LIVE[0], name="Seven", stream_id=7, epg_channel_id="seven.tv")]
        self.configure("live&vod")

    def served(self, service):
        """The names of the channels, and of what is on once there is a guide."""
        guide = ask(service.guide)
        titles = guide.status == 200 and [title.text for title in ElementTree.fromstring(guide.body).iter("title")]
        return names_in(ask(service.playlist).text), titles

    def look(self, service, when):
        names, titles = self.served(service)
        assert names in self.lists and titles in self.guides, (when, names, titles)
        for address in (service.playlist, service.guide):
            before, packed, after = (ask(address + end).body for end in ("", ".gz", ""))
            if before == after:
                assert gzip.decompress(packed) == before, (when, address)
        return (names, titles) == (self.lists[-1], self.guides[-1])

    def check(self, service, when):
        edits = service.ctl("edits", "list")["edits"]
        assert [edit["name"] for edit in edits] == ["Mine"] and not edits[0]["missing_since"], (when, edits)
        line = next(line for line in ask(service.playlist).text.splitlines() if line.endswith(",Mine"))
        assert ask(line.split('tvg-logo="', 1)[1].split('"', 1)[0]).body == PNG, (when, line)
        return super().check(service, when)

    def check_folder(self, data, rows, when):
        super().check_folder(data, rows, when)
        assert len(list(data.glob("edits/*"))) == 1, when
        assert [path.read_bytes() for path in data.glob("logos/*")] == [PNG], when
        # The account itself, and of each of its two kinds the categories and the streams.
        assert len(list(data.glob("replies/*/*"))) == 5, when
