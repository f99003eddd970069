# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods and overlays by chance: the same ones for the same seed.

A pod has what users write, and at every level members that nobody knows, whose names say of what
type they are, so that an overlay can have them too. Lists may be empty, members null, keys repeated.
"""

import copy
import json
import random

# The merge keys of lists by the name of the member; None: a set.
MERGE_KEYS = {
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name",
    "ports": "containerPort", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
    "volumes": "name", "imagePullSecrets": "name", "hostAliases": "ip", "resourceClaims": "name",
    "topologySpreadConstraints": "topologyKey", "schedulingGates": "name", "ownerReferences": "uid",
    "evictionResponders": "name", "finalizers": None,
}
SCALARS = ["", "a", "ü/~", "null", 0, 1, -1, 2**63 - 1, -2**63, True, False, 0.5, -1e300, "1", 1.0, 0.0]
CONTAINER_NAMES = ["app", "web", "proxy", "logger", "copier"]


def is_directive(value):
    """Whether an element of a patch's list is there for its directive."""
    return isinstance(value, dict) and "$patch" in value


def parts_of(value):
    """All objects and lists of a value, itself among them."""
    if not isinstance(value, (dict, list)):
        return
    yield value
    for member in value.values() if isinstance(value, dict) else value:
        yield from parts_of(member)


class Generator:
    """Makes pods."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, choices, most):
        """Up to so many of the choices, each once."""
        return self.random.sample(choices, self.random.randint(0, min(most, len(choices))))

    def scalar(self):
        return self.random.choice(SCALARS)

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
        if self.chance(0.2):
            known["xList"] = [self.unknown_value(2) for _ in range(self.random.randint(0, 2))]
        if self.chance(0.2):
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
        """A list of objects; now and then a key stands twice."""
        chosen = self.some(values, most)
        if chosen and self.chance(0.1):
            chosen.append(self.random.choice(chosen))
        return [make({key: value}) for value in chosen]

    def strings(self):
        return {key: self.random.choice(["", "1", "a~b"]) for key in self.some(["a", "b/c", "~", "app"], 3)}

    def quantities(self):
        return {key: self.random.choice(["1", "100m", "1Gi"]) for key in self.some(["cpu", "a/b", "memory"], 3)}

    def port(self, known):
        return self.members(known, protocol=lambda: self.random.choice(["TCP", "UDP"]), name=lambda: "p")

    def container(self, known):
        return self.members(
            known,
            image=lambda: self.random.choice(["i:1", "i:2", "auto"]),
            args=lambda: self.some(["-a", "-b", "-c"], 3),
            restartPolicy=lambda: self.random.choice(["Always", "Never"]),
            env=lambda: self.elements("name", ["A", "B", "C"], 3,
                                      lambda known: self.members(known, value=lambda: self.random.choice("12"))),
            ports=lambda: self.elements("containerPort", [53, 80, 8080], 3, self.port),
            volumeMounts=lambda: self.elements("mountPath", ["/a", "/b~c"], 2,
                                               lambda known: self.members(known, name=lambda: "v")),
            volumeDevices=lambda: self.elements("devicePath", ["/dev/a"], 1, self.with_unknown),
            resources=lambda: self.members({}, limits=self.quantities, requests=self.quantities),
            securityContext=lambda: self.members(
                {}, runAsUser=lambda: self.random.choice([0, 101, 2**63 - 1]),
                capabilities=lambda: self.members({}, add=lambda: self.some(["A", "B"], 2))))

    def volume(self, known):
        return self.members(
            known, emptyDir=lambda: self.members({}, medium=lambda: "Memory"),
            configMap=lambda: self.members({}, name=lambda: self.random.choice("ab")),
            ephemeral=lambda: self.members({}, volumeClaimTemplate=lambda: self.members({}, metadata=self.metadata)))

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
            volumes=lambda: [self.volume({"name": name}) for name in self.some(["v", "w", "x"], 3)],
            imagePullSecrets=lambda: self.elements("name", ["s", "t"], 2, dict),
            hostAliases=lambda: self.elements(
                "ip", ["10.0.0.1", "::1"], 2,
                lambda known: self.members(known, hostnames=lambda: self.some(["h", "i"], 2))),
            tolerations=lambda: [self.with_unknown({"key": key}) for key in self.some("ab", 2)],
            topologySpreadConstraints=lambda: self.elements(
                "topologyKey", ["zone"], 1,
                lambda known: self.members(known, labelSelector=lambda: self.members({}, matchLabels=self.strings))),
            schedulingGates=lambda: self.elements("name", ["g"], 1, dict),
            evictionResponders=lambda: self.elements("name", ["e"], 1, self.with_unknown),
            resourceClaims=lambda: self.elements("name", ["r"], 1, dict),
            nodeSelector=self.strings,
            securityContext=lambda: self.members({}, runAsUser=lambda: 7),
            activeDeadlineSeconds=lambda: self.random.choice([0, 2**63 - 1]))

    def pod(self):
        pod = self.members({"kind": "Pod"}, metadata=self.metadata, spec=self.spec)
        if self.chance(0.2):
            self.add_nulls(pod)
        return pod

    def add_nulls(self, pod):
        """What is null in a pod is as good as absent."""
        for part in (pod, pod.get("metadata"), pod.get("spec")):
            if part and self.chance(0.5):
                part[self.random.choice(list(part))] = None


class PairGenerator(Generator):
    """Makes pairs of a pod and an overlay for it, with nulls and directives where they have a meaning."""

    def pair(self):
        pod = self.pod()
        overlay = self.overlay()
        self.add_directives(overlay, pod)
        return pod, overlay

    def overlay(self):
        """What a pod may have, but for repeated keys: with them twice is not once."""
        overlay = self.members({"kind": "Pod"}, metadata=self.metadata, spec=self.spec)
        for part in parts_of(overlay):
            for name, value in part.items() if isinstance(part, dict) else ():
                if isinstance(value, list) and MERGE_KEYS.get(name):
                    part[name] = list({element[MERGE_KEYS[name]]: element for element in value}.values())
        return overlay

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
            elif isinstance(value, list) and MERGE_KEYS.get(name):
                self.add_to_list(value, MERGE_KEYS[name], original.get(name))

    def add_to_object(self, patch, original):
        if self.chance(0.05):
            patch["$patch"] = self.random.choice(["delete", "replace"])
        elif self.chance(0.05):
            patch["$retainKeys"] = list(patch) + ["name"]
        else:
            self.add_directives(patch, original)

    def add_to_list(self, patch, key, original):
        """Likewise into a list whose elements have that key."""
        originals = [element for element in original or [] if isinstance(element, dict)]
        is_replaced = self.chance(0.04)
        for element in patch:
            value = element[key]
            if self.chance(0.1):
                element["$retainKeys"] = list(element)
                continue
            # What is added as it stands has nothing that directives could change.
            if not is_replaced and any(other.get(key) == value for other in originals):
                self.add_directives(element, next(other for other in originals if other.get(key) == value))
                element[key] = value
        if originals and self.chance(0.1):
            value = self.random.choice(originals).get(key)
            # What is deleted and set again is added, as it stands.
            if not any(element[key] == value and '"$patch"' in json.dumps(element) for element in patch):
                patch.append({"$patch": "delete", key: value})
        if is_replaced:
            patch.insert(self.random.randint(0, len(patch)), {"$patch": "replace"})


class RoughGenerator(PairGenerator):
    """The same with everything that a pair must not have, a little of it in half of the pairs."""

    STRANGE = [None, 7, "text", True, [], {}, [7], [None], [{}], {"name": "n"}, [[1]]]
    DIRECTIVES = [
        ("$patch", "delete"), ("$patch", "replace"), ("$patch", "replace"), ("$patch", "merge"), ("$patch", 1),
        ("$retainKeys", ["name"]), ("$retainKeys", [1]), ("$retainKeys", [{}]), ("$retainKeys", "name"),
        ("$setElementOrder/containers", [{"name": "app"}]), ("$deleteFromPrimitiveList/args", ["-a"]), ("$other", 1),
    ]

    def overlay(self):
        return self.members({"kind": "Pod"}, metadata=self.metadata, spec=self.spec)

    def pair(self):
        pod, overlay = super().pair()
        if self.chance(0.1):
            self.damage(pod)
        if self.chance(0.2):
            self.take_keys(pod)
        for fault in (self.damage, self.take_keys, self.spoil_keys, self.misdirect, self.misdirect,
                      self.misdirect_atomic, self.misdirect_deleted):
            if self.chance(0.1):
                fault(overlay)
        return pod, overlay

    def damage(self, value):
        """Puts a value of some other type somewhere."""
        part = self.random.choice([part for part in parts_of(value) if part] or [value])
        place = self.random.choice(list(part) if isinstance(part, dict) else range(len(part)))
        part[place] = copy.deepcopy(self.random.choice(self.STRANGE))

    def keyed_elements(self, value):
        """Some elements of lists, with the member that they are known by."""
        for part in list(parts_of(value)):
            for name, member in part.items() if isinstance(part, dict) else ():
                if MERGE_KEYS.get(name) and isinstance(member, list) and member and self.chance(0.3):
                    element = self.random.choice(member)
                    if isinstance(element, dict):
                        yield element, MERGE_KEYS[name]

    def take_keys(self, value):
        for element, key in self.keyed_elements(value):
            element.pop(key, None)

    def spoil_keys(self, value):
        for element, key in self.keyed_elements(value):
            element[key] = copy.deepcopy(self.random.choice(self.STRANGE))

    def misdirect(self, value):
        """Puts a directive somewhere."""
        part = self.random.choice([part for part in parts_of(value) if isinstance(part, dict)])
        name, directive = self.random.choice(self.DIRECTIVES)
        part[name] = copy.deepcopy(directive)

    def direct_inside(self, value):
        """Puts $patch somewhere inside."""
        part = self.random.choice([part for part in parts_of(value) if isinstance(part, dict)])
        part["$patch"] = self.random.choice(["delete", "replace"])

    def misdirect_atomic(self, value):
        """Puts it into an element of a list that does not merge."""
        lists = [member for part in parts_of(value) if isinstance(part, dict) for name, member in part.items()
                 if name not in MERGE_KEYS and isinstance(member, list)]
        elements = [element for member in lists for element in member if isinstance(element, dict)]
        if elements:
            self.direct_inside(self.random.choice(elements))

    def misdirect_deleted(self, value):
        """Puts it into an element that the same list deletes."""
        lists = [(member, MERGE_KEYS[name]) for part in parts_of(value) if isinstance(part, dict)
                 for name, member in part.items() if MERGE_KEYS.get(name) and isinstance(member, list)]
        elements = [(member, element, key) for member, key in lists for element in member
                    if isinstance(element, dict) and any(isinstance(inner, dict) for inner in element.values())]
        if elements:
            member, element, key = self.random.choice(elements)
            member.append({"$patch": "delete", key: element.get(key)})
            self.direct_inside([inner for inner in element.values() if isinstance(inner, dict)])
