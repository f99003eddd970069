# SPDX-License-Identifier: GPL-2.0-or-later
"""`kubectl delete -k manifests` leaves nothing behind but what running pods still need. The other tests come before."""

import json

import pytest

from cluster import NODES, ROOT
from injected import (ENABLED, PATIENCE, PLUGIN, application, call, install, is_injected, is_redirected, make, rules,
                      wait_until_ready)

NAMESPACE = "uninstall"
# Of every kind that manifests/ has, and of those that its workloads make.
KINDS = ("mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings",
         "clusterroles", "clusterrolebindings", "roles", "rolebindings", "serviceaccounts", "configmaps", "secrets",
         "services", "deployments", "daemonsets", "poddisruptionbudgets", "pods")


def ours(cluster):
    """Everything in the cluster that is sidewire's, as kind/name."""
    found = cluster.get(",".join(KINDS), "--all-namespaces")["items"]
    return [f"{thing['kind']}/{thing['metadata']['name']}" for thing in found
            if thing["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "sidewire"
            or "sidewire" in thing["metadata"]["name"]]


@pytest.fixture(scope="module", name="uninstalled")
def _uninstalled(installed):
    """The cluster after it. Pods of before are still there: `old` on each node."""
    with installed.namespace(NAMESPACE, ENABLED):
        old = [f"old-{node}" for node in NODES]
        make(installed, NAMESPACE, *(application(f"old-{node}", node) for node in NODES))
        wait_until_ready(installed, NAMESPACE, *old)
        assert all(b"sidewire" in installed.conflist(node).read_bytes() for node in NODES)
        assert ours(installed)
        installed.kubectl("delete", "-k", ROOT / "manifests", f"--timeout={PATIENCE}s", seconds=PATIENCE + 10)
        yield installed


@pytest.mark.parametrize("node", NODES)
def test_conflists_are_byte_for_byte_as_before(uninstalled, node):
    assert uninstalled.conflist(node).read_bytes() == uninstalled.before[node]
    left = [path.name for path in uninstalled.conflist(node).parent.iterdir()]
    assert left == [uninstalled.conflist(node).name]


@pytest.mark.parametrize("node", NODES)
def test_only_the_plugin_stays(uninstalled, node):
    """The runtime calls it when it takes down pods of before."""
    assert uninstalled.disk(node, PLUGIN).exists()
    assert [path.name for path in uninstalled.disk(node, PLUGIN).parent.glob("*sidewire*")] == ["sidewire-cni"]


def test_nothing_of_it_is_left_in_the_cluster(uninstalled):
    assert ours(uninstalled) == []
    with pytest.raises(RuntimeError, match='namespaces "sidewire-system" not found'):
        uninstalled.get("namespace", "sidewire-system")


@pytest.mark.parametrize("node", NODES)
def test_labelled_namespaces_make_pods_again(uninstalled, node):
    name = f"new-{node}"
    make(uninstalled, NAMESPACE, application(name, node))
    wait_until_ready(uninstalled, NAMESPACE, name)
    assert not is_injected(uninstalled.get("-n", NAMESPACE, "pod", name))
    assert rules(uninstalled, NAMESPACE, name) == []


def test_no_policy_looks_at_anything(uninstalled):
    forged = application("forged", annotations={"sidewire.io/redirect": "{}"})
    uninstalled.kubectl("-n", NAMESPACE, "create", "--dry-run=server", "-f", "-", input=json.dumps(forged))


def test_pods_of_before_run_on_and_can_be_deleted(uninstalled):
    old = [f"old-{node}" for node in NODES]
    call(uninstalled, NAMESPACE, *old)
    uninstalled.kubectl("-n", NAMESPACE, "delete", "pod", *old, f"--timeout={PATIENCE}s", seconds=PATIENCE + 10)


def test_it_can_be_installed_again(uninstalled):
    install(uninstalled)
    again = [f"again-{node}" for node in NODES]
    make(uninstalled, NAMESPACE, *(application(name, node) for name, node in zip(again, NODES)))
    wait_until_ready(uninstalled, NAMESPACE, *again)
    assert all(is_redirected(uninstalled, NAMESPACE, name) for name in again)
    call(uninstalled, NAMESPACE, *again)
