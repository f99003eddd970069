# SPDX-License-Identifier: GPL-2.0-or-later
"""What the installed manifests mean to the API server: who may do what, which pods it takes where, and that applying them
again changes nothing."""

import json

import pytest

from api import api, make_namespace

WEBHOOK = "sidewire-webhook"
NODE = "sidewire-node"
OWN = ("-n", "sidewire-system")


def workload(api, kind, name):
    return json.loads(api.run(*OWN, "get", kind, name, "-o", "json").stdout)


def may(api, account, *question):
    answer = api.run("auth", "can-i", *question, f"--as=system:serviceaccount:sidewire-system:{account}")
    return answer.stdout.strip() == "yes"


@pytest.mark.parametrize("account, question", [
    (WEBHOOK, ("create", "secrets", *OWN)),
    (WEBHOOK, ("update", "secrets/sidewire-ca", *OWN)),
    (WEBHOOK, ("watch", "secrets/sidewire-ca", *OWN)),
    (WEBHOOK, ("patch", "mutatingwebhookconfigurations/sidewire")),
    (WEBHOOK, ("get", "pods/any", *OWN)),
    (NODE, ("watch", "namespaces/sidewire-system")),
    (NODE, ("watch", "daemonsets.apps/sidewire-node", *OWN)),
    (NODE, ("get", "nodes/any")),
    (NODE, ("create", "events", "-n", "default")),
])
def test_what_the_accounts_may(api, account, question):
    assert may(api, account, *question)


@pytest.mark.parametrize("account, question", [
    (WEBHOOK, ("get", "secrets/other", *OWN)),
    (WEBHOOK, ("list", "secrets", *OWN)),
    (WEBHOOK, ("get", "secrets/sidewire-ca", "-n", "default")),
    (WEBHOOK, ("create", "secrets", "-n", "default")),
    (WEBHOOK, ("patch", "mutatingwebhookconfigurations/other")),
    (WEBHOOK, ("get", "pods/any", "-n", "default")),
    (WEBHOOK, ("create", "pods", *OWN)),
    (NODE, ("get", "secrets/sidewire-ca", *OWN)),
    (NODE, ("list", "pods", "--all-namespaces")),
    (NODE, ("list", "namespaces")),
    (NODE, ("patch", "nodes/any")),
    (NODE, ("update", "daemonsets.apps/sidewire-node", *OWN)),
    (NODE, ("patch", "mutatingwebhookconfigurations/sidewire")),
])
def test_what_they_may_not(api, account, question):
    assert not may(api, account, *question)


@pytest.mark.parametrize("kind, name, violations", [
    ("deployment", WEBHOOK, ()),
    ("daemonset", NODE, ("hostNetwork=true", "hostPath", "DAC_OVERRIDE", "runAsUser=0")),
])
def test_pods_under_the_level_restricted(api, make_namespace, kind, name, violations):
    where = make_namespace(None)
    assert api.run("label", "namespace", where, "pod-security.kubernetes.io/enforce=restricted").returncode == 0
    template = workload(api, kind, name)["spec"]["template"]
    # Whatever stands against a pod in a namespace that is not its own, but for its security.
    for field in ("serviceAccountName", "serviceAccount", "priorityClassName"):
        template["spec"].pop(field, None)
    template["metadata"]["name"] = "pod"
    answer = api.create({"apiVersion": "v1", "kind": "Pod", **template}, "-n", where, "--dry-run=server")
    assert (answer.returncode == 0) == (not violations), answer.stderr
    assert all(violation in answer.stderr for violation in violations), answer.stderr


def in_force(api):
    """The configuration as it stands, without who wrote what of it when."""
    return workload(api, "mutatingwebhookconfiguration", "sidewire")


@pytest.mark.parametrize("kind_of_apply", [(), ("--server-side",)])
def test_applying_again_leaves_caBundle_alone(api, kind_of_apply):
    before = [webhook["clientConfig"] for webhook in in_force(api)["webhooks"]]
    assert all(config["caBundle"] for config in before)
    answer = api.run("apply", "-k", "manifests", *kind_of_apply)
    assert answer.returncode == 0, answer.stderr
    assert [webhook["clientConfig"] for webhook in in_force(api)["webhooks"]] == before


def test_applying_again_changes_nothing(api):
    kinds = ("deployment", "daemonset", "service", "configmap", "mutatingwebhookconfiguration", "validatingadmissionpolicy")

    def generations():
        listed = json.loads(api.run(*OWN, "get", ",".join(kinds), "-o", "json").stdout)["items"]
        return {(o["kind"], o["metadata"]["name"]): o["metadata"].get("generation") for o in listed
                if o["metadata"]["name"].startswith("sidewire")}

    before = generations()
    assert len(before) >= len(kinds)
    assert api.run("apply", "-k", "manifests").returncode == 0
    assert generations() == before
