# SPDX-License-Identifier: GPL-2.0-or-later
"""What the traffic tests stand on: servers that say whom they see, and a pod whose proxy's log
tells the way that a connection took."""

import collections
import contextlib
import itertools
import json
import selectors
import threading

import containerd
import kubelet
import lab
import proxies

SECONDS_FOR_A_LINE = 3
PROFILES = "sidewire.io/profiles"
HOPS_MAX = 4
# Below those that the kernel gives (ip_local_port_range), above those that are listened to.
FIRST_SOURCE_PORT = 20000

# A connection: where it was dialled to, who its caller was, and whom the server saw.
Call = collections.namedtuple("Call", "dialled source seen")


def endpoint(host, port):
    """An address as proxies write it into their logs."""
    host = host.removeprefix("::ffff:")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Observer:
    """Servers that tell each caller the address that it has for them, and hang up."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._is_ending = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def listen(self, namespace, ports):
        """Listens on these ports of all addresses in the namespace."""
        for port in ports:
            server = namespace.listen("::", port)
            self._selector.register(server, selectors.EVENT_READ)

    def _serve(self):
        while not self._is_ending:
            for key, _ in self._selector.select(0.1):
                with contextlib.suppress(OSError):
                    connection, peer = key.fileobj.accept()
                    with connection:
                        connection.sendall(endpoint(*peer[:2]).encode())

    def close(self):
        """Ends the servers."""
        self._is_ending = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


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
    there.

    `families` are those whose original destination the proxy can find out.
    """

    def __init__(self, pod, webhook, profile, log, families):
        self.pod = pod
        self.families = families
        self.profile = profile
        self._webhook = webhook
        self._path = log
        self._applied = None
        self._pod_object = None
        self._source_ports = itertools.count(FIRST_SOURCE_PORT)
        self.start_proxy()
        self.log = ProxyLog(log)

    def start_proxy(self):
        """Starts the proxy and waits until it listens."""
        # What Envoy logs is there at once; HAProxy logs at once anyway.
        flush = {"param.sidewire.io/logFlush": "5"} if self.profile == "envoy" else {}
        pod_object = self.create(flush)
        self._proxy = kubelet.start(self.pod, pod_object, self.profile, self._path)
        proxies.wait_until_listening(self.pod, self._proxy, self._path)

    def stop_proxy(self):
        """Ends the proxy."""
        lab.end(self._proxy)

    def create(self, annotations, container=None):
        """A pod that was created with these annotations, and the rig's profile; "self-call" is that
        profile with selfCall. Its application's container has these fields."""
        wanted = annotations.get(PROFILES)
        profile = f"{self.profile}-{wanted}" if wanted else self.profile
        return self._webhook.create({**annotations, PROFILES: profile}, container)

    def add(self, annotations):
        """ADD for a pod that was created with these annotations, over what is in force."""
        self._applied = annotations
        self._pod_object = self.create(annotations)
        containerd.call("ADD", self.pod, self._pod_object["metadata"]["annotations"])

    def remove(self):
        """DEL of that pod."""
        if self._applied is not None:
            containerd.call("DEL", self.pod, self._pod_object["metadata"]["annotations"])
        self._applied = None

    def apply(self, annotations):
        """Puts the rules of such a pod in force where there were none, unless they are."""
        if annotations != self._applied:
            self.remove()
            self.add(annotations)

    def call(self, namespace, host, port, source_host="", user=(0, 0)):
        """Calls an Observer. The source port was never used before: a connection that is redirected
        loses its source port to an earlier one of which conntrack still knows."""
        self.log.forget()
        source = (source_host, next(self._source_ports))
        with namespace.connect(host, port, user, source) as client:
            source = endpoint(*client.getsockname()[:2])
            seen = b"".join(iter(lambda: client.recv(100), b"")).decode()
        return Call(endpoint(host, port), source, seen)

    def way(self, call):
        """The directions in which the connection crossed the proxy, from the caller to the server,
        "" if it went past it. Each crossing has to name the destination that was dialled."""
        directions = []
        at = call.source
        while at != call.seen:
            line = lab.wait_for(lambda at=at: self.log.find(at), SECONDS_FOR_A_LINE,
                                f"a line about {at}, on the way to a server that sees {call.seen}")
            assert line["original_destination"] == call.dialled
            directions.append(line["direction"])
            assert len(directions) <= HOPS_MAX, f"a loop: {directions}"
            at = line["upstream_source"]
        return " ".join(directions)
