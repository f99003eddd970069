# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces for the tests and the demo, and what runs in them. Needs root.

Namespaces are entered by setns(2) and nsenter: `ip -n` and `ip netns exec` change mounts too, which
fails in a chroot.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
DEPS_BIN = ROOT / ".deps/bin"
SECONDS_TO_END = 5
NETNS_DIRECTORY = pathlib.Path("/run/netns")
# Names of this process' namespaces: several may test on one machine at once.
PREFIX = f"sw{os.getpid()}-"

# See Namespace.rules(). A new address is tentative for a moment, also on lo.
_SHOW_RULES = """
for family in ip ip6; do
	for table in raw mangle filter nat; do
		grep -qsx $table /proc/net/${family}_tables_names && ${family}tables-legacy-save -t $table
	done
done
nft list ruleset
ip -o addr show dev lo
ip rule show | sort
ip -6 rule show | sort
ip route show table 15998 2>/dev/null
ip -6 route show table 15998 2>/dev/null
cat /proc/sys/net/ipv4/tcp_fwmark_accept /proc/sys/net/ipv[46]/fwmark_reflect
"""
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(argv, **options):
    """Runs a program to its end and returns what it printed; what it says on failure is raised."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False,
                          **options)
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"{' '.join(map(str, argv))}: {said}")
    return done.stdout


def wait_for(condition, seconds, what):
    """Asks until the condition gives something true, and returns that. RuntimeError if late."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.005)


def end(process):
    """Ends a process that we started: politely, then not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def sweep():
    """Removes what is left of this process' namespaces, and what runs in them: an interrupt may
    have come before anybody knew of it."""
    for path in NETNS_DIRECTORY.glob(PREFIX + "*"):
        for pid in run(["ip", "netns", "pids", path.name]).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run(["ip", "netns", "del", path.name])


def is_root():
    """Whether we are root, and not only in a user namespace of our own."""
    uid_map = pathlib.Path("/proc/self/uid_map").read_text(encoding="utf-8").split()
    return os.geteuid() == 0 and int(uid_map[2]) == 2 ** 32 - 1


def is_in_chroot():
    """Whether / is the root of no mount: the kernel refuses user namespaces there (EPERM)."""
    return subprocess.run(["mountpoint", "-q", "/"], check=False).returncode != 0


def as_user(user, capabilities=()):
    """The words before a command that run it as user = (uid, gid); see Namespace.command(). Only a root
    that is not of the group 0 is bounded: by these capabilities, by their names ("net_raw")."""
    if user == (0, 0):
        return []
    bounding = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    return ["setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups",
            "--inh-caps=-all", f"--bounding-set={bounding}", "--no-new-privs"]


class Namespace:
    """A network namespace with lo up. close() ends the processes in it that we started."""

    def __init__(self, label):
        self.name = PREFIX + label
        self.path = str(NETNS_DIRECTORY / self.name)
        self._processes = []
        self._make()
        self.ip("link", "set", "lo", "up")

    def _make(self):
        run(["ip", "netns", "add", self.name])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ip(self, *words):
        """`ip` with these words, in here."""
        return self.run(["ip", *words])

    def command(self, argv, user=(0, 0)):
        """The words that run a program in here as user = (uid, gid), without any capability unless
        it is root's."""
        return ["nsenter", f"--net={self.path}", *as_user(user), *map(str, argv)]

    def run(self, argv, **options):
        """Runs a program in here to its end; see run()."""
        return run(self.command(argv), **options)

    def start(self, argv, user=(0, 0), **options):
        """Starts a program in here as that user. A session of its own keeps ^C from it."""
        process = subprocess.Popen(self.command(argv, user), start_new_session=True, **options)
        self._processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self, uid=0, gid=0):
        """What this thread does meanwhile, it does in here and as that user. A socket stays where
        it was made, and keeps its maker: that is what xt_owner asks for."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        other = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(other)
            _libc.setfsgid(ctypes.c_uint(gid))
            _libc.setfsuid(ctypes.c_uint(uid))
            yield
        finally:
            _libc.setfsuid(0)
            _libc.setfsgid(0)
            _setns(own)
            os.close(other)
            os.close(own)

    def connect(self, host, port, user=(0, 0), source=("", 0), seconds=2.0):
        """A TCP connection from here to (host, port), made by user = (uid, gid)."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with self.inside(*user):
            client = socket.socket(family, socket.SOCK_STREAM)
        try:
            client.settimeout(seconds)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source != ("", 0):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                client.bind(source)
            client.connect((host, port))
        except OSError:
            client.close()
            raise
        return client

    def listen(self, host, port):
        """A TCP socket that listens in here; "::" takes IPv4 too."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with self.inside():
            server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::":
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind((host, port))
        server.listen(128)
        return server

    def rules(self):
        """All that a CNI plugin might leave behind here: the netfilter rules of both families and backends
        without their counters, the addresses of lo, the policy rules, the routes that they lead to, and the
        sysctls of marks. A table without a rule is as none."""
        text = self.run(["sh", "-c", _SHOW_RULES])
        text = re.sub(r"\[\d+:\d+\]|^#.*\n| tentative", "", text, flags=re.MULTILINE)
        return re.sub(r"\*\w+\n(:[A-Z]+ ACCEPT \n)+COMMIT\n", "", text)

    def close(self):
        """Ends our processes in here, and the namespace."""
        for process in reversed(self._processes):
            end(process)
        run(["ip", "netns", "del", self.name])


def _setns(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def join(one, interface, other, other_interface, addresses):
    """A cable between two namespaces. addresses[0] = (IPv4, IPv6) are the one's, addresses[1] the other's."""
    one.ip("link", "add", interface, "type", "veth", "peer", "name", other_interface, "netns", other.name)
    for namespace, name, (v4, v6) in zip((one, other), (interface, other_interface), addresses):
        namespace.ip("addr", "add", f"{v4}/24", "dev", name)
        namespace.ip("addr", "add", f"{v6}/64", "dev", name, "nodad")
        namespace.ip("link", "set", name, "up")


class Network:
    """A node with a bridge, and pods on it, as a primary CNI makes them.

    The node is 10.77.0.1 and fd77::1, the pods follow.
    """

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._next = 2
        self.node = self._stack.enter_context(Namespace("node"))
        self.node.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self._address(self.node, "br0", 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    @staticmethod
    def _address(namespace, interface, number):
        namespace.ip("addr", "add", f"10.77.0.{number}/24", "dev", interface)
        namespace.ip("addr", "add", f"fd77::{number:x}/64", "dev", interface, "nodad")
        namespace.ip("link", "set", interface, "up")

    def add_pod(self, label, is_of_own_users=False):
        """A namespace with an eth0 on the node's bridge."""
        pod = self._stack.enter_context((OwnUsersPod if is_of_own_users else Pod)(label, self._next))
        self._next += 1
        outer = f"veth{pod.number}"
        self.node.ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns",
                     pod.name)
        self.node.ip("link", "set", outer, "master", "br0", "up")
        self._address(pod, "eth0", pod.number)
        return pod

    def add_guest(self, pod, label, interface, addresses):
        """A namespace behind a pod, such as a virtual machine in it: its only way is the pod's `interface`, which gets
        addresses[0] = (IPv4, IPv6); its own get addresses[1]."""
        guest = self._stack.enter_context(Namespace(label))
        join(pod, interface, guest, "eth0", addresses)
        for host in addresses[0]:
            guest.ip("route", "add", "default", "via", host)
        return guest


class Pod(Namespace):
    """A pod's namespace, and its addresses."""

    def __init__(self, label, number):
        super().__init__(label)
        self.number = number
        self.ipv4 = f"10.77.0.{number}"
        self.ipv6 = f"fd77::{number:x}"


class OwnUsersPod(Pod):
    """A pod with a user namespace of its own (hostUsers: false), in which ids are FIRST_ID lower."""

    FIRST_ID = 100000

    def _make(self):
        holder = subprocess.Popen(["unshare", "--user", "--net", "sh", "-c", "echo ready; exec sleep 3600"],
                                  stdout=subprocess.PIPE, text=True, start_new_session=True)
        self._processes.append(holder)
        holder.stdout.readline()
        for name in ("uid_map", "gid_map"):
            pathlib.Path(f"/proc/{holder.pid}/{name}").write_text(f"0 {self.FIRST_ID} 65536", encoding="ascii")
        run(["ip", "netns", "attach", self.name, holder.pid])
