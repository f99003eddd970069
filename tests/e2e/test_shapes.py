# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods of all shapes: the API server takes each as the webhook has injected it, and it is what `sidewire-inject inject` makes of
the same manifest. They are asked for, and not kept: no node has to run them."""

import copy
import json
import pathlib
import re
import subprocess

import pytest
import yaml

from api import LABEL, NAMES, until
from cluster import BUILD, ROOT
from injected import is_injected

MANIFESTS = sorted((pathlib.Path(__file__).parent / "shapes").glob("*.yaml"))
# Where the pod is, in what makes pods.
PATHS = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}
OTHERS = ("spec", "template")
STATUS = "sidewire.io/status"
# What pods of the directory need.
NEEDED = [{"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "e2e-important"}, "value": 1000,
           "preemptionPolicy": "Never"},
          {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "e2e-sandbox"}, "handler": "sandbox",
           "overhead": {"podFixed": {"cpu": "50m", "memory": "20Mi"}}}]
# Defaults for the pods of a namespace.
DEFAULTS = {"sidewire.io/exclude-outbound-ports": "5432", "param.sidewire.io/cpu": "50m", "param.sidewire.io/logLevel": "info"}


def pod_of(document):
    """The pod of a workload as its controller makes it, but that it has the workload's name."""
    inner = document
    for key in PATHS.get(document["kind"], OTHERS):
        inner = inner[key]
    metadata = {**(inner.get("metadata") or {}), "name": document["metadata"]["name"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": inner["spec"]}


def joined(first, second):
    """A pod with the containers and volumes of both, and all else of the first before the second's."""
    made = copy.deepcopy({**first, "spec": {**second["spec"], **first["spec"]}})
    made["metadata"]["name"] += "-and-" + second["metadata"]["name"]
    for key in ("containers", "initContainers", "volumes"):
        elements = {}
        for part in (first, second):
            for element in part["spec"].get(key) or []:
                # Only the container of a profile's name keeps it: it means something.
                name = element["name"]
                if key != "volumes" and name in elements:
                    name = f"{name}-{part['metadata']['name']}"
                elements.setdefault(name, {**copy.deepcopy(element), "name": name})
        if elements:
            made["spec"][key] = list(elements.values())
    return made


def documents():
    """Of all files, in their order."""
    return [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def pairs():
    """Each pod together with one of another kind."""
    pods = [pod_of(document) for document in documents()]
    return [joined(pods[i], pods[(i + 13) % len(pods)]) for i in range(len(pods))]


def offline(texts, namespace, namespace_file):
    """The pods that sidewire-inject makes of texts for a namespace, by their names."""
    done = subprocess.run(
        [BUILD / "sidewire-inject", "inject", "-q", "--profiles-dir", ROOT / "manifests/profiles", "--image-volumes",
         "--namespace", namespace, "--namespace-file", namespace_file, *texts], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return {pod["metadata"]["name"]: pod for pod in map(pod_of, yaml.safe_load_all(done.stdout))}


def answered(text):
    """The objects of a stream of JSON."""
    decoder, found, end = json.JSONDecoder(), [], 0
    while text[end:].strip():
        one, end = decoder.raw_decode(text, end + len(text[end:]) - len(text[end:].lstrip()))
        found.append(one)
    return found


def accepted(api, pods, namespace):
    """What the API server makes of pods, by their names; of one that it refuses, there is none."""
    answer = api.create({"apiVersion": "v1", "kind": "List", "items": list(pods)}, "-n", namespace, "--dry-run=server", "-o", "json")
    made = [one for thing in answered(answer.stdout) for one in thing.get("items", [thing])]
    return {pod["metadata"]["name"]: pod for pod in made}, answer.stderr


def comparable(pod):
    """Without what differs from one creation to the next, and with lists in the order of their names: the API server's own volume
    comes before what a webhook adds, and after what is in the manifest. The label is sidewire-inject's. Nor is `undo` compared,
    the way back: one leads to the manifest, with its nulls, the other one to what the API server has read from it."""
    pod = json.loads(re.sub(r"kube-api-access-\w{5}", "kube-api-access-X", json.dumps(pod)))
    for key in ("namespace", "uid", "creationTimestamp"):
        del pod["metadata"][key]
    pod["metadata"]["labels"] = {key: value for key, value in pod["metadata"].get("labels", {}).items() if key != LABEL}
    del pod["status"]
    pod["spec"].get("volumes", []).sort(key=lambda volume: volume["name"])
    for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
        container.get("volumeMounts", []).sort(key=lambda mount: mount["mountPath"])
    annotations = pod["metadata"].get("annotations", {})
    if STATUS in annotations:
        annotations[STATUS] = json.loads(annotations[STATUS])
        del annotations[STATUS]["undo"]
    return pod


@pytest.fixture(scope="module", name="namespaces")
def _namespaces(installed):
    """One where pods are injected, and one where nobody changes them."""
    where = {label: f"shapes-{label}-{next(NAMES)}" for label in ("enabled", "disabled")}
    with installed.namespace(where["enabled"], {LABEL: "enabled"}), installed.namespace(where["disabled"], {LABEL: "disabled"}):
        installed.kubectl("annotate", "namespace", where["enabled"], *(f"{key}={value}" for key, value in DEFAULTS.items()))
        installed.apply(*NEEDED, *({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "builder", "namespace": name}}
                                   for name in where.values()))
        yield where
        installed.kubectl("delete", "priorityclass,runtimeclass", *(thing["metadata"]["name"] for thing in NEEDED),
                          "--ignore-not-found")


@pytest.fixture(scope="module", name="by_webhook")
def _by_webhook(api, namespaces):
    """What became of manifests that were sent as they are, and what was said."""
    return accepted(api, [*map(pod_of, documents()), *pairs()], namespaces["enabled"])


@pytest.fixture(scope="module", name="by_program")
def _by_program(api, namespaces, tmp_path_factory):
    """What became of what sidewire-inject made of them, where the policy lets it in and no webhook of ours looks at it."""
    directory = tmp_path_factory.mktemp("pods")
    (directory / "namespace.yaml").write_text(api.run("get", "namespace", namespaces["enabled"], "-o", "yaml").stdout, encoding="utf-8")
    (directory / "pairs.yaml").write_text(yaml.safe_dump_all(pairs()), encoding="utf-8")
    made = offline([*MANIFESTS, directory / "pairs.yaml"], namespaces["enabled"], directory / "namespace.yaml")
    one = next(iter(made.values()))
    with api.without_policy("sidewire-annotations"):
        until(lambda: accepted(api, [one], namespaces["disabled"])[0])
        return accepted(api, made.values(), namespaces["disabled"])


def test_the_api_server_takes_every_pod(by_webhook, by_program):
    for made, said in (by_webhook, by_program):
        assert len(made) == 2 * len(documents()), said
    assert len([pod for pod in by_webhook[0].values() if is_injected(pod)]) >= 120


@pytest.mark.parametrize("name", [pod["metadata"]["name"] for pod in [*map(pod_of, documents()), *pairs()]])
def test_the_program_makes_what_the_webhook_makes(by_webhook, by_program, name):
    assert comparable(by_program[0][name]) == comparable(by_webhook[0][name])
