# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives the real sidewire-webhook: starts it, speaks to it, reads its log, ends it."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = (ROOT / os.environ.get("BUILD", "build") / "sidewire-webhook").resolve()
PROFILES = ROOT / "manifests" / "profiles"

# Far above anything a machine under load takes; only a failure waits so long.
PATIENCE = 60


class Program:
    """A running sidewire-webhook on free ports of loopback, with a certificate of its own authority
    unless the options say otherwise. Words `before` its own start it in another way."""

    def __init__(self, place, *options, profiles=PROFILES, listen="[::]:0", environment=(), before=()):
        self.place = pathlib.Path(place)
        self.ca = self.place / "ca.pem"
        if not {"--tls-cert", "--in-cluster"} & set(options):
            options += ("--ca-out", str(self.ca))
        self.log_path = self.place / "log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, PROGRAM, "--listen", listen, "--plain-listen", "127.0.0.1:0", "--profiles", profiles, *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **dict(environment)})
        listening = self.wait_log("listening")
        self.port = listening["port"]
        self.plain_port = listening["plain_port"]

    def worker(self):
        """The process that serves, a child of the one that we started; waited for."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        end = time.monotonic() + PATIENCE
        while not (found := children.read_text(encoding="ascii")):
            assert self.process.poll() is None and time.monotonic() < end, self.log_path.read_text()
        return int(found)

    def kill_worker(self, number=signal.SIGKILL):
        """The worker dies of that signal."""
        os.kill(self.worker(), number)

    def log(self):
        """Whole lines of the log so far. Each must be one JSON object: a sanitizer's report is none."""
        text = self.log_path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def wait_log(self, msg, count=1):
        """The `count`th line with this msg, waited for."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [line for line in self.log() if line["msg"] == msg]
            if len(found) >= count:
                return found[count - 1]
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no '{msg}' in the log:\n{self.log_path.read_text()}")
            time.sleep(0.01)

    def tls_context(self):
        """What a client needs that trusts the program's own authority."""
        return ssl.create_default_context(cafile=self.ca)

    def connect(self, host="localhost", context=None):
        """A new connection for reviews."""
        return http.client.HTTPSConnection(host, self.port, timeout=PATIENCE, context=context or self.tls_context())

    def tls_socket(self, context=None):
        """A new TLS connection for bytes of the test's own choice."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return (context or self.tls_context()).wrap_socket(plain, server_hostname="localhost")

    def post(self, body, path="/mutate/enabled", content_type="application/json", connection=None):
        """Sends one request. Returns status, headers and body; on a connection of its own unless given."""
        if connection is not None:
            return exchange(connection, "POST", path, body, {"Content-Type": content_type})
        with contextlib.closing(self.connect()) as own:
            return exchange(own, "POST", path, body, {"Content-Type": content_type})

    def get(self, path, method="GET"):
        """Asks the plain port. Returns status, headers and body."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=PATIENCE)) as own:
            return exchange(own, method, path, None, {})

    def metric(self, name):
        """The value of a metric, named with its labels as the text has them; 0 when it is not there."""
        for line in self.get("/metrics")[2].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0

    def wait_metric(self, name, value):
        """Waits until a metric has the value."""
        end = time.monotonic() + PATIENCE
        while self.metric(name) != value:
            assert time.monotonic() < end, f"{name} never became {value}, it is {self.metric(name)}"
            time.sleep(0.01)

    def wait_end(self):
        """Waits for the program's end. Returns the exit status."""
        return self.process.wait(PATIENCE)

    def stop(self):
        """Ends the program, and sees that it ended well: a sanitizer's report makes it fail here."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            assert self.wait_end() == 0, self.log_path.read_text()
        finally:
            self.process.kill()
        self.log()


def exchange(connection, method, path, body, headers):
    """One request and its reply on a connection: status, headers, body."""
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    return reply.status, reply.headers, reply.read()


def read_reply(sock):
    """Reads one reply from a socket: status, headers, body."""
    reply = http.client.HTTPResponse(sock)
    reply.begin()
    return reply.status, reply.headers, reply.read()


def pod(labels=None, annotations=None, **spec):
    """A pod of a Deployment, as it reaches the API server."""
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "web-5d5c6d8b4-", "labels": {"app": "web", **(labels or {})},
                     "annotations": annotations or {}},
        "spec": {"containers": [{"name": "app", "image": "example/web:1", "ports": [{"containerPort": 8080}]}], **spec},
    }


def review(an_object, uid="b3e1c2a0-0000-4000-8000-000000000001", namespace="shop", name=""):
    """The AdmissionReview of its creation."""
    return {
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": uid, "operation": "CREATE", "namespace": namespace, "name": name,
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
            "object": an_object, "oldObject": None, "dryRun": False,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    }


def encoded(*arguments, **more):
    """The same as bytes."""
    return json.dumps(review(*arguments, **more)).encode()
