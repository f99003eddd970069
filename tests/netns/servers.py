# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that tell each caller whom they see: the ends of connections in the traffic tests."""

import contextlib
import selectors
import socket
import struct
import threading

# linux/in.h, linux/in6.h, linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h; Python names few of them.
IP_PKTINFO, IP_TRANSPARENT, IP_RECVORIGDSTADDR = 8, 19, 20
IPV6_RECVORIGDSTADDR, IPV6_TRANSPARENT = 74, 75
SO_ORIGINAL_DST = 80
SOCKADDR_IN6_SIZE = 28


def endpoint(host, port):
    """An address as proxies write it into their logs."""
    host = host.removeprefix("::ffff:")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def from_sockaddr(data):
    """The endpoint in a struct sockaddr_in or sockaddr_in6."""
    family, = struct.unpack_from("=H", data)
    port, = struct.unpack_from("!H", data, 2)
    if family == socket.AF_INET:
        return socket.inet_ntop(family, data[4:8]), port
    return socket.inet_ntop(family, data[8:24]), port


def called(connection):
    """(host, port) that the caller of an accepted connection meant, as a proxy asks for it: conntrack, or the
    socket itself where nothing was translated."""
    own = connection.getsockname()[:2]
    is_v4 = own[0].startswith("::ffff:") or ":" not in own[0]
    level = socket.IPPROTO_IP if is_v4 else socket.IPPROTO_IPV6
    with contextlib.suppress(OSError):
        return from_sockaddr(connection.getsockopt(level, SO_ORIGINAL_DST, SOCKADDR_IN6_SIZE))
    return own


class Family:
    """What UDP servers need of IPv4, and of IPv6."""

    def __init__(self, number):
        is_v4 = number == 4
        self.kind = socket.AF_INET if is_v4 else socket.AF_INET6
        self.level = socket.IPPROTO_IP if is_v4 else socket.IPPROTO_IPV6
        self.ask_info = IP_PKTINFO if is_v4 else socket.IPV6_RECVPKTINFO
        self.info = IP_PKTINFO if is_v4 else socket.IPV6_PKTINFO
        self.transparent = IP_TRANSPARENT if is_v4 else IPV6_TRANSPARENT
        self.original = IP_RECVORIGDSTADDR if is_v4 else IPV6_RECVORIGDSTADDR
        self.loopback = "127.0.0.1" if is_v4 else "::1"
        self.any = "0.0.0.0" if is_v4 else "::"
        self.is_v4 = is_v4

    def info_to_answer(self, data):
        """The struct in_pktinfo or in6_pktinfo that sends an answer from where its question came to."""
        return bytes(4) + data[8:12] + bytes(4) if self.is_v4 else data[:16] + bytes(4)

    def called_host(self, data):
        """The host in such a struct."""
        return socket.inet_ntop(self.kind, data[8:12] if self.is_v4 else data[:16])


FAMILY = {4: Family(4), 6: Family(6)}


class Observer:
    """Servers that tell each caller what they are, the address that they have for it, and the one that it
    has called; and hang up."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._is_ending = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _add(self, server, serve):
        self._selector.register(server, selectors.EVENT_READ, serve)

    def listen(self, namespace, ports, name="server"):
        """Listens on these TCP and UDP ports of all addresses in the namespace."""
        for port in ports:
            self._add(namespace.listen("::", port), lambda server: serve_connection(server.accept(), name))
            for family in FAMILY.values():
                self._add_udp(namespace, family, (family.any, port), name)

    def capture(self, namespace, port, name, user, mode, families=(4, 6)):
        """Takes what is redirected to this port in that mode, as a proxy run by that user does it."""
        def accept(server):
            with namespace.inside(*user):
                accepted = server.accept()
            serve_connection(accepted, name)

        for family in (FAMILY[number] for number in families):
            with namespace.inside(*user):
                server = socket.socket(family.kind, socket.SOCK_STREAM)
            if family.kind == socket.AF_INET6:
                server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            server.setsockopt(family.level, family.transparent, mode != "redirect")
            server.bind((family.any, port))
            server.listen(128)
            self._add(server, accept)
            if mode == "tproxy-both":
                self._add_transparent_udp(namespace, family, port, name, user)
            else:
                self._add_udp(namespace, family, (family.loopback, port), name, user)

    @staticmethod
    def _udp(namespace, family, user):
        with namespace.inside(*user):
            server = socket.socket(family.kind, socket.SOCK_DGRAM)
        # So that somebody can speak in the name of another one's port 53.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family.kind == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return server

    def _add_udp(self, namespace, family, address, name, user=(0, 0)):
        server = self._udp(namespace, family, user)
        server.setsockopt(family.level, family.ask_info, 1)
        server.bind(address)

        def serve(server):
            _, ((_, _, data), *_), _, peer = server.recvmsg(100, 100)
            text = answer(name, peer, (family.called_host(data), address[1]))
            server.sendmsg([text], [(family.level, family.info, family.info_to_answer(data))], 0, peer)
        self._add(server, serve)

    def _add_transparent_udp(self, namespace, family, port, name, user):
        """Without NAT the answer has to come from the address that was asked, which is not the pod's."""
        server = self._udp(namespace, family, user)
        for option in (family.transparent, family.original):
            server.setsockopt(family.level, option, 1)
        server.bind((family.any, port))

        def serve(server):
            _, ((_, _, data), *_), _, peer = server.recvmsg(100, 100)
            with self._udp(namespace, family, user) as speaker:
                speaker.setsockopt(family.level, family.transparent, 1)
                speaker.bind(from_sockaddr(data))
                speaker.sendto(answer(name, peer, from_sockaddr(data)), peer)
        self._add(server, serve)

    def _serve(self):
        while not self._is_ending:
            for key, _ in self._selector.select(0.1):
                with contextlib.suppress(OSError):
                    key.data(key.fileobj)

    def close(self):
        """Ends the servers."""
        self._is_ending = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


def serve_connection(accepted, name):
    """Answers a caller, and hangs up."""
    connection, peer = accepted
    with connection:
        connection.sendall(answer(name, peer, called(connection)))


def answer(name, peer, destination):
    """What a server says."""
    return f"{name} {endpoint(*peer[:2])} {endpoint(*destination)}".encode()
