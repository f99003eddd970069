# SPDX-License-Identifier: GPL-2.0-or-later
"""Injected pods that run: rules by the plugin, then the containers, as containerd and the kubelet do it."""

import containerd
import kubelet
import lab

SECONDS_TO_START = 60


class RunningPod:
    """A pod of the API with its namespace. Its init containers run by boot(), its application by start()."""

    def __init__(self, namespace, node, pod_object, directory):
        self.namespace = namespace
        self.object = pod_object
        self._node = node
        self._directory = directory
        self._volumes = {}
        self._processes = {}
        self.rules_before = namespace.rules()
        containerd.call("ADD", namespace, pod_object["metadata"]["annotations"])

    def log_of(self, name):
        """What a container has printed, a file."""
        return self._directory / f"{self.namespace.name}-{name}.log"

    def read_log(self, name):
        """What a container has printed."""
        return self.log_of(name).read_text(encoding="utf-8")

    def start(self, name, image=kubelet.Image()):
        """Starts a container."""
        self._processes[name] = kubelet.start(self.namespace, self.object, name, self.log_of(name), self._volumes,
                                              image)

    def boot(self, images):
        """Runs the init containers in their order: one that stays until its startup probe answers, else to its end.
        `images` is by container, where there is more in one than the machine has."""
        for container in self.object["spec"]["initContainers"]:
            name = container["name"]
            self.start(name, images.get(name, kubelet.Image()))
            if container.get("restartPolicy") == "Always":
                self.wait_for(name, "startupProbe")
            else:
                status = self._processes[name].wait(SECONDS_TO_START)
                assert status == 0, self.read_log(name)

    def wait_for(self, name, kind):
        """Waits until that probe of a container answers."""
        container = kubelet.find_container(self.object, name)
        probe = kubelet.resolve_port(container, container[kind])

        def is_up():
            assert self._processes[name].poll() is None, self.read_log(name)
            return kubelet.is_answering(self._node, self.namespace, probe)

        lab.wait_for(is_up, SECONDS_TO_START, f"the {kind} of {name}")

    def stop(self, name):
        """Ends a container."""
        lab.end(self._processes[name])

    def close(self):
        """Ends the containers, and removes the rules."""
        for process in reversed(self._processes.values()):
            lab.end(process)
        containerd.call("DEL", self.namespace, self.object["metadata"]["annotations"])
