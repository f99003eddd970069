# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every injection and its patch, on generated pods.

Profiles and annotations are those of profiles/: between them they add, fill in, replace and delete.
"""

import collections
import json
import os
import pathlib
import re

import jsonpatch
import pytest

from generated_pods import Generator, PairGenerator, RoughGenerator, parts_of
from programs import CORE, ask, text_of

PODS = int(os.environ.get("PODS", "10000"))
SEED = os.environ.get("SEED", "inject")
PROFILES = pathlib.Path(__file__).parent / "profiles"
LISTS = ("initContainers", "containers")
OURS = {"proxy", "setup", "logger", "agent"}
pytestmark = pytest.mark.xdist_group("inject")


class PodGenerator(Generator):
    """Makes pods that the API server would take, as far as injection looks at them."""

    def pod(self):
        pod = super().pod()
        pod["spec"] = pod.get("spec") or self.spec()
        self.name_containers(pod["spec"])
        self.mount_what_there_is(pod["spec"])
        self.add_probes(pod["spec"])
        if self.chance(0.6):
            self.annotate(pod)
        return pod

    def name_containers(self, spec):
        """No name twice, and now and then one of the profiles' where they have it too."""
        free = ["app", "web", "copier", "main", "init", "one", "two"]
        self.random.shuffle(free)
        for name, ours in zip(LISTS, (["proxy", "setup"], ["logger", "agent"])):
            for container in spec.get(name) or []:
                container["name"] = ours.pop() if ours and self.chance(0.15) else free.pop()
                if container["name"] == "proxy":  # its user is the profile's
                    container.pop("securityContext", None)

    def mount_what_there_is(self, spec):
        mounts = [part for part in parts_of(spec) if isinstance(part, dict) and "mountPath" in part]
        if mounts and not spec.get("volumes"):
            spec["volumes"] = [{"name": "w"}]
        for mount in mounts:
            mount["name"] = self.random.choice(spec["volumes"])["name"]

    def add_probes(self, spec):
        for container in spec["containers"] or []:
            for probe in self.some(["livenessProbe", "readinessProbe", "startupProbe"], 2):
                form = self.random.choice(["tcpSocket", "httpGet"])
                container[probe] = self.members({form: {"port": self.random.choice([53, 8080])}},
                                                timeoutSeconds=lambda: 2)

    def annotate(self, pod):
        pod["metadata"] = pod.get("metadata") or {}
        annotations = pod["metadata"]["annotations"] = pod["metadata"].get("annotations") or {}
        profiles = self.random.choice(["mesh", "agent", "mesh,agent", "agent,mesh"])
        annotations["sidewire.io/profiles"] = profiles
        if "mesh" in profiles and self.chance(0.5):
            annotations["sidewire.io/gate"] = self.random.choice(["probe", "exec", "none"])
        if "mesh" in profiles and self.chance(0.5):
            annotations["sidewire.io/probes"] = self.random.choice(["keep", "exec", "exempt"])
        if self.chance(0.1):
            annotations["sidewire.io/status"] = self.random.choice(["", "{}", '{"version":1}', "x"])
        if self.chance(0.1):
            annotations["sidewire.io/redirect"] = "x"


@pytest.fixture(scope="module", name="injected")
def injected_pods():
    """Pairs of the bytes of a pod and the answer to it."""
    generator = PodGenerator(SEED)
    texts = [json.dumps(generator.pod()) for _ in range(PODS)]
    answers = ask([{"pod": json.loads(text)} for text in texts], CORE, "inject", PROFILES, "mesh")
    return list(zip(texts, answers))


def elements(pod, name):
    """The elements of a list of the spec."""
    return pod["spec"].get(name) or []


def names(pod, name):
    return [element["name"] for element in elements(pod, name)]


def containers(pod):
    return {container["name"]: container for name in LISTS for container in elements(pod, name)}


def test_all_are_injected(injected):
    for text, answer in injected:
        assert "error" not in answer, (answer, text)
    assert len(injected) >= PODS


def test_another_implementation_applies_the_patch(injected):
    for text, answer in injected:
        applied = jsonpatch.apply_patch(json.loads(text), answer["patch"])
        assert text_of(applied) == text_of(answer["pod"]), text


def test_no_operation_can_be_left_out(injected):
    seen = 0
    for text, answer in injected[::20]:
        paths = [operation["path"] for operation in answer["patch"]]
        for index in range(len(paths)):
            rest = answer["patch"][:index] + answer["patch"][index + 1:]
            seen += 1
            try:
                assert text_of(jsonpatch.apply_patch(json.loads(text), rest)) != text_of(answer["pod"]), text
            except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
                pass  # one that comes later builds on it
    assert seen > PODS / 10


def test_nothing_that_merges_is_replaced(injected):
    for text, answer in injected:
        pod = json.loads(text)
        for operation in answer["patch"]:
            if operation["op"] == "replace":
                # Indexes are true only once the operations before have been applied.
                value = jsonpatch.JsonPointer(operation["path"]).resolve(pod) if is_fixed(operation["path"]) else None
                assert not isinstance(value, dict), operation
                assert not isinstance(value, list) or operation["path"] in REPLACED, operation


# Lists of the profile `agent` that it has as a whole.
REPLACED = {"/spec/tolerations", "/spec/imagePullSecrets", "/spec/evictionResponders"}


def is_fixed(pointer):
    return not any(part.isdigit() for part in pointer.split("/"))


def holds(whole, part):
    """Whether `whole` says all that `part` says, and of every list has the elements in their order."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            value is None or key in whole and holds(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        rest = iter(whole if isinstance(whole, list) else [])
        return all(any(holds(other, element) for other in rest) for element in part)
    return text_of(whole) == text_of(part)


def is_joined(value, joined):
    """Whether a variable's value came before that of a profile, or of both."""
    return joined is not None and re.fullmatch(re.escape(value or "") + " ?(agent mesh|mesh agent|agent|mesh)", joined)


def expected_of(container, after):
    """What must be left of a container, of which some things are meant to change."""
    expected = json.loads(json.dumps(container))
    if container["name"] in OURS and container.get("image") == "auto":
        del expected["image"]
    for probe in PROBES & set(expected):
        if "exec" in after[probe]:
            del expected[probe]["tcpSocket"]
    others = iter(after.get("env") or [])  # in the same order, with more between
    for variable in expected.get("env") or []:
        other = next(other for other in others if other["name"] == variable["name"])
        if variable["name"] == "C" and is_joined(variable.get("value"), other.get("value")):
            variable["value"] = other["value"]
    return expected


PROBES = {"livenessProbe", "readinessProbe", "startupProbe"}


def test_containers_keep_all_that_they_had(injected):
    seen = collections.Counter()
    for text, answer in injected:
        before, after = json.loads(text), containers(answer["pod"])
        for name, container in containers(before).items():
            if name == "copier" and "agent" in after and name not in after:
                continue
            expected = expected_of(container, after[name])
            assert holds(after[name], expected), (name, text)
            seen["ours"] += name in OURS
            seen["changed"] += name not in OURS and text_of(container) != text_of(expected)
            seen["exact"] += text_of(container) == text_of(after[name])
    assert min(seen["ours"], seen["changed"], seen["exact"]) > PODS / 20, seen


def test_what_is_unknown_stays(injected):
    for text, answer in injected:
        before, after = json.loads(text), answer["pod"]
        for part in ("xScalar", "x~/Scalar", "xList", "xObject"):
            assert text_of(before.get(part)) == text_of(after.get(part)), text
            if "agent" not in containers(after):
                assert text_of(before["spec"].get(part)) == text_of(after["spec"].get(part)), text
        for volume in elements(after, "volumes"):
            own = next((other for other in elements(before, "volumes") if other["name"] == volume["name"]), volume)
            assert text_of(own) == text_of(volume), text


def test_order_never_changes(injected):
    for text, answer in injected:
        before = json.loads(text)
        for name in (*LISTS, "volumes"):
            was, now = names(before, name), names(answer["pod"], name)
            assert [value for value in now if value in was] == [value for value in was if value in now], text


def test_every_mount_has_its_volume(injected):
    for text, answer in injected:
        volumes = names(answer["pod"], "volumes")
        deleted = set(names(json.loads(text), "volumes")) - set(volumes)
        for container in containers(answer["pod"]).values():
            for mount in container.get("volumeMounts") or []:
                assert mount["name"] in volumes or mount["name"] in deleted == {"x"}, text


def repeated(values):
    return {value for value in values if values.count(value) > 1}


def test_no_two_things_share_a_name(injected):
    for text, answer in injected:
        before, after = json.loads(text), answer["pod"]
        assert not repeated(names(after, "initContainers") + names(after, "containers")), text
        assert not repeated(names(after, "volumes")), text
        for name, container in containers(after).items():
            own = containers(before).get(name, {})
            for member, key in (("env", "name"), ("volumeMounts", "mountPath"), ("ports", "name")):
                was = repeated([element.get(key) for element in own.get(member) or []])
                now = repeated([element.get(key) for element in container.get(member) or []])
                assert now - {None} <= was | ({None}), (name, text)


def test_a_second_injection_is_empty(injected):
    for text, answer in injected:
        assert answer["again"] == [], text


def test_uninject_gives_back_the_original(injected):
    for text, answer in injected:
        assert text_of(answer["undone"]) == text_of(json.loads(text)), text


@pytest.mark.parametrize("kind", [PairGenerator, RoughGenerator])
def test_a_way_back_leads_from_any_pod_to_any_other(kind):
    generator = kind(SEED)
    pairs = [generator.pair() for _ in range(PODS // 4)]
    merged = ask([{"pod": pod, "overlay": overlay} for pod, overlay in pairs], CORE, "merge")
    ends = [(pod, answer["merged"]) for (pod, _), answer in zip(pairs, merged) if "merged" in answer]
    ends += [(pod, other) for (pod, _), (other, _) in zip(pairs, pairs[1:])]
    answers = ask([{"before": before, "after": after} for before, after in ends], CORE, "undo")
    for (before, after), answer in zip(ends, answers):
        assert text_of(answer["undone"]) == text_of(before), (before, after)
        assert bool(answer["tree"]) == (text_of(before) != text_of(after)), (before, after)
