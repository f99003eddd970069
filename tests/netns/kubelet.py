# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a pod's containers from what the pod object says, as a kubelet does: command, arguments,
environment, user, a root of its own with the volumes in their places, and probes. All images are
one: the programs that are here."""

import atexit
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import tempfile
import typing

import lab

# Where programs of images lie: Envoy, ours, Debian's.
IMAGE_PATH = f"{lab.DEPS_BIN}:{lab.BUILD}:/usr/sbin:/usr/bin:/sbin:/bin"
# What the image has of the machine. /dev and /proc are never read-only.
IMAGE = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/sys", "/etc/alternatives", "/etc/java-17-openjdk",
         "/etc/ld.so.cache", "/etc/passwd", "/etc/ssl", str(lab.BUILD), str(lab.DEPS_BIN)]
_KEYED = re.compile(r"metadata\.(annotations|labels)\['(.*)'\]")
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def find_container(pod_object, name):
    """The container of that name, an init container or another one."""
    spec = pod_object["spec"]
    for container in spec.get("initContainers", []) + spec["containers"]:
        if container["name"] == name:
            return container
    raise LookupError(f"no container {name}")


def field(path, pod_object, pod):
    """What a fieldRef means; a label or an annotation that is not there is empty."""
    metadata = pod_object["metadata"]
    keyed = _KEYED.fullmatch(path)
    if keyed:
        return metadata.get(keyed[1], {}).get(keyed[2], "")
    return {"metadata.name": metadata.get("name", pod.name), "status.podIP": pod.ipv4,
            "metadata.namespace": metadata["namespace"]}[path]


def environment(container, pod_object, pod):
    """The container's variables, in their order: a literal one may refer to those before it."""
    variables = {}
    for entry in container.get("env", []):
        reference = entry.get("valueFrom")
        variables[entry["name"]] = (field(reference["fieldRef"]["fieldPath"], pod_object, pod)
                                    if reference else expand(entry.get("value", ""), variables))
    return variables


def expand(word, variables):
    """A word with $(NAME) replaced; "$$" is a dollar, and an unknown name stays as it is."""
    def value(match):
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])
    return _REFERENCE.sub(value, word)


def user_of(container, pod_object):
    """(uid, gid) of the container: its own security context, else the pod's, else root."""
    context = {**pod_object["spec"].get("securityContext", {}),
               **container.get("securityContext", {})}
    uid = context.get("runAsUser", 0)
    return uid, context.get("runAsGroup", uid)


def capabilities_of(container):
    """What the container's root is let do, by the names that setpriv has for it."""
    added = container.get("securityContext", {}).get("capabilities", {}).get("add", [])
    return [name.lower() for name in added]


def make_volume(volume, pod_object, pod):
    """The directory of a volume: with the files that a downwardAPI makes, else empty, for anybody."""
    place = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place)
    place.chmod(0o777)
    for item in volume.get("downwardAPI", {}).get("items", []):
        text = field(item["fieldRef"]["fieldPath"], pod_object, pod)
        (place / item["path"]).write_text(text, encoding="utf-8")
    return str(place)


def mounts_of(container, pod_object, pod, volumes):
    """(place, path, mode) of the container's volumes; `volumes` are those of the pod that were made
    before, by name, and gets the others."""
    by_name = {volume["name"]: volume for volume in pod_object["spec"].get("volumes", [])}
    for entry in container.get("volumeMounts", []):
        name = entry["name"]
        if name not in volumes:
            volumes[name] = make_volume(by_name[name], pod_object, pod)
        yield volumes[name], entry["mountPath"], "ro" if entry.get("readOnly") else "rw"


def in_root(mounts, mode):
    """The words before a command that give it a root of its own with these mounts; see ./container.
    In a chroot the kernel lets nobody make the mounts private."""
    root = tempfile.mkdtemp()
    atexit.register(os.rmdir, root)
    words = ["unshare", "--mount", *(["--propagation=unchanged"] if lab.is_in_chroot() else []),
             pathlib.Path(__file__).with_name("container"), root, mode]
    machine = [(path, path, "ro") for path in IMAGE if os.path.lexists(path)]
    for mount in [*machine, ("/dev", "/dev", "rw"), ("/proc", "/proc", "rw"), *mounts]:
        words += mount
    return [*map(str, words), "--"]


class Image(typing.NamedTuple):
    """What a container's image has besides IMAGE: mounts, and the words that start it where the
    container says no command."""

    mounts: typing.Sequence = ()
    entrypoint: typing.Sequence = ()


def start(pod, pod_object, name, log, volumes=None, image=Image()):
    """Starts a container in the pod's namespace; what it prints goes to the file `log`.

    `volumes` are the pod's, which its containers share; see mounts_of().
    """
    container = find_container(pod_object, name)
    variables = environment(container, pod_object, pod)
    words = [expand(word, variables) for word in container.get("command", []) or image.entrypoint]
    words += [expand(word, variables) for word in container.get("args", [])]
    mounts = mounts_of(container, pod_object, pod, {} if volumes is None else volumes)
    is_read_only = container.get("securityContext", {}).get("readOnlyRootFilesystem", False)
    root = in_root([*image.mounts, *mounts], "ro" if is_read_only else "rw")
    with open(log, "ab") as output:
        user = lab.as_user(user_of(container, pod_object), capabilities_of(container))
        return pod.start(root + user + words, stdout=output,
                         stderr=output, cwd="/", env={"PATH": IMAGE_PATH, **variables})


def resolve_port(container, probe):
    """The probe with the number of a port that it names."""
    for kind in ("tcpSocket", "httpGet"):
        port = probe.get(kind, {}).get("port")
        if isinstance(port, str):
            number = next(entry["containerPort"] for entry in container["ports"]
                          if entry["name"] == port)
            return {**probe, kind: {**probe[kind], "port": number}}
    return probe


def is_answering(node, pod, probe, host=None):
    """Asks a probe once, from the node as the kubelet does."""
    host = host or pod.ipv4
    try:
        if "tcpSocket" in probe:
            node.connect(host, probe["tcpSocket"]["port"], seconds=1).close()
            return True
        return _get(node, host, probe["httpGet"]) < 400
    except (OSError, http.client.HTTPException):
        return False


def _get(node, host, action):
    connection = http.client.HTTPConnection(host, action["port"])
    connection.sock = node.connect(host, action["port"], seconds=1)
    with contextlib.closing(connection):
        connection.request("GET", action["path"])
        return connection.getresponse().status


def is_refused(namespace, host, port, **options):
    """Whether a connection from here to there is refused, and at once; see Namespace.connect()."""
    try:
        namespace.connect(host, port, **options).close()
    except ConnectionRefusedError:
        return True
    except socket.timeout:
        return False
    return False
