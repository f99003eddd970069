# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster of hack/cluster, as the end-to-end tests use it. Everything that waits says for how long."""

import contextlib
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
NODES = ("node1", "node2")


def run(argv, seconds=120, **options):
    """Runs a program to its end and returns what it printed; what it says on failure is raised."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False,
                          timeout=seconds, **options)
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"{' '.join(map(str, argv))}: {said}")
    return done.stdout


def wait_for(condition, seconds, what):
    """Asks until the condition gives something true, and returns that; a RuntimeError of it is a no."""
    deadline = time.monotonic() + seconds
    reason = ""
    while time.monotonic() < deadline:
        try:
            found = condition()
            if found:
                return found
        except RuntimeError as error:
            reason = f": {error}"
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s in vain for {what}{reason}")


class Cluster:
    """One cluster, whose state is in a directory."""

    def __init__(self, state):
        self.state = pathlib.Path(state)
        self.environment = {**os.environ, "SIDEWIRE_CLUSTER": str(self.state)}
        self.before = {}  # conflists by their nodes, from before sidewire was installed

    def command(self, *words, **options):
        """`hack/cluster` with these words."""
        return run([ROOT / "hack/cluster", *words], env=self.environment, **options)

    def up(self):
        """Builds the programs, the first time, and starts."""
        self.command("up", seconds=3600)

    def kubectl(self, *words, **options):
        """kubectl, and what it printed."""
        return self.command("kubectl", *words, **options)

    def get(self, *words):
        """Object or list as a dict."""
        return json.loads(self.kubectl("get", "-o", "json", *words))

    def apply(self, *objects):
        """Applies objects, given as dicts."""
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        return self.kubectl("apply", "-f", "-", input=json.dumps(listed))

    def node(self, name, *words, **options):
        """Runs a command on a node."""
        return self.command("node", name, *words, **options)

    def disk(self, name, path):
        """A file of a node, as this machine sees it."""
        return self.state / name / "root" / path.lstrip("/")

    def conflist(self, name):
        """The file of the primary CNI on a node, as this machine sees it."""
        found, = self.disk(name, "/etc/cni/net.d").glob("*.conflist")
        return found

    @contextlib.contextmanager
    def namespace(self, name, labels=None):
        """A namespace for a while; it goes in the background."""
        self.apply({"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": name, "labels": labels or {}}})
        wait_for(lambda: self.get("-n", name, "serviceaccount", "default"), 20, "the service account")
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    def execute(self, namespace, pod, *words, container=None):
        """Runs a command in a pod, for up to 10 s."""
        where = ["-c", container] if container else []
        return self.kubectl("exec", "-n", namespace, pod, *where, "--", "timeout", "10", *words)
