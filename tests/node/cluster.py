# SPDX-License-Identifier: GPL-2.0-or-later
"""A fake API server that holds the four things which a node agent knows of, and does what a real one would only do in the
course of a whole uninstallation: take permissions away, delete, be away. Watches that are open survive the former."""

import json
import queue
import threading
import urllib.parse

from fake import Exchange, Fake, make_authority

NAMESPACE = "/api/v1/namespaces"
DAEMON_SET = "/apis/apps/v1/namespaces/sidewire-system/daemonsets"
NODE = "/api/v1/nodes/node-1"
EVENTS = "/api/v1/namespaces/default/events"
NAMES = {NAMESPACE: "sidewire-system", DAEMON_SET: "sidewire-node"}


def status(code):
    """The object that goes with a refusal."""
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": f"refused with {code}"}


class Api(Exchange):
    """One connection."""

    def answer(self):
        cluster = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        cluster.asked.append((self.command, url.path, cluster.refusal))
        refusal = cluster.refusal or cluster.refusals.get(url.path)
        if refusal:
            self.reply(refusal, status(refusal))
        elif url.path in NAMES and query.get("fieldSelector") == f"metadata.name={NAMES[url.path]}":
            self.watch(url.path) if query.get("watch") in ("1", "true") else self.list(url.path)
        elif url.path == NODE and self.command == "GET":
            self.reply(200, {"metadata": {"name": "node-1"},
                             "status": {"nodeInfo": {"containerRuntimeVersion": cluster.runtime}}})
        elif url.path == EVENTS and self.command == "POST":
            cluster.events.append(json.loads(body))
            self.reply(201, json.loads(body))
        else:
            self.reply(404, status(404))

    do_GET = do_POST = answer

    def list(self, collection):
        found = self.server.objects[collection]
        self.reply(200, {"metadata": {"resourceVersion": str(self.server.version)}, "items": [found] if found else []})

    def watch(self, collection):
        lines = queue.Queue()
        self.begin_watch()
        self.wfile.flush()
        self.server.watches[collection].append(lines)
        while True:
            line = lines.get()
            if line is None:
                self.break_off()
                return
            self.send(line)


class Cluster(Fake):
    """The API server."""

    def __init__(self, place, authority=None):
        super().__init__(place, authority or make_authority(place))
        self.RequestHandlerClass = Api
        self.lock = threading.Lock()
        self.version = 1
        self.refusal = 0  # of every new request
        self.refusals = {}  # of requests for a path
        self.runtime = "containerd://2.4.2"
        self.asked = []
        self.events = []
        self.watches = {collection: [] for collection in NAMES}
        self.objects = {collection: {"metadata": {"name": name, "resourceVersion": "1"}}
                        for collection, name in NAMES.items()}

    @property
    def options(self):
        """What leads an agent here."""
        return ("--api-server", self.url, "--api-ca", self.ca, "--api-token", self.token)

    def tell(self, collection, kind, **metadata):
        """A change of the object of that collection, to all watches."""
        with self.lock:
            self.version += 1
            an_object = self.objects[collection] or {"metadata": {"name": NAMES[collection]}}
            an_object["metadata"] = {**an_object["metadata"], "resourceVersion": str(self.version), **metadata}
            self.objects[collection] = None if kind == "DELETED" else an_object
            line = json.dumps({"type": kind, "object": an_object}).encode() + b"\n"
            for watch in self.watches[collection]:
                watch.put(line)

    def refuse(self, path, code):
        """Refuses requests for that path from now on."""
        self.refusals[path] = code

    def begin_deletion(self, collection):
        """The object gets its deletionTimestamp."""
        self.tell(collection, "MODIFIED", deletionTimestamp="2026-01-01T00:00:00Z")

    def is_watched(self):
        """Whether both are."""
        return all(self.watches.values())

    def stop(self):
        """Ends it, and all watches."""
        for watches in self.watches.values():
            for watch in watches:
                watch.put(None)
        super().stop()
