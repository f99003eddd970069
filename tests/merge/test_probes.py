# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for the probes of generated pods in every mode of the annotation `probes`."""

import json

import jsonpatch
import pytest

from programs import CORE, ask, text_of
from test_inject import PODS, PROFILES, SEED, PodGenerator, containers, elements

MODES = ("auto", "keep", "exec", "exempt", "rewrite")
PLACES = {("readinessProbe",): "/app-health/{}/readyz", ("livenessProbe",): "/app-health/{}/livez",
          ("startupProbe",): "/app-health/{}/startupz", ("lifecycle", "postStart"): "/app-lifecycle/{}/poststartz",
          ("lifecycle", "preStop"): "/app-lifecycle/{}/prestopz"}
ACTIONS = ("httpGet", "tcpSocket", "grpc")
SERVER = 15020
GATE = "/sidewire/sidewire-gate"
# Containers of the profile that redirects. Those of the other one are behind the proxy as all others are.
PROXYS = {"proxy", "setup", "logger"}
pytestmark = pytest.mark.xdist_group("probes")


class ProbedGenerator(PodGenerator):
    """Makes such pods whose containers are asked something."""

    def pod(self):
        pod = super().pod()
        for name, container in containers(pod).items():
            if name != "proxy":  # the gate's place
                self.ask_something(container)
        return pod

    def annotate(self, pod):
        super().annotate(pod)
        annotations = pod["metadata"]["annotations"]
        if "mesh" in annotations["sidewire.io/profiles"]:
            annotations["sidewire.io/probes"] = self.random.choice(MODES)

    def ask_something(self, container):
        for path in PLACES:
            if self.chance(0.3):
                holder = container.setdefault(path[0], self.with_unknown({})) if len(path) > 1 else container
                holder[path[-1]] = self.question(container)

    def question(self, container):
        named = [port["name"] for port in container.get("ports") or [] if "name" in port]
        port = self.random.choice([80, 8080, 9000, 9001, *named])
        number = self.random.choice([80, 9000])
        action = self.random.choice([
            lambda: {"httpGet": self.members({"port": port}, path=lambda: "/$(A)", host=lambda: "h",
                                             scheme=lambda: "HTTPS", httpHeaders=lambda: [{"name": "a", "value": "$$"}])},
            lambda: {"tcpSocket": self.members({"port": port}, host=lambda: self.random.choice(["", "10.0.0.1"]))},
            lambda: {"grpc": self.members({"port": number}, service=lambda: "s")},
            lambda: {"exec": {"command": ["true"]}}])()
        return self.members(action, timeoutSeconds=lambda: 3, periodSeconds=lambda: 4)


@pytest.fixture(scope="module", name="injected")
def injected_pods():
    """Pairs of a pod and the answer to it."""
    generator = ProbedGenerator(SEED)
    pods = [generator.pod() for _ in range(PODS // 4)]
    texts = [json.dumps(pod) for pod in pods]
    return list(zip(map(json.loads, texts), ask([{"pod": pod} for pod in pods], CORE, "inject", PROFILES, "mesh")))


def at(container, path):
    """What a container is asked in a place; None where it is nothing."""
    for member in path:
        container = (container or {}).get(member)
    return container


def annotations_of(pod):
    return (pod.get("metadata") or {}).get("annotations") or {}


def mode_of(pod):
    """What becomes of the pod's probes."""
    annotations = annotations_of(pod)
    if "mesh" not in annotations.get("sidewire.io/profiles", "mesh"):
        return "keep"
    return annotations.get("sidewire.io/probes", "auto")


def questions(pod):
    """(container, path, question) of all that is asked behind the proxy by http, tcp or grpc."""
    return [(container, path, at(container, path)) for name, container in containers(pod).items() if name not in PROXYS
            for path in PLACES if any(action in (at(container, path) or {}) for action in ACTIONS)]


def number_of(container, question):
    """The port that a question is for."""
    port = next(question[action]["port"] for action in ACTIONS if action in question)
    named = {entry.get("name"): entry["containerPort"] for entry in reversed(container.get("ports") or [])}
    return named.get(port, port)


def is_blind(path, question):
    return len(path) == 1 and "tcpSocket" in question and not question["tcpSocket"].get("host")


def test_all_are_injected(injected):
    for pod, answer in injected:
        assert "error" not in answer, (answer, pod)
    assert {mode_of(pod) for pod, _ in injected} == set(MODES)


def test_another_implementation_applies_the_patch(injected):
    for pod, answer in injected:
        assert text_of(jsonpatch.apply_patch(json.loads(json.dumps(pod)), answer["patch"])) == text_of(answer["pod"]), pod


def test_a_second_injection_is_empty(injected):
    for pod, answer in injected:
        assert answer["again"] == [], pod


def test_uninject_gives_back_the_original(injected):
    for pod, answer in injected:
        assert text_of(answer["undone"]) == text_of(pod), pod


def test_each_mode_does_what_it_says(injected):
    seen = dict.fromkeys(MODES, 0)
    for pod, answer in injected:
        mode = mode_of(pod)
        for container, path, question in questions(pod):
            name = container["name"]
            if name not in containers(answer["pod"]):
                continue  # the other profile deletes it
            rest = {key: value for key, value in question.items() if key not in ACTIONS}
            if mode == "rewrite":
                rest["httpGet"] = {"path": PLACES[path].format(name), "port": SERVER}
            elif mode in ("auto", "exec") and is_blind(path, question):
                rest["exec"] = {"command": [GATE, "--once", str(number_of(container, question))]}
            else:
                rest = question
            assert text_of(at(containers(answer["pod"])[name], path)) == text_of(rest), pod
            seen[mode] += 1
    assert min(seen.values()) > PODS / 100, seen


def test_the_sidecar_is_told_what_it_asks_in_the_kubelets_stead(injected):
    for pod, answer in injected:
        if mode_of(pod) != "rewrite":
            continue
        expected = {}
        for container, path, question in questions(pod):
            if container["name"] not in containers(answer["pod"]):
                continue
            action = next(action for action in ACTIONS if action in question)
            told = {action: {**question[action], "port": number_of(container, question)}}
            if "timeoutSeconds" in question:
                told["timeoutSeconds"] = question["timeoutSeconds"]
            expected[PLACES[path].format(container["name"])] = told
        values = [one["value"] for one in containers(answer["pod"])["proxy"].get("env") or [] if one["name"] == "PROBES"]
        assert "$" not in "".join(values)
        assert text_of(json.loads(values[0]) if values else {}) == text_of(expected), pod


def test_ports_that_only_probes_use_are_left_out(injected):
    seen = 0
    for pod, answer in injected:
        if mode_of(pod) != "exempt":
            continue
        declared = {port["containerPort"] for container in containers(answer["pod"]).values()
                    for port in container.get("ports") or []}
        asked = {number_of(container, question) for container, path, question in questions(pod)
                 if len(path) == 1 and not next(iter(question[action] for action in ACTIONS if action in question)).get("host")
                 and container["name"] in containers(answer["pod"])}
        redirect = json.loads(annotations_of(answer["pod"])["sidewire.io/redirect"])
        excluded = {port for port in (80, 8080, 9000, 9001)
                    for first, _, last in [item.partition("-") for item in redirect["excludeInboundPorts"].split(",") if item]
                    if int(first) <= port <= int(last or first)}
        assert excluded == asked - declared, pod
        seen += bool(excluded)
    assert seen > PODS / 1000


def test_who_runs_the_gate_can(injected):
    """A volume, and a mount in exactly those containers that need it."""
    for pod, answer in injected:
        after = answer["pod"]
        volumes = [volume for volume in elements(after, "volumes") if volume["name"] == "sidewire-gate"]
        for name, container in containers(after).items():
            is_needed = GATE in json.dumps(container)
            mounts = [mount for mount in container.get("volumeMounts") or [] if mount.get("name") == "sidewire-gate"]
            assert len(mounts) == is_needed, (name, pod)
            assert not is_needed or len(volumes) == 1 and "image" in volumes[0], pod
