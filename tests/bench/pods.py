# SPDX-License-Identifier: GPL-2.0-or-later
"""The pods that are asked about: one of an ordinary Deployment, and one with all that a large
service has."""

import copy
import json
import pathlib

HUGE = 200_000  # bytes
REVIEW = json.loads((pathlib.Path(__file__).parents[1] / "netns/review.json")
                    .read_text(encoding="utf-8"))


def small():
    """About 1.5 KB of compact JSON: without the token of a service account."""
    pod = copy.deepcopy(REVIEW["request"]["object"])
    del pod["metadata"]["managedFields"]
    del pod["spec"]["volumes"]
    del pod["spec"]["containers"][0]["volumeMounts"]
    return pod


def large():
    """About 6 KB: a Java service with its settings, probes, volumes, and a helper beside it."""
    pod = small()
    spec = pod["spec"]
    main = spec["containers"][0]
    main["env"] = [{"name": f"SERVICE_SETTING_{number}", "value": f"jdbc:db-{number}.shop:3306/orders"}
                   for number in range(18)]
    main["env"] += [{"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
                    for name, path in (("POD_IP", "status.podIP"), ("NODE", "spec.nodeName"))]
    probe = {"httpGet": {"path": "/actuator/health", "port": 8080, "scheme": "HTTP"},
             "initialDelaySeconds": 10, "periodSeconds": 5, "failureThreshold": 30}
    main.update(livenessProbe=probe, startupProbe=probe)
    volumes = ("settings", "secrets", "cache", "logs", "truststore", "tmp")
    spec["volumes"] = [
        {"name": name, "configMap": {"name": f"web-{name}", "defaultMode": 420}} for name in volumes]
    main["volumeMounts"] = [
        {"name": name, "mountPath": f"/var/lib/web/{name}", "readOnly": True} for name in volumes]
    spec["containers"].append({**copy.deepcopy(main), "name": "log-shipper",
                               "image": "example/log-shipper:2.4", "env": main["env"][:6],
                               "ports": []})
    spec["topologySpreadConstraints"] = [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway",
         "labelSelector": {"matchLabels": pod["metadata"]["labels"]}}
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")]
    return pod


def huge():
    """About 200 KB, as no service has it: ever more containers like the large one's first."""
    pod = large()
    containers = pod["spec"]["containers"]
    while size_of(pod) < HUGE:
        containers.append({**copy.deepcopy(containers[0]), "name": f"worker-{len(containers)}", "ports": []})
    return pod


def size_of(pod):
    """Bytes of the pod as the API server writes it."""
    return len(json.dumps(pod, separators=(",", ":")))


def review_of(pod):
    """The bytes of its AdmissionReview."""
    review = copy.deepcopy(REVIEW)
    review["request"]["object"] = pod
    return json.dumps(review, separators=(",", ":")).encode()
