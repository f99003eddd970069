# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin, called with every detail in the test's hands: its variables, its stdin, its kernel."""

import dataclasses
import json
import re
import subprocess
import types

import containerd
import lab

PROGRAM = lab.BUILD / "sidewire-cni"
REDIRECT = "sidewire.io/redirect"

# What an Envoy pod has; see common/redirect_spec.h.
DOCUMENT = {
    "version": 1, "mode": "redirect", "outboundPort": 15001, "inboundPort": 15006,
    "gatePort": 15999, "proxyUids": "15099", "proxyGids": "", "proxyMark": 0,
    "selfCall": "passthrough", "inboundSource": "127.0.0.6,::6",
    "includeInboundPorts": "1-65535", "excludeInboundPorts": "15021", "excludeInboundCidrs": "",
    "includeOutboundPorts": "1-65535", "excludeOutboundPorts": "",
    "includeOutboundCidrs": "0.0.0.0/0,::/0", "excludeOutboundCidrs": "", "excludeUids": "",
    "excludeGids": "",
}
DOCUMENT_NONE = {"version": 1, "mode": "none"}

# What changes something, as strace tells it: tables of libiptc, the messages that make and delete (linux/rtnetlink.h), a batch of nftables
# (linux/netfilter/nfnetlink.h), a sysctl.
EFFECT = re.compile(r"write\(|setsockopt.*_SO_SET_|send.*nlmsg_type=0x(10|14|15|18|19|20|21)\b")

# A pod whose namespace is not there, for calls that must not look for it.
NO_POD = types.SimpleNamespace(name="nowhere", path="/nowhere/netns", ipv4="10.77.0.9",
                               ipv6="fd77::9")


@dataclasses.dataclass
class Answer:
    """What the plugin wrote, and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self):
        """The error object; the plugin must have failed."""
        assert self.status != 0, self
        return json.loads(self.stdout)

    @property
    def code(self):
        return self.error["code"]

    @property
    def message(self):
        return self.error["msg"]


def document(**changes):
    """DOCUMENT with some members changed, as the text of the annotation."""
    return json.dumps({**DOCUMENT, **changes}, separators=(",", ":"))


def configuration(pod, text, **changes):
    """The plugin's stdin as an object. `text` is the annotation, None for a pod that has others
    only. A change to None leaves the member out."""
    annotations = {"app": "cart"} if text is None else {"app": "cart", REDIRECT: text}
    members = {**containerd.configuration(pod, annotations), **changes}
    return {key: value for key, value in members.items() if value is not None}


def environment(command, pod, **changes):
    """CNI_* and nothing else. A change to None takes the variable away."""
    variables = {**containerd.environment(command, pod), **changes}
    return {key: value for key, value in variables.items()
            if key.startswith("CNI_") and value is not None}


def run(variables, stdin, launcher=()):
    """One run. `stdin` is a text, an object to be written as JSON, or an open file."""
    options = {"stdin": stdin}
    if isinstance(stdin, (str, dict)):
        options = {"input": stdin if isinstance(stdin, str) else json.dumps(stdin)}
    done = subprocess.run([*map(str, launcher), PROGRAM], env=variables, cwd="/", timeout=60,
                          capture_output=True, text=True, check=False, **options)
    return Answer(done.returncode, done.stdout, done.stderr)


def call(command, pod, text, launcher=(), **changes):
    """A call about a pod with that annotation; the changes are to the variables."""
    return run(environment(command, pod, **changes), configuration(pod, text), launcher)


def succeed(command, pod, text, **options):
    """A call that must succeed."""
    answer = call(command, pod, text, **options)
    assert answer.status == 0, answer
    return answer


def with_failing(name, errnum, *conditions):
    """A launcher: the system call fails where its arguments have these values, "1=41"."""
    return [lab.BUILD / "failing-call", name, errnum, *conditions, "--"]
