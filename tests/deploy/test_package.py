"""The Debian package: what is in it, what lintian says, and that it installs, serves and goes again."""

import gzip
import re

import pytest
from conftest import inside, run

LARGEST_PACKAGE_MB = 25
LARGEST_IMAGE_MB = 120
MOST_READY_MS = 1000


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    run("dpkg-deb", "-x", package, folder)
    return folder


def test_the_package_is_small(package):
    assert package.stat().st_size <= LARGEST_PACKAGE_MB << 20


def test_lintian_has_nothing_to_say(package):
    done = run("lintian", "--fail-on=error,warning", "--allow-root", package, check=False)
    assert done.returncode == 0, done.stdout


def test_it_holds_the_program_its_page_its_completion_and_its_unit(package, unpacked):
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert files == {
        "etc/default/m3u-proxy", "usr/bin/m3u-proxy", "usr/lib/systemd/system/m3u-proxy.service",
        "usr/share/bash-completion/completions/m3u-proxy",
        "usr/share/doc/m3u-proxy/changelog.gz", "usr/share/doc/m3u-proxy/copyright",
        "usr/share/fish/vendor_completions.d/m3u-proxy.fish",
        "usr/share/lintian/overrides/m3u-proxy", "usr/share/man/man1/m3u-proxy.1.gz", "usr/share/zsh/vendor-completions/_m3u-proxy"}
    page = gzip.decompress((unpacked / "usr/share/man/man1/m3u-proxy.1.gz").read_bytes()).decode()
    assert "m3u\\-proxy serve" in page and "m3u\\-proxy import tuliprox" in page
    version = run(unpacked / "usr/bin/m3u-proxy", "--version").stdout.split()[1]
    assert version == run("dpkg-deb", "-f", package, "Version").stdout.strip()


def test_every_library_that_is_loaded_later_is_a_dependency(package):
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    for name in ("libcurl4", "libssl3", "libsqlite3-0", "libsodium23", "tzdata", "ca-certificates",
                 "libc6", "libtbb12"):
        assert re.search(rf"\b{name}\b", depends), name


# --- in a Debian of its own ----------------------------------------------------------------------


# Starts the service twice and asks it; prints how many milliseconds the second start took.
LIFE = """
begin() {
  : >/tmp/printed
  m3u-proxy serve --data /data/m3u-proxy --listen 127.0.0.1:0 >/tmp/printed 2>&1 &
  until grep -q 'ctl status' /tmp/printed; do
    kill -0 $! || { cat /tmp/printed; exit 1; }
    sleep 0.01
  done
}
end() { kill $!; wait $!; }
id -u
begin; end
before=$(date +%s%N); begin; after=$(date +%s%N)
m3u-proxy ctl status --data /data/m3u-proxy; echo "health $?"
end
echo "ready after $(( (after - before) / 1000000 )) ms"
"""


@pytest.fixture(scope="module")
def image(installed, tmp_path_factory):
    """What `docker build` makes of the package, made by buildah: no registry can be asked here."""
    folder = tmp_path_factory.mktemp("image")
    buildah = ["buildah", "--root", folder / "storage", "--runroot", folder / "run",
               "--storage-driver", "vfs"]
    container = run(*buildah, "from", "--name", "m3u-proxy", "scratch").stdout.strip()
    run(*buildah, "copy", "--quiet", container, installed, "/")
    run(*buildah, "config", "--user", "65534:65534", "--env", "HOME=/tmp", "--port", "8080",
        "--env", "PATH=/usr/bin:/bin", "--entrypoint", '["m3u-proxy"]', container)
    run(*buildah, "commit", "--quiet", container, "m3u-proxy")
    return [*buildah, "run", "--isolation", "chroot", container, "--"]


def test_the_image_serves_as_nobody_and_is_ready_within_a_second(image):
    done = run(*image, "sh", "-c", LIFE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("65534\n") and "health 0" in done.stdout
    ready = int(re.search(r"ready after (\d+) ms", done.stdout)[1])
    assert ready <= MOST_READY_MS


def test_the_image_has_the_libraries_that_are_loaded_on_first_use(image):
    """What is loaded on first use is there: a database that is away is no missing library."""
    done = run(*image, "sh", "-c",
               "M3U_PROXY_DATABASE__URL=postgresql://u@127.0.0.1:1/x m3u-proxy serve --data /data/p "
               "--listen 127.0.0.1:0; m3u-proxy generate --source a=http://127.0.0.1:1/x --out /tmp",
               check=False)
    assert "install" not in done.stdout + done.stderr
    assert "cannot load" not in done.stdout + done.stderr


def test_the_image_is_small(installed):
    size = run("du", "-sxm", "--apparent-size", installed).stdout.split()[0]
    assert int(size) <= LARGEST_IMAGE_MB


def test_it_goes_again_and_leaves_nothing(installed, package, tmp_path):
    root = tmp_path / "root"
    run("cp", "-a", installed, root)
    inside(root, "dpkg", "--purge", "m3u-proxy")
    left = run("find", root, "-xdev", "-name", "*m3u-proxy*", "-not", "-path", f"{root}/data/*",
               "-not", "-path", f"{root}/tmp/*").stdout.split()
    assert left == []
