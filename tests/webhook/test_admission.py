# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole reviews over HTTPS: the shape of what the API server gets back."""

import base64
import json

import jsonpatch
import pytest

from program import encoded, pod, review

UID = "0b1f2c3d-1111-4222-8333-444455556666"
ASKS = {"sidewire.io/inject": "true"}


def ask(webhook, body, path="/mutate/enabled"):
    """The response part of the answer, whose frame is checked."""
    status, headers, answer = webhook.post(body, path=path)
    assert status == 200, answer
    assert headers["Content-Type"] == "application/json"
    answer = json.loads(answer)
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert set(answer) == {"apiVersion", "kind", "response"}
    return answer["response"]


def patched(a_pod, response):
    """The pod with the response's patch, by an implementation that is not ours."""
    assert response["patchType"] == "JSONPatch"
    return jsonpatch.apply_patch(a_pod, json.loads(base64.b64decode(response["patch"], validate=True)))


@pytest.mark.parametrize("path, labels", [("/mutate/enabled", {}), ("/mutate/enabled", ASKS), ("/mutate/asked", ASKS)])
def test_a_pod_gets_its_sidecar(webhook, path, labels):
    before = pod(labels)
    response = ask(webhook, encoded(before, uid=UID), path)
    assert (response["uid"], response["allowed"]) == (UID, True)
    assert response["auditAnnotations"]["decision"] == "inject"
    after = patched(before, response)
    assert [c["name"] for c in after["spec"]["initContainers"]] == ["envoy"]
    assert after["spec"]["containers"] == before["spec"]["containers"]
    redirect = json.loads(after["metadata"]["annotations"]["sidewire.io/redirect"])
    assert (redirect["mode"], redirect["outboundPort"], redirect["inboundPort"]) == ("redirect", 15001, 15006)


def test_once_is_enough(webhook):
    before = pod()
    after = patched(before, ask(webhook, encoded(before)))
    response = ask(webhook, encoded(after))
    assert response["allowed"] is True
    assert "patch" not in response and "patchType" not in response


@pytest.mark.parametrize("path, a_pod, namespace", [
    ("/mutate/asked", pod(), "shop"),
    ("/mutate/enabled", pod({"sidewire.io/inject": "false"}), "shop"),
    ("/mutate/enabled", pod(), "kube-system"),
    ("/mutate/enabled", pod(), "sidewire-system"),
    ("/mutate/enabled", pod(hostNetwork=True), "shop"),
    ("/mutate/enabled", pod(os={"name": "windows"}), "shop"),
])
def test_pods_that_are_left_alone(webhook, path, a_pod, namespace):
    response = ask(webhook, encoded(a_pod, uid=UID, namespace=namespace), path)
    assert (response["uid"], response["allowed"]) == (UID, True)
    assert "patch" not in response and "patchType" not in response
    assert response["auditAnnotations"]["decision"] == "skip"


def test_a_warning_reaches_the_user(webhook):
    warnings = ask(webhook, encoded(pod(hostNetwork=True)))["warnings"]
    assert len(warnings) == 1 and 0 < len(warnings[0]) <= 120


@pytest.mark.parametrize("a_pod, words", [
    (pod({"sidewire.io/inject": "yes"}), ["sidewire.io/inject", "yes"]),
    (pod(annotations={"sidewire.io/exclude-outbound-ports": "80,x"}), ["sidewire.io/exclude-outbound-ports", "x"]),
    (pod(annotations={"sidewire.io/profiles": "nonesuch"}), ["nonesuch"]),
    (pod(annotations={"sidewire.io/gate": "exec"}), ["gate"]),
])
def test_a_denial_says_what_to_change(webhook, a_pod, words):
    response = ask(webhook, encoded(a_pod, uid=UID))
    assert (response["uid"], response["allowed"]) == (UID, False)
    assert "patch" not in response
    assert response["status"]["code"] in (400, 422)
    for word in words:
        assert word in response["status"]["message"], response
    assert "\n" not in response["status"]["message"]
    assert response["auditAnnotations"]["decision"] == "deny"


def test_the_namespace_of_its_own_is_an_option(start):
    program = start("--own-namespace", "mesh")
    assert ask(program, encoded(pod(), namespace="mesh"))["auditAnnotations"]["decision"] == "skip"
    assert ask(program, encoded(pod(), namespace="sidewire-system"))["auditAnnotations"]["decision"] == "inject"


def test_the_gate_image_is_an_option(start):
    program = start("--gate-image", "example/sidewire:1")
    before = pod(annotations={"sidewire.io/gate": "exec"})
    after = patched(before, ask(program, encoded(before)))
    assert "example/sidewire:1" in [v.get("image", {}).get("reference") for v in after["spec"]["volumes"]]


def probed(**annotations):
    """A pod with a tcpSocket probe, and the word for what is to become of it."""
    before = pod(annotations={f"sidewire.io/{key}": value for key, value in annotations.items()})
    before["spec"]["containers"][0]["readinessProbe"] = {"tcpSocket": {"port": 8099}, "timeoutSeconds": 3}
    return before


EXEC_PROBE = {"exec": {"command": ["/sidewire/sidewire-gate", "--once", "8099"]}, "timeoutSeconds": 3}


@pytest.mark.parametrize("image_volumes, probes, is_exec", [
    ("yes", "auto", True), ("yes", "exec", True), ("yes", "keep", False), ("yes", "exempt", False),
    (None, "auto", False), (None, "exec", True), ("no", "auto", False)])
def test_image_volumes_are_an_option(start, image_volumes, probes, is_exec):
    program = start("--gate-image", "example/sidewire:1", *(["--image-volumes", image_volumes] if image_volumes else []))
    before = probed(probes=probes)
    response = ask(program, encoded(before))
    after = patched(before, response)
    container, probe = after["spec"]["containers"][0], before["spec"]["containers"][0]["readinessProbe"]
    assert container["readinessProbe"] == (EXEC_PROBE if is_exec else probe)
    assert ("sidewire-gate" in [one["name"] for one in after["spec"].get("volumes", [])]) == is_exec
    assert bool(response.get("warnings")) == (probes == "auto" and not is_exec)
    assert "patch" not in ask(program, encoded(after)), "a second time"


def test_an_exec_probe_that_cannot_be(start):
    program = start("--gate-image", "example/sidewire:1", "--image-volumes", "no")
    response = ask(program, encoded(probed(probes="exec")))
    assert response["allowed"] is False
    assert "not every node of this cluster can mount image volumes" in response["status"]["message"]


PROFILE = """\
apiVersion: sidewire.io/v1alpha1
kind: SidecarProfile
metadata: {name: %s}
spec:
  pod:
    spec:
      initContainers:
      - {name: %s, image: example/%s, restartPolicy: Always}
"""


def test_default_profiles_are_an_option(start, tmp_path):
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    for name in "one", "two", "three":
        (profiles / f"{name}.yaml").write_text(PROFILE % (name, name, name))
    program = start("--default-profiles", "two,one", profiles=profiles)
    before = pod()
    after = patched(before, ask(program, encoded(before)))
    assert {c["name"] for c in after["spec"]["initContainers"]} == {"one", "two"}


# What stands in a review that may have any shape: nothing of it may break the program or the frame.
STRANGE = [None, True, 0, -1, 1e300, 2 ** 63 - 1, "", "x\u0000y", "\U0001f600" * 100, [], [None], [[]], {}, {"": None},
           "x" * 100000]


@pytest.mark.parametrize("place", [
    "object", "object.metadata", "object.metadata.labels", "object.metadata.annotations", "object.metadata.name",
    "object.metadata.generateName", "object.spec", "object.spec.containers", "object.spec.initContainers",
    "object.spec.volumes", "object.spec.securityContext", "object.spec.os", "namespace", "name", "operation", "resource",
    "subResource", "object.metadata.annotations.sidewire~io/status", "object.metadata.annotations.sidewire~io/redirect",
    "object.metadata.annotations.sidewire~io/profiles", "object.metadata.labels.sidewire~io/inject",
    "object.spec.containers.0", "object.spec.containers.0.name", "object.spec.containers.0.ports",
    "object.spec.containers.0.env", "object.spec.containers.0.securityContext"])
def test_strange_shapes_get_an_answer(webhook, place):
    for strange in STRANGE:
        body = review(pod(ASKS), uid=UID)
        *way, last = [int(step) if step.isdigit() else step.replace("~", ".") for step in place.split(".")]
        at = body["request"]
        for step in way:
            at = at[step]
        at[last] = strange
        status, _, answer = webhook.post(json.dumps(body).encode())
        assert status in (200, 400), (place, strange, answer)
        if status == 200:
            assert json.loads(answer)["response"]["uid"] == UID
