# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers behind Services, pods that call them, all injected, and what their Envoys say went through them."""

import contextlib
import ipaddress
import json
import typing

import pytest

from api import LABEL, NAMES
from cluster import NODES, wait_for

# The log soon, and no more of a small node's CPU than needed.
PARAMETERS = {"param.sidewire.io/logFlush": "100", "param.sidewire.io/cpu": "10m"}
# Far above what a pod takes to become ready; only a failure waits so long.
PATIENCE = 90


def pod(name, *command, annotations=None, labels=None, **spec):
    """A pod that runs the command, or only is there; it may be injected."""
    container = {"name": "app", "image": "test/app:1", "command": list(command) or ["sleep", "infinity"]}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": labels or {}, "annotations": {**PARAMETERS, **(annotations or {})}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], **spec}}


def template(a_pod):
    """The same for what makes pods."""
    return {key: a_pod[key] for key in ("metadata", "spec")}


# Its application can be ended and started again while the container lives.
SERVER = pod("server", "sh", "-c", "httpd -p 8080 -h /www && exec sleep infinity", labels={"app": "server"},
             topologySpreadConstraints=[{
                 "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
                 "labelSelector": {"matchLabels": {"app": "server"}}}])
SERVER["spec"]["containers"][0]["readinessProbe"] = {
    "httpGet": {"path": "/cgi-bin/who", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "server"},
              "spec": {"replicas": len(NODES), "selector": {"matchLabels": {"app": "server"}},
                       "template": template(SERVER)}}


def service(name, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}}


class Socket(typing.NamedTuple):
    """Address and port; so that the address may be written in any way."""
    address: object
    port: int

    @classmethod
    def of(cls, address, port):
        return cls(ipaddress.ip_address(address), int(port))

    def __str__(self):
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"

    @classmethod
    def read(cls, text):
        """From `10.0.0.1:80` or `[fd00::1]:80`; None from null."""
        if text is None:
            return None
        address, port = text.rsplit(":", 1)
        return cls.of(address.strip("[]"), port)


class Connection(typing.NamedTuple):
    """A line of Envoy's access log."""
    direction: str
    source: Socket
    destination: Socket
    goes_on_from: Socket
    flags: str


def addresses(thing):
    """Addresses of a pod, or of a Service, by family."""
    is_pod = thing["kind"] == "Pod"
    found = [entry["ip"] for entry in thing["status"]["podIPs"]] if is_pod else thing["spec"]["clusterIPs"]
    return {ipaddress.ip_address(address).version: address for address in found}


def is_ready(a_pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in a_pod["status"].get("conditions", []))


def envoy_log(cluster, namespace, name):
    """The connections that went through a pod's Envoy, in the order of their ends."""
    lines = cluster.kubectl("logs", "-n", namespace, name, "-c", "envoy").splitlines()
    read = [json.loads(line) for line in lines if line.startswith("{")]
    return [Connection(line["direction"], Socket.read(line["source"]), Socket.read(line["original_destination"]),
                       Socket.read(line["upstream_source"]), line["response_flags"]) for line in read]


class Place:
    """A namespace, and what is in it."""

    def __init__(self, cluster, namespace):
        self.cluster = cluster
        self.namespace = namespace

    def create(self, *things):
        for thing in things:
            thing["metadata"]["namespace"] = self.namespace
        self.cluster.apply(*things)

    def get(self, kind, name):
        return self.cluster.get("-n", self.namespace, kind, name)

    def wait_ready(self, *names):
        for name in names:
            def is_it(name=name):
                found = self.get("pod", name)
                assert found["status"]["phase"] != "Failed", f"pod {name} has failed: {found['status']}"
                return is_ready(found)

            wait_for(is_it, PATIENCE, f"pod {name} to be ready")

    def servers(self):
        """The servers by the names of their nodes."""
        listed = self.cluster.get("-n", self.namespace, "pods", "-l", "app=server")["items"]
        return {a_pod["spec"]["nodeName"]: a_pod for a_pod in listed}

    def log(self, name):
        return envoy_log(self.cluster, self.namespace, name)

    def execute(self, name, *words):
        return self.cluster.execute(self.namespace, name, *words, container="app")

    def call(self, name, host):
        """The name of the server that answers the pod's request to this host, of a URL."""
        return self.execute(name, "wget", "-qO-", f"http://{host}/cgi-bin/who").split()[0]


@contextlib.contextmanager
def open_shop(cluster):
    """The Deployment `server`, a pod on each node, behind the Services `server4` (IPv4) and `server` (both)."""
    with cluster.namespace(f"shop-{next(NAMES)}", {LABEL: "enabled"}) as namespace:
        opened = Place(cluster, namespace)
        opened.create(DEPLOYMENT, service("server4", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack"),
                      service("server", ipFamilyPolicy="RequireDualStack"))
        cluster.kubectl("-n", namespace, "rollout", "status", "deployment/server", f"--timeout={PATIENCE}s")
        yield opened


@pytest.fixture(scope="module")
def shop(installed):
    with open_shop(installed) as opened:
        yield opened
