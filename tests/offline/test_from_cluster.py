# SPDX-License-Identifier: GPL-2.0-or-later
"""`explain --from-cluster` with a stand-in for kubectl, that says what a cluster may say. The real one is in tests/e2e."""

import json
import os
import stat

import pytest

from offline import ENVOY, PROXY, run

ANSWERS = {
    "--namespace shop -- pod web-0": {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "web:1", "livenessProbe": {"tcpSocket": {"port": 8080}}}]}},
    "-- namespace shop": {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"sidewire.io/inject": "enabled"},
                     "annotations": {"sidewire.io/exclude-outbound-ports": "5432"}}},
    "--namespace sidewire-system deployment/sidewire-webhook": {
        "kind": "Deployment", "spec": {"template": {"spec": {"containers": [
            {"name": "webhook", "image": "registry.example/sidewire:7", "args": ["--in-cluster"]}]}}}},
    "--namespace sidewire-system configmap/sidewire-profiles": {
        "kind": "ConfigMap", "data": {"envoy.yaml": ENVOY.read_text(), "proxy.yaml": PROXY.read_text()}},
    "nodes": {"kind": "List", "items": [{"metadata": {"name": "a"}, "status": {"nodeInfo": {
        "operatingSystem": "linux", "kubeletVersion": "v1.37.0", "containerRuntimeVersion": "containerd://2.1.0"}}}]},
}
OF_PROFILES = list(ANSWERS)[2:4]
STAND_IN = """#!/bin/sh
[ "$1 $2 $3" = "get --output json" ] || exit 9
shift 3
echo "$*" >>"$ANSWERS/asked"
cat "$ANSWERS/$(echo "$*" | tr '/ ' '__')" || exit 1
"""


@pytest.fixture(name="kubectl")
def _kubectl(tmp_path, monkeypatch):
    """Changes what kubectl answers; None: it fails."""
    program = tmp_path / "kubectl"
    program.write_text(STAND_IN)
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ANSWERS", str(tmp_path))

    def answer(question, value):
        file = tmp_path / question.translate(str.maketrans("/ ", "__"))
        file.unlink(missing_ok=True)
        if value is not None:
            file.write_text(value if isinstance(value, str) else json.dumps(value))
    for question, value in ANSWERS.items():
        answer(question, value)
    answer.asked = lambda: (tmp_path / "asked").read_text().splitlines()
    return answer


def explain(*options):
    return run("explain", "--from-cluster", "shop/web-0", *options)


def test_pod_namespace_profiles_and_nodes_are_those_of_the_cluster(kubectl):
    done = explain()
    text = done.out.decode()
    assert (done.code, done.err) == (0, "")
    assert text.startswith('shop/web-0:1: Pod "web-0" in namespace shop\n')
    assert "taken for granted" not in text
    assert "namespace 'shop' has the label sidewire.io/inject: enabled" in text
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.startswith("  ")}
    assert lines["profiles"] == ["default", "envoy"]
    assert lines["exclude-outbound-ports"] == ["namespace", "5432"]
    assert "registry.example/sidewire:7" in text and "sidewire-gate --once 8080" in text.replace('", "', " ").replace('","', " ")
    assert sorted(kubectl.asked()) == sorted(ANSWERS)


def test_what_an_option_says_is_not_asked_for(kubectl, tmp_path):
    file = tmp_path / "ns.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}))
    done = explain("--profile", PROXY, "--namespace-file", file)
    assert done.code == 0 and b"neither the pod nor its namespace has the label" in done.out
    assert kubectl.asked() == ["--namespace shop -- pod web-0"]


@pytest.mark.parametrize("arguments, words", [
    (["--default-profiles", "proxy"], ["proxy"]), (["--image-volumes=no"], ["envoy"]), ([], ["envoy"])])
def test_arguments_of_the_webhook_count(kubectl, arguments, words):
    kubectl(OF_PROFILES[0], {"spec": {"template": {"spec": {"containers": [
        {"name": "webhook", "image": "i:1", "args": ["--in-cluster", *arguments]}]}}}})
    text = explain().out.decode()
    assert [line.split()[2:] for line in text.splitlines() if line.startswith("  profiles ")] == [words]
    assert ("will be answered by the proxy" in text) == ("--image-volumes=no" in arguments)
    assert ("nodes" in kubectl.asked()) == ("--image-volumes=no" not in arguments)


def test_nodes_that_may_not_be_read_are_not_known(kubectl):
    kubectl("nodes", None)
    done = explain()
    assert done.code == 0 and b"will be answered by the proxy" in done.out
    assert "nodes: No such file" in done.err
    assert done.err.endswith("whether the nodes can mount image volumes is taken for unknown: kubectl get nodes: kubectl ended with 1\n")


def test_nodes_that_are_too_many_are_not_known(kubectl, tmp_path):
    kubectl("nodes", "")
    os.truncate(tmp_path / "nodes", 65 << 20)
    done = explain()
    assert done.code == 0 and b"will be answered by the proxy" in done.out
    assert done.err == ("whether the nodes can mount image volumes is taken for unknown: kubectl get nodes: "
                        "has more than 67108864 bytes\n")


@pytest.mark.parametrize("question, value, words", [
    ("--namespace shop -- pod web-0", None, "kubectl get --namespace shop -- pod web-0: kubectl ended with 1"),
    ("-- namespace shop", None, "kubectl get -- namespace shop: kubectl ended with 1"),
    (OF_PROFILES[0], None, "stand in for it): kubectl get --namespace sidewire-system deployment/sidewire-webhook: kubectl ended"),
    (OF_PROFILES[0], "no JSON", "stand in for it): "),
    (OF_PROFILES[0], {"kind": "Deployment"}, "the Deployment has no container 'webhook'"),
    (OF_PROFILES[1], {"kind": "ConfigMap"}, "the ConfigMap has no profile"),
    (OF_PROFILES[1], {"data": {"x.yaml": "a: 1"}}, "x.yaml: "),
])
def test_what_cannot_be_read_is_told(kubectl, question, value, words):
    kubectl(question, value)
    done = explain()
    assert done.code == 1 and done.out == b""
    assert words in done.err and done.err.splitlines()[-1].startswith("sidewire-inject: ")


def test_a_refused_pod(kubectl):
    pod = json.loads(json.dumps(ANSWERS["--namespace shop -- pod web-0"]))
    pod["metadata"]["annotations"] = {"sidewire.io/gate": "x"}
    kubectl("--namespace shop -- pod web-0", pod)
    done = explain()
    assert done.code == 1 and b"Refused (BadAnnotation)" in done.out


def test_without_kubectl(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = explain()
    assert done.code == 1 and "kubectl cannot be run: No such file or directory" in done.err
    assert done.err.count("\n") == 1
