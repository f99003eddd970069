# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the API server of a cluster where sidewire is installed."""

import contextlib
import itertools
import json
import pathlib
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABEL = "sidewire.io/inject"

# Far above what an API server takes to notice a policy; only a failure waits so long.
PATIENCE = 30


def pod(name="pod", labels=None, annotations=None, uid=None):
    """A pod that is made and never runs: it has a scheduling gate."""
    spec = {"schedulingGates": [{"name": "example.com/never"}], "containers": [{"name": "app", "image": "example.com/none"}]}
    if uid is not None:
        spec["securityContext"] = {"runAsUser": uid}
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec,
            "metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}}}


def namespace(name, label):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {} if label is None else {LABEL: label}}}


class Api:
    def __init__(self, cluster):
        self.cluster = cluster

    def run(self, *words, text=None):
        return subprocess.run([ROOT / "hack/cluster", "kubectl", *words], cwd=ROOT, env=self.cluster.environment, input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)

    def create(self, thing, *options):
        return self.run("create", "-f", "-", *options, text=json.dumps(thing))

    def create_at(self, thing, path):
        return self.run("create", "--raw", path, "-f", "-", text=json.dumps(thing))

    @contextlib.contextmanager
    def without_policy(self, name):
        """The policy is bound to nothing meanwhile. That the API server has noticed is for the caller to see, both times."""
        binding = json.loads(self.run("get", "validatingadmissionpolicybinding", name, "-o", "json").stdout)
        assert self.run("delete", "validatingadmissionpolicybinding", name).returncode == 0
        try:
            yield
        finally:
            metadata = {key: binding["metadata"].get(key, {}) for key in ("name", "labels", "annotations")}
            assert self.create({**binding, "metadata": metadata}).returncode == 0


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


NAMES = itertools.count(time.time_ns() // 1_000_000)


@pytest.fixture(scope="module")
def make_namespace(api):
    """Makes namespaces with a value, or None, as the label of sidewire; gives their names."""
    made = []

    def make(label):
        name = f"policies-{next(NAMES)}"
        answer = api.create(namespace(name, label))
        assert answer.returncode == 0, answer.stderr
        made.append(name)
        return name

    yield make
    api.run("delete", "namespace", "--wait=false", *made)


@pytest.fixture
def injected(api, make_namespace):
    """The namespace of an injected pod, named pod."""
    name = make_namespace("enabled")
    answer = api.create(pod(), "-n", name)
    assert answer.returncode == 0, answer.stderr
    return name
