# SPDX-License-Identifier: GPL-2.0-or-later
"""The manifests as kustomize renders them, base and overlays."""

import subprocess

import pytest
import yaml

from conftest import OVERLAYS, ROOT, kubectl

DIRECTORIES = ["manifests"] + [f"manifests/overlays/{name}" for name in OVERLAYS]
WITHOUT_AGENT = "manifests/overlays/without-plugin"
WITH_AGENT = [directory for directory in DIRECTORIES if directory != WITHOUT_AGENT]
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
WORKLOADS = ("Deployment", "DaemonSet")


def only(objects, kind, name=None):
    found = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


def workloads(objects):
    return [o for o in objects if o["kind"] in WORKLOADS]


def containers(workload):
    spec = workload["spec"]["template"]["spec"]
    return spec.get("initContainers", []) + spec["containers"]


def identity(o):
    return o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_rendered_file_can_be_applied_from_top_to_bottom(render, directory):
    objects = render(directory)
    assert objects[0]["kind"] == "Namespace"
    order = [identity(o) for o in objects]
    assert len(set(order)) == len(order)
    for workload in workloads(objects):
        spec = workload["spec"]["template"]["spec"]
        needed = [("ServiceAccount", "sidewire-system", spec["serviceAccountName"])]
        needed += [("ConfigMap", "sidewire-system", v["configMap"]["name"]) for v in spec["volumes"] if "configMap" in v]
        for other in needed:
            assert order.index(other) < order.index(identity(workload))


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_everything_of_ours_is_known_as_ours(render, directory):
    for o in render(directory):
        assert o["metadata"]["name"].startswith("sidewire"), identity(o)
        if "namespace" in o["metadata"]:
            assert o["metadata"]["namespace"] == "sidewire-system" or identity(o) in (
                ("Role", "default", "sidewire-node"), ("RoleBinding", "default", "sidewire-node"))


@pytest.mark.parametrize("overlay", [""] + OVERLAYS)
def test_make_render_gives_the_same(render, overlay):
    """One file, for those who apply by `kubectl apply -f`."""
    made = subprocess.run(["make", "-s", "--no-print-directory", "render", f"OVERLAY={overlay}", f"KUBECTL={kubectl()}"], cwd=ROOT,
                          stdout=subprocess.PIPE, check=True)
    assert list(yaml.safe_load_all(made.stdout)) == render(f"manifests/overlays/{overlay}" if overlay else "manifests")


def test_the_image_is_that_of_this_version(render, version):
    for workload in workloads(render()):
        for container in containers(workload):
            assert container["image"] == f"sidewire/sidewire:{version}"
            assert container["imagePullPolicy"] == "IfNotPresent"
    profile = yaml.safe_load(only(render(), "ConfigMap", "sidewire-profiles")["data"]["init-redirect.yaml"])
    defaults = {parameter["name"]: parameter["default"] for parameter in profile["spec"]["parameters"]}
    assert defaults["redirectImage"] == f"sidewire/sidewire:{version}"


def test_without_the_plugin_there_is_no_agent_and_pods_make_their_rules(render):
    """Nothing else is different."""
    with_agent, without = ({identity(o): o for o in render(directory)} for directory in ("manifests", WITHOUT_AGENT))
    assert {key for key in with_agent if key[2] != "sidewire-node"} == set(without)
    changed = [key for key, o in without.items() if o != with_agent[key]]
    assert changed == [("Deployment", "sidewire-system", "sidewire-webhook")]
    added = "--default-profiles=envoy,init-redirect"
    own, others = (containers(objects[changed[0]])[0]["args"] for objects in (without, with_agent))
    assert own == others + [added]
    shipped = only(render(), "ConfigMap", "sidewire-profiles")["data"]
    assert {f"{name}.yaml" for name in added.partition("=")[2].split(",")} <= set(shipped)


def test_selectors_find_their_pods_and_no_others(render):
    objects = render()
    labels = {w["metadata"]["name"]: w["spec"]["template"]["metadata"]["labels"] for w in workloads(objects)}
    selectors = [(w["metadata"]["name"], w["spec"]["selector"]["matchLabels"]) for w in workloads(objects)]
    selectors.append(("sidewire-webhook", only(objects, "Service")["spec"]["selector"]))
    selectors.append(("sidewire-webhook", only(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]))
    for owner, selector in selectors:
        assert [name for name, have in labels.items() if selector.items() <= have.items()] == [owner]


def test_the_webhook_has_the_profiles_of_the_tree(render):
    for path in (ROOT / "manifests" / "profiles").glob("*.yaml"):
        assert only(render(), "ConfigMap", "sidewire-profiles")["data"][path.name] == path.read_text(encoding="utf-8")


def test_the_grace_period_has_room_for_preStop_and_what_is_in_flight(render):
    spec = only(render(), "Deployment")["spec"]["template"]["spec"]
    help_text = (ROOT / "webhook" / "io" / "webhook_options.c").read_text(encoding="utf-8")
    assert "GRACE_SECONDS_DEFAULT = 25" in help_text
    pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause >= 5
    assert pause + 25 < spec["terminationGracePeriodSeconds"]


def test_neither_a_drain_nor_an_update_takes_the_last_webhook(render):
    deployment, budget = only(render(), "Deployment")["spec"], only(render(), "PodDisruptionBudget")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["replicas"] >= 2
    assert deployment["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    pod = deployment["template"]["spec"]
    apart = [term["podAffinityTerm"] for term in
             pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]]
    assert {term["topologyKey"] for term in apart + pod["topologySpreadConstraints"]} == {
        "kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    for term in apart + pod["topologySpreadConstraints"]:
        assert term["labelSelector"]["matchLabels"].items() <= labels.items()
        assert term["matchLabelKeys"] == ["pod-template-hash"]


@pytest.mark.parametrize("directory", WITH_AGENT)
def test_the_agent_runs_wherever_pods_run(render, directory):
    daemon_set = only(render(directory), "DaemonSet")["spec"]
    pod = daemon_set["template"]["spec"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert (pod["hostNetwork"], pod["priorityClassName"]) == (True, "system-node-critical")
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert daemon_set["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}


def shortfalls(workload):
    """What keeps the workload's pods out of a namespace of the level `restricted` (Pod Security Standards)."""
    spec = workload["spec"]["template"]["spec"]
    pod = spec.get("securityContext", {})
    found = [field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    kinds = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}
    found += [f"volume {v['name']}" for v in spec.get("volumes", []) if not set(v) - {"name"} <= kinds]
    for container in containers(workload):
        own = {**pod, **container.get("securityContext", {})}
        wrong = {
            "privileged": own.get("privileged", False),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation", True),
            "capabilities": own.get("capabilities") != {"drop": ["ALL"]},
            "runAsNonRoot": own.get("runAsNonRoot") is not True,
            "runAsUser": own.get("runAsUser") == 0,
            "seccompProfile": own.get("seccompProfile") != {"type": "RuntimeDefault"},
            "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is not True,
            "host of a probe": any("host" in container.get(probe, {}).get("httpGet", {}) for probe in PROBES),
            "hostPort": any("hostPort" in port for port in container.get("ports", [])),
        }
        found += [name for name, is_wrong in wrong.items() if is_wrong]
    return found


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_all_pods_keep_to_restricted_but_the_agents_which_say_why(render, directory):
    for workload in workloads(render(directory)):
        if workload["kind"] != "DaemonSet":
            assert shortfalls(workload) == []
            continue
        assert shortfalls(workload) == ["hostNetwork", "volume cni-bin", "volume cni-conf", "capabilities",
                                       "runAsNonRoot", "runAsUser", "host of a probe"]
        why = workload["metadata"]["annotations"]["sidewire.io/why-not-restricted"]
        assert all(word in why for word in ("hostNetwork:", "hostPath:", "runAsUser 0:", "DAC_OVERRIDE", "CHOWN"))


@pytest.mark.parametrize("directory", WITH_AGENT)
def test_the_agent_sees_two_directories_of_the_host(render, directory):
    spec = only(render(directory), "DaemonSet")["spec"]["template"]["spec"]
    paths = {v["name"]: v["hostPath"]["path"] for v in spec["volumes"]}
    mounts = {m["name"]: m["mountPath"] for m in spec["containers"][0]["volumeMounts"]}
    assert mounts == {"cni-bin": "/host/opt/cni/bin", "cni-conf": "/host/etc/cni/net.d"}
    assert set(paths) == set(mounts)
    documented = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path}`" in documented for path in paths.values())


def test_what_the_programs_may_do_is_spelled_out(render):
    """No wildcards; nothing of the cluster's but what has a name, apart from looking at nodes and namespaces and
    saying things in Events; no Secret of others."""
    unnamed = [(["nodes"], ["get"]), (["nodes"], ["list", "watch"]), (["namespaces"], ["get", "list", "watch"]), (["events"], ["create"])]
    for o in render():
        if o["kind"] not in ("Role", "ClusterRole"):
            continue
        for rule in o["rules"]:
            assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]
            assert "delete" not in rule["verbs"] and "deletecollection" not in rule["verbs"]
            if "secrets" in rule["resources"]:
                assert o["kind"] == "Role" and (rule.get("resourceNames") == ["sidewire-ca"] or rule["verbs"] == ["create"])
            # Agents follow lists, and report; nothing else.
            if "sidewire-node" == o["metadata"]["name"] and rule["resources"] != ["nodes"]:
                assert rule["verbs"] == (["create"] if rule["resources"] == ["events"] else ["list", "watch"])
            if o["kind"] == "ClusterRole":
                assert rule.get("resourceNames") or (rule["resources"], rule["verbs"]) in unnamed
