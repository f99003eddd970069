# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pods the API server asks the webhook about, by the selectors of its configuration."""

import itertools
import re

import pytest

from conftest import ROOT

LABEL = "sidewire.io/inject"
SYSTEM = ["kube-system", "kube-public", "kube-node-lease", "sidewire-system"]

OPERATORS = {
    "In": lambda labels, key, values: labels.get(key) in values,
    # Holds where there is no such label, too.
    "NotIn": lambda labels, key, values: labels.get(key) not in values,
    "Exists": lambda labels, key, values: key in labels,
    "DoesNotExist": lambda labels, key, values: key not in labels,
}


def is_selected(selector, labels):
    assert set(selector) == {"matchExpressions"}
    return all(OPERATORS[e["operator"]](labels, e["key"], e.get("values", [])) for e in selector["matchExpressions"])


def label(value):
    return {} if value is None else {LABEL: value}


@pytest.fixture
def webhooks(render):
    found = [o for o in render() if o["kind"] == "MutatingWebhookConfiguration"]
    assert [o["metadata"]["name"] for o in found] == ["sidewire"]
    return found[0]["webhooks"]


@pytest.fixture
def asks(webhooks):
    """The paths that a pod's creation is sent to."""
    def paths(namespace, pod):
        return [w["clientConfig"]["service"]["path"] for w in webhooks
                if is_selected(w["namespaceSelector"], namespace) and is_selected(w["objectSelector"], pod)]
    return paths


@pytest.mark.parametrize("namespace, pod, expected", [
    ("enabled", None, "enabled"), ("enabled", "true", "enabled"), ("enabled", "false", None), ("enabled", "ture", "enabled"),
    (None, None, None), (None, "true", "asked"), (None, "false", None), (None, "ture", "asked"),
    ("disabled", None, None), ("disabled", "true", None), ("disabled", "false", None), ("disabled", "ture", None),
    ("enabeld", None, None), ("enabeld", "true", None), ("enabeld", "false", None), ("enabeld", "ture", None),
])
def test_who_is_asked_about(asks, namespace, pod, expected):
    found = asks({"kubernetes.io/metadata.name": "shop", **label(namespace)}, label(pod))
    assert found == ([f"/mutate/{expected}"] if expected else [])


def test_never_about_the_system_or_ourselves(asks):
    values = [None, "enabled", "disabled", "true", "false", "other"]
    for name, namespace, pod in itertools.product(SYSTEM, values, values):
        assert asks({"kubernetes.io/metadata.name": name, **label(namespace)}, label(pod)) == []


def test_how_it_is_asked(webhooks, render):
    service = [o for o in render() if o["kind"] == "Service"][0]
    for webhook in webhooks:
        reference = webhook["clientConfig"]["service"]
        assert (reference["name"], reference["namespace"]) == (service["metadata"]["name"], service["metadata"]["namespace"])
        assert reference["port"] == service["spec"]["ports"][0]["port"] == 443
        assert "caBundle" not in webhook["clientConfig"], "applying would clear what the webhook has written"
        assert webhook["rules"] == [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                     "resources": ["pods"], "scope": "Namespaced"}]
        expected = {"failurePolicy": "Fail", "sideEffects": "NoneOnDryRun", "matchPolicy": "Equivalent",
                    "reinvocationPolicy": "IfNeeded", "admissionReviewVersions": ["v1"]}
        assert {key: webhook[key] for key in expected} == expected
        assert webhook["timeoutSeconds"] <= 5


def test_the_read_of_a_namespace_fits_into_the_timeout(render):
    """With a second to spare for what is around it."""
    header = (ROOT / "webhook" / "io" / "namespace_cache.h").read_text(encoding="utf-8")
    longest_ms = sum(int(re.search(fr"NAMESPACE_{part}_MS = (\d+)", header)[1]) for part in ("CALL", "QUEUE"))
    configuration = [o for o in render() if o["kind"] == "MutatingWebhookConfiguration"][0]
    for webhook in configuration["webhooks"]:
        assert longest_ms / 1000 + 1 <= webhook["timeoutSeconds"]


def test_policies_know_the_same_system_namespaces(render):
    policy = [o for o in render() if o["kind"] == "ValidatingAdmissionPolicy" and o["metadata"]["name"] == "sidewire-annotations"][0]
    expression = [v["expression"] for v in policy["spec"]["variables"] if v["name"] == "isInjected"][0]
    assert "in [" + ", ".join(f"'{name}'" for name in SYSTEM) + "]" in expression
