"""The client of S3-compatible stores, without a service around it: the unit tests of objects/ against a
store that requires signatures, on good days and on bad ones."""

import os
import subprocess
from pathlib import Path

import pytest
from object_store import BUCKET, BadDays, ROOT

PROGRAM = next(iter(Path(os.environ.get("TEST_BUILD", ROOT / "build" / "debug")).rglob("objects_test")), None)


def run(store, endpoint, tests="S3StoreTest.*"):
    if PROGRAM is None:
        pytest.skip("objects_test is not built")
    return subprocess.run(
        [PROGRAM, f"--gtest_filter={tests}"], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "TEST_S3_ENDPOINT": endpoint, "TEST_S3_BUCKET": BUCKET,
             "TEST_S3_ACCESS_KEY": store.access_key, "TEST_S3_SECRET_KEY": store.secret_key})


def test_on_a_good_day(store):
    done = run(store, f"http://127.0.0.1:{store.port}")
    assert done.returncode == 0 and "SKIPPED" not in done.stdout, done.stdout


def test_a_list_is_asked_for_page_by_page(store):
    with BadDays(store) as days:
        asked = []
        days.fault = lambda m, path, count: asked.append(path) if m == "GET" else None
        done = run(store, days.address, "S3StoreTest.AListOf*")
        assert done.returncode == 0, done.stdout
        further = ["continuation-token=" in path for path in asked if "max-keys=" in path]
        # Seven objects, one by one, then three at a time, seven, eight.
        assert further == [False] + [True] * 6 + [False, True, True] + [False, False]


@pytest.mark.parametrize("fault, method", [("slow down", "PUT"), ("slow down", "GET"), ("slow down", "DELETE"),
                                           ("half put", "PUT"), ("half get", "GET"), ("silent", "PUT")])
def test_on_a_bad_one(store, fault, method):
    with BadDays(store) as days:
        days.fault = lambda m, path, count: fault if m == method and count % 2 == 0 else None
        done = run(store, days.address, "S3StoreTest.WhatIsPut*")
        assert done.returncode == 0, done.stdout
        assert fault in days.met


def test_a_store_that_stays_away_is_said_with_its_own_words(store):
    with BadDays(store) as days:
        days.fault = lambda m, path, count: "slow down"
        done = run(store, days.address, "S3StoreTest.WhatIsPut*")
        assert done.returncode != 0
        assert days.counts["PUT"] + 1 == 6  # tries


@pytest.mark.parametrize("fault, hint", [("moved", "look at s3_region and s3_endpoint"),
                                         ("other region", "look at s3_region: the bucket is in eu-central-1")])
def test_a_bucket_of_another_region_is_said(store, fault, hint):
    with BadDays(store) as days:
        days.fault = lambda m, path, count: fault
        done = run(store, days.address, "S3StoreTest.WhatIsPut*")
        assert done.returncode != 0 and hint in done.stdout, done.stdout


@pytest.mark.parametrize("ahead", [2 * 3600, -3 * 3600])
def test_with_a_wrong_clock(store, ahead):
    with BadDays(store) as days:
        days.ahead = ahead
        done = run(store, days.address, "S3StoreTest.WhatIsPut*")
        assert done.returncode == 0, done.stdout
        assert days.met.count("skewed") == 1
        said = [line for line in done.stderr.splitlines() if "the clock of this machine is wrong" in line]
        assert len(said) == 1 and ("ahead" if ahead > 0 else "behind") in said[0]
        assert any(f"{abs(ahead) + off} s" in said[0] for off in (-2, -1, 0, 1, 2)), said[0]
