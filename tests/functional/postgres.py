"""A PostgreSQL server for tests: in a temporary folder, on the loopback, gone at the end.

Where the environment variable TEST_POSTGRESQL names one, every service that a test starts has a
database of its own there, in place of SQLite.
"""

import hashlib
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from loopback import free_port

START = 60
SHARED = os.environ.get("TEST_POSTGRESQL")

sqlite_only = pytest.mark.skipif(SHARED is not None, reason="it is about SQLite")


def programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Server:
    """One that can be stopped and started again, where it was and with what it had."""

    def __init__(self, folder):
        where = programs()
        if where is None:
            pytest.skip("there is no PostgreSQL server (package postgresql-15)")
        # It refuses to run as root.
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        folder.mkdir()
        folder.chmod(0o777)
        for parent in folder.parents:
            if Path(tempfile.gettempdir()) in parent.parents:
                parent.chmod(parent.stat().st_mode | 0o011)
        self.folder = folder
        data = folder / "data"
        subprocess.run([*user, where / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, cwd=folder)
        self.port = free_port()
        self.command = [*user, where / "postgres", "-D", data, "-p", str(self.port), "-c",
                        "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        self.process = None

    @property
    def address(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self):
        self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        # It takes connections before it answers.
        end = time.monotonic() + START
        while subprocess.run([programs() / "psql", "-X", "-d", self.address, "-c", "SELECT 1"], capture_output=True,
                             stdin=subprocess.DEVNULL, check=False).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < end, "it does not start"
            time.sleep(0.1)

    def stop(self):
        """Without waiting for those who are connected."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


@contextmanager
def server(folder):
    """The address of a new database."""
    with Server(folder) as one:
        yield one.address


def _ask(statement, database=SHARED):
    return subprocess.run([programs() / "psql", "-X", "-q", "-A", "-t", "-d", database, "-c",
                           statement], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=START).stdout


_made = {}  # data folders by the names of their databases


def _name_of(data):
    return "test_" + hashlib.sha256(str(Path(data).absolute()).encode()).hexdigest()[:20]


def _address_of(name):
    return SHARED.rsplit("/", 1)[0] + "/" + name


def _make(data, template):
    name = _name_of(data)
    _ask(f"CREATE DATABASE {name} TEMPLATE {template}")
    _made[name] = Path(data).absolute()


def database_of(data):
    """What the environment of a program says about the database of a data folder."""
    if SHARED is None:
        return {}
    name = _name_of(data)
    if name not in _made:
        _make(data, "template0")
    return {"M3U_PROXY_DATABASE__URL": _address_of(name)}


def copy_database(ready, data):
    """Gives a data folder, in place of its own database, a copy of another's, which nobody uses now."""
    if SHARED is not None:
        drop_database(data)
        _make(data, _name_of(ready))


def drop_database(data):
    """Not an error where there is none."""
    if SHARED is not None:
        name = _name_of(data)
        _ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _made.pop(name, None)


def lines_of(data, statement):
    """What a statement finds, of one column, in the database of a data folder."""
    if SHARED is not None:
        return _ask(statement, database_of(data)["M3U_PROXY_DATABASE__URL"]).splitlines()
    with closing(sqlite3.connect(Path(data) / "m3u-proxy.sqlite")) as database:
        return [str(line) for line, in database.execute(statement)]


def dump_database(data):
    """What is in the database of a data folder comes beside it as SQL, for who looks through what the
    tests wrote (kept_secrets.py)."""
    if SHARED is not None:
        subprocess.run([programs() / "pg_dump", "--data-only", "--no-sync", "-d", _address_of(_name_of(data)), "-f",
                        data.parent / f"{data.name}.sql"], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL, timeout=START)


def drop_databases():
    """All that this process made: 8 MB each."""
    for data in list(_made.values()):
        if data.parent.is_dir():
            dump_database(data)
        drop_database(data)
