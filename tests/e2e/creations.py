# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes pods all the while that something else happens, and keeps every answer of the API server."""

import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

from cluster import ROOT, wait_for
from injected import is_injected


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket that has a path."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


@contextlib.contextmanager
def proxy(cluster):
    """`kubectl proxy`: a program for each pod would be what the machine is busy with."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "api"
        argv = [ROOT / "hack/cluster", "kubectl", "proxy", "--unix-socket", path]
        with subprocess.Popen(argv, env=cluster.environment, stdout=subprocess.DEVNULL) as running:
            try:
                wait_for(path.exists, 30, "kubectl proxy")
                yield path
            finally:
                running.terminate()


class Creations:
    """Pods that are made and never run: no node may have them."""

    def __init__(self, namespace, per_second):
        self.namespace = namespace
        self.per_second = per_second
        self.begin = time.monotonic()
        self.made = 0
        self.wrong = []  # of every other answer: seconds since the begin, and what it said

    def make(self, connection):
        """Makes one."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "pod-"},
               "spec": {"schedulingGates": [{"name": "example.com/never"}],
                        "containers": [{"name": "app", "image": "example.com/none"}]}}
        asked = time.monotonic() - self.begin
        connection.request("POST", f"/api/v1/namespaces/{self.namespace}/pods", json.dumps(pod),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if answer.status == 201 and is_injected(said):
            self.made += 1
        else:
            self.wrong.append((round(asked, 2), said.get("message", "made, but not injected")))

    def run(self, path, over):
        """Makes pods until it is over."""
        connection = UnixConnection(path)
        while not over.is_set():
            self.make(connection)
            over.wait(1 / self.per_second)

    @property
    def asked(self):
        """How many answers there were."""
        return self.made + len(self.wrong)


@contextlib.contextmanager
def creations(cluster, namespace, count, per_second=40):
    """Makes at least so many pods: some before the block begins, and more all through it."""
    counted = Creations(namespace, per_second)
    over = threading.Event()
    with proxy(cluster) as path:
        maker = threading.Thread(target=counted.run, args=(path, over))
        maker.start()
        try:
            wait_for(lambda: counted.asked >= count // 10 or not maker.is_alive(), 60, "the first pods")
            yield counted
            wait_for(lambda: counted.asked >= count or not maker.is_alive(), 120, f"{count} pods")
        finally:
            over.set()
            maker.join()
    assert counted.asked >= count
