# SPDX-License-Identifier: GPL-2.0-or-later
"""Another webhook, which the API server asks after ours, adds a container; then ours is asked again."""

import base64
import contextlib
import json
import re
import subprocess

import pytest

from api import LABEL, NAMES
from certificates import self_signed
from cluster import ROOT, wait_for
from injected import PATIENCE, SYSTEM, is_redirected
from shop import Place, pod

PORT = 15443
ADDED = {"name": "added", "image": "test/app:1", "command": ["httpd", "-f", "-p", "9090", "-h", "/www"],
         "readinessProbe": {"tcpSocket": {"port": 9090}, "periodSeconds": 1}}
ASKS = {"example.com/adds": json.dumps(ADDED)}


@contextlib.contextmanager
def server(cluster, certificate, key):
    """The other webhook, where the API server runs."""
    first_process = (cluster.state / "node1/pid").read_text(encoding="utf-8").strip()
    argv = ["nsenter", f"--net=/proc/{first_process}/ns/net", ROOT / "tests/e2e/other_webhook.py", str(PORT), certificate, key]
    with subprocess.Popen(argv) as running:
        try:
            yield
        finally:
            running.terminate()


def configuration(namespace, certificate):
    """After `sidewire`, in the order of names."""
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "unknown.example.com"}, "webhooks": [{
                "name": "unknown.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
                "clientConfig": {"url": f"https://127.0.0.1:{PORT}/",
                                 "caBundle": base64.b64encode(certificate.read_bytes()).decode()},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]}


@pytest.fixture(scope="module", name="place")
def _place(installed, tmp_path_factory):
    """A namespace where both webhooks are asked, with two pods: of `by-webhook` the other webhook adds the container, `by-hand` has
    it from the beginning."""
    key, certificate = self_signed(tmp_path_factory.mktemp("unknown"), "unknown")
    with installed.namespace(f"reinvoked-{next(NAMES)}", {LABEL: "enabled"}) as name, server(installed, certificate, key):
        made = Place(installed, name)
        by_hand = pod("by-hand", annotations=ASKS)
        by_hand["spec"]["containers"].append(ADDED)
        installed.apply(configuration(name, certificate))
        try:
            # The API server takes a moment to notice a webhook.
            wait_for(lambda: probing(made), PATIENCE, "the other webhook to be asked")
            made.create(pod("by-webhook", annotations=ASKS), by_hand)
            yield made
        finally:
            installed.kubectl("delete", "mutatingwebhookconfiguration", "unknown.example.com")


def probing(place):
    """Whether a pod that is asked for, and not kept, gets the container."""
    made = place.cluster.kubectl("-n", place.namespace, "create", "--dry-run=server", "-o", "json", "-f", "-",
                                 input=json.dumps(pod("probing", annotations=ASKS)))
    return len(json.loads(made)["spec"]["containers"]) == 2


def test_the_proxy_is_there_once(place):
    spec = place.get("pod", "by-webhook")["spec"]
    assert [container["name"] for container in spec["containers"]] == ["app", "added"]
    assert [container["name"] for container in spec["initContainers"]] == ["envoy"]


def test_ours_was_asked_again(place):
    logged = place.cluster.kubectl(*SYSTEM, "logs", "-l", "app.kubernetes.io/name=sidewire-webhook", "--tail=-1")
    reviews = [json.loads(line) for line in logged.splitlines() if f'"namespace":"{place.namespace}"' in line]
    asked = [review["pod"] for review in reviews]
    assert [asked.count(name) for name in ("by-webhook", "by-hand")] == [2, 1]


def test_the_added_container_got_what_it_needs(place):
    """A probe that the proxy does not answer."""
    added = place.get("pod", "by-webhook")["spec"]["containers"][1]
    assert added["readinessProbe"]["exec"]["command"][-2:] == ["--once", "9090"]
    assert "/sidewire" in [mount["mountPath"] for mount in added["volumeMounts"]]


def comparable(place, name):
    """A pod without what is only its own."""
    text = json.dumps(place.get("pod", name))
    made = json.loads(re.sub(r"kube-api-access-\w{5}", "kube-api-access-X", text))
    spec = {key: made["spec"][key] for key in made["spec"] if key != "nodeName"}
    spec["volumes"].sort(key=lambda volume: volume["name"])
    for container in spec["containers"]:
        container["volumeMounts"].sort(key=lambda mount: mount["mountPath"])
    redirect, status = (made["metadata"]["annotations"][f"sidewire.io/{key}"] for key in ("redirect", "status"))
    return spec, json.loads(redirect), json.loads(status)


def test_nothing_else_was_added(place):
    """It is what it would be if its author had written the container."""
    assert comparable(place, "by-webhook") == comparable(place, "by-hand")


def test_it_runs(place):
    place.wait_ready("by-webhook", "by-hand")
    assert is_redirected(place.cluster, place.namespace, "by-webhook")
