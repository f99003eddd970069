# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's pods: what runs in them, what they have seen, and their gate."""

import collections
import contextlib
import json
import subprocess
import time

import kubelet
import lab
import rigs
import servers

APPLICATION = "web"
APPLICATION_PORT = 8080
SIDECAR = "envoy"
GATE_PORT = 15999
CALLER = (1000, 1000)
SECONDS_TO_START = 15
SECONDS_TO_ANSWER = 10

# A request as each hop told of it: curl, the access logs of both Envoys, the server's own log.
Request = collections.namedtuple("Request", "account outbound inbound served")


class DemoPod:
    """One pod: its namespace, its object in the API, its containers."""

    def __init__(self, network, label, directory):
        self.label = label
        self.namespace = network.add_pod(label)
        self.rules_before = self.namespace.rules()
        self.object = None
        self._node = network.node
        self._directory = directory
        self._processes = {}

    @property
    def annotations(self):
        """What containerd hands to the plugin."""
        return self.object["metadata"]["annotations"]

    def address(self, family):
        """The pod's address of that family."""
        return self.namespace.ipv4 if family == 4 else self.namespace.ipv6

    def log_of(self, name):
        """The file that a container prints into."""
        return self._directory / f"{self.label}-{name}.log"

    def read_logs(self):
        """All that the containers have printed."""
        return [self.log_of(name).read_text(encoding="utf-8") for name in self._processes]

    def start(self, name):
        """Starts a container and waits for its startup and readiness probes, as the kubelet does.
        Returns the seconds that it took."""
        started = time.monotonic()
        container = kubelet.find_container(self.object, name)
        self._processes[name] = kubelet.start(self.namespace, self.object, name, self.log_of(name))
        for kind in ("startupProbe", "readinessProbe"):
            if kind in container:
                probe = kubelet.resolve_port(container, container[kind])
                lab.wait_for(lambda probe=probe: self._is_up(name, probe), SECONDS_TO_START,
                             f"the {kind} of {name} in {self.label}")
        return time.monotonic() - started

    def _is_up(self, name, probe):
        if self._processes[name].poll() is not None:
            text = self.log_of(name).read_text(encoding="utf-8")
            raise RuntimeError(f"{name} of {self.label} ended: {text}")
        return kubelet.is_answering(self._node, self.namespace, probe)

    def stop(self, name):
        """Ends a container."""
        lab.end(self._processes[name])

    def is_refused(self, other, family):
        """Whether an application's call of the other pod's application is refused at once."""
        return kubelet.is_refused(self.namespace, other.address(family), APPLICATION_PORT,
                                  user=CALLER)

    def answers_gate_outside(self, family):
        """Asks the gate as the kubelet does."""
        return kubelet.is_answering(self._node, self.namespace, {"tcpSocket": {"port": GATE_PORT}},
                                    self.address(family))

    def answers_gate_inside(self):
        """Asks the gate as sidewire-gate does, once."""
        asking = self.namespace.start([lab.BUILD / "sidewire-gate", "--timeout", "0"],
                                      stderr=subprocess.DEVNULL)
        return asking.wait(SECONDS_TO_ANSWER) == 0


def request(client, server, family):
    """Calls the server's application from the client's pod by curl, and follows the call from the
    source port of one hop to the next."""
    query = f"/?over=IPv{family}"
    target = servers.endpoint(server.address(family), APPLICATION_PORT)
    account = curl(client, f"http://{target}{query}")
    source = servers.endpoint(account["local_ip"], account["local_port"])
    outbound = find_hop(client, source)
    inbound = find_hop(server, outbound["upstream_source"])
    log = server.log_of(APPLICATION).read_text(encoding="utf-8")
    return Request(account, outbound, inbound, [line for line in log.splitlines() if query in line])


def curl(pod, url):
    """A plain client in the pod, as an application's user. Returns its own account of the call."""
    words = ["curl", "--silent", "--show-error", "--globoff", "--max-time", "5",
             "--output", "/dev/null", "--write-out", "%{json}", url]
    return json.loads(lab.run(pod.namespace.command(words, CALLER)))


def find_hop(pod, source):
    """The line of the pod's Envoy about a caller's connection; it is written when that is over."""
    with contextlib.closing(rigs.ProxyLog(pod.log_of(SIDECAR))) as log:
        return lab.wait_for(lambda: log.find(source), 3, f"{pod.label}'s Envoy to log {source}")
