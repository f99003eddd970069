# SPDX-License-Identifier: GPL-2.0-or-later
"""What is around a pod in the traffic tests: places by name, as addresses of both families, and who can call.

    peer   on the pod's network, and behind it the networks far and farther
    net1   a second network of the pod, as Multus makes it, on which the peer is, too
    guest  a virtual machine in the pod, whose way out is the pod's tap0
    vip    a virtual address that the node translates to the pod's own, as kube-proxy does it
"""

import itertools

import lab
import traffic

VIPS = """
table inet vips {
    chain before {
        type nat hook prerouting priority -100;
        ip daddr %(vip4)s dnat ip to %(own4)s
        ip6 daddr %(vip6)s dnat ip6 to %(own6)s
    }
    chain after {
        type nat hook postrouting priority 100;
        ct status dnat masquerade
    }
}
"""


class Surroundings:
    """Places and namespaces around one pod; the peer and the node are everybody's."""

    def __init__(self, network, peer, pod):
        number = pod.number
        self.places = {
            **traffic.PLACES,
            "own": {4: pod.ipv4, 6: pod.ipv6},
            "node": {4: "10.77.0.1", 6: "fd77::1"},
            "inboundSource": {4: "127.0.0.6", 6: "::6"},
            "vip": {4: f"10.96.0.{number}", 6: f"fd96::{number:x}"},
            "net1": {4: f"10.99.{number}.1", 6: f"fd99:{number:x}::1"},
            "own net1": {4: f"10.99.{number}.2", 6: f"fd99:{number:x}::2"},
            "tap0": {4: f"10.66.{number}.1", 6: f"fd66:{number:x}::1"},
            "guest": {4: f"10.66.{number}.2", 6: f"fd66:{number:x}::2"},
        }
        lab.join(pod, "net1", peer, f"net{number}", [self._both("own net1"), self._both("net1")])
        guest = network.add_guest(pod, f"{pod.name.removeprefix(lab.PREFIX)}-vm", "tap0",
                                  [self._both("tap0"), self._both("guest")])
        self.namespaces = {"pod": pod, "peer": peer, "net1": peer, "node": network.node, "guest": guest}
        for namespace in (pod, network.node):
            namespace.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
        # Else the kernel makes few ICMP errors.
        pod.run(["sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0"])
        # Where br_netfilter is, the node's bridge would translate, and send nothing back to where it came from.
        network.node.run(["sysctl", "-qew", "net.bridge.bridge-nf-call-iptables=0",
                          "net.bridge.bridge-nf-call-ip6tables=0"])
        for via, target in itertools.product((4, 6), ("far", "farther", "vip")):
            pod.ip("route", "add", self.places[target][via], "via",
                   self.places["node" if target == "vip" else "peer"][via])
        for family in (4, 6):
            peer.ip("route", "add", self.places["guest"][family], "via", self.places["own"][family])
        values = {f"{name}{family}": self.places[name][family] for name in ("vip", "own") for family in (4, 6)}
        network.node.run(["nft", "-f", "-"], input=VIPS % values)

    def _both(self, place):
        return self.places[place][4], self.places[place][6]

    def address(self, place, family):
        """A place's address of that family."""
        return self.places[place][family]

    def is_own(self, place):
        """Whether the place is the pod itself."""
        return place in ("own", "loopback", "own net1", "tap0")

    def interface(self, row, is_inbound):
        """The interface by which the first packet of a row's call comes into the pod, or leaves it."""
        if is_inbound:
            return {"net1": "net1", "guest": "tap0"}.get(row.caller.where, "eth0")
        if self.is_own(row.place):
            return "lo"
        return {"net1": "net1", "guest": "tap0"}.get(row.place, "eth0")
