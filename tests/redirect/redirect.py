# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the real sidewire-redirect: as anybody, in a pod, as an init container, on a host."""

import collections
import json
import re
import subprocess

import lab
import plugin

PROGRAM = lab.BUILD.resolve() / "sidewire-redirect"
ROOT = lab.ROOT

# Far above anything a machine under load takes; only a failure waits so long.
PATIENCE = 60

Done = collections.namedtuple("Done", "code out err")

# What version 2 has besides.
DOCUMENT_2 = {**plugin.DOCUMENT, "version": 2, "excludeInterfaces": "", "rerouteInterfaces": "", "portMap": "", "dnsPort": 0,
              "dnsServers": "", "dropInvalid": False, "nonTcp": "allow"}


def document(**changes):
    """An Envoy pod's document with some members changed; of version 2 where it has to be."""
    base = DOCUMENT_2 if set(changes) - set(plugin.DOCUMENT) or changes.get("mode", "redirect") != "redirect" else plugin.DOCUMENT
    return json.dumps({**base, **changes}, separators=(",", ":"))


def pod_object(text):
    """A pod with that annotation, as kubectl prints it."""
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {plugin.REDIRECT: text}}})


def run(*arguments, stdin="", launcher=(), cwd=None):
    """The program's exit status, and what it writes. A sanitizer's report is no answer."""
    done = subprocess.run([*map(str, launcher), PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, check=False, cwd=cwd)
    assert done.returncode in (0, 1, 2) and "Sanitizer" not in done.stderr, done.stderr
    assert done.stderr.count("\n") == (done.returncode != 0), done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def succeed(*arguments, **options):
    """What it writes; it must succeed, and have nothing to complain about."""
    done = run(*arguments, **options)
    assert done.code == 0, done
    return done.out


def fail(*arguments, code=1, **options):
    """What it complains about; it must fail, and print nothing."""
    done = run(*arguments, **options)
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("sidewire-redirect: ")
    return done.err


def dump(namespace):
    """All of a namespace that the program may have to do with. An interface gets routes of its own late, and so does the
    table local those to IPv6 addresses, which are told themselves."""
    words = [["nft", "list", "ruleset"], ["sysctl", "net.ipv4.tcp_fwmark_accept"]]
    words += [["ip", family, *what] for family in ("-4", "-6") for what in (["rule"], ["route", "show", "table", "all"])]
    told = [line for command in words for line in namespace.run(command).splitlines() if not re.search("dev eth0| table local ", line)]
    return namespace.rules() + "\n".join(told)


def processes_of(namespace, script):
    """The words before a command that run it among processes of its own, in the namespace: by the shell script, which is
    process 1, and has the command in "$@"."""
    propagation = ["--propagation=unchanged"] if lab.is_in_chroot() else []
    return [*namespace.command(["unshare", "--pid", "--fork", "--kill-child", "--mount", *propagation, "sh", "-c",
                                "mount --make-private /proc && mount -t proc proc /proc && " + script, "sh"])]


def as_init_container(namespace):
    """It is process 1, as the only command of an init container, with the two capabilities that it needs and a /proc/sys
    that cannot be written."""
    return processes_of(namespace, "mount --bind -o ro /proc/sys /proc/sys && "
                        'exec setpriv --bounding-set=-all,+net_admin,+net_raw --inh-caps=-all "$@"')


def as_host(namespace):
    """Somebody else is process 1, in the same network, as on a virtual machine."""
    return processes_of(namespace, '"$@"; exit $?')


def beside(host, pod):
    """Process 1 is on a host, and the command is in a pod, as by nsenter."""
    return processes_of(host, f'nsenter --net={pod.path} "$@"; exit $?')
