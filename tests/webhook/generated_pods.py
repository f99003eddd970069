# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods and overlays by chance: the same ones for the same seed.

A pod has what users write, and at every level members that nobody knows, whose names say of what
type they are, so that an overlay can have them too. With `is_kubernetes` only such overlays are
made for which Kubernetes' strategic merge has an answer, and the one that we want: it knows no
objects and lists beyond its types, merges repeated keys of a patch into one, does not add an object
that has `$patch: replace`, and makes no difference between 1 and 1.0.
"""

import random

# The merge keys of lists by the name of the member; None: a set.
MERGE_KEYS = {
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name",
    "ports": "containerPort", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
    "volumes": "name", "imagePullSecrets": "name", "hostAliases": "ip", "resourceClaims": "name",
    "topologySpreadConstraints": "topologyKey", "schedulingGates": "name", "ownerReferences": "uid",
    "finalizers": None,
}
SCALARS = ["", "a", "ü/~", "null", 0, 1, -1, 2**63 - 1, -2**63, True, False, 0.5, -1e300, "1"]
REALS = [1.0, 0.0, 3.0]
CONTAINER_NAMES = ["app", "web", "proxy", "logger", "copier"]


def is_directive(value):
    """Whether an element of a patch's list is there for its directive."""
    return isinstance(value, dict) and "$patch" in value


class Generator:
    """Makes one pair of pod and overlay after the other."""

    def __init__(self, seed, is_kubernetes=False):
        self.random = random.Random(seed)
        self.is_kubernetes = is_kubernetes
        self.has_unknown_structures = True

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, choices, most):
        """Up to so many of the choices, each once."""
        return self.random.sample(choices, self.random.randint(0, min(most, len(choices))))

    def scalar(self):
        return self.random.choice(SCALARS if self.is_kubernetes else SCALARS + REALS)

    def unknown_value(self, depth):
        if depth == 0 or self.chance(0.5):
            return self.scalar()
        if self.chance(0.5):
            return [self.unknown_value(depth - 1) for _ in range(self.random.randint(0, 2))]
        return {key: self.unknown_value(depth - 1) for key in self.some(["name", "a/b", "~", ""], 2)}

    def with_unknown(self, known):
        """The object with members that are in no type of Kubernetes."""
        for name in self.some(["xScalar", "x~/Scalar"], 1):
            known[name] = self.scalar()
        if self.has_unknown_structures and self.chance(0.2):
            known["xList"] = [self.unknown_value(2) for _ in range(self.random.randint(0, 2))]
        if self.has_unknown_structures and self.chance(0.2):
            known["xObject"] = {key: self.scalar() for key in self.some(["a", "b/~c", "d"], 3)}
        return known

    def members(self, always, **optional):
        """An object with some of the optional members."""
        made = dict(always)
        for name, make in optional.items():
            if self.chance(0.5):
                made[name] = make()
        return self.with_unknown(made)

    def elements(self, key, values, most, make):
        """A list of objects with different keys; now and then a key stands twice."""
        chosen = self.some(values, most)
        if chosen and not self.is_kubernetes and self.chance(0.15):
            chosen.append(self.random.choice(chosen))
        return [make({key: value}) for value in chosen]

    def strings(self):
        return {key: self.random.choice(["", "1", "a~b"]) for key in self.some(["a", "b/c", "~", "app"], 3)}

    def port(self, known):
        return self.members(known, protocol=lambda: self.random.choice(["TCP", "UDP"]), name=lambda: "p")

    def ports(self):
        made = self.elements("containerPort", [53, 80, 8080], 3, self.port)
        if self.has_unknown_structures and self.chance(0.3):  # a pod that listens twice on 53
            made = [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}] + made
        return made

    def container(self, known):
        return self.members(
            known,
            image=lambda: self.random.choice(["i:1", "i:2", "auto"]),
            args=lambda: self.some(["-a", "-b", "-c"], 3),
            restartPolicy=lambda: self.random.choice(["Always", "Never"]),
            env=lambda: self.elements("name", ["A", "B", "C"], 3,
                                      lambda known: self.members(known, value=lambda: self.random.choice("12"))),
            ports=self.ports,
            volumeMounts=lambda: self.elements("mountPath", ["/a", "/b~c"], 2,
                                               lambda known: self.members(known, name=lambda: "v")),
            volumeDevices=lambda: self.elements("devicePath", ["/dev/a"], 1, self.with_unknown),
            resources=lambda: self.members({}, limits=self.strings, requests=self.strings),
            securityContext=lambda: self.members(
                {}, runAsUser=lambda: self.random.choice([0, 101, 2**63 - 1]),
                capabilities=lambda: self.members({}, add=lambda: self.some(["A", "B"], 2))))

    def volume(self, known):
        return self.members(known, emptyDir=lambda: self.members({}, medium=lambda: "Memory"),
                            configMap=lambda: self.members({}, name=lambda: self.random.choice("ab")))

    def containers(self, most):
        """Their names differ: nothing else gets past the API server."""
        return lambda: [self.container({"name": name}) for name in self.some(CONTAINER_NAMES, most)]

    def metadata(self):
        return self.members({}, name=lambda: "pod", labels=self.strings, annotations=self.strings,
                            finalizers=lambda: self.some(["a/x", "b/y", "c/z"], 3),
                            ownerReferences=lambda: self.elements("uid", ["1", "2"], 2, self.with_unknown))

    def spec(self):
        return self.members(
            {"containers": self.containers(3)()},
            initContainers=self.containers(4),
            ephemeralContainers=self.containers(1),
            volumes=lambda: self.elements("name", ["v", "w", "x"], 3, self.volume),
            imagePullSecrets=lambda: self.elements("name", ["s", "t"], 2, dict),
            hostAliases=lambda: self.elements(
                "ip", ["10.0.0.1", "::1"], 2,
                lambda known: self.members(known, hostnames=lambda: self.some(["h", "i"], 2))),
            tolerations=lambda: [self.with_unknown({"key": key}) for key in self.some("ab", 2)],
            topologySpreadConstraints=lambda: self.elements("topologyKey", ["zone"], 1, self.with_unknown),
            schedulingGates=lambda: self.elements("name", ["g"], 1, dict),
            resourceClaims=lambda: self.elements("name", ["r"], 1, dict),
            securityContext=lambda: self.members({}, runAsUser=lambda: 7),
            activeDeadlineSeconds=lambda: self.random.choice([0, 2**63 - 1]))

    def pod(self):
        return self.members({"kind": "Pod"}, metadata=self.metadata, spec=self.spec)

    def add_directives(self, patch, original):
        """Puts nulls and directives into an object of the overlay."""
        original = original if isinstance(original, dict) else {}
        for name, value in list(patch.items()):
            if self.chance(0.04):
                patch[name] = None
            elif name == "spec":  # nobody replaces or deletes it as a whole
                self.add_directives(value, original.get(name))
            elif isinstance(value, dict):
                self.add_to_object(value, original.get(name))
            elif name in MERGE_KEYS and MERGE_KEYS[name] is not None:
                self.add_to_list(value, MERGE_KEYS[name], original.get(name))
            elif name in MERGE_KEYS and self.chance(0.1) and not self.is_kubernetes:
                value.append({"$patch": "replace"})

    def add_to_object(self, patch, original):
        if self.chance(0.05) and (isinstance(original, dict) or not self.is_kubernetes):
            patch["$patch"] = self.random.choice(["delete", "replace"])
        elif self.chance(0.05):
            patch["$retainKeys"] = list(patch) + ["name"]
        else:
            self.add_directives(patch, original)

    def add_to_list(self, patch, key, original):
        """Likewise into a list whose elements have that key."""
        originals = [element for element in original or [] if isinstance(element, dict)]
        for element in patch:
            value = element[key]
            if self.chance(0.1):
                element["$retainKeys"] = list(element)
                continue
            self.add_directives(element, next((o for o in originals if o[key] == value), None))
            element[key] = value
        if originals and self.chance(0.1):
            patch.append({"$patch": "delete", key: self.random.choice(originals)[key]})
        if self.chance(0.04):
            patch.insert(self.random.randint(0, len(patch)), {"$patch": "replace"})

    def pair(self):
        """A pod, and an overlay for it."""
        pod = self.pod()
        self.has_unknown_structures = not self.is_kubernetes
        overlay = self.pod()
        self.has_unknown_structures = True
        self.add_directives(overlay, pod)
        if not self.is_kubernetes and self.chance(0.2):
            self.add_nulls(pod)
        return pod, overlay

    def add_nulls(self, pod):
        """What is null in a pod is as good as absent."""
        for part in (pod, pod.get("metadata"), pod.get("spec")):
            if part and self.chance(0.5):
                part[self.random.choice(list(part))] = None
