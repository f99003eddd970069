# SPDX-License-Identifier: GPL-2.0-or-later
"""What every profile of ours puts into pods, shipped ones and drafts: quotas and the Pod Security Standard `restricted`
accept it, and no two profiles get in each other's way."""

import base64
import json

import jsonpatch
import pytest

from program import PROFILES, ROOT, Program, encoded, pod

ALL = ROOT / "tests" / "golden" / "profiles"
FILES = sorted(ALL.glob("*.yaml"))
# What has no default.
PARAMETERS = {"momo": {"param.sidewire.io/momoImage": "example/agent:1"}}
# What `restricted` refuses; all others keep to it.
CAPABILITIES = {"envoy-tproxy": ["NET_RAW"], "init-redirect": ["NET_ADMIN", "NET_RAW"]}
# What is refused alone: the profile beside it, whose container has its name.
BESIDE = {"init-redirect": ("envoy",)}
PROXIES = [file for file in FILES if "  redirect:" in file.read_text(encoding="utf-8")]
VOLUMES = {"name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


@pytest.fixture(name="program", scope="module")
def fixture_program(tmp_path_factory):
    """A program that has them all."""
    made = Program(tmp_path_factory.mktemp("program"), profiles=ALL)
    yield made
    made.stop()


def inject(program, *names):
    """A pod with these profiles, as it is stored."""
    annotations = {"sidewire.io/profiles": ",".join(names)}
    for name in names:
        annotations.update(PARAMETERS.get(name, {}))
    before = pod(annotations=annotations)
    response = json.loads(program.post(encoded(before))[2])["response"]
    assert response["allowed"], response
    return jsonpatch.apply_patch(before, json.loads(base64.b64decode(response["patch"])))


def added_containers(after):
    """The containers that are not the user's."""
    return [container for container in after["spec"].get("initContainers", []) + after["spec"]["containers"]
            if container["name"] != "app"]


def test_the_shipped_ones_are_among_them():
    assert {file.resolve() for file in PROFILES.glob("*.yaml")} == \
        {file.resolve() for file in FILES if file.is_symlink()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_added_is_restricted_and_has_limits(program, file):
    others = BESIDE.get(file.stem, ())
    after = inject(program, *others, file.stem)
    added = [container for container in added_containers(after) if container["name"] not in others]
    assert bool(added) == ("Containers:" in file.read_text(encoding="utf-8"))
    for container in added:
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= container["resources"][kind].keys()
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and not context.get("privileged")
        if file.stem in CAPABILITIES:
            assert (context["runAsUser"], context["capabilities"]) == (0, {"drop": ["ALL"], "add": CAPABILITIES[file.stem]})
        else:
            assert context["runAsNonRoot"] is True and context["runAsUser"] > 0
            assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert context["readOnlyRootFilesystem"] is True
    for volume in after["spec"].get("volumes", []):
        assert volume.keys() <= VOLUMES


@pytest.mark.parametrize("file", PROXIES, ids=lambda file: file.stem)
def test_agents_go_with_every_proxy(program, file):
    """An agent's variables are on the application, and never on the proxy."""
    after = inject(program, file.stem, "skywalking", "otel-java")
    for container in added_containers(after):
        assert "JAVA_TOOL_OPTIONS" not in {entry["name"] for entry in container.get("env", [])}
    (app,) = after["spec"]["containers"]
    (options,) = [entry["value"] for entry in app["env"] if entry["name"] == "JAVA_TOOL_OPTIONS"]
    assert options == "-javaagent:/sky/agent/skywalking-agent.jar -javaagent:/otel/javaagent.jar"
