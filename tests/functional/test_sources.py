"""Sources, with the real binary against a provider that lies (provider.py)."""

import bz2
import gzip
import io
import json
import lzma
import os
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest

from program import BINARY
from provider import ETAG, Provider, guide, playlist

TIMEOUT = 60


@pytest.fixture
def provider():
    with Provider() as running:
        yield running


class Run:
    """One finished `m3u-proxy generate` into `out`."""

    def __init__(self, out, *arguments, stdin=b""):
        self.out = Path(out)
        self.report_file = self.out.parent / "report.json"
        self.report_file.unlink(missing_ok=True)
        finished = subprocess.run(
            command(out, *arguments, "--report", str(self.report_file)),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        self.code = finished.returncode
        self.text = (finished.stdout + finished.stderr).decode()

    @property
    def names(self):
        """The published channel names, in order."""
        lines = (self.out / "default.m3u").read_text().splitlines()
        return [line.rsplit(",", 1)[1] for line in lines if line.startswith("#EXTINF")]

    @property
    def sources(self):
        details = json.loads(self.report_file.read_text())["sources_detail"]
        return {source["name"]: source for source in details}


def command(out, *arguments):
    Path(out).mkdir(exist_ok=True)
    return [BINARY, "generate", "--progress", "none", "--out", str(out), *map(str, arguments)]


CHANNELS = ["Channel 1", "Channel 2", "Channel 3"]


@pytest.mark.parametrize("behaviour", ["plain", "slow", "gzip", "gzipencoded", "gzipdouble"])
def test_a_url_is_read_however_it_is_sent(provider, tmp_path, behaviour):
    run = Run(tmp_path / "out", "--source", "tv=" + provider.url(f"/{behaviour}/list.m3u"))
    assert run.code == 0, run.text
    assert run.names == CHANNELS


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, bz2.compress, lzma.compress, lambda data: gzip.compress(bz2.compress(data))],
    ids=["gzip", "bzip2", "xz", "bzip2 in gzip"],
)
def test_a_file_is_known_by_its_first_bytes(tmp_path, compress):
    (tmp_path / "list.m3u").write_bytes(compress(playlist()))
    run = Run(tmp_path / "out", "--source", f"tv={tmp_path / 'list.m3u'}")
    assert run.code == 0, run.text
    assert run.names == CHANNELS


def zipped(*names, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name in names:
            archive.writestr(name, b"" if name.endswith("/") else playlist())
    return out.getvalue()


class Unseekable(io.RawIOBase):
    """What zipfile cannot go back in: it writes sizes behind the data."""

    def __init__(self):
        super().__init__()
        self.bytes = b""

    def writable(self):
        return True

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("behind", [False, True], ids=["sizes before", "sizes behind"])
@pytest.mark.parametrize("force_zip64", [False, True], ids=["", "zip64"])
def test_a_zip_archive_of_one_file_is_read(tmp_path, compression, behind, force_zip64):
    out = Unseekable() if behind else io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr("tv/", b"")
        with archive.open("tv/list.m3u", "w", force_zip64=force_zip64) as member:
            member.write(playlist())
        archive.writestr("__MACOSX/tv/._list.m3u", b"resource fork")
    (tmp_path / "list.zip").write_bytes(out.bytes if behind else out.getvalue())
    run = Run(tmp_path / "out", "--source", f"tv={tmp_path / 'list.zip'}")
    assert run.code == 0, run.text
    assert run.names == CHANNELS


def test_a_zip_archive_comes_by_url_and_standard_input(provider, tmp_path):
    run = Run(
        tmp_path / "out",
        "--source", "url=" + provider.url("/zip/1/list.m3u"),
        "--source", "stdin=-",
        "--epg", "guide=" + provider.url("/zip/1/guide.xml"),
        stdin=zipped("list.m3u", compression=zipfile.ZIP_DEFLATED),
    )  # fmt: skip
    assert run.code == 0, run.text
    assert run.names == CHANNELS * 2
    assert "Show 3" in (tmp_path / "out" / "default.xmltv").read_text()


def test_of_a_zip_archive_with_several_files_nothing_is_taken(provider, tmp_path):
    run = Run(tmp_path / "out", "--source", "tv=" + provider.url("/zip/3/list.m3u"))
    assert run.code == 1
    assert "the ZIP archive holds several files: 0-list.m3u, 1-list.m3u, 2-list.m3u" in run.text


@pytest.mark.parametrize(
    "coding",
    ["UTF-8/plain", "none/plain", "binary/plain", "aws-chunked/plain", "deflate/plain", "br/plain",
     "gzip%2C%20aws-chunked/gzip", "deflate/zlib", "deflate/raw", "deflate%2C%20gzip/gzipraw"],
)  # fmt: skip
def test_a_senseless_content_encoding_harms_nobody(provider, tmp_path, coding):
    run = Run(
        tmp_path / "out",
        "--source", "tv=" + provider.url(f"/coded/{coding}/list.m3u"),
        "--epg", "guide=" + provider.url(f"/coded/{coding}/guide.xml"),
    )  # fmt: skip
    assert run.code == 0, run.text
    assert run.names == CHANNELS
    assert "Show 3" in (tmp_path / "out" / "default.xmltv").read_text()


def test_a_refusal_names_the_user_agent_until_there_is_one(provider, tmp_path):
    url = provider.url("/status/403/list.m3u")
    run = Run(tmp_path / "out", "--source", "tv=" + url)
    assert run.code == 1
    assert "user_agent" in run.text
    (tmp_path / "c.toml").write_text(
        f'[[sources]]\nname = "tv"\nurl = "{url}"\nuser_agent = "VLC/3.0.20"\n'
    )
    run = Run(tmp_path / "out", "--config", tmp_path / "c.toml")
    assert run.code == 1
    assert "user_agent" not in run.text


def test_a_file_url_and_standard_input_are_sources(tmp_path):
    (tmp_path / "my list.m3u").write_bytes(playlist(2, "File"))
    run = Run(
        tmp_path / "out",
        "--source", f"file=file://{tmp_path}/my%20list.m3u",
        "--source", "stdin=-",
        stdin=playlist(1, "Input"),
    )  # fmt: skip
    assert run.code == 0, run.text
    assert run.names == ["File 1", "File 2", "Input 1"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path, encoding):
    text = "#EXTM3U\n#EXTINF:-1,Первый\nhttp://stream.example/1.ts\n"
    (tmp_path / "list.m3u").write_bytes(text.encode(encoding))
    run = Run(tmp_path / "out", "--source", f"tv={tmp_path / 'list.m3u'}")
    assert run.code == 0, run.text
    assert run.names == ["Первый"]


def write_config(folder, text):
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_a_source_may_declare_its_encoding(tmp_path):
    text = "#EXTM3U\n#EXTINF:-1,Первый\nhttp://stream.example/1.ts\n"
    (tmp_path / "list.m3u").write_bytes(text.encode("windows-1251"))
    config = write_config(
        tmp_path,
        f'[[sources]]\nname = "tv"\npath = "{tmp_path / "list.m3u"}"\nencoding = "windows-1251"\n'
        '[[proxies]]\nname = "default"\nsources = ["tv"]\n',
    )
    run = Run(tmp_path / "out", "--config", config)
    assert run.code == 0, run.text
    assert run.names == ["Первый"]


def test_a_url_is_downloaded_once_for_all_proxies(provider, tmp_path):
    config = write_config(
        tmp_path,
        f'[[sources]]\nname = "tv"\nurl = "{provider.url("/changing/list.m3u")}"\n'
        'user_agent = "VLC/3.0"\nheaders = { X-Token = "t1" }\n'
        '[[proxies]]\nname = "default"\nsources = ["tv"]\n'
        '[[proxies]]\nname = "other"\nsources = ["tv"]\n',
    )
    run = Run(tmp_path / "out", "--config", config)
    assert run.code == 0, run.text
    requests = provider.requests("/changing/list.m3u")
    assert len(requests) == 1
    assert requests[0]["headers"]["User-Agent"] == "VLC/3.0"
    assert requests[0]["headers"]["X-Token"] == "t1"
    published = (tmp_path / "out" / "other.m3u").read_text()
    assert "Channel 1" in published


def test_a_download_that_always_breaks_off_is_partial(provider, tmp_path):
    url = provider.url("/cut/list.m3u?channels=200")
    run = Run(tmp_path / "out", "--source", "tv=" + url)
    assert run.code == 3, run.text
    assert 50 < len(run.names) < 150
    assert run.sources["tv"]["partial"] is True
    assert run.sources["tv"]["error"]


def test_a_truncated_file_is_partial(tmp_path):
    whole = gzip.compress(playlist(5000))
    (tmp_path / "list.m3u.gz").write_bytes(whole[: len(whole) // 2])
    run = Run(tmp_path / "out", "--source", f"tv={tmp_path / 'list.m3u.gz'}")
    assert run.code == 3, run.text
    assert 1000 < len(run.names) < 5000
    assert run.names[:3] == CHANNELS
    assert run.sources["tv"]["partial"] is True
    assert "truncated" in run.text


def test_a_download_that_breaks_off_once_is_resumed(provider, tmp_path):
    run = Run(tmp_path / "out", "--source", "tv=" + provider.url("/resumable/list.m3u"))
    assert run.code == 0, run.text
    assert run.names == CHANNELS
    again = provider.requests("/resumable/list.m3u")[1]["headers"]
    assert again["If-Range"] == ETAG
    assert again["Range"].startswith("bytes=")


def test_a_busy_server_is_asked_again(provider, tmp_path):
    run = Run(tmp_path / "out", "--source", "tv=" + provider.url("/busy/list.m3u"))
    assert run.code == 0, run.text
    assert len(provider.requests("/busy/list.m3u")) == 3


def test_a_server_that_wants_an_hour_is_not_waited_for(provider, tmp_path):
    run = Run(tmp_path / "out", "--source", "tv=" + provider.url("/toomanyforever/list.m3u"))
    assert run.code == 1
    assert "429 Too Many Requests, retry after 3600" in run.text
    assert len(provider.requests("/toomanyforever/list.m3u")) == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/html/list.m3u", "HTML"),
        ("/empty/list.m3u", "empty"),
        ("/loop/list.m3u", "redirects more than 5 times"),
        ("/status/404/list.m3u", "404 Not Found"),
        ("/status/403/list.m3u", "check the user name and the password"),
    ],
)
def test_a_useless_answer_replaces_nothing_and_says_why(provider, tmp_path, path, words):
    out = tmp_path / "out"
    out.mkdir()
    (out / "default.m3u").write_text("the last good list")
    run = Run(out, "--source", "tv=" + provider.url(path))
    assert run.code == 1, run.text
    assert words in run.text
    assert "tv" in run.text
    assert (out / "default.m3u").read_text() == "the last good list"
    assert os.listdir(out) == ["default.m3u"]


def test_one_dead_source_does_not_stop_the_others(provider, tmp_path):
    run = Run(
        tmp_path / "out",
        "--source", "dead=" + provider.url("/status/404/list.m3u"),
        "--source", "gone=" + str(tmp_path / "none.m3u"),
        "--source", "tv=" + provider.url("/plain/list.m3u"),
    )  # fmt: skip
    assert run.code == 3, run.text
    assert run.names == CHANNELS
    assert "404" in run.sources["dead"]["error"]
    assert "No such file" in run.sources["gone"]["error"]
    assert not run.sources["tv"]["error"]


def test_credentials_are_never_shown_nor_told_to_another_host(provider, tmp_path):
    run = Run(
        tmp_path / "out",
        "--source", "a=" + provider.url("/away/list.m3u", user="me:geheim-s3cret"),
        "--source", "b=" + provider.url("/status/500/x.m3u?password=geheim-s3cret", user="me:geheim-s3cret"),
    )  # fmt: skip
    assert run.code == 3, run.text
    assert "s3cret" not in run.text
    assert "s3cret" not in run.report_file.read_text()
    first = provider.requests("/away/list.m3u")[0]["headers"]
    assert first["Authorization"].startswith("Basic ")
    (told,) = provider.requests("/echo/list.m3u")
    assert "Authorization" not in told["headers"]


def test_rules_see_a_source_url_without_its_credentials(provider, tmp_path):
    address = provider.url("/plain/list.m3u", user="me:geheim-secret")
    run = Run(tmp_path / "out", "--source", f"tv={address}?password=geheim-hidden&id=7",
              "--rule", 'SET attr:from = "@field:source_url"')
    assert run.code == 0, run.text
    written = (tmp_path / "out/default.m3u").read_text()
    assert 'from="http://' in written and "id=7" in written
    assert "secret" not in written and "hidden" not in written


def test_guides_that_a_playlist_names_are_used_when_the_proxy_says_so(provider, tmp_path):
    named = provider.url("/plain/guide.xml")
    (tmp_path / "list.m3u").write_text(
        f'#EXTM3U x-tvg-url="{named}, file:///etc/passwd"\n'
        '#EXTINF:-1 tvg-id="c2",Two\nhttp://example.org/2\n'
    )
    for use, programmes in (("false", 0), ("true", 1)):
        (tmp_path / "c.toml").write_text(
            '[[sources]]\nname = "tv"\npath = "list.m3u"\n'
            f'[[proxies]]\nname = "default"\nsources = ["tv"]\nuse_playlist_guides = {use}\n'
        )
        run = Run(tmp_path / "out", "--config", tmp_path / "c.toml")
        assert run.code == 0, run.text
        report = json.loads(run.report_file.read_text())
        assert report["programmes"] == programmes
        assert report["sources_detail"][0]["guide_urls"] == [
            named, "file:///etc/passwd"]
        assert (tmp_path / "out/default.xmltv").exists() == (use == "true")


def test_a_dead_provider_is_replaced_by_its_last_good_copy(provider, tmp_path):
    arguments = (
        "--cache-dir", tmp_path / "cache",
        "--source", "tv=" + provider.url("/once/list.m3u", user="me:geheim-s3cret"),
    )  # fmt: skip
    assert Run(tmp_path / "out", *arguments).code == 0
    published = (tmp_path / "out" / "default.m3u").read_bytes()
    run = Run(tmp_path / "out", *arguments)
    assert run.code == 3, run.text
    assert (tmp_path / "out" / "default.m3u").read_bytes() == published
    assert run.sources["tv"]["age_s"] >= 0
    assert "503" in run.sources["tv"]["error"]
    for copy in (tmp_path / "cache").iterdir():
        assert b"s3cret" not in copy.read_bytes()
        assert "s3cret" not in copy.name


def test_an_html_page_never_replaces_the_last_good_copy(provider, tmp_path):
    arguments = (
        "--cache-dir", tmp_path / "cache",
        "--source", "tv=" + provider.url("/htmllater/list.m3u"),
    )  # fmt: skip
    assert Run(tmp_path / "out", *arguments).code == 0
    for _ in range(2):
        run = Run(tmp_path / "out", *arguments)
        assert run.code == 3, run.text
        assert run.names == CHANNELS


def test_what_has_nothing_in_it_never_replaces_the_last_good_copy(provider, tmp_path):
    arguments = (
        "--cache-dir", tmp_path / "cache",
        "--source", "tv=" + provider.url("/barelater/list.m3u"),
        "--epg", "guide=" + provider.url("/barelater/guide.xml"),
    )  # fmt: skip
    assert Run(tmp_path / "out", *arguments).code == 0
    published = (tmp_path / "out" / "default.xmltv").read_bytes()
    for folder in ("out", "other"):
        run = Run(tmp_path / folder, *arguments)
        assert run.code == 3, run.text
        assert run.names == CHANNELS
        assert (tmp_path / folder / "default.xmltv").read_bytes() == published
        assert "no channels" in run.sources["tv"]["error"]
        assert "an empty guide" in run.sources["guide"]["error"]


def test_what_did_not_change_is_not_sent_again(provider, tmp_path):
    arguments = (
        "--cache-dir", tmp_path / "cache",
        "--source", "tv=" + provider.url("/etag/list.m3u"),
    )  # fmt: skip
    assert Run(tmp_path / "out", *arguments).code == 0
    run = Run(tmp_path / "out", *arguments)
    assert run.code == 0, run.text
    assert run.names == CHANNELS
    _, second = provider.requests("/etag/list.m3u")
    assert second["headers"]["If-None-Match"] == ETAG


def test_a_compressed_guide_comes_by_url(provider, tmp_path):
    run = Run(
        tmp_path / "out",
        "--source", "tv=" + provider.url("/plain/list.m3u"),
        "--epg", "guide=" + provider.url("/gzip/guide.xml"),
    )  # fmt: skip
    assert run.code == 0, run.text
    assert "<title>Show 3</title>" in (tmp_path / "out" / "default.xmltv").read_text()


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "windows-1251"])
def test_a_guide_declares_its_encoding(tmp_path, encoding):
    word = "Новости" if encoding == "windows-1251" else "Café"
    text = guide().decode().replace("Show 1", word).replace('"UTF-8"', f'"{encoding}"')
    (tmp_path / "guide.xml").write_bytes(text.encode(encoding))
    (tmp_path / "list.m3u").write_bytes(playlist())
    run = Run(
        tmp_path / "out",
        "--source", f"tv={tmp_path / 'list.m3u'}",
        "--epg", f"guide={tmp_path / 'guide.xml'}",
    )  # fmt: skip
    assert run.code == 0, run.text
    assert f"<title>{word}</title>" in (tmp_path / "out" / "default.xmltv").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_downloading_stops_and_leaves_nothing(provider, tmp_path, number):
    out = tmp_path / "out"
    arguments = ("--source", "tv=" + provider.url("/stall/list.m3u"))
    with subprocess.Popen(
        command(out, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        # The request is in the provider's list before the answer stalls.
        while not provider.requests("/stall/list.m3u"):
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=5)  # far below the minute of a stall
        assert process.returncode not in (0, 3)
    assert os.listdir(out) == []


def test_what_a_killed_run_left_is_removed_by_the_next(provider, tmp_path):
    out = tmp_path / "out"
    with subprocess.Popen(
        command(out, "--source", "tv=" + provider.url("/stall/list.m3u")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not provider.requests("/stall/list.m3u"):
            assert process.poll() is None
        process.kill()
    run = Run(out, "--source", "tv=" + provider.url("/plain/list.m3u"))
    assert run.code == 0, run.text
    assert sorted(os.listdir(out)) == [".default.history.json", "default.m3u"]
