# SPDX-License-Identifier: GPL-2.0-or-later
"""What the traffic tests know of proxies: when one is up."""

import lab

OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
SECONDS_TO_START = 10

def is_listening(pod):
    """Whether both ports of the proxy are open; the kernel is asked: a call would be logged."""
    ports = pod.run(["ss", "-Hltn", f"sport = {OUTBOUND_PORT} or sport = {INBOUND_PORT}"])
    return len(ports.splitlines()) >= 2


def wait_until_listening(pod, process, log):
    """Waits for a proxy that was just started."""
    def condition():
        if process.poll() is not None:
            raise RuntimeError(f"the proxy ended: {log.read_text(encoding='utf-8')}")
        return is_listening(pod)
    lab.wait_for(condition, SECONDS_TO_START, "the proxy")
