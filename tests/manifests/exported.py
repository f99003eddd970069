# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs tell at /metrics, once they run and something has happened."""

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.request

from conftest import ROOT

# The fake API server of the webhook's tests, and what drives the program.
sys.path.append(str(ROOT / "tests" / "webhook"))

from api_server import CONFIGURATION, NAMESPACES, PODS, ApiServer, configuration, entry, namespace, own_pod  # noqa: E402
from in_cluster import answer_on, handshake, wait_ready  # noqa: E402
from program import PATIENCE, PROGRAM, Program, encoded, exchange, pod  # noqa: E402

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? \S+")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def read(text):
    """Names and labels of all samples."""
    found = [SAMPLE.fullmatch(line).groups() for line in text.splitlines() if not line.startswith("#")]
    return [(name, dict(LABEL.findall(labels or ""))) for name, labels in found]


def send_reviews(program, bundle):
    """One of each decision, and what is no review."""
    with contextlib.closing(handshake(program, bundle)) as connection:
        for a_pod in pod(), pod(hostNetwork=True), pod({"sidewire.io/inject": "maybe"}):
            answer_on(connection, encoded(a_pod))
        exchange(connection, "POST", "/mutate/enabled", b"{", {"Content-Type": "application/json"})


def of_webhook(place):
    """A replica's samples in a cluster."""
    api = ApiServer(place / "api")
    try:
        api.put(f"{NAMESPACES}/shop", namespace("shop"))
        api.put(f"{PODS}/one", own_pod("one"))
        api.put(CONFIGURATION, configuration(entry("enabled"), entry("asked")))
        program = Program(place, "--in-cluster", "--service-account", str(api.place), environment=api.environment("one"))
        try:
            wait_ready(program)
            send_reviews(program, api.bundles()[0])
            return read(program.get("/metrics")[2].decode())
        finally:
            program.stop()
    finally:
        api.token = None
        api.go()


def port_of(log, process):
    """The port that an agent's log tells."""
    end = time.monotonic() + PATIENCE
    while True:
        for line in log.read_text(encoding="utf-8").split("\n")[:-1]:
            if json.loads(line)["msg"] == "started":
                return json.loads(line)["port"]
        assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")
        time.sleep(0.01)


def of_agent(place):
    """An agent's samples, outside of any cluster."""
    log = place / "agent.log"
    for name in "bin", "net.d":
        (place / name).mkdir()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [PROGRAM.parent / "sidewire-node", "--cni-bin-dir", place / "bin", "--cni-conf-dir", place / "net.d",
             "--plugin", PROGRAM.parent / "sidewire-cni", "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream, env={})
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port_of(log, process)}/metrics", timeout=PATIENCE) as reply:
            return read(reply.read().decode())
    finally:
        process.terminate()
        process.wait(PATIENCE)
