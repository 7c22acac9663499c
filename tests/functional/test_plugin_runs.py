"""Plugins in generations of the real program: the same bytes whatever the memory, threads and
batches; what happens when they misbehave; what is kept from one run to the next.

What needs the sample plugins is skipped where there is no clang-19 with lld-19 to build them.
"""

import itertools
import json
import shutil
import signal
import subprocess
import time

import pytest

from program import BINARY, ROOT, TIMEOUT, plugins_are_built, report_of, run
from service import Service, ask, wait_until

MISBEHAVING = ROOT / "sdk" / "samples" / "misbehaving"
CHANNELS = 5500
EXIT_OK, EXIT_FAILED, EXIT_DEGRADED = 0, 1, 3
SAMPLES = ["sports_tagger", "deduplicator", "group_numbers", "playlist_stamp", "live_prefix",
           "passthrough"]


def generate(folder, *arguments, config="config.toml"):
    return run("generate", "--config", config, "--out", "out", "--report", "report.json",
               "--progress", "none", "--now", "2026-01-02T00:00:00Z", *arguments, cwd=folder)


pytestmark = pytest.mark.skipif(not plugins_are_built(), reason="built without plugins")


def report(folder):
    return report_of(folder / "report.json")


def plugin_of(folder, name):
    return next(each for each in report(folder)["plugins"] if each["name"] == name)


def playlist(name, channels, kinds):
    yield "#EXTM3U\n"
    for i in range(channels):
        group = ("News", "Films", "Sky Sport", "Kids")[i % 4]
        yield (f'#EXTINF:-1 tvg-id="{name}{i}" group-title="{group}",Channel {i % kinds} {i // 2}\n'
               f"http://h/{name}/{i}\n")


def guide(channels, programmes):
    yield "<tv>\n"
    for i in range(channels):
        yield f'<channel id="tv{i}"><display-name>{i}</display-name></channel>\n'
    for i in range(programmes):
        hour = i % 24
        live = "<live/>" if i % 7 == 0 else ""
        yield (f'<programme start="20260102{hour:02}0000 +0000" stop="20260102{hour:02}3000 +0000" '
               f'channel="tv{i % channels}"><title>Film {i}</title>{live}</programme>\n')
    yield "</tv>\n"


def write_config(folder, name="config.toml", wasm="", sources='["tv", "radio"]', more="", proxy="",
                 batch=1000, proxies=("home",)):
    tables = "".join(f'[[proxies]]\nname = "{each}"\nsources = {sources}\n{proxy}\n'
                     for each in proxies)
    (folder / name).write_text(
        f"[proxy_memory]\nbatch_size = {batch}\nspill_dir = \"spill\"\n"
        f"[wasm_plugins]\nenabled = true\nplugin_directory = \"plugins\"\n"
        f"cache_directory = \"cache\"\n{wasm}\n"
        f"[[sources]]\nname = \"tv\"\npath = \"tv.m3u\"\n"
        f"[[sources]]\nname = \"radio\"\npath = \"radio.m3u\"\n{more}\n{tables}"
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tv.m3u").write_text("".join(playlist("tv", 3000, 40)))
    (tmp_path / "radio.m3u").write_text("".join(playlist("radio", 2500, 40)))
    (tmp_path / "plugins").mkdir()
    (tmp_path / "spill").mkdir()
    return tmp_path


def install_misbehaving(folder, name, config=""):
    shutil.copy(MISBEHAVING / f"{name}.wat", folder / "plugins")
    manifest = (MISBEHAVING / f"{name}.toml").read_text()
    (folder / "plugins" / f"{name}.toml").write_text(manifest.split("[config]")[0] + config)


@pytest.fixture(scope="session")
def samples():
    if not (shutil.which("clang++-19") and shutil.which("wasm-ld-19")):
        pytest.skip("there is no clang++-19 or wasm-ld-19")
    modules = ROOT / "build" / "plugins"
    subprocess.run([ROOT / "sdk" / "build.sh", modules, "cpp"], check=True, timeout=TIMEOUT)
    return modules


def install(folder, modules, *names):
    for name in names:
        for suffix in (".toml", ".wasm"):
            shutil.copy(modules / (name + suffix), folder / "plugins")


# --- the same bytes ----------------------------------------------------------------------------


def outputs(folder):
    return {name: (folder / "out" / name).read_bytes() for name in ("home.m3u", "home.xmltv")}


def use_every_stage(folder, samples, batch=1000, wasm=""):
    install(folder, samples, *SAMPLES)
    (folder / "guide.xml").write_text("".join(guide(500, 3500)))
    write_config(folder, wasm=wasm, batch=batch, proxy='epg_sources = ["guide"]',
                 more='[[epg_sources]]\nname = "guide"\npath = "guide.xml"')


def test_plugins_in_every_stage_give_the_same_bytes_at_any_limit_threads_and_batches(folder,
                                                                                    samples):
    use_every_stage(folder, samples)
    assert generate(folder, "--memory-limit", "none").returncode == EXIT_OK
    expected = outputs(folder)
    assert b"LIVE: " in expected["home.xmltv"]
    assert expected["home.m3u"].count(b"#EXTVLCOPT:http-user-agent=m3u-proxy") > 100
    assert expected["home.m3u"].count(b'group-title="Sports"') > 100
    stages = {(each["name"], each["stage"]) for each in report(folder)["plugins"]}
    assert {stage for _, stage in stages} == {"data_mapping", "filtering", "channel_numbering",
                                              "m3u_generation", "epg"}
    for limit, threads, batch in itertools.product(("none", "256MB", "64MB"), (1, 2, 4),
                                                   (100, 1000, 5000)):
        use_every_stage(folder, samples, batch)
        done = generate(folder, "--memory-limit", limit, "--threads", str(threads))
        assert done.returncode == EXIT_OK, (limit, threads, batch, done.stderr)
        assert outputs(folder) == expected, (limit, threads, batch)


@pytest.mark.parametrize("mode", ["compress", "spill"])
def test_how_the_deduplicator_keeps_its_channels_does_not_show(folder, samples, mode):
    install(folder, samples, "tuned_deduplicator")
    write_config(folder)
    assert generate(folder).returncode == EXIT_OK
    expected = (folder / "out" / "home.m3u").read_bytes()
    assert expected.count(b"#EXTINF") < CHANNELS
    write_config(folder, wasm=f'[wasm_plugins.plugins.tuned_deduplicator.config]\nmode = "{mode}"')
    assert generate(folder).returncode == EXIT_OK
    assert (folder / "out" / "home.m3u").read_bytes() == expected
    assert not list((folder / "spill").iterdir())


# --- sources that a plugin reads -----------------------------------------------------------------

CSV_SOURCE = '[[sources]]\nname = "csv"\npath = "list.csv"\nplugin = "csv_channels"'
WITH_CSV = '["tv", "csv", "radio"]'


def test_a_csv_list_is_a_source_like_any_other(folder, samples):
    install(folder, samples, "csv_channels")
    rows = [f'"One, {i}",http://h/csv/{i},News' for i in range(20_000)]
    (folder / "list.csv").write_text("name,url,group\n" + "\n".join(rows) + "\n")
    write_config(folder, more=CSV_SOURCE, sources=WITH_CSV)
    done = generate(folder)
    assert done.returncode == EXIT_OK, done.stderr
    text = (folder / "out" / "home.m3u").read_text()
    assert text.count("#EXTINF") == CHANNELS + 20_000
    assert [line for line in text.splitlines() if line.startswith("http://h/csv/")] == [
        f"http://h/csv/{i}" for i in range(20_000)]
    assert text.index("http://h/tv/2999") < text.index("http://h/csv/0\n")
    assert text.index("http://h/csv/19999") < text.index("http://h/radio/0\n")


def test_the_service_keeps_a_csv_list_fresh_like_any_other(folder, samples):
    install(folder, samples, "csv_channels")

    def write(rows):
        (folder / "list.csv").write_text("name,url,group\n" + "".join(
            f"One {i},http://h/csv/{i},News\n" for i in range(rows)))

    def source():
        return service.ctl("status")["sources"][0]

    write(100)
    (folder / "config.toml").write_text(
        '[wasm_plugins]\nenabled = true\nplugin_directory = "plugins"\n'
        'cache_directory = "cache"\n' + CSV_SOURCE +
        '\n[[proxies]]\nname = "home"\nsources = ["csv"]\n')
    with Service(folder / "data", "--config", folder / "config.toml") as service:
        service.wait_for_generation(1)
        assert source()["items"] == 100
        assert ask(service.playlist).text.count("http://h/csv/") == 100
        write(90)
        service.wait_for_generation(2)
        wait_until(lambda: ask(service.playlist).text.count("http://h/csv/") == 90)
        write(10)  # too few at once
        wait_until(lambda: "quarantined" in source())
        (folder / "list.csv").write_text("this,has,none\nof,the,columns\n")
        wait_until(lambda: "error" in source())
        assert ask(service.playlist).text.count("http://h/csv/") == 90


def test_when_its_plugin_fails_the_other_sources_go_on(folder, samples):
    install(folder, samples, "csv_channels")
    (folder / "list.csv").write_text("this,has,none\nof,the,columns\n")
    write_config(folder, more=CSV_SOURCE, sources=WITH_CSV)
    done = generate(folder)
    assert done.returncode == EXIT_DEGRADED, done.stderr
    assert (folder / "out" / "home.m3u").read_text().count("#EXTINF") == CHANNELS
    assert "csv_channels in source_loading, chunk 1: the CSV's first line has no" in done.stderr
    failed = next(each for each in report(folder)["sources_detail"] if each["name"] == "csv")
    assert failed["error"]  # read as a playlist instead, which it is not


def test_one_that_may_be_replaced_leaves_a_playlist_to_the_native_reader(folder, samples):
    install(folder, samples, "csv_channels")
    (folder / "list.csv").write_text("".join(playlist("csv", 10, 40)))
    write_config(folder, more=CSV_SOURCE, sources=WITH_CSV)
    done = generate(folder)
    assert done.returncode == EXIT_DEGRADED, done.stderr
    assert (folder / "out" / "home.m3u").read_text().count("http://h/csv/") == 10
    assert plugin_of(folder, "csv_channels")["replaced"] == 1


def test_one_that_may_not_be_replaced_ends_the_generation(folder, samples):
    install(folder, samples, "csv_channels")
    (folder / "list.csv").write_text("this,has,none\nof,the,columns\n")
    more = CSV_SOURCE + '\n[wasm_plugins.plugins.csv_channels]\non_failure = "fail"'
    write_config(folder, more=more, sources=WITH_CSV)
    done = generate(folder)
    assert done.returncode == EXIT_FAILED, done.stderr
    assert "plugin csv_channels in source_loading, chunk 1: the CSV's first line" in done.stderr
    assert not (folder / "out" / "home.m3u").exists()


def test_a_plugin_that_there_is_not_is_named(folder):
    (folder / "list.csv").write_text("name,url\na,http://h/a\n")
    write_config(folder, more=CSV_SOURCE, sources=WITH_CSV)
    done = generate(folder)
    assert done.returncode == EXIT_FAILED
    assert 'there is no plugin "csv_channels" that reads sources' in done.stderr


# --- plugins that misbehave ----------------------------------------------------------------------

# What a run says when this one may not fail; None: it does no harm, whatever it does.
REASONS = {
    "alloc_null": "it has no memory for a buffer",
    "alloc_outside": "which is no buffer of this size",
    "alloc_over_the_end": "which is no buffer of this size",
    "alloc_unaligned": "which is no buffer of this size",
    "asks_without_permission": None,
    "bad_frame": "it gave a bad batch",
    "bad_info": "m3u_info",
    "done_too_early": "m3u_process_chunk gave 2",
    "grow": None,
    "leak": None,
    "lies_about_sizes": "which is not in its memory",
    "missing_export": "it does not export m3u_process_chunk",
    "never_done": "m3u_finalize gave 1",
    "other_name": "the module calls itself",
    "recursion": "its stack is full",
    "refuse": "this channel list is not to my taste",
    "spin": "it took too long and was stopped",
    "spin_in_start": "it took too long and was stopped",
    "trap": "it gave up (unreachable)",
    "trap_in_cleanup": None,
    "unknown_import": "which the host does not have",
    "unknown_result": "which means nothing",
    "wrong_abi": "it is made for version 99 of the ABI",
    "wrong_arguments": None,
    "wrong_signature": "it does not export m3u_process_chunk",
}
MOST_MB = 110  # a plugin may have 64 of them


def test_every_misbehaving_plugin_is_tested():
    assert sorted(REASONS) == sorted(path.stem for path in MISBEHAVING.glob("*.wat"))


@pytest.fixture
def native(folder):
    """The folder, and what comes out of a run without plugins."""
    write_config(folder)
    assert generate(folder).returncode == EXIT_OK
    return folder, (folder / "out" / "home.m3u").read_bytes()


@pytest.mark.parametrize("name", sorted(REASONS))
def test_a_plugin_that_misbehaves_is_replaced_or_ends_the_run_with_its_reason(native, name):
    folder, expected = native
    install_misbehaving(folder, name)
    write_config(folder, wasm="chunk_timeout_seconds = 1\nfallback_to_native = true")
    done = generate(folder, "--memory-limit", "256MB", "--threads", "2")
    assert done.returncode == (EXIT_DEGRADED if REASONS[name] else EXIT_OK), done.stderr
    assert (folder / "out" / "home.m3u").read_bytes() == expected
    assert report(folder)["peak_memory_usage_mb"] < MOST_MB
    assert not list((folder / "spill").iterdir())

    shutil.rmtree(folder / "cache")  # and its quarantine
    (folder / "out" / "home.m3u").write_text("#EXTM3U\n")
    write_config(folder, wasm="chunk_timeout_seconds = 1")
    done = generate(folder, "--memory-limit", "256MB", "--threads", "2")
    assert done.returncode == (EXIT_FAILED if REASONS[name] else EXIT_OK), done.stderr
    if REASONS[name]:
        assert REASONS[name] in done.stderr
        assert (folder / "out" / "home.m3u").read_text() == "#EXTM3U\n"
    assert not list((folder / "spill").iterdir())
    left = {path.name for path in (folder / "out").iterdir()} - {".home.history.json"}
    assert left == {"home.m3u"}


@pytest.mark.parametrize("kind", range(7))
def test_no_damage_to_a_batch_gets_through(native, kind):
    folder, expected = native
    install_misbehaving(folder, "bad_frame", f"[config]\nkind = {kind}\n")
    write_config(folder, wasm="fallback_to_native = true")
    assert generate(folder).returncode == EXIT_DEGRADED
    assert (folder / "out" / "home.m3u").read_bytes() == expected


def test_a_run_that_is_stopped_while_a_plugin_spins_ends_at_once(native):
    folder, _ = native
    install_misbehaving(folder, "spin")
    write_config(folder, wasm="chunk_timeout_seconds = 100\ntimeout_seconds = 1000")
    (folder / "out" / "home.m3u").write_text("#EXTM3U\n")
    with subprocess.Popen(
        [BINARY, "generate", "--config", "config.toml", "--out", "out", "--log-level", "debug"],
        cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:
        for line in process.stderr:  # the last one before the plugin has its first chunk
            if "channels between the passes" in line:
                break
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode not in (EXIT_OK, EXIT_DEGRADED, -signal.SIGKILL)
    assert (folder / "out" / "home.m3u").read_text() == "#EXTM3U\n"
    assert not list((folder / "spill").iterdir())


# --- from one run to the next --------------------------------------------------------------------


def test_who_fails_too_often_is_left_out_until_an_operator_clears_it(folder):
    install_misbehaving(folder, "refuse", "[config]\nchunk = 0\n")
    write_config(folder, wasm="max_plugin_failures = 2\nfallback_to_native = true")
    assert generate(folder).returncode == EXIT_DEGRADED
    assert plugin_of(folder, "refuse")["failures"] >= 1
    for _ in range(2):
        done = generate(folder)
    assert done.returncode == EXIT_DEGRADED
    assert "in quarantine" in done.stderr and "m3u-proxy plugin clear refuse" in done.stderr
    assert plugin_of(folder, "refuse")["chunks"] == 0
    install_misbehaving(folder, "refuse", "[config]\nchunk = 99\n")
    cleared = subprocess.run([BINARY, "plugin", "clear", "refuse", "--config", "config.toml"],
                             cwd=folder, capture_output=True, text=True, check=False)
    assert cleared.returncode == EXIT_OK, cleared.stderr
    assert generate(folder).returncode == EXIT_OK


def test_a_plugin_that_leaks_is_reported_and_gets_a_new_instance(folder):
    install_misbehaving(folder, "leak")
    write_config(folder, proxies=[f"p{i}" for i in range(6)],
                 more="[memory_monitoring]\nplugin_memory_leak_threshold = 2.5")
    done = generate(folder)
    assert done.returncode == EXIT_OK, done.stderr
    assert "plugin_leak" in (folder / "report.json").read_text()
    peaks = [proxy["plugins"][0]["peak_memory_mb"]
             for proxy in json.loads((folder / "report.json").read_text())["proxies"]]
    assert peaks[3] == peaks[0] + 3
    assert peaks[4] == peaks[0]


def test_programs_that_compile_the_same_plugins_at_once_do_not_harm_each_other(folder):
    install_misbehaving(folder, "leak")
    install_misbehaving(folder, "grow")
    write_config(folder)
    processes = [
        subprocess.Popen([BINARY, "generate", "--config", "config.toml", "--out", f"out{i}"],
                         cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for i in range(4)
    ]
    for process in processes:
        _, said = process.communicate(timeout=TIMEOUT)
        assert process.returncode == EXIT_OK, said
    texts = {(folder / f"out{i}" / "home.m3u").read_bytes() for i in range(4)}
    assert len(texts) == 1
    compiled = [path for path in (folder / "cache").iterdir() if path.suffix != ".json"]
    assert len(compiled) == 2 and all(path.suffix == ".cwasm" for path in compiled)
