# SPDX-License-Identifier: GPL-2.0-or-later
"""The API server of a cluster of hack/cluster, asked over connections that stay."""

import ctypes
import http.client
import json
import os
import re
import ssl
import threading
import urllib.parse

SERVER = ("10.89.0.11", 6443)
SECONDS = 60
CLONE_NEWNET = 0x40000000


def enter_network(cluster):
    """From here on this process, and what it starts, is in the network of the cluster's first node."""
    pid = (cluster.state / "node1/pid").read_text(encoding="ascii").strip()
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net", "rb") as network:
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Api:
    """Calls with the administrator's certificate; each thread has a connection of its own."""

    def __init__(self, cluster):
        pki = cluster.state / "pki"
        self._context = ssl.create_default_context(cafile=pki / "ca.crt")
        self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._own = threading.local()

    def call(self, method, path, thing=None, **query):
        """Status and text of the answer."""
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPSConnection(*SERVER, timeout=SECONDS, context=self._context)
        connection = self._own.connection
        body = None if thing is None else json.dumps(thing)
        connection.request(method, f"{path}?{urllib.parse.urlencode(query)}", body,
                           {"Content-Type": "application/json", "Accept": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def get(self, path, **query):
        """An answer that must be one of success. The server may have closed the connection, after 90 s without a call."""
        try:
            status, text = self.call("GET", path, **query)
        except http.client.RemoteDisconnected:
            status, text = self.call("GET", path, **query)
        if status != http.client.OK:
            raise RuntimeError(f"GET {path}: {status}: {text}")
        return text

    def list(self, path):
        """The objects there."""
        return json.loads(self.get(path))["items"]


class Histogram:
    """How often something took up to so long: a counter for each limit, as Prometheus writes it."""

    def __init__(self, text, metric, **labels):
        self.buckets = {}
        self.seconds = 0.0
        for line in text.splitlines():
            found = re.fullmatch(re.escape(metric) + r"_(bucket|sum)\{(.*)\} (\S+)", line)
            has = dict(re.findall(r'(\w+)="([^"]*)"', found[2])) if found else {}
            if not found or any(has.get(key) != value for key, value in labels.items()):
                continue
            if found[1] == "sum":
                self.seconds += float(found[3])
            else:
                limit = float(has["le"].replace("+Inf", "inf"))
                self.buckets[limit] = self.buckets.get(limit, 0) + float(found[3])

    def since(self, before):
        """What came between an earlier look and this one."""
        self.seconds -= before.seconds
        self.buckets = {limit: count - before.buckets.get(limit, 0) for limit, count in self.buckets.items()}
        return self

    @property
    def count(self):
        """How often in all."""
        return self.buckets.get(float("inf"), 0)

    def quantile(self, part):
        """Seconds that this part took at most; within a bucket they are taken to lie evenly, as Prometheus does."""
        low, below = 0.0, 0.0
        for limit, count in sorted(self.buckets.items()):
            if count >= part * self.count:
                return low + (limit - low) * (part * self.count - below) / (count - below)
            low, below = limit, count
        return low
