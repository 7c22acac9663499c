"""The dashboard while something goes on."""

import os

import pytest
from service import wait_until

# A generation of some seconds, in which it says twice how far it is.
CHANNELS = 400_000 if "debug" in os.environ.get("TEST_BUILD", "") else 4_000_000
STAGES = ["Load sources", "Apply rules", "Filter", "Logos", "Number", "Write the playlist", "Write the guide"]


@pytest.mark.long
def test_a_generation_that_runs_shows_its_stages_as_bars(empty, person, tmp_path):
    file = tmp_path / "list.m3u"
    with open(file, "w") as out:
        out.write("#EXTM3U\n")
        for n in range(CHANNELS):
            out.write(f'#EXTINF:-1 group-title="G{n % 100}",Channel {n} HD\nhttp://127.0.0.1:9/{n}\n')
    anna = person(empty)
    page = anna.sign_in()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/jobs" in request.url else None)
    client = empty.client
    for kind, name, config in (("sources", "tv", {"path": str(file), "refresh": "manual"}),
                               ("rules", "no HD", {"expression": 'channel_name matches "^(.*) (HD|SD|UHD)$" SET channel_name = "$1"'}),
                               ("proxies", "home", {"sources": ["tv"], "rules": ["no HD"]})):
        made = client.post(f"/{kind}", {"name": name, "config": config})
        assert made.status == 201, made.text
        if kind == "sources":
            client.post(f"/sources/{made.json['id']}/refresh")
    bars = page.get_by_role("list", name="Stages of the generation that runs")
    bars.wait_for(timeout=120_000)
    row = page.get_by_role("listitem").filter(has=bars)
    assert row.get_by_text("home").count() > 0
    done = bars.get_by_role("progressbar")
    assert done.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))") == STAGES
    first = done.evaluate_all("all => all.map(one => one.value)")
    # Of the same pass it says the same, and what comes later has not begun.
    assert len(set(first[:4])) == 1 and 0 <= first[0] <= 1 and first[6] == 0
    anna.is_accessible("a generation that runs")
    bars.scroll_into_view_if_needed()
    anna.shot("dashboard-running")
    # It goes on by itself: an event says how far it is, and nothing is asked for.
    before = len(asked)
    wait_until(lambda: sum(done.evaluate_all("all => all.map(one => one.value)")) > sum(first), 60)
    assert len(asked) == before
    bars.wait_for(state="detached", timeout=120_000)
    page.get_by_text(f"{CHANNELS:,} channels", exact=False).first.wait_for()
