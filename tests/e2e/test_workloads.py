# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods of many kinds are injected, start, and what they do first crosses their Envoy."""

import copy
import datetime
import json

import pytest

from api import LABEL, NAMES
from cluster import wait_for
from shop import PATIENCE, Place, Socket, addresses, is_ready, pod, shop, template

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


def test_the_pod_of_a_cron_job_completes(shop):
    """Its template has no metadata, as most have. The last time was two years ago: it is over the time already."""
    container = {"name": "app", "image": "test/app:1", "command": call(shop).split()}
    shop.create({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "cron"}, "spec": {
        "schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [container]}}}}}})
    last = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=730)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shop.cluster.kubectl("-n", shop.namespace, "patch", "cronjob", "cron", "--subresource=status", "--type=merge", "-p",
                         json.dumps({"status": {"lastScheduleTime": last}}))

    def jobs():
        listed = shop.cluster.get("-n", shop.namespace, "jobs")["items"]
        return [job for job in listed if job["metadata"].get("ownerReferences", [{}])[0].get("name") == "cron"]

    wait_for(lambda: [job["status"].get("succeeded") for job in jobs()] == [1], PATIENCE, "the Job of the CronJob to complete")
    which = "batch.kubernetes.io/job-name=" + jobs()[0]["metadata"]["name"]
    done, = shop.cluster.get("-n", shop.namespace, "pods", "-l", which)["items"]
    assert [c["name"] for c in done["spec"]["initContainers"]] == ["envoy"]
    see_one_call(shop, shop, done["metadata"]["name"])


BRANCH = {"group": "example.com", "scope": "Namespaced", "names": {"plural": "branches", "singular": "branch", "kind": "Branch"},
          "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
              "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}


@pytest.fixture(scope="module", name="branch")
def _branch(shop):
    """What an operator makes for its own resource: a ReplicaSet and a pod whose names the API server finds."""
    kubectl = shop.cluster.kubectl
    shop.cluster.apply({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                        "metadata": {"name": "branches.example.com"}, "spec": BRANCH})
    try:
        kubectl("wait", "--for=condition=Established", "crd/branches.example.com", f"--timeout={PATIENCE}s")
        shop.create({"apiVersion": "example.com/v1", "kind": "Branch", "metadata": {"name": "vienna"}})
        owner = {"apiVersion": "example.com/v1", "kind": "Branch", "name": "vienna", "controller": True,
                 "uid": shop.get("branch", "vienna")["metadata"]["uid"]}
        metadata = {"generateName": "branch-", "ownerReferences": [owner]}
        made = pod("unused", labels={"branch": "set"})
        del made["metadata"]["name"]
        replicas = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"branch": "set"}}, "template": template(made)}}
        own = pod("unused")
        own["metadata"] = {**metadata, "labels": {"branch": "own"}, "annotations": own["metadata"]["annotations"]}
        kubectl("-n", shop.namespace, "create", "-f", "-",
                input=json.dumps({"apiVersion": "v1", "kind": "List", "items": [replicas, own]}))
        yield shop
    finally:
        kubectl("delete", "crd", "branches.example.com", "--wait=false")


@pytest.mark.parametrize("label, count, owner", [("set", 2, "ReplicaSet"), ("own", 1, "Branch")])
def test_pods_of_an_operator(branch, label, count, owner):
    """The webhook is asked before they have a name."""
    def are_ready():
        listed = branch.cluster.get("-n", branch.namespace, "pods", "-l", f"branch={label}")["items"]
        return len(listed) == count and all(map(is_ready, listed)) and listed

    for made in wait_for(are_ready, PATIENCE, f"the pods of {owner} to be ready"):
        prefix = made["metadata"]["generateName"]
        assert prefix.startswith("branch-") and made["metadata"]["name"].startswith(prefix)
        assert [reference["kind"] for reference in made["metadata"]["ownerReferences"]] == [owner]
        assert [c["name"] for c in made["spec"]["initContainers"]] == ["envoy"]
        assert json.loads(made["metadata"]["annotations"]["sidewire.io/redirect"])["mode"] == "redirect"
    logged = branch.cluster.kubectl("-n", "sidewire-system", "logs", "-l", "app.kubernetes.io/name=sidewire-webhook", "--tail=-1")
    reviews = [json.loads(line) for line in logged.splitlines() if f'"generate_name":"{prefix}"' in line]
    assert [(review["pod"], review["decision"]) for review in reviews if review["namespace"] == branch.namespace] == [
        ("", "inject")] * count
