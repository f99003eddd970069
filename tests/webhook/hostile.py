# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that mean no good, each kind many at once, for as long as a `with` lasts."""

import contextlib
import resource
import socket
import ssl
import subprocess
import time

from crowd import Crowd
from program import PATIENCE, encoded, pod

BODY_MAX = 8 * 1024 * 1024
REQUEST_MAX = 30  # seconds that a request may take to arrive
RENEWALS_MAX = 20_000
# How new keys are asked for, by a handshake or by an update, and what openssl says when it does so.
RENEWALS = {("-tls1_2", b"R"): b"RENEGOTIATING", ("-tls1_3", b"K"): b"KEYUPDATE"}


def head(length, path="/mutate/enabled"):
    """The head of a request whose body has the length."""
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n").encode()


def allow_many_files():
    """More connections than a process may have files unless it asks for more."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def review():
    """A request that is right."""
    body = encoded(pod())
    return head(len(body)) + body


class Hostile(Crowd):
    """Each turn is a connection. Whatever becomes of it: to be cut is what such a client must expect."""

    def __init__(self, program, count):
        super().__init__(count)
        self.program = program
        self.context = program.tls_context()
        self.count = count
        self.at_it = 0  # those that were connected

    def turn(self):
        with contextlib.suppress(OSError):
            self.have_turn()

    def have_turn(self):
        """What it is about."""
        raise NotImplementedError

    def connect(self):
        """A TLS connection that waits for nothing long."""
        sock = self.program.tls_socket(self.context)
        sock.settimeout(1)
        self.note()
        return sock

    def note(self):
        """One more is at it."""
        with self.lock:
            self.at_it += 1

    def wait_until_at_it(self):
        """Waits until there were as many of them as shall be, and a moment longer."""
        end = time.monotonic() + PATIENCE
        while self.at_it < self.count:
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.5)

    def drip(self, sock, data):
        """Sends a byte a second, until it is over or cut."""
        for byte in data:
            sock.sendall(bytes([byte]))
            if self.is_over.wait(1):
                return


class SlowHeads(Hostile):
    """A byte a second, in the head."""

    def have_turn(self):
        with self.connect() as sock:
            self.drip(sock, b"POST /mutate/enabled HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1000)


class SlowBodies(Hostile):
    """A byte a second, in the body."""

    def have_turn(self):
        with self.connect() as sock:
            sock.sendall(head(1000) + b"{")
            self.drip(sock, b" " * 1000)


class LargeBodies(Hostile):
    """As large as may be: one text, all of it; the answer is read."""

    def have_turn(self):
        with self.connect() as sock:
            sock.settimeout(REQUEST_MAX)
            sock.sendall(head(BODY_MAX) + b'{"x": "' + b"y" * (BODY_MAX - 9) + b'"}')
            sock.recv(4096)


class HeldBodies(Hostile):
    """As large as may be but for a last byte that does not come."""

    def have_turn(self):
        with self.connect() as sock:
            sock.settimeout(REQUEST_MAX)
            sock.sendall(head(BODY_MAX) + b" " * (BODY_MAX - 1))
            self.is_over.wait(REQUEST_MAX)


class HalfClosed(Hostile):
    """Ends its own direction and stays: in TLS, before the answer is read; or below TLS, amid a request."""

    def have_turn(self):
        with self.connect() as sock:
            sock.sendall(review())
            with contextlib.suppress(OSError):
                sock.unwrap()
        with self.connect() as sock:
            sock.sendall(review()[:-10])
            sock.shutdown(socket.SHUT_WR)
            self.is_over.wait(0.5)


class Pipelining(Hostile):
    """Many requests in one piece, before any answer is read, which are all read then."""

    COUNT = 50

    def have_turn(self):
        with self.connect() as sock:
            sock.sendall(review() * self.COUNT)
            replies = b""
            while replies.count(b"HTTP/1.1 200 OK") < self.COUNT and (part := sock.recv(65536)):
                replies += part


class NeverReading(Hostile):
    """Requests without end, of which no answer is read."""

    def have_turn(self):
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", self.program.port))
            plain.settimeout(1)
            with self.context.wrap_socket(plain, server_hostname="localhost") as sock:
                self.note()
                while not self.is_over.is_set():
                    sock.sendall(review())


def ask_for_new_keys(program, version, letter):
    """How often openssl asked for new keys before it was cut, at most RENEWALS_MAX times. It takes all that it reads at once for
    one letter, so each waits until it was read."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{program.port}", "-CAfile", program.ca, version, "-legacy_renegotiation"]
    with subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        for number in range(RENEWALS_MAX):
            try:
                client.stdin.write(letter + b"\n")
            except BrokenPipeError:
                return number
            if not any(line.strip() == RENEWALS[version, letter] for line in client.stdout):
                return number
    return RENEWALS_MAX


class Renegotiating(Hostile):
    """Asks for new keys again and again."""

    def have_turn(self):
        self.note()
        for version, letter in RENEWALS:
            ask_for_new_keys(self.program, version, letter)


class Idle:
    """So many connections, with their handshakes done or not, on which nothing is said."""

    def __init__(self, program, count, has_shaken_hands=False):
        self.program = program
        self.count = count
        self.has_shaken_hands = has_shaken_hands
        self.socks = []

    def connect(self, context):
        """One more."""
        sock = socket.socket()
        self.socks.append(sock)
        # Behind those that are there already it may wait for long to be accepted.
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", self.program.port))
        if self.has_shaken_hands:
            sock.settimeout(5)
            with contextlib.suppress(OSError, ssl.SSLError):
                self.socks.append(context.wrap_socket(sock, server_hostname="localhost"))

    def __enter__(self):
        allow_many_files()
        context = self.program.tls_context()
        for _ in range(self.count):
            self.connect(context)
        return self

    def wait_until_at_it(self):
        """They are: nothing more comes."""

    def __exit__(self, *_):
        for sock in self.socks:
            sock.close()


KINDS = {
    "slow heads": lambda program: SlowHeads(program, 50),
    "slow bodies": lambda program: SlowBodies(program, 50),
    "large bodies": lambda program: LargeBodies(program, 4),
    "large bodies that are held": lambda program: HeldBodies(program, 8),
    "half closed": lambda program: HalfClosed(program, 30),
    "pipelining": lambda program: Pipelining(program, 4),
    "never reading": lambda program: NeverReading(program, 8),
    "renegotiating": lambda program: Renegotiating(program, 2),
    "1,000 idle": lambda program: Idle(program, 1000),
    "400 idle, hands shaken": lambda program: Idle(program, 400, has_shaken_hands=True),
}
