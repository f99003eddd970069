# SPDX-License-Identifier: GPL-2.0-or-later
"""Annotations on namespaces are the defaults for their pods: at once where the namespace is new, and soon after a change."""

import json
import time

import pytest

from api import LABEL, NAMES, pod
from cluster import wait_for
from injected import application, make, rules, wait_until_ready

PORTS = "sidewire.io/exclude-outbound-ports"
PATIENCE = 30
# Far above what a watch takes to tell; the bound is five minutes, for watches that are cut silently.
SOON_S = 10


def namespace(name, annotations):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {LABEL: "enabled"}, "annotations": annotations}}


def ports_of(a_pod):
    """The outbound ports that its redirect document excludes; None for a pod that was refused."""
    if a_pod is None:
        return None
    return json.loads(a_pod["metadata"]["annotations"]["sidewire.io/redirect"]).get("excludeOutboundPorts", "")


def dry_run(api, name, annotations=None):
    """What a pod of the namespace would become, None if it was refused; and what kubectl said."""
    answer = api.create(pod(annotations=annotations), "-n", name, "--dry-run=server", "-o", "json")
    return json.loads(answer.stdout) if answer.returncode == 0 else None, answer.stderr


@pytest.fixture(name="ours")
def _ours(installed):
    """A namespace with defaults."""
    with installed.namespace(f"defaults-{next(NAMES)}", {LABEL: "enabled"}) as name:
        installed.kubectl("annotate", "namespace", name, f"{PORTS}=5432")
        yield name


def test_pods_have_the_defaults_of_their_namespace(installed, api, ours):
    wait_for(lambda: ports_of(dry_run(api, ours)[0]) == "5432", PATIENCE, "the default")
    assert ports_of(dry_run(api, ours, {PORTS: "6379"})[0]) == "6379"
    make(installed, ours, application("default"), application("own", annotations={PORTS: "6379"}))
    wait_until_ready(installed, ours, "default", "own")
    for name, port, other in ("default", "5432", "6379"), ("own", "6379", "5432"):
        found = rules(installed, ours, name)
        assert [line for line in found if port in line and "RETURN" in line]
        assert not [line for line in found if other in line]
    assert PORTS not in installed.get("-n", ours, "pod", "default")["metadata"]["annotations"]


def test_a_change_is_seen_soon(installed, api, ours):
    wait_for(lambda: ports_of(dry_run(api, ours)[0]) == "5432", PATIENCE, "the default")
    begin = time.monotonic()
    installed.kubectl("annotate", "--overwrite", "namespace", ours, f"{PORTS}=5433")
    wait_for(lambda: ports_of(dry_run(api, ours)[0]) == "5433", PATIENCE, "the change")
    installed.kubectl("annotate", "namespace", ours, f"{PORTS}-")
    wait_for(lambda: ports_of(dry_run(api, ours)[0]) == "", PATIENCE, "it to go")
    seconds = time.monotonic() - begin
    print(f"\ntwo changes of a namespace were seen after {seconds:.1f} s, kubectl's time included")
    assert seconds < 2 * SOON_S


def test_a_bad_default_is_refused_with_its_place(installed, api, ours):
    installed.kubectl("annotate", "--overwrite", "namespace", ours, f"{PORTS}=http")
    wait_for(lambda: dry_run(api, ours)[0] is None, PATIENCE, "a refusal")
    told = dry_run(api, ours)[1]
    assert f"""denied the request: namespace '{ours}': annotation '{PORTS}' is 'http', expected ports and ranges""" in told
    assert ports_of(dry_run(api, ours, {PORTS: "80"})[0]) == "80"


def test_the_first_pod_of_a_new_namespace_has_its_defaults(installed):
    """Both are made at once: by the time the pod is asked about, the watch may not have told of the namespace yet. The
    pod has an account of its own: that named default comes later."""
    names = [f"new-{next(NAMES)}-{number}" for number in range(10)]
    try:
        for number, name in enumerate(names):
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mine", "namespace": name}}
            first = pod()
            first["metadata"]["namespace"] = name
            first["spec"]["serviceAccountName"] = "mine"
            installed.apply(namespace(name, {PORTS: str(1000 + number)}), account, first)
            assert ports_of(installed.get("-n", name, "pod", "pod")) == str(1000 + number)
    finally:
        installed.kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *names)
