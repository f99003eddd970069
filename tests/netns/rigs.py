# SPDX-License-Identifier: GPL-2.0-or-later
"""What the traffic tests stand on: a pod whose proxy's log tells the way that a connection took."""

import json

import calls
import containerd
import kubelet
import lab
import proxies
from servers import endpoint

SECONDS_FOR_A_LINE = 3
PROFILES = "sidewire.io/profiles"
MODE = "sidewire.io/redirect-mode"
REDIRECT = "sidewire.io/redirect"
HOPS_MAX = 4


class ProxyLog:
    """The access log of a proxy: JSON lines among others, by the caller's address."""

    def __init__(self, path):
        self.path = path
        self._file = open(path, encoding="utf-8")
        self._rest = ""
        self._lines = {}

    def forget(self):
        """Drops what is there."""
        self._read()
        self._lines.clear()

    def find(self, source):
        """The line about that caller's connection, or None."""
        self._read()
        return self._lines.get(source)

    def _read(self):
        lines = (self._rest + self._file.read()).split("\n")
        self._rest = lines.pop()
        for line in lines:
            if line.startswith("{"):
                entry = json.loads(line)
                self._lines[entry["source"]] = entry

    def close(self):
        """Closes the file."""
        self._file.close()


class Rig:
    """A pod with the proxy of a shipped profile in it, and the redirect document that is in force
    there."""

    def __init__(self, pod, webhook, kind, log):
        self.pod = pod
        self.kind = kind
        self._webhook = webhook
        self._path = log
        self._applied = None
        self._annotations = None
        self._members = {}
        self.document = json.loads(self.create({})["metadata"]["annotations"][REDIRECT])
        self.start_proxy()
        self.log = ProxyLog(log)

    def start_proxy(self):
        """Starts the proxy and waits until it listens."""
        # What Envoy logs is there at once; HAProxy logs at once anyway.
        flush = {"param.sidewire.io/logFlush": "5"} if self.kind.container == "envoy" else {}
        pod_object = self.create(flush)
        self._proxy = kubelet.start(self.pod, pod_object, self.kind.container, self._path)
        proxies.wait_until_listening(self.pod, self._proxy, self._path)

    def stop_proxy(self):
        """Ends the proxy."""
        lab.end(self._proxy)

    def create(self, annotations, container=None):
        """A pod that was created with these annotations, and the rig's profile; "self-call" is that
        profile with selfCall. Its application's container has these fields."""
        wanted = annotations.get(PROFILES)
        profile = f"{self.kind.profile}-{wanted}" if wanted else self.kind.profile
        mode = {} if self.kind.mode == "redirect" else {MODE: self.kind.mode}
        return self._webhook.create({**mode, **annotations, PROFILES: profile}, container)

    def add(self, annotations):
        """ADD for a pod that was created with these annotations, over what is in force."""
        self._add(self.create(annotations)["metadata"]["annotations"])
        self._applied = annotations

    def put(self, document, backend):
        """ADD for a pod with that redirect document, over what is in force, by that backend."""
        self._add({REDIRECT: json.dumps(document)}, backend=backend)

    def check(self):
        """CHECK of what was put in force."""
        containerd.call("CHECK", self.pod, self._annotations, **self._members)

    def _add(self, annotations, **members):
        self._applied = None
        self._annotations, self._members = annotations, members
        containerd.call("ADD", self.pod, annotations, **members)

    def remove(self):
        """DEL of that pod."""
        if self._annotations is not None:
            containerd.call("DEL", self.pod, self._annotations)
        self._applied = self._annotations = None

    def apply(self, annotations):
        """Puts the rules of such a pod in force where there were none, unless they are."""
        if annotations != self._applied:
            self.remove()
            self.add(annotations)

    def call(self, namespace, host, port, user=(0, 0)):
        """Calls an Observer over TCP."""
        self.log.forget()
        caller = calls.Caller("", user=user)
        source = ("::" if ":" in host else "0.0.0.0", next(calls.SOURCE_PORTS))
        return calls.tcp(namespace, caller, source, (host, port))

    def way(self, call, node=None, landed=None):
        """The directions in which the connection crossed the proxy, from the caller to the server,
        "" if it went past it. Each crossing has to name the destination that was dialled.

        A call of a virtual address comes back from the node (an address), which has put itself in
        the place of the pod, and the called address in the place of the virtual one (`landed`).
        """
        directions = []
        at = {call.source}
        while True:
            if node:
                at |= {endpoint(node, place.rpartition(":")[2]) for place in at}
            if call.seen in at:
                return " ".join(directions)
            line = lab.wait_for(lambda: self._line(at), SECONDS_FOR_A_LINE,
                                f"a line about {at}, on the way to a server that sees {call.seen}")
            directions.append(line["direction"])
            back = landed if landed and directions[-1] == "inbound" else call.dialled
            assert line["original_destination"] == back
            assert len(directions) <= HOPS_MAX, f"a loop: {directions}"
            at = {line["upstream_source"]}

    def _line(self, places):
        return next(filter(None, map(self.log.find, places)), None)
