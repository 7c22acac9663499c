"""Several services over one PostgreSQL and one place for snapshots, and a gate before the database that
cuts one of them off."""

import shutil
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import postgres
from service import Crowd, Service, ask, wait_until

AGREED = 5  # seconds after any trouble
HOST = "tv.example"  # under which all are asked, so that their answers are the same to the byte


class Gate:
    """Before a PostgreSQL server: passes everything on, or nothing, without a word."""

    def __init__(self, server):
        self.server = server
        self.open = threading.Event()
        self.open.set()
        self.over = threading.Event()
        self.pairs = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def address(self):
        return f"postgresql://postgres@127.0.0.1:{self.listener.getsockname()[1]}/postgres"

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        with self.lock:
            self.pairs.append(client)
        self.open.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.server.port))
        except OSError:
            client.close()
            return
        with self.lock:
            self.pairs.append(server)
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self.pump, args=(source, target), daemon=True).start()

    def pump(self, source, target):
        try:
            while data := source.recv(65536):
                self.open.wait()
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Who is behind it hears nothing any more, and is not heard; connections stay as they are."""
        self.open.clear()

    def let_back(self):
        """As a router that has forgotten what was open: connections are gone, new ones come through."""
        with self.lock:
            old, self.pairs = self.pairs, []
        for end in old:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        self.open.set()

    def close(self):
        self.listener.close()
        self.let_back()


class Replica(Service):
    """One of several; its log is beside its data folder."""

    def __init__(self, folder, config, address, extra=None):
        folder.mkdir()
        super().__init__(folder / "data", "--config", config,
                         extra={**(extra or {}), "M3U_PROXY_DATABASE__URL": address})

    def get(self, what):
        """A file of its only proxy: "playlist.m3u", "guide.xml"."""
        door = urlsplit(self.playlist).path.rsplit("/", 1)[0]
        return ask(f"http://{self.listens}{door}/{what}", headers={"Host": HOST})

    @property
    def listens(self):
        return urlsplit(self.address).netloc

    def leads(self):
        lines = [line for line in self.log().splitlines() if "this replica" in line]
        return bool(lines) and "leads" in lines[-1]


class Group:
    """As many as wanted, over one database and one place for snapshots; use it in a `with`."""

    def __init__(self, folder, server, sources, size=3, service="", gated=False, extra=None):
        self.folder = folder
        self.server = server
        self.config = folder / "config.toml"
        (folder / "shared").mkdir()
        place = "" if "snapshots" in service else f'snapshots = "{folder / "shared"}"\n'
        self.config.write_text(
            f'[service]\nquiet_period = "0s"\nrefresh = "24h"\njitter = "0s"\n{place}{service}'
            f'[http]\nallowed_hosts = ["{HOST}"]\n{sources}')
        self.gates = [Gate(server) if gated else None for _ in range(size)]
        self.replicas = [Replica(folder / f"replica{i}", self.config,
                                 gate.address if gate else server.address, extra)
                         for i, gate in enumerate(self.gates)]
        self.stack = ExitStack()

    def __enter__(self):
        self.stack.__enter__()
        first = self.replicas[0]
        try:
            self.stack.enter_context(first)
            for other in self.replicas[1:]:
                other.data.mkdir()
                shutil.copy(first.data / "secret.key", other.data / "secret.key")
                other.start()
                self.stack.push(other.__exit__)
            for other in self.replicas[1:]:
                other.wait_for_addresses()
        except BaseException:
            self.stack.__exit__(AssertionError, None, None)
            raise
        return self

    def __exit__(self, *failure):
        for gate in self.gates:
            if gate:
                gate.let_back()
        self.stack.__exit__(*failure)
        for gate in self.gates:
            if gate:
                gate.close()

    def query(self, statement):
        return subprocess.run([postgres.programs() / "psql", "-X", "-q", "-A", "-t", "-d", self.server.address,
                               "-c", statement], check=True, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=30).stdout.split()

    def runner(self, kind, state="running"):
        """The replica that does a job of that kind now, or did one that has that state, if one does."""
        owners = self.query(f"SELECT lease_owner FROM jobs WHERE kind = '{kind}' AND state = '{state}'")
        alive = [r for r in self.replicas if r.process.poll() is None]
        return next((r for r in alive for owner in owners if owner.endswith(f":{r.process.pid}")), None)

    def generation(self):
        return int(self.query("SELECT COALESCE(max(number), 0) FROM generations WHERE state = 'current'")[0])

    def alive(self):
        return [r for r in self.replicas if r.process.poll() is None]

    def agree(self, what, within=AGREED, files=("playlist.m3u",)):
        """Until all that live serve the same bytes, of which `what` holds; those bytes."""
        seen = []

        def same():
            seen[:] = [[r.get(name) for name in files] for r in self.alive()]
            first = seen[0]
            return all([a.status for a in answers] == [200] * len(files) and
                       [a.body for a in answers] == [a.body for a in first] for answers in seen) and what(first[0].text)
        try:
            wait_until(same, within)
        except AssertionError:
            raise AssertionError([[(a.status, a.text[-80:]) for a in answers] for answers in seen]) from None
        return [answer.body for answer in seen[0]]


class Watcher(Crowd):
    """A player at each replica all the time: every answer is a whole file."""

    def __init__(self, group, is_whole):
        self.group = group
        self.is_whole = is_whole
        self.answers = 0
        super().__init__([(self.look, replica) for replica in group.replicas])

    def look(self, replica):
        while not self.over.is_set() and replica.process.poll() is None:
            try:
                answer = replica.get("playlist.m3u")
                if answer.status != 200 or not self.is_whole(answer.text):
                    self.wrong.append((replica.data, answer.status, answer.text[-100:]))
                self.answers += 1
            except Exception as failure:  # noqa: BLE001 - of a connection that a kill has cut
                time.sleep(0.2)
                if replica.process.poll() is None:
                    self.wrong.append((replica.data, repr(failure)))
            time.sleep(0.05)
