"""What the deployment's checks share: the tools, the package, and a Debian root to install it into.

The package is made of the build that TEST_BUILD names, or build/release. The tools from PyPI and the
root are kept in build/deploy, so that only the first run needs the network for them.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "functional"))
BUILD = Path(os.environ.get("TEST_BUILD", ROOT / "build" / "release"))
KEPT = ROOT / "build" / "deploy"
ROOT_DAYS = 7  # after that it is made anew
# What debian:12-slim leaves out, too.
SLIM = ("path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n"
        "path-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n"
        "path-exclude /usr/share/info/*\npath-exclude /usr/share/lintian/*\n")


def run(*command, timeout=300, check=True, **options):
    """Skips the test where one of the system's programs is not there."""
    name = str(command[0])
    if "/" not in name and not shutil.which(name):
        pytest.skip(f"there is no {name}")
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=timeout, check=False, **options)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def tools():
    """The folder of the programs in requirements.txt."""
    folder = KEPT / "tools"
    wanted = (Path(__file__).parent / "requirements.txt").read_text()
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        run("/usr/bin/python3", "-m", "venv", folder)
        done = run(folder / "bin/pip", "install", "--quiet", "--require-hashes", "-r",
                   Path(__file__).parent / "requirements.txt", check=False)
        if done.returncode != 0:
            pytest.skip(f"PyPI cannot be reached: {done.stderr.splitlines()[-1:]}")
        stamp.write_text(wanted)
    return folder / "bin"


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    if not (BUILD / "m3u-proxy").exists():
        pytest.skip(f"{BUILD} has no program to make a package of")
    folder = tmp_path_factory.mktemp("package")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    packages = list(folder.glob("*.deb"))
    assert len(packages) == 1
    return packages[0]


@pytest.fixture(scope="session")
def base():
    """A Debian 12 as small as an image's, for others to copy."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("a Debian root takes root and debootstrap")
    folder = KEPT / "base"
    stamp = KEPT / "base.made"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < ROOT_DAYS * 86400:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    done = run("debootstrap", "--variant=minbase", "bookworm", folder, timeout=600, check=False)
    if done.returncode != 0:
        pytest.skip(f"debootstrap found no mirror: {(done.stdout + done.stderr).splitlines()[-1:]}")
    (folder / "etc/dpkg/dpkg.cfg.d/slim").write_text(SLIM)
    for name in ("doc", "man", "locale", "info"):
        shutil.rmtree(folder / "usr/share" / name)
        (folder / "usr/share" / name).mkdir()
    (folder / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (folder / "usr/sbin/policy-rc.d").chmod(0o755)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", folder / "etc" / name)
    forget_downloads(folder)
    stamp.touch()
    return folder


def forget_downloads(folder):
    for path in ("var/lib/apt/lists", "var/cache/apt", "var/log"):
        shutil.rmtree(folder / path)
        (folder / path).mkdir()


def inside(folder, *command, timeout=300, check=True):
    return run("chroot", folder, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
               "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", *command, timeout=timeout, check=check)


@pytest.fixture(scope="session")
def installed(base, package, tmp_path_factory):
    """A root in which the package is installed, as an image has it."""
    folder = tmp_path_factory.mktemp("root") / "root"
    run("cp", "-a", base, folder)
    shutil.copy(package, folder / "tmp")
    done = inside(folder, "apt-get", "update", check=False)
    if done.returncode != 0:
        pytest.skip("no mirror of Debian can be reached")
    inside(folder, "apt-get", "install", "-y", "-q", "--no-install-recommends",
           f"/tmp/{package.name}", "libpq5")
    (folder / "tmp" / package.name).unlink()
    forget_downloads(folder)
    (folder / "data").mkdir()
    (folder / "data").chmod(0o1777)
    return folder
