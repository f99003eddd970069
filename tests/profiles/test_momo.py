# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile momo with HAProxy as the company's agent: applications find it by their environment, nothing is redirected."""

import kubelet
import lab
from outside import STOCK_PORT

# The image's own: it reads AGENT_PORT.
CONFIGURATION = """
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen agent
    bind "*:${{AGENT_PORT}}"
    http-request set-header X-Agent momo
    server stock {stock}
"""
APPLICATION = ["sh", "-c", 'exec curl --silent --show-error --max-time 5 "http://$AGENT_ADDRESS/"']


def test_the_application_reaches_its_agent(peer, outside, create, tmp_path):
    configuration = tmp_path / "agent.cfg"
    configuration.write_text(CONFIGURATION.format(stock=f"{peer.ipv4}:{STOCK_PORT}"), encoding="utf-8")
    pod = create({"sidewire.io/profiles": "momo", "param.sidewire.io/momoImage": "example/agent:1"},
                 {"command": APPLICATION})
    pod.boot({"momo-agent": kubelet.Image(mounts=[(str(configuration), "/agent.cfg", "ro")],
                                          entrypoint=["haproxy", "-db", "-f", "/agent.cfg"])})
    pod.start("web")
    lab.wait_for(lambda: pod.read_log("web") == "7 left", 10, "the stock's answer")
    (_, headers), = outside.asked
    assert headers["X-Agent"] == "momo" and headers["Host"] == "127.0.0.1:13344"
    assert pod.namespace.rules() == pod.rules_before
    assert "sidewire.io/redirect" not in pod.object["metadata"]["annotations"]
