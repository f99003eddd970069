# SPDX-License-Identifier: GPL-2.0-or-later
"""The admission policies, as the API server enforces them."""

import json

import pytest

from api import LABEL, injected, make_namespace, namespace, pod, until

REDIRECT = "sidewire.io/redirect"
STATUS = "sidewire.io/status"


def is_refused(answer, policy, text):
    """By that policy, with a sentence that has the text in it."""
    return answer.returncode != 0 and f"ValidatingAdmissionPolicy '{policy}'" in answer.stderr and text in answer.stderr


@pytest.mark.parametrize("label", ["enabeld", "Enabled", "true", ""])
def test_a_namespace_label_that_means_nothing_is_refused(api, label):
    answer = api.create(namespace("policy-label", label), "--dry-run=server")
    assert is_refused(answer, "sidewire-namespace-label", f"would be '{label}': it is 'enabled' ")
    assert "policy-label" in answer.stderr


@pytest.mark.parametrize("label", ["enabled", "disabled", None])
def test_a_namespace_label_that_means_something_is_taken(api, label):
    assert api.create(namespace("policy-label", label), "--dry-run=server").returncode == 0


def test_a_changed_namespace_label_is_looked_at(api, make_namespace):
    name = make_namespace("enabled")
    answer = api.run("label", "--overwrite", "namespace", name, f"{LABEL}=on")
    assert is_refused(answer, "sidewire-namespace-label", "would be 'on'")
    assert api.run("label", "--overwrite", "namespace", name, f"{LABEL}=disabled").returncode == 0
    assert api.run("label", "namespace", name, f"{LABEL}-").returncode == 0


def test_a_bad_label_that_is_there_does_not_stand_in_the_way(api, make_namespace):
    """It was written before the policy was there. Nobody needs to mend it to change something else."""
    name = make_namespace(None)
    with api.without_policy("sidewire-namespace-label"):
        until(lambda: api.run("label", "--overwrite", "namespace", name, f"{LABEL}=enabeld").returncode == 0)
    until(lambda: is_refused(api.create(namespace("policy-label", "enabeld"), "--dry-run=server"), "sidewire-namespace-label", ""))
    assert api.run("label", "namespace", name, "example.com/other=1").returncode == 0
    assert api.run("annotate", "namespace", name, "example.com/other=1").returncode == 0
    assert is_refused(api.run("label", "--overwrite", "namespace", name, f"{LABEL}=anabled"),
                      "sidewire-namespace-label", "would be 'anabled'")
    assert api.run("label", "--overwrite", "namespace", name, f"{LABEL}=enabled").returncode == 0


ASKED_IN_VAIN = "sidewire: not injected: the pod's label sidewire.io/inject asks for it, but the label of namespace"


@pytest.mark.parametrize("pod_label, is_warned", [("true", True), ("false", False), (None, False)])
def test_a_pod_that_asks_in_a_blocking_namespace_is_made_with_a_warning(api, make_namespace, pod_label, is_warned):
    name = make_namespace("disabled")
    answer = api.create(pod(labels={LABEL: pod_label} if pod_label else {}), "-n", name)
    assert answer.returncode == 0
    assert (ASKED_IN_VAIN in answer.stderr) == is_warned
    assert not is_warned or f"namespace '{name}' is 'disabled'" in answer.stderr


def test_a_pod_that_asks_elsewhere_is_not_warned_of_that(api, make_namespace):
    for label in ("enabled", None):
        answer = api.create(pod(labels={LABEL: "true"}), "-n", make_namespace(label), "--dry-run=server")
        assert ASKED_IN_VAIN not in answer.stderr


NOT_INJECTED = "it does not inject this pod: remove them, or have the pod injected"


@pytest.mark.parametrize("key", [REDIRECT, STATUS])
@pytest.mark.parametrize("namespace_label, pod_label", [
    ("enabled", "false"), ("disabled", None), ("disabled", "true"), ("disabled", "false"), (None, None), (None, "false")])
def test_a_forged_annotation_is_refused_where_nothing_is_injected(api, make_namespace, namespace_label, pod_label, key):
    labels = {LABEL: pod_label} if pod_label else {}
    where = ("-n", make_namespace(namespace_label), "--dry-run=server")
    assert is_refused(api.create(pod(labels=labels, annotations={key: "{}"}), *where), "sidewire-annotations", NOT_INJECTED)
    assert api.create(pod(labels=labels, annotations={"sidewire.io/gate": "none"}), *where).returncode == 0


@pytest.mark.parametrize("system", ["kube-system", "sidewire-system"])
def test_system_namespaces_make_pods_but_no_forged_ones(api, system):
    assert api.create(pod(labels={LABEL: "true"}), "-n", system, "--dry-run=server").returncode == 0
    answer = api.create(pod(labels={LABEL: "true"}, annotations={REDIRECT: "{}"}), "-n", system, "--dry-run=server")
    assert is_refused(answer, "sidewire-annotations", NOT_INJECTED)


@pytest.mark.parametrize("namespace_label, pod_label", [("enabled", None), ("enabled", "true"), (None, "true")])
def test_an_injected_pod_carries_both(api, make_namespace, namespace_label, pod_label):
    labels = {LABEL: pod_label} if pod_label else {}
    answer = api.create(pod(labels=labels, annotations={REDIRECT: "forged", STATUS: "forged"}),
                        "-n", make_namespace(namespace_label), "--dry-run=server", "-o", "json")
    assert answer.returncode == 0, answer.stderr
    annotations = json.loads(answer.stdout)["metadata"]["annotations"]
    assert json.loads(annotations[REDIRECT])["version"] == 1
    assert annotations[STATUS] != "forged"


STAY = "of a pod stay as the webhook wrote them"


@pytest.mark.parametrize("subresource", [(), ("--subresource=status",)])
@pytest.mark.parametrize("key", [REDIRECT, STATUS])
def test_annotations_of_an_injected_pod_stay(api, injected, key, subresource):
    for value in ("changed", None):
        patch = json.dumps({"metadata": {"annotations": {key: value}}})
        assert is_refused(api.run("-n", injected, "patch", "pod", "pod", "-p", patch, *subresource), "sidewire-annotations", STAY)
    other = json.dumps({"metadata": {"annotations": {"example.com/other": "1"}}})
    assert api.run("-n", injected, "patch", "pod", "pod", "-p", other, *subresource).returncode == 0


def test_annotations_of_an_injected_pod_are_not_taken_away_together(api, injected):
    patch = json.dumps({"metadata": {"annotations": {REDIRECT: None, STATUS: None}}})
    assert is_refused(api.run("-n", injected, "patch", "pod", "pod", "-p", patch), "sidewire-annotations", STAY)


@pytest.mark.parametrize("subresource", [(), ("--subresource=status",)])
@pytest.mark.parametrize("key", [REDIRECT, STATUS])
@pytest.mark.parametrize("namespace_label", ["enabled", None])
def test_annotations_are_not_added_later(api, make_namespace, namespace_label, key, subresource):
    name = make_namespace(namespace_label)
    assert api.create(pod(labels={LABEL: "false"}), "-n", name).returncode == 0
    patch = json.dumps({"metadata": {"annotations": {key: "{}"}}})
    assert is_refused(api.run("-n", name, "patch", "pod", "pod", "-p", patch, *subresource), "sidewire-annotations", STAY)


@pytest.mark.parametrize("path", ["pods/pod/binding", "bindings"])
@pytest.mark.parametrize("namespace_label", ["enabled", None])
def test_a_binding_brings_no_annotations(api, make_namespace, namespace_label, path):
    """Annotations of a binding become the pod's."""
    name = make_namespace(namespace_label)
    ungated = pod(labels={LABEL: "false"})
    del ungated["spec"]["schedulingGates"]
    ungated["spec"]["schedulerName"] = "example.com/none"
    assert api.create(ungated, "-n", name).returncode == 0
    binding = {"apiVersion": "v1", "kind": "Binding", "target": {"apiVersion": "v1", "kind": "Node", "name": "example-none"},
               "metadata": {"name": "pod", "annotations": {REDIRECT: "{}"}}}
    answer = api.create_at(binding, f"/api/v1/namespaces/{name}/{path}")
    assert is_refused(answer, "sidewire-annotations", NOT_INJECTED)
    del binding["metadata"]["annotations"]
    assert api.create_at(binding, f"/api/v1/namespaces/{name}/{path}").returncode == 0


def debug(api, where, uid):
    """Adds an ephemeral container of that uid."""
    container = {"name": "debug", "image": "example.com/none"}
    if uid is not None:
        container["securityContext"] = {"runAsUser": uid}
    patch = json.dumps({"spec": {"ephemeralContainers": [container]}})
    return api.run("-n", where, "patch", "pod", "pod", "--subresource=ephemeralcontainers", "-p", patch, "--dry-run=server")


def test_no_ephemeral_container_of_the_proxys_uid(api, injected):
    assert is_refused(debug(api, injected, 15099), "sidewire-ephemeral-containers",
                      "ephemeral container 'debug' would run as the user or group of the pod's proxy")
    for uid in (None, 0, 1000, 15098, 15100):
        assert debug(api, injected, uid).returncode == 0


def test_ephemeral_containers_of_other_pods_are_not_looked_at(api, make_namespace):
    name = make_namespace(None)
    assert api.create(pod(uid=15099), "-n", name).returncode == 0
    assert debug(api, name, 15099).returncode == 0


@pytest.mark.parametrize("uids, refused, taken", [
    ("15099", (15099,), (1509, 150990)),
    ("15099,2000-2010", (15099, 2000, 2005, 2010), (1999, 2011, 15100)),
    ("", (), (0, 15099)),
])
def test_the_proxys_uids_are_ranges(api, make_namespace, uids, refused, taken):
    name = make_namespace(None)
    document = {"version": 1, "mode": "redirect", "outboundPort": 15001, "proxyUids": uids, "excludeUids": "77"}
    with api.without_policy("sidewire-annotations"):
        made = pod(annotations={REDIRECT: json.dumps(document, separators=(",", ":"))})
        until(lambda: api.create(made, "-n", name).returncode == 0)
    for uid in refused:
        assert is_refused(debug(api, name, uid), "sidewire-ephemeral-containers", "of the pod's proxy")
    for uid in taken + (77, None):
        assert debug(api, name, uid).returncode == 0


def test_an_ephemeral_container_takes_the_uid_of_its_pod(api, make_namespace):
    name = make_namespace(None)
    with api.without_policy("sidewire-annotations"):
        made = pod(uid=15099, annotations={REDIRECT: '{"version":1,"mode":"redirect","proxyUids":"15099"}'})
        until(lambda: api.create(made, "-n", name).returncode == 0)
    assert is_refused(debug(api, name, None), "sidewire-ephemeral-containers", "of the pod's proxy")
    assert debug(api, name, 1000).returncode == 0


def test_a_pod_that_goes_goes(api, injected):
    assert api.run("-n", injected, "delete", "pod", "pod", "--timeout=30s").returncode == 0


def test_the_api_server_finds_no_fault_with_the_expressions(api):
    """The type check that it makes when a policy is written."""
    ours = ("get", "validatingadmissionpolicies", "-l", "app.kubernetes.io/part-of=sidewire", "-o", "json")
    listed = json.loads(api.run(*ours).stdout)
    assert len(listed["items"]) == 4
    for policy in listed["items"]:
        assert policy["status"]["observedGeneration"] == policy["metadata"]["generation"]
        assert policy["status"].get("typeChecking", {}).get("expressionWarnings", []) == [], policy["metadata"]["name"]
