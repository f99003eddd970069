# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a pod's containers from what the pod object says, as a kubelet does: command, arguments,
environment, user, files that are made of annotations, and probes. All images are one: the programs
that are here."""

import atexit
import contextlib
import http.client
import pathlib
import re
import shutil
import socket
import tempfile

import lab

# Where programs of images lie: Envoy, ours, Debian's.
IMAGE_PATH = f"{lab.DEPS_BIN}:{lab.BUILD}:/usr/sbin:/usr/bin:/sbin:/bin"
_ANNOTATION = re.compile(r"metadata\.annotations\['(.*)'\]")
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def find_container(pod_object, name):
    """The container of that name, an init container or another one."""
    spec = pod_object["spec"]
    for container in spec.get("initContainers", []) + spec["containers"]:
        if container["name"] == name:
            return container
    raise LookupError(f"no container {name}")


def environment(container, pod_object, pod):
    """The container's variables: literal ones, and those from fields of the pod."""
    metadata = pod_object["metadata"]
    fields = {"metadata.name": metadata.get("name", pod.name),
              "metadata.namespace": metadata["namespace"], "status.podIP": pod.ipv4}
    variables = {}
    for entry in container.get("env", []):
        reference = entry.get("valueFrom")
        value = fields[reference["fieldRef"]["fieldPath"]] if reference else entry.get("value", "")
        variables[entry["name"]] = value
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


def mount(container, pod_object):
    """Writes the files that the container's downwardAPI volumes make of annotations; volumes of others
    are empty. Returns the directory of each by the path where it would be mounted: there is one root
    for all here."""
    volumes = {volume["name"]: volume for volume in pod_object["spec"].get("volumes", [])}
    mounts = {}
    for entry in container.get("volumeMounts", []):
        place = pathlib.Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, place)
        place.chmod(0o755)  # for any user, as the kubelet's are
        mounts[entry["mountPath"]] = str(place)
        for item in volumes[entry["name"]].get("downwardAPI", {}).get("items", []):
            key = _ANNOTATION.fullmatch(item["fieldRef"]["fieldPath"])[1]
            text = pod_object["metadata"]["annotations"][key]
            (place / item["path"]).write_text(text, encoding="utf-8")
    return mounts


def start(pod, pod_object, name, log):
    """Starts a container in the pod's namespace; what it prints goes to the file `log`."""
    container = find_container(pod_object, name)
    variables = environment(container, pod_object, pod)
    words = container.get("command", []) + container.get("args", [])
    for path, place in mount(container, pod_object).items():
        words = [word.replace(path, place) for word in words]
    with open(log, "ab") as output:
        return pod.start([expand(word, variables) for word in words],
                         user_of(container, pod_object), stdout=output, stderr=output, cwd="/",
                         env={"PATH": IMAGE_PATH, **variables})


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
