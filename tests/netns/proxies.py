# SPDX-License-Identifier: GPL-2.0-or-later
"""What the traffic tests know of proxies: when one is up, and how HAProxy is one."""

import lab

OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
SECONDS_TO_START = 10

# `server NAME 0.0.0.0` is the connection's original destination, which HAProxy knows for IPv4 only.
HAPROXY = """
global
    log stdout format raw local0
    uid 15099
    gid 15099
defaults
    mode tcp
    log global
    timeout connect 2s
    timeout client 1h
    timeout server 1h
listen outbound
    bind :15001
    server original 0.0.0.0
    log-format '{"direction":"outbound",%(line)s}'
listen inbound
    bind :15006
    server original 0.0.0.0 source 127.0.0.6
    log-format '{"direction":"inbound",%(line)s}'
""" % {"line": '"source":"%ci:%cp","original_destination":"%[dst]:%[dst_port]",'
               '"upstream_source":"%bi:%bp"'}


def is_listening(pod):
    """Whether both ports of the proxy are open; the kernel is asked: a call would be logged."""
    ports = pod.run(["ss", "-Hltn", f"sport = {OUTBOUND_PORT} or sport = {INBOUND_PORT}"])
    return len(ports.splitlines()) >= 2


def start_haproxy(pod, directory, log):
    """HAProxy, logging as the profile's Envoy does."""
    configuration = directory / "haproxy.cfg"
    configuration.write_text(HAPROXY, encoding="utf-8")
    with open(log, "ab") as output:
        return pod.start(["haproxy", "-db", "-f", configuration], stdout=output, stderr=output)


def wait_until_listening(pod, process, log):
    """Waits for a proxy that was just started."""
    def condition():
        if process.poll() is not None:
            raise RuntimeError(f"the proxy ended: {log.read_text(encoding='utf-8')}")
        return is_listening(pod)
    lab.wait_for(condition, SECONDS_TO_START, "the proxy")
