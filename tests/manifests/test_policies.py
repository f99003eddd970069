# SPDX-License-Identifier: GPL-2.0-or-later
"""What the admission policies keep out of a real kube-apiserver, without a webhook beside them. All that needs one, and nodes,
is in tests/e2e."""

import itertools
import json
import subprocess
import time

import pytest

import apiserver
from client import PATIENCE
from conftest import kubectl

LABEL = "sidewire.io/inject"
NUMBERS = itertools.count()
FORGED = {"sidewire.io/redirect": "{}"}

pytestmark = pytest.mark.skipif(not apiserver.is_there(), reason=f"no kube-apiserver in {apiserver.PROGRAMS}")


class Api:
    """The server, asked by kubectl."""

    def __init__(self, server):
        self.access = [kubectl(), "--server", server.url, "--certificate-authority", server.ca, "--token", "admin-token"]

    def run(self, *words, thing=None):
        return subprocess.run([*self.access, *words], input=None if thing is None else json.dumps(thing), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", check=False, timeout=PATIENCE)

    def make_pod(self, where, annotations, labels=(), options=("--dry-run=server",), name="pod", **spec):
        spec = {"containers": [{"name": "app", "image": "example.com/none"}], **spec}
        thing = {"apiVersion": "v1", "kind": "Pod", "spec": spec,
                 "metadata": {"name": name, "labels": dict(labels), "annotations": annotations}}
        return self.run("-n", where, "create", *options, "-f", "-", thing=thing)

    def has_policies(self):
        """Whether both that are asked for here are in force."""
        label = self.run("label", "--dry-run=server", "namespace", "none", f"{LABEL}=x")
        return label.returncode != 0 and self.make_pod("none", FORGED).returncode != 0


@pytest.fixture(scope="module")
def api(render, tmp_path_factory):
    """With the policies in force, and a namespace of each label."""
    server = apiserver.ApiServer(tmp_path_factory.mktemp("apiserver"))
    try:
        asked = Api(server)
        policies = [o for o in render() if o["kind"].startswith("ValidatingAdmissionPolicy")]
        assert asked.run("create", "-f", "-", thing={"apiVersion": "v1", "kind": "List", "items": policies}).returncode == 0
        for name in "enabled", "none":
            labels = {} if name == "none" else {LABEL: name}
            made = asked.run("create", "-f", "-", thing={"apiVersion": "v1", "kind": "Namespace",
                                                         "metadata": {"name": name, "labels": labels}})
            assert made.returncode == 0, made.stderr
            assert asked.run("-n", name, "create", "serviceaccount", "default").returncode == 0
        end = time.monotonic() + PATIENCE
        while not asked.has_policies():
            assert time.monotonic() < end, "the server has not noticed its policies"
            time.sleep(0.1)
        yield asked
    finally:
        server.stop()


ASKS, DECLINES = {LABEL: "true"}, {LABEL: "false"}
MIRROR = {"kubernetes.io/config.mirror": "x"}


@pytest.mark.parametrize("where, labels, annotations, spec, is_taken", [
    ("enabled", {}, {}, {}, True),
    ("enabled", {}, {}, {"hostNetwork": False, "os": {"name": "linux"}}, True),
    ("enabled", DECLINES, {}, {}, False),
    ("enabled", {}, {}, {"hostNetwork": True}, False),
    ("enabled", {}, {}, {"os": {"name": "windows"}}, False),
    ("enabled", {}, MIRROR, {"nodeName": "node"}, False),
    ("none", {}, {}, {}, False),
    ("none", ASKS, {}, {}, True),
    ("none", ASKS, {}, {"hostNetwork": True}, False),
])
def test_our_annotations_are_for_pods_that_are_injected(api, where, labels, annotations, spec, is_taken):
    answer = api.make_pod(where, {**FORGED, **annotations}, labels, **spec)
    assert (answer.returncode == 0) == is_taken
    assert is_taken or "ValidatingAdmissionPolicy 'sidewire-annotations'" in answer.stderr
    assert api.make_pod(where, annotations, labels, **spec).returncode == 0


@pytest.mark.parametrize("subresource", ["", "/status", "/finalize"])
def test_a_namespace_label_is_looked_at_wherever_it_can_be_written(api, subresource):
    def write(value):
        thing = json.loads(api.run("get", "namespace", "enabled", "-o", "json").stdout)
        thing["metadata"]["labels"][LABEL] = value
        return api.run("replace", "--raw", f"/api/v1/namespaces/enabled{subresource}", "-f", "-", thing=thing)

    answer = write("enabeld")
    assert answer.returncode != 0 and "ValidatingAdmissionPolicy 'sidewire-namespace-label'" in answer.stderr
    assert write("enabled").returncode == 0


def identities(uids, gids):
    """A redirect document, in which applications of other ids are let past the proxy."""
    document = {"version": 1, "proxyUids": uids, "proxyGids": gids, "excludeUids": "77", "excludeGids": "77"}
    return {"sidewire.io/redirect": json.dumps(document, separators=(",", ":"))}


@pytest.mark.parametrize("document, of_pod, of_container, is_taken", [
    (identities("15099", ""), {}, {"runAsUser": 15099}, False),
    (identities("15099", ""), {}, {"runAsUser": 15098, "runAsGroup": 15099}, True),
    (identities("15099,2000-2010", ""), {}, {"runAsUser": 2005}, False),
    (identities("15099", ""), {}, {"runAsUser": 77, "runAsGroup": 77}, True),
    (identities("15099", ""), {"runAsUser": 15099}, {}, False),
    (identities("15099", ""), {"runAsUser": 15099}, {"runAsUser": 1}, True),
    (identities("", "1337"), {}, {"runAsGroup": 1337}, False),
    (identities("", "1337"), {}, {"runAsUser": 1337}, True),
    (identities("15099", "7,1330-1340"), {}, {"runAsUser": 1, "runAsGroup": 1340}, False),
    (identities("15099", "7,1330-1340"), {}, {"runAsUser": 1, "runAsGroup": 1341}, True),
    (identities("", "1337"), {"runAsGroup": 1337}, {}, False),
    (identities("", ""), {"runAsUser": 0}, {"runAsGroup": 0}, True),
])
def test_no_ephemeral_container_is_taken_for_the_proxy(api, document, of_pod, of_container, is_taken):
    name = f"pod-{next(NUMBERS)}"
    made = api.make_pod("none", document, ASKS, (), name, securityContext=of_pod)
    assert made.returncode == 0, made.stderr
    container = {"name": "debug", "image": "example.com/none", "securityContext": of_container}
    answer = api.run("-n", "none", "patch", "pod", name, "--subresource=ephemeralcontainers", "--dry-run=server",
                     "-p", json.dumps({"spec": {"ephemeralContainers": [container]}}))
    assert (answer.returncode == 0) == is_taken, answer.stderr
    assert is_taken or "ephemeral container 'debug' would run as the user or group of the pod's proxy" in answer.stderr
