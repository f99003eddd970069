# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks to a replica as Kubernetes does: the kubelet for its readiness, an API server for reviews."""

import contextlib
import http.client
import json
import socket
import ssl
import time

from api_server import NAMESPACE
from program import PATIENCE, encoded, exchange, pod

HOST = f"sidewire-webhook.{NAMESPACE}.svc"


def wait_readiness(program, status, words):
    """Waits until the program says so."""
    end = time.monotonic() + PATIENCE
    while True:
        found, _, body = program.get("/readyz")
        if found == status and words in body.decode():
            return body.decode()
        assert time.monotonic() < end, f"{found}: {body}; {program.log_path.read_text()}"
        time.sleep(0.02)


def wait_ready(program):
    wait_readiness(program, 200, "ok")


def handshake(program, ca_bundle):
    """A TLS connection as an API server makes it that trusts this bundle; an error when that does not verify."""
    context = ssl.create_default_context(cadata=ca_bundle)
    connection = http.client.HTTPSConnection(HOST, timeout=PATIENCE)
    plain = socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE)
    connection.sock = context.wrap_socket(plain, server_hostname=HOST)
    return connection


def answer_on(connection, body):
    """Sends a review as an API server does, and gives the answer."""
    status, _, answer = exchange(connection, "POST", "/mutate/enabled", body, {"Content-Type": "application/json"})
    assert status == 200, answer
    return json.loads(answer)["response"]


def answer_to(program, ca_bundle, body):
    """The same on a connection of its own."""
    with contextlib.closing(handshake(program, ca_bundle)) as connection:
        return answer_on(connection, body)


def ask(program, ca_bundle, **annotations):
    """The same for a pod with these annotations."""
    return answer_to(program, ca_bundle, encoded(pod(annotations=annotations)))
