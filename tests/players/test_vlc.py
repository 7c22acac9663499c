"""VLC plays what the service publishes."""

import shutil
import subprocess

import pytest
import station

pytestmark = pytest.mark.skipif(shutil.which("cvlc") is None, reason="VLC is not installed")


def test_vlc_plays_every_channel_of_the_playlist(on_air, served):
    before = [on_air.plays(number) for number in range(len(station.CHANNELS))]
    with station.home_of_a_person() as (home, options):
        done = subprocess.run(
            ["cvlc", "-I", "dummy", "--vout", "dummy", "--no-audio", "--run-time", "2",
             "--play-and-exit", served.playlist],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, cwd=home, **options)
    assert done.returncode == 0, done.stderr
    for number, plays in enumerate(before):
        assert on_air.plays(number) > plays, done.stderr
