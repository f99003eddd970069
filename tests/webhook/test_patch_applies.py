# SPDX-License-Identifier: GPL-2.0-or-later
"""The patches of the golden cases, applied by an RFC 6902 that is not ours: what a patch may never do."""

import copy
import json
import os
import pathlib
import re
import subprocess

import jsonpatch
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", "build")).absolute()
PROGRAM = BUILD / "golden-inject"
NETWORKS = "k8s.v1.cni.cncf.io/networks"
NETWORKS_PATH = "/metadata/annotations/k8s.v1.cni.cncf.io~1networks"
OURS = ("sidewire.io/status", "sidewire.io/redirect")
ACTIONS = ("httpGet", "tcpSocket", "grpc")


def injected_cases():
    """The names of all golden cases that are injected."""
    for record in sorted((ROOT / "tests/golden/inject").glob("*.out")):
        if '"decision": "inject"' in record.read_text(encoding="utf-8"):
            yield record.name.removesuffix(".out")


def situation_of(name):
    """The input of a case, in the form with a review inside."""
    text = (ROOT / f"tests/golden/inject/{name}.in.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return document if "review" in document else {"review": document}


def patch_of(situation):
    """Our patch for a situation; [] when there is none."""
    done = subprocess.run([PROGRAM], input=json.dumps(situation), capture_output=True, text=True, cwd=ROOT,
                          timeout=60, check=True)
    return json.loads(done.stdout)["response"].get("patch", [])


def shares_everything(before, after):
    """Whether every member of `before` is in `after`, whatever else is there; lists may have grown."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and shares_everything(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        rest = iter(after)
        return all(any(shares_everything(value, other) for other in rest) for value in before)
    return before == after or before is None


def containers_of(pod):
    return (pod["spec"].get("initContainers") or []) + (pod["spec"].get("containers") or [])


def questions_of(container):
    """What a kubelet may ask a container: its probes and handlers, by their paths below it."""
    places = {f"/{name}": container.get(name) for name in ("readinessProbe", "livenessProbe", "startupProbe")}
    places |= {f"/lifecycle/{name}": handler for name, handler in (container.get("lifecycle") or {}).items()}
    return {path: question for path, question in places.items() if question}


def is_sidewires(container, path, question):
    """Whether that is what the webhook makes of a question: one of sidewire-gate, or of a sidecar."""
    if "exec" in question:
        return question["exec"].get("command", [])[:2] == ["/sidewire/sidewire-gate", "--once"]
    return question.get("httpGet", {}).get("path", "").startswith(
        f"/app-{'lifecycle' if 'lifecycle' in path else 'health'}/{container['name']}/")


def changed_questions(before, after):
    """Those of the user that the webhook has put in other words: (name of the container, path below it)."""
    injected = {container["name"]: questions_of(container) for container in containers_of(after)}
    return {(container["name"], path) for container in containers_of(before)
            for path, question in questions_of(container).items()
            if injected[container["name"]][path] != question
            and is_sidewires(container, path, injected[container["name"]][path])}


def forget_changed(expected, after):
    """Takes the actions out of what is expected to stay that became others."""
    changed = changed_questions(expected, after)
    for container in containers_of(expected):
        for path, question in questions_of(container).items():
            for action in ACTIONS if (container["name"], path) in changed else ():
                question.pop(action, None)


def forget_joined(expected, after):
    """Takes the values out of what is expected to stay that something was appended to."""
    found = {container["name"]: container for container in after["spec"].get("containers") or []}
    for container in expected["spec"].get("containers") or []:
        variables = {entry["name"]: entry for entry in found[container["name"]].get("env") or []}
        for entry in container.get("env") or []:
            if "value" in entry and variables[entry["name"]].get("value", "").startswith(entry["value"]):
                del entry["value"]
    annotations = expected.get("metadata", {}).get("annotations") or {}
    if NETWORKS in annotations and after["metadata"]["annotations"][NETWORKS].startswith(annotations[NETWORKS]):
        del annotations[NETWORKS]


def with_defaults(value):
    """A pod as the API server hands it on after a patch: defaults filled in, quantities rewritten."""
    if isinstance(value, list):
        return [with_defaults(element) for element in value]
    if not isinstance(value, dict):
        return value
    result = {key: with_defaults(member) for key, member in value.items()}
    if "image" in value and "name" in value:
        result |= {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}
    if "tcpSocket" in value or "httpGet" in value:
        result = {"timeoutSeconds": 1, "successThreshold": 1} | result
    if "path" in value and "port" in value:
        result = {"scheme": "HTTP"} | result
    if "containerPort" in value:
        result = {"protocol": "TCP"} | result
    if "fieldPath" in value:
        result = {"apiVersion": "v1"} | result
    if result.get("sizeLimit") == "1024Mi":
        result["sizeLimit"] = "1Gi"
    return result


@pytest.fixture(name="pods", params=list(injected_cases()))
def fixture_pods(request):
    """A pod, the same injected, and the situation that it was in."""
    situation = situation_of(request.param)
    before = situation["review"]["request"]["object"]
    after = jsonpatch.JsonPatch(patch_of(situation)).apply(copy.deepcopy(before))
    return before, after, situation


def test_there_are_cases():
    assert len(list(injected_cases())) > 30


def test_all_of_the_user_stays_in_its_order(pods):
    before, after, _ = pods
    expected = copy.deepcopy(before)
    for key in OURS:
        (expected.get("metadata", {}).get("annotations") or {}).pop(key, None)
    for container in containers_of(expected):
        if container.get("image") == "auto":
            del container["image"]
            # The API server made it for the image "auto".
            container.pop("imagePullPolicy", None)
    forget_changed(expected, after)
    forget_joined(expected, after)
    assert shares_everything(expected, after)


def test_unknown_members_stay_as_they_were(pods):
    before, after, _ = pods
    for key in before.keys() - {"metadata", "spec"}:
        assert after[key] == before[key]
    for key in before["spec"].keys() - {"containers", "initContainers", "volumes"}:
        assert after["spec"][key] == before["spec"][key]


def test_names_are_unique(pods):
    _, after, _ = pods
    for elements in (containers_of(after), after["spec"].get("volumes") or []):
        names = [element["name"] for element in elements]
        assert len(names) == len(set(names))


def test_every_mount_has_its_volume(pods):
    _, after, _ = pods
    volumes = {volume["name"] for volume in after["spec"].get("volumes") or []}
    for container in containers_of(after):
        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes


def test_labels_and_annotations_are_texts(pods):
    _, after, _ = pods
    for member in ("labels", "annotations"):
        assert all(isinstance(value, str) for value in after["metadata"].get(member, {}).values())


def test_sidecars_added_stand_before_the_users_init_containers(pods):
    before, after, _ = pods
    names = [container["name"] for container in before["spec"].get("initContainers") or []]
    seen_of_user = False
    for container in after["spec"].get("initContainers", []):
        seen_of_user = seen_of_user or container["name"] in names
        is_added_sidecar = container["name"] not in names and container.get("restartPolicy") == "Always"
        assert not (is_added_sidecar and seen_of_user)


def inside(node):
    """What a node of the undo tree tells of the members or elements inside, by name."""
    if isinstance(node, list):
        node = node[-1]
    return node if isinstance(node, dict) else {}


def test_status_tells_what_was_added(pods):
    before, after, _ = pods
    status = json.loads(after["metadata"]["annotations"]["sidewire.io/status"])
    assert status["version"] == 1
    spec = inside(status["undo"].get("spec"))
    for member in ("initContainers", "containers", "volumes"):
        names = [{element["name"] for element in pod["spec"].get(member) or []} for pod in (before, after)]
        added = {name for name, node in inside(spec.get(member)).items() if node == "added"}
        assert added == names[1] - names[0] or spec[member] == [None]


def test_the_second_pass_changes_nothing(pods):
    _, after, situation = pods
    situation["review"]["request"]["object"] = after
    assert patch_of(situation) == []


def test_the_second_pass_after_the_api_servers_defaults_changes_nothing(pods):
    _, after, situation = pods
    situation["review"]["request"]["object"] = with_defaults(after)
    assert patch_of(situation) == []


def test_the_api_servers_defaults_are_no_change_to_uninject(pods):
    before, after, _ = pods
    done = subprocess.run([BUILD / "sidewire-inject", "uninject", "-"], input=json.dumps({"kind": "Pod"} | with_defaults(after)),
                          capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.splitlines() == [line for line in done.stderr.splitlines() if line.endswith("uninjected")]
    assert shares_everything(before["spec"], json.loads(done.stdout)["spec"])


def test_nothing_is_replaced_but_what_is_ours_or_null_or_joined_or_a_question(pods):
    state, after, situation = pods
    changed = changed_questions(state, after)
    originals = {container["name"]: container for container in containers_of(state)}
    for operation in patch_of(situation):
        before, state = state, jsonpatch.JsonPatch([operation]).apply(state)
        if operation["op"] == "add":
            continue
        question = re.fullmatch(r"(/spec/\w+/\d+)((?:/lifecycle)?/\w+)/(httpGet|tcpSocket|grpc)(/.*)?", operation["path"])
        if question:
            assert (jsonpatch.JsonPointer(question[1]).resolve(before)["name"], question[2]) in changed
            continue
        if operation["path"].endswith("/imagePullPolicy"):
            container = jsonpatch.JsonPointer(operation["path"].rpartition("/")[0]).resolve(before)
            assert originals[container["name"]]["image"] == "auto"
            continue
        assert operation["op"] == "replace" or operation["path"].endswith("/sidewire.io~1redirect")
        value = jsonpatch.JsonPointer(operation["path"]).resolve(before)
        if re.fullmatch(r"/spec/containers/\d+/env/\d+/value", operation["path"]) or operation["path"] == NETWORKS_PATH:
            assert operation["value"].startswith(value)
            continue
        is_ours = operation["path"].split("/")[-1].replace("~1", "/") in OURS
        assert is_ours or value is None or value == "auto"
