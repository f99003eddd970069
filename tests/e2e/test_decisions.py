# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pods are injected, by what becomes of them; what the others are told; and that pods which are none of our
business are as if we were not there."""

import json
import re

import pytest

from api import LABEL, make_namespace, until
from cluster import wait_for
from shop import PATIENCE, addresses, is_ready, pod, template

# Of the API server's, before our sentence.
PREAMBLE = r'^Error from server: .* admission webhook "\w+\.sidewire\.io" denied the request: |^Warning: .* sidewire: '
MISSPELT = "anabled"
PLAIN, INJECTED = "plain", "injected"
REFUSED = """the pod's label sidewire.io/inject is 'ture': expected "true" or "false\""""
WARNED = ("not injected: the pod's label sidewire.io/inject asks for it, but the label of namespace '{}' is '{}', "
          "which blocks injection")

# Label of the namespace, of the pod: what the pod becomes, and what its maker is told.
TABLE = {
    (None, None): (PLAIN, None),
    (None, "true"): (INJECTED, None),
    (None, "false"): (PLAIN, None),
    (None, "ture"): (None, REFUSED),
    ("enabled", None): (INJECTED, None),
    ("enabled", "true"): (INJECTED, None),
    ("enabled", "false"): (PLAIN, None),
    ("enabled", "ture"): (None, REFUSED),
    ("disabled", None): (PLAIN, None),
    ("disabled", "true"): (PLAIN, WARNED),
    ("disabled", "false"): (PLAIN, None),
    ("disabled", "ture"): (PLAIN, None),
    (MISSPELT, None): (PLAIN, None),
    (MISSPELT, "true"): (PLAIN, WARNED),
    (MISSPELT, "false"): (PLAIN, None),
    (MISSPELT, "ture"): (PLAIN, None),
}


def name_of(label):
    return f"pod-{label or 'none'}"


def labelled(label):
    return pod(name_of(label), labels={} if label is None else {LABEL: label})


@pytest.fixture(scope="module", name="namespaces")
def _namespaces(api, make_namespace):
    """Namespaces by their labels."""
    made = {label: make_namespace(label) for label in (None, "enabled", "disabled")}
    misspelt = make_namespace(None)
    # It was there before the policy.
    with api.without_policy("sidewire-namespace-label"):
        until(lambda: api.run("label", "--overwrite", "namespace", misspelt, f"{LABEL}={MISSPELT}").returncode == 0)
    return {**made, MISSPELT: misspelt}


@pytest.fixture(scope="module", name="answers")
def _answers(api, namespaces):
    """What kubectl said when the pods of the table were made, all at once so that they start together."""
    return {(ours, label): api.create(labelled(label), "-n", namespaces[ours]) for ours, label in TABLE}


def get(cluster, namespace, name):
    return cluster.get("-n", namespace, "pod", name)


def wait_ready(cluster, namespace, name):
    wait_for(lambda: is_ready(get(cluster, namespace, name)), PATIENCE, f"pod {name} to be ready")
    return get(cluster, namespace, name)


def is_gate_open(cluster, a_pod):
    """Whether anybody answers on the gate's port, where nobody listens: whether there is a redirect, and a proxy."""
    address = addresses(a_pod)[4]
    asked = f"timeout 5 bash -c ': <>/dev/tcp/{address}/15999' 2>/dev/null && echo open || echo closed"
    return cluster.node(a_pod["spec"]["nodeName"], "sh", "-c", asked).strip() == "open"


@pytest.mark.parametrize("ours, label", TABLE, ids=lambda label: label or "none")
def test_truth_table(installed, namespaces, answers, ours, label):
    becomes, told = TABLE[ours, label]
    answer = answers[ours, label]
    assert answer.stdout == (f"pod/{name_of(label)} created\n" if becomes else "")
    # The whole of it: those who are not told, are told nothing.
    assert re.sub(PREAMBLE, "", answer.stderr).rstrip("\n") == (told or "").format(namespaces[ours], ours)
    if not becomes:
        with pytest.raises(RuntimeError, match="NotFound"):
            get(installed, namespaces[ours], name_of(label))
        return
    made = wait_ready(installed, namespaces[ours], name_of(label))
    assert [c["name"] for c in made["spec"]["containers"]] == ["app"]
    assert [c["name"] for c in made["spec"].get("initContainers", [])] == (["envoy"] if becomes == INJECTED else [])
    assert is_gate_open(installed, made) == (becomes == INJECTED)


SENTENCES = {
    ("exclude-outbound-ports", "80,http"):
        "annotation 'sidewire.io/exclude-outbound-ports' is '80,http', expected ports and ranges such as "
        "80,8000-8010: port: 'http' is not a number from 1 to 65535",
    ("exclude-outbound-port", "80"):
        "annotation 'sidewire.io/exclude-outbound-port' is not known: "
        "did you mean 'sidewire.io/exclude-outbound-ports'?",
    ("exclude-outbound-cidrs", "10.0.0.0/33"):
        "annotation 'sidewire.io/exclude-outbound-cidrs' is '10.0.0.0/33', expected prefixes such as "
        "10.0.0.0/8,fd00::/8: prefix length of '10.0.0.0/33': '33' is not in 0 to 32",
    ("gate", ""): "annotation 'sidewire.io/gate' is empty: expected probe, exec or none",
    ("profiles", "envoi"):
        "annotation 'sidewire.io/profiles' is 'envoi': there is no profile 'envoi', known are: envoy, envoy-tproxy, haproxy, init-redirect, momo, otel-java",
}


@pytest.mark.parametrize("key, value", SENTENCES)
@pytest.mark.parametrize("ours, label, entry", [("enabled", None, "enabled"), (None, "true", "asked")])
def test_a_value_that_does_not_parse_is_refused(api, namespaces, ours, label, entry, key, value):
    made = labelled(label)
    made["metadata"]["annotations"] = {f"sidewire.io/{key}": value}
    answer = api.create(made, "-n", namespaces[ours], "--dry-run=server")
    assert answer.returncode != 0
    refusal = f'admission webhook "{entry}.sidewire.io" denied the request: {SENTENCES[key, value]}'
    assert answer.stderr.endswith(f"{refusal}\n")


def deploy(api, namespace, name, a_pod):
    """Makes a Deployment of such a pod. A controller makes the pods then, to whom alone the API server speaks."""
    a_pod["metadata"]["labels"]["app"] = name
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(a_pod)}}
    assert api.create(made, "-n", namespace).returncode == 0


def events(cluster, namespace, deployment, reason):
    """The kinds of what belongs to the Deployment and has Events of that reason, each with what these say, once there is one."""
    def told():
        listed = cluster.get("-n", namespace, "events", "--field-selector", f"reason={reason}")["items"]
        about = [(event["involvedObject"], event["message"]) for event in listed]
        return {(thing["kind"], message) for thing, message in about if thing["name"].startswith(f"{deployment}-")}

    return wait_for(told, PATIENCE, f"an Event {reason}")


def test_a_deployment_tells_why_it_has_no_pods(api, installed, namespaces):
    deploy(api, namespaces["enabled"], "misspelt", labelled("ture"))

    def failure():
        status = installed.get("-n", namespaces["enabled"], "deployment", "misspelt")["status"]
        return [c["message"] for c in status.get("conditions", []) if c["type"] == "ReplicaFailure"]

    assert wait_for(failure, PATIENCE, "the Deployment to say so")[0].endswith(f"denied the request: {REFUSED}")
    assert events(installed, namespaces["enabled"], "misspelt", "SidewireRefused") == {("ReplicaSet", REFUSED)}


def test_a_deployment_is_told_why_its_pods_are_passed_over(api, installed, namespaces):
    deploy(api, namespaces["enabled"], "on-host", pod("on-host", hostNetwork=True))
    told = events(installed, namespaces["enabled"], "on-host", "SidewireNotInjected")
    assert told == {("ReplicaSet", "the pod has hostNetwork: true, and redirecting it would redirect its node")}


def stored(api, thing, namespace):
    """What the API server stores, but for what differs from one pod to the next."""
    answer = api.create(thing, "-n", namespace, "--dry-run=server", "-o", "json")
    assert answer.returncode == 0, answer.stderr
    read = json.loads(re.sub(r"kube-api-access-\w{5}", "kube-api-access-X", answer.stdout))
    for key in ("namespace", "uid", "creationTimestamp"):
        read["metadata"].pop(key)
    return read


RICH = pod("rich", hostAliases=[{"ip": "192.0.2.1", "hostnames": ["other"]}], enableServiceLinks=False,
           volumes=[{"name": "scratch", "emptyDir": {}}], initContainers=[
               {"name": "first", "image": "test/app:1", "command": ["true"]},
               {"name": "beside", "image": "test/app:1", "restartPolicy": "Always", "volumeMounts": [
                   {"name": "scratch", "mountPath": "/scratch"}]}])


@pytest.mark.parametrize("ours, label, is_same", [
    (None, None, True), (None, "false", True), ("enabled", "false", True), ("disabled", None, True),
    (MISSPELT, "true", True), ("enabled", None, False), (None, "true", False)])
def test_the_stored_pod_is_the_same_as_without_sidewire(api, namespaces, ours, label, is_same):
    """As in kube-system, which no webhook configuration of ours and no policy that changes anything selects."""
    made = {**RICH, "metadata": {**RICH["metadata"], "labels": {LABEL: label} if label else {}}}
    assert (stored(api, made, namespaces[ours]) == stored(api, made, "kube-system")) == is_same


def rules(cluster, a_pod):
    """Everything of netfilter in the pod's network namespace: the tables of both families, and nftables' ruleset."""
    container = a_pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    pid = f"ctr -n k8s.io task ls 2>/dev/null | sed -n 's/^{container} *\\([0-9]*\\) .*/\\1/p'"
    # Whoever asks for a table by its name makes it. These ask the kernel which there are.
    asked = f"nsenter -n -t $({pid}) sh -ec 'cat /proc/self/net/ip_tables_names /proc/self/net/ip6_tables_names; " \
            "iptables-legacy-save; ip6tables-legacy-save; nft list ruleset'"
    return cluster.node(a_pod["spec"]["nodeName"], "sh", "-c", asked)


@pytest.mark.parametrize("ours, label", [key for key, (becomes, _) in TABLE.items() if becomes == PLAIN],
                         ids=lambda label: label or "none")
def test_a_pod_that_is_not_injected_has_no_rule(installed, namespaces, answers, ours, label):
    assert answers[ours, label].returncode == 0
    assert rules(installed, wait_ready(installed, namespaces[ours], name_of(label))) == ""


def test_an_injected_pod_has_rules(installed, namespaces, answers):
    """So that the test before this one would see them."""
    assert answers["enabled", None].returncode == 0
    lines = rules(installed, wait_ready(installed, namespaces["enabled"], name_of(None))).splitlines()
    assert lines[:2] == ["nat", "nat"]
    assert len([line for line in lines if "--to-ports 15006" in line]) >= 2
