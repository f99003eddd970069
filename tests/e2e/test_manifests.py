# SPDX-License-Identifier: GPL-2.0-or-later
"""What the installed manifests mean to the API server: who may do what, which pods it takes where, and that applying them
again changes nothing."""

import json

import pytest

from api import make_namespace

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
    (WEBHOOK, ("get", "namespaces/any")),
    (WEBHOOK, ("watch", "namespaces")),
    (WEBHOOK, ("watch", "nodes")),
    (WEBHOOK, ("create", "events", "-n", "default")),
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
    (NODE, ("get", "namespaces/sidewire-system")),
    (NODE, ("get", "daemonsets.apps/sidewire-node", *OWN)),
    (NODE, ("patch", "events", "-n", "default")),
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


KINDS = ("deployment", "daemonset", "service", "poddisruptionbudget", "configmap", "mutatingwebhookconfiguration",
         "validatingadmissionpolicy")


def substance(api):
    """All that is in force, without the books that are kept on it."""
    listed = json.loads(api.run(*OWN, "get", ",".join(KINDS), "-l", "app.kubernetes.io/part-of=sidewire", "-o", "json").stdout)
    return {(o["kind"], o["metadata"]["name"]): {key: o[key] for key in o if key not in ("metadata", "status")}
            for o in listed["items"]}


@pytest.mark.parametrize("kind_of_apply", [(), ("--server-side",)])
def test_applying_again_changes_nothing(api, kind_of_apply):
    """Nor is the caBundle lost that the webhook has written."""
    before = substance(api)
    webhooks = before["MutatingWebhookConfiguration", "sidewire"]["webhooks"]
    assert all(webhook["clientConfig"]["caBundle"] for webhook in webhooks)
    assert len(before) >= len(KINDS)
    answer = api.run("apply", "-k", "manifests", *kind_of_apply)
    assert answer.returncode == 0, answer.stderr
    assert substance(api) == before
