# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of a pod's object, in short."""

import json


def is_kept(before, after):
    """Whether everything in a value is in the other one too, as it was and in the same order."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(
            key in after and is_kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list):
        rest = iter(after)
        return all(any(is_kept(value, other) for other in rest) for value in before)
    return before == after


def names_of(pod_object):
    """The names of a pod's containers."""
    kinds = (("init", "initContainers"), ("containers", "containers"))
    return "; ".join(f"{word}: " + (", ".join(c["name"] for c in pod_object["spec"].get(kind, []))
                                    or "none") for word, kind in kinds)


def show_sidecar(report, container):
    """The injected container in short."""
    security, resources = container["securityContext"], container["resources"]
    report.say("sidecar", f"{container['name']}: image {container['image']}, restartPolicy "
                          f"{container['restartPolicy']} (native sidecar)")
    report.say("", f"uid {security['runAsUser']}, read-only root, drops "
                   f"{', '.join(security['capabilities']['drop'])}, seccomp "
                   f"{security['seccompProfile']['type']}")
    report.say("", "; ".join(f"{kind}: cpu {of['cpu']}, memory {of['memory']}"
                             for kind, of in resources.items()))
    report.say("", f"gate: startupProbe {json.dumps(container['startupProbe'])}")


def show_pods(report, before, after, sidecar):
    """The pod before and after, and what was added; the sidecar by its name."""
    report.say("pod before", names_of(before))
    report.say("pod after", names_of(after))
    show_sidecar(report, next(c for c in after["spec"]["initContainers"] if c["name"] == sidecar))
    for key, value in sorted(after["metadata"]["annotations"].items()):
        if key not in before["metadata"].get("annotations", {}):
            report.say("annotation", f"{key}: " + value.replace(',"', ', "'))
