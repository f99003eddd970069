# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls of the traffic tests' servers, over TCP and over what is not TCP."""

import collections
import contextlib
import itertools
import socket
import struct
import typing

from servers import FAMILY, endpoint

# Without an answer: what came back, or nothing, or that the connection was ended, or was not.
REFUSED = "refused"
SILENT = "silent"
ENDED = "ended"
STUCK = "accepted, then silent"
NO_ANSWER = (REFUSED, SILENT, ENDED, STUCK)
SECONDS_TO_ANSWER = 3
SECONDS_OF_SILENCE = 0.3
# Below those that the kernel gives (ip_local_port_range), above those that are listened to. None is used twice:
# a connection that is redirected loses its source port to an earlier one of which conntrack still knows.
SOURCE_PORTS = itertools.count(16000)

# A call: where it was dialled to, who its caller was; which server answered, whom that saw, and which address
# it was called by. Without an answer `server` is one of NO_ANSWER, and the last two are empty.
Call = collections.namedtuple("Call", "dialled source server seen destination")


class Caller(typing.NamedTuple):
    """Who calls: from which namespace, whose socket, from where."""

    name: str
    where: str = "pod"
    user: tuple = (1000, 1000)
    mark: int = 0
    place: str = ""  # the source address is this place's; by default the kernel chooses
    port: int = 0    # the source port; 0: a new one


def open_socket(namespace, caller, kind, source, protocol=0):
    """A socket in that namespace, bound to (host, port) where there is one."""
    family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
    with namespace.inside(*caller.user):
        made = socket.socket(family, kind, protocol)
    made.settimeout(SECONDS_TO_ANSWER)
    if caller.mark:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, caller.mark)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(source)
    return made


def tcp(namespace, caller, source, address):
    """Connects, and reads what the server says; nothing, where it only accepts."""
    with open_socket(namespace, caller, socket.SOCK_STREAM, source) as client:
        if caller.port:  # for the next one
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            client.connect(address)
        except ConnectionRefusedError:
            return without_answer(client, address, REFUSED)
        except socket.timeout:
            return without_answer(client, address, SILENT)
        try:
            said = b"".join(iter(lambda: client.recv(200), b"")).decode()
        except socket.timeout:
            return without_answer(client, address, STUCK)
        except ConnectionResetError:
            said = ""
        if not said:
            return without_answer(client, address, ENDED)
        return Call(endpoint(*address), endpoint(*client.getsockname()[:2]), *said.split())


def without_answer(client, address, what):
    """A call that came to nothing."""
    return Call(endpoint(*address), endpoint(*client.getsockname()[:2]), what, "", "")


def exchange(client, data):
    """Sends a datagram and returns what comes back: bytes, or REFUSED for an ICMP error, or SILENT. What a rule
    rejects is not sent either (EPERM), and the ICMP error comes all the same."""
    client.settimeout(SECONDS_OF_SILENCE)
    try:
        with contextlib.suppress(PermissionError):
            client.send(data)
        return client.recv(200)
    except ConnectionRefusedError:
        return REFUSED
    except socket.timeout:
        return SILENT


def udp(namespace, caller, source, address):
    """Sends a datagram, and reads what the server says."""
    with open_socket(namespace, caller, socket.SOCK_DGRAM, source) as client:
        client.connect(address)
        said = exchange(client, b"?")
        if said in (REFUSED, SILENT):
            return without_answer(client, address, said)
        return Call(endpoint(*address), endpoint(*client.getsockname()[:2]), *said.decode().split())


def checksum(data):
    """The internet's (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ping(namespace, caller, source, address):
    """Sends an ICMP echo request, and waits for the reply."""
    is_v4 = ":" not in address[0]
    protocol, request, reply = ((socket.IPPROTO_ICMP, 8, 0) if is_v4 else (socket.IPPROTO_ICMPV6, 128, 129))
    message = struct.pack("!BBHHH", request, 0, 0, source[1], 0)
    if is_v4:  # of ICMPv6 the kernel makes it
        message = struct.pack("!BBHHH", request, 0, checksum(message), source[1], 0)
    with open_socket(namespace, caller, socket.SOCK_RAW, (source[0], 0), protocol) as client:
        client.connect((address[0], 0))
        said = exchange(client, message)
        while said not in (REFUSED, SILENT):
            header = said[20:] if is_v4 else said
            if header[0] == reply and header[4:6] == message[4:6]:
                break
            said = exchange(client, message)
        call = without_answer(client, address, said)
        if said in (REFUSED, SILENT):
            return call
        return call._replace(server="server", seen=call.source, destination=call.dialled)


def stray(namespace, caller, source, address):
    """Sends a SYN-ACK that answers nothing: the pod's own TCP would reset it."""
    family = FAMILY[4 if ":" not in address[0] else 6]
    with open_socket(namespace, caller, socket.SOCK_RAW, (source[0], 0), socket.IPPROTO_TCP) as client:
        client.connect((address[0], 0))
        own = client.getsockname()[0]
        segment = struct.pack("!HHIIBBHHH", source[1], address[1], 1, 1, 5 << 4, 0x12, 1000, 0, 0)
        pseudo = (socket.inet_pton(family.kind, own) + socket.inet_pton(family.kind, address[0])
                  + struct.pack("!II", len(segment), socket.IPPROTO_TCP))
        segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
        said = exchange(client, segment)
        call = Call(endpoint(*address), endpoint(own, source[1]), said, "", "")
        return call if said == SILENT else call._replace(server=REFUSED)
