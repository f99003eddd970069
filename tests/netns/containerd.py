# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls the CNI plugin as containerd does: an entry of a conflist, the pod's annotations in
runtimeConfig, the result of the plugin before it, a daemon's environment."""

import json
import subprocess

import lab

CAPABILITY = "io.kubernetes.cri.pod-annotations"
CONFLIST_ENTRY = {"type": "sidewire-cni", "capabilities": {CAPABILITY: True}}
NETWORK = {"cniVersion": "1.0.0", "name": "containerd-net"}


class PluginError(Exception):
    """The error object that the plugin printed."""

    def __init__(self, answer):
        super().__init__(f"code {answer.get('code')}: {answer.get('msg')}")
        self.answer = answer


def prev_result(pod):
    """What a bridge plugin says after it gave the pod its interface and addresses."""
    return {
        "cniVersion": NETWORK["cniVersion"],
        "interfaces": [{"name": "br0"}, {"name": "eth0", "sandbox": pod.path}],
        "ips": [{"interface": 1, "address": f"{pod.ipv4}/24", "gateway": "10.77.0.1"},
                {"interface": 1, "address": f"{pod.ipv6}/64", "gateway": "fd77::1"}],
        "dns": {},
    }


def configuration(pod, annotations):
    """The plugin's stdin; annotations is None for a pod that has none."""
    return {**NETWORK, **CONFLIST_ENTRY, "prevResult": prev_result(pod),
            "runtimeConfig": {CAPABILITY: annotations}}


def environment(command, pod):
    """The plugin's environment."""
    arguments = {"IgnoreUnknown": "1", "K8S_POD_NAMESPACE": "shop", "K8S_POD_NAME": pod.name,
                 "K8S_POD_INFRA_CONTAINER_ID": f"sandbox-{pod.name}", "K8S_POD_UID": "0"}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CNI_COMMAND": command, "CNI_NETNS": pod.path,
            "CNI_CONTAINERID": f"sandbox-{pod.name}", "CNI_IFNAME": "eth0",
            "CNI_PATH": str(lab.BUILD),
            "CNI_ARGS": ";".join(f"{key}={value}" for key, value in arguments.items())}


def call(command, pod, annotations=None, **members):
    """One call, "ADD", "CHECK" or "DEL", by a conflist whose entry has these members, too. Returns the plugin's
    answer, None if it said nothing."""
    done = subprocess.run([lab.BUILD / "sidewire-cni"], env=environment(command, pod),
                          input=json.dumps({**configuration(pod, annotations), **members}), capture_output=True,
                          text=True, check=False)
    try:
        answer = json.loads(done.stdout) if done.stdout else None
    except ValueError:
        answer = {"msg": f"no JSON: {done.stdout}{done.stderr}"}
    if done.returncode != 0:
        raise PluginError(answer or {"msg": f"ended with {done.returncode}: {done.stderr}"})
    return answer
