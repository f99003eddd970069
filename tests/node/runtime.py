# SPDX-License-Identifier: GPL-2.0-or-later
"""What a container runtime makes of a directory of network configurations: go-cni's loadFromConfDir, which containerd calls,
and libcni's ConfListFromFile and ConfFromFile, which both containerd and CRI-O call."""

import json
import os

# Our entry.
OURS = {"type": "sidewire-cni", "capabilities": {"io.kubernetes.cri.pod-annotations": True}}


class NotLoaded(Exception):
    """The runtime has no network: no pod starts."""


def primary(conf):
    """The file that containerd takes: the first in the order of bytes, be it valid or not."""
    names = sorted(os.listdir(os.fsencode(conf)))
    for name in names:
        path = os.path.join(os.fsencode(conf), name)
        if os.path.splitext(b"x" + name)[1] in (b".conf", b".conflist", b".json") and not os.path.isdir(path):
            return path
    raise NotLoaded("no network config found")


def load(conf):
    """The network that pods get: name, cniVersion, plugins."""
    path = primary(conf)
    with open(path, "rb") as file:
        try:
            network = json.loads(file.read())
        except ValueError as reason:
            raise NotLoaded(f"{path}: {reason}") from reason
    if not path.endswith(b".conflist"):
        network = {"name": network.get("name"), "cniVersion": network.get("cniVersion"), "plugins": [network]}
    plugins = network.get("plugins")
    if not isinstance(network.get("name"), str) or not plugins or not all(plugin.get("type") for plugin in plugins):
        raise NotLoaded(f"{path}: {network}")
    return {key: network.get(key) for key in ("name", "cniVersion", "plugins")}


def load_or_none(conf):
    """The same; None while there is nothing to load."""
    try:
        return load(conf)
    except NotLoaded:
        return None
