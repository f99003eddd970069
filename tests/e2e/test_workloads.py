# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods of many kinds are injected, start, and what they do first crosses their Envoy."""

import copy

import pytest

from api import LABEL, NAMES
from cluster import wait_for
from shop import PATIENCE, Place, Socket, addresses, pod, shop, template

SECURITY = {"runAsUser": 1000, "runAsNonRoot": True, "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}


def call(shop):
    """A command that calls the servers, once."""
    return f"wget -qO /tmp/answer http://server4.{shop.namespace}/cgi-bin/who"


def caller(shop, name, **more):
    """A pod that does it as soon as it runs, and is ready when it was answered. When it was not, the pod has failed."""
    made = pod(name, "sh", "-c", f"{call(shop)} && exec sleep infinity", restartPolicy="Never", **more)
    made["spec"]["containers"][0]["readinessProbe"] = {
        "exec": {"command": ["test", "-s", "/tmp/answer"]}, "periodSeconds": 1}
    return made


def with_gate(gate):
    return {"sidewire.io/gate": gate}


def see_one_call(shop, place, name):
    """What the pod's Envoy has seen is that call."""
    service = Socket.of(addresses(shop.get("service", "server4"))[4], 80)
    wait_for(lambda: place.log(name), PATIENCE, "the call in Envoy's log")
    assert [(c.direction, c.destination, c.flags) for c in place.log(name)] == [("outbound", service, "-")]


@pytest.fixture(scope="module", name="restricted")
def _restricted(installed):
    labels = {LABEL: "enabled", "pod-security.kubernetes.io/enforce": "restricted"}
    with installed.namespace(f"restricted-{next(NAMES)}", labels) as name:
        yield Place(installed, name)


QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": {
    "requests.cpu": "200m", "requests.memory": "256Mi", "limits.cpu": "2", "limits.memory": "1Gi"}}}
LIMITS = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {"limits": [{
    "type": "Container",
    "defaultRequest": {"cpu": "50m", "memory": "32Mi"}, "default": {"cpu": "200m", "memory": "64Mi"},
    "max": {"cpu": "1", "memory": "512Mi"}}]}}


@pytest.fixture(scope="module", name="limited")
def _limited(installed):
    with installed.namespace(f"limited-{next(NAMES)}", {LABEL: "enabled"}) as name:
        place = Place(installed, name)
        place.create(QUOTA, LIMITS)
        counted = "resourcequota", "quota"
        wait_for(lambda: place.get(*counted).get("status", {}).get("used"), PATIENCE, "the quota's count")
        yield place


CASES = ("gate-probe", "gate-exec", "own-users-gate-probe", "own-users-gate-exec", "init-container")


@pytest.fixture(scope="module", name="started")
def _started(shop):
    """The cases' pods, made at once so that they start together."""
    for gate in ("probe", "exec"):
        shop.create(caller(shop, f"gate-{gate}", annotations=with_gate(gate)),
                    caller(shop, f"own-users-gate-{gate}", annotations=with_gate(gate), hostUsers=False))
    first = {"name": "first", "image": "test/app:1", "command": call(shop).split()}
    shop.create(pod("init-container", restartPolicy="Never", initContainers=[first]))
    return shop


@pytest.mark.parametrize("name", CASES)
def test_what_a_pod_does_first_crosses_its_envoy(started, name):
    started.wait_ready(name)
    see_one_call(started, started, name)
    status = started.get("pod", name)["status"]
    assert {c["restartCount"] for c in status["initContainerStatuses"] + status["containerStatuses"]} == {0}


@pytest.mark.parametrize("name", CASES)
def test_it_has_the_gate_and_the_users_that_were_asked_for(started, name):
    started.wait_ready(name)
    envoy = started.get("pod", name)["spec"]["initContainers"][0]
    assert envoy["name"] == "envoy"
    assert ("startupProbe" in envoy, "postStart" in envoy.get("lifecycle", {})) == (
        (False, True) if name.endswith("exec") else (True, False))
    first_outside = int(started.execute(name, "cat", "/proc/self/uid_map").split()[1])
    assert (first_outside != 0) == name.startswith("own-users")


def test_a_job_completes(shop):
    """Envoy ends when the application has."""
    made = pod("job", *call(shop).split(), labels={"app": "job"}, restartPolicy="Never")
    shop.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"},
                 "spec": {"backoffLimit": 0, "template": template(made)}})
    wait_for(lambda: shop.get("job", "job")["status"].get("succeeded") == 1, PATIENCE, "the Job to complete")
    done, = shop.cluster.get("-n", shop.namespace, "pods", "-l", "app=job")["items"]
    assert done["status"]["phase"] == "Succeeded"
    assert "terminated" in done["status"]["initContainerStatuses"][0]["state"]
    see_one_call(shop, shop, done["metadata"]["name"])


@pytest.mark.parametrize("gate", ["probe", "exec"])
def test_a_restricted_namespace_takes_injected_pods(shop, restricted, gate):
    made = caller(shop, f"restricted-{gate}", annotations=with_gate(gate))
    made["spec"]["containers"][0]["securityContext"] = SECURITY
    restricted.create(made)
    restricted.wait_ready(f"restricted-{gate}")
    see_one_call(shop, restricted, f"restricted-{gate}")


def test_a_restricted_namespace_refuses_others(api, shop, restricted):
    """And it is the application's container, not the sidecar, that is named."""
    answer = api.create(caller(shop, "other"), "-n", restricted.namespace, "--dry-run=server")
    assert "violates PodSecurity" in answer.stderr and '"app"' in answer.stderr and '"envoy"' not in answer.stderr


def test_quota_and_limits_count_the_sidecar(api, shop, limited):
    made = caller(shop, "limited")
    too_much = api.create(made, "-n", limited.namespace, "--dry-run=server")
    assert "maximum cpu usage per Container is 1, but limit is 2" in too_much.stderr
    made["metadata"]["annotations"]["param.sidewire.io/cpuLimit"] = "1"
    another = copy.deepcopy(made)
    limited.create(made)
    limited.wait_ready("limited")
    see_one_call(shop, limited, "limited")
    # The defaults for the application, and the profile's with the pod's parameters for Envoy.
    assert limited.get("resourcequota", "quota")["status"]["used"] == {
        "requests.cpu": "60m", "requests.memory": "160Mi", "limits.cpu": "1200m", "limits.memory": "576Mi"}
    another["metadata"]["name"] = "another"
    assert "exceeded quota: quota, requested: limits.cpu=1200m" in api.create(another, "-n", limited.namespace).stderr
