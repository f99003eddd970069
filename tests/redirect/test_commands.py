# SPDX-License-Identifier: GPL-2.0-or-later
"""What needs no network: documents in every form, plans, explanations, and all that can be wrong with them."""

import json
import re

import pytest

import plugin
from redirect import ROOT, document, fail, pod_object, run, succeed

DNS = {"mode": "redirect", "dnsPort": 15053, "dnsServers": "0.0.0.0/0,::/0"}


def test_a_document_is_read_in_every_form(tmp_path):
    (tmp_path / "redirect.json").write_text(document(), encoding="utf-8")
    words = succeed("plan", tmp_path / "redirect.json")
    assert "captured for the proxy" in words and "goes to port 15001" in words
    assert succeed("plan", "-", stdin=document()) == words
    assert succeed("plan", "--annotation", document()) == words
    assert succeed("plan", "-", stdin=pod_object(document())) == words
    assert succeed("plan", "-", stdin=json.dumps(plugin.DOCUMENT_NONE)) == "Nothing is redirected.\n"


@pytest.mark.parametrize("stdin, words", [
    ("", "standard input: "),
    ("nonsense", "standard input: not valid JSON at line 1"),
    ("[]", "standard input: "),
    ("{}", "standard input: "),
    (document(outboundPort=0), "'outboundPort'"),
    (document(version=3), "version"),
    ('{"kind":"Deployment"}', "it is of kind 'Deployment', expected a Pod or a redirect document"),
    ('{"kind":7}', "'kind'"),
    ('{"kind":"Pod"}', "has no annotation sidewire.io/redirect"),
    ('{"kind":"Pod","metadata":{"annotations":[]}}', "'annotations'"),
    (pod_object("{}"), "annotation sidewire.io/redirect: "),
])
def test_what_is_no_document_is_told(stdin, words):
    assert words in fail("plan", "-", stdin=stdin)


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert "nothing.json" in fail("plan", tmp_path / "nothing.json")
    assert "--annotation: " in fail("plan", "--annotation", "{")


def test_the_plan_is_told_for_programs():
    rules = json.loads(succeed("plan", "-o", "json", "-", stdin=document()))["rules"]
    assert rules[1] == {"families": [4, 6], "table": "nat", "chain": "SIDEWIRE_INBOUND", "why": "the gate",
                        "rule": "-A SIDEWIRE_INBOUND -p tcp --syn --dport 15999 -j REDIRECT --to-ports 15006"}
    text = succeed("plan", "-o", "iptables", "-", stdin=document())
    assert "*nat\n" in text and [rule["rule"] for rule in rules if 4 in rule["families"]] == [
        line for line in text.splitlines() if line.startswith("-A")]
    assert "-s ::6" in succeed("plan", "-o", "ip6tables", "-", stdin=document())
    assert "table inet sidewire" in succeed("plan", "-o", "nft", "-", stdin=document())


def explain(*arguments, **changes):
    return succeed("explain", "--annotation", document(**changes), *arguments)


OUT = ("--src", "10.0.0.5", "--dst", "192.0.2.1:443")


@pytest.mark.parametrize("arguments, words", [
    (OUT, "goes to the proxy at 15001, because of rule 7 of SIDEWIRE_OUTBOUND (captured for the proxy):\n  -A SIDEWIRE_OUTBOUND "),
    ((*OUT, "--uid", "15099"), "passes, untouched by the proxy, because of rule 5 of SIDEWIRE_OUTBOUND (the proxy's own traffic)"),
    (("--src", "10.0.0.7:4000", "--dst", "10.0.0.5:80", "--inbound"), "goes to the proxy at 15006, because of rule 4 of SIDEWIRE_INBOUND"),
    (("--src", "10.0.0.7", "--dst", "10.0.0.5:15021", "--inbound"), "passes, untouched by the proxy, because of rule 3 of"),
    (("--src", "10.0.0.7", "--dst", "172.17.0.2:80", "--own", "10.0.0.5", "--inbound"), "because of rule 1 of SIDEWIRE_INBOUND (is only forwarded)"),
    (("--src", "fd00::5", "--dst", "[fd00::9]:80"), "goes to the proxy at 15001"),
    (("--src", "10.0.0.5", "--dst", "10.0.0.5:80"), "because of rule 6 of SIDEWIRE_OUTBOUND (the application to itself)"),
    (("--src", "10.0.0.5", "--dst", "10.0.0.6:80", "--own", "10.0.0.5,10.0.0.6"), "because of rule 6 of SIDEWIRE_OUTBOUND"),
    (("--src", "127.0.0.1:15998", "--dst", "127.0.0.1:15999"), "goes to the proxy at 15006, because of rule 1 of"),
    (("--src", "[::6]:1", "--dst", "[::1]:80", "--uid", "0"), "because of rule 4 of SIDEWIRE_OUTBOUND"),
    (("--src", "10.0.0.5", "--dst", "192.0.2.1:53", "--protocol", "udp"), "passes, untouched by the proxy: no rule is about it"),
    (("--src", "10.0.0.5", "--dst", "192.0.2.1", "--protocol", "icmp", "--icmp-type", "8"), "passes, untouched by the proxy: no rule"),
])
def test_a_packet_is_explained(arguments, words):
    told = explain(*arguments)
    assert told.startswith("this packet ") and words in told


def test_a_packet_is_explained_by_everything_that_it_can_have():
    assert "rule" in explain(*OUT, "--gid", "7", excludeGids="7") and "passes" in explain(*OUT, "--gid", "7", excludeGids="7")
    assert "passes" in explain(*OUT, "--mark", "4711", proxyMark=4711)
    assert "passes" in explain(*OUT, "--interface", "net1", excludeInterfaces="net1")
    assert "is rejected: the sender gets an ICMP error" in explain(
        "--src", "10.0.0.5", "--dst", "192.0.2.1:443", "--protocol", "udp", nonTcp="reject-quic")
    assert "goes to the proxy at 15053" in explain("--src", "10.0.0.5", "--dst", "192.0.2.1:53", "--protocol", "udp", **DNS)


def test_a_packet_is_explained_for_programs():
    told = json.loads(explain(*OUT, "--output", "json"))
    assert (told["fate"], told["port"], told["number"], told["chain"]) == ("proxy", 15001, 7, "SIDEWIRE_OUTBOUND")
    told = explain("--src", "10.0.0.5", "--dst", "192.0.2.1", "--protocol", "other", "--output", "json")
    assert told == '{"fate":"pass"}\n'


@pytest.mark.parametrize("arguments, words", [
    ((), "--src is missing"),
    (("--src", "10.0.0.5"), "--dst is missing"),
    (("--src", "10.0.0.5", "--dst", "10.0.0.6"), "--dst needs a port"),
    (("--src", "10.0.0.5", "--dst", "10.0.0.0/8:80"), "--dst is '10.0.0.0/8:80', expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT"),
    (("--src", "10.0.0.5", "--dst", "[fd00::1"), "--dst is '[fd00::1'"),
    (("--src", "10.0.0.5", "--dst", "[fd00::1]80"), "--dst is '[fd00::1]80'"),
    (("--src", "10.0.0.5", "--dst", "example.com:80"), "--dst: 'example.com'"),
    (("--src", "10.0.0.5", "--dst", "10.0.0.6:65536"), "--dst: port: '65536'"),
    (("--src", "10.0.0.5", "--dst", "[fd00::1]:80"), "--src and --dst are of different families"),
    ((*OUT, "--protocol", "icmp"), "only tcp and udp have ports"),
    ((*OUT, "--protocol", "sctp"), "--protocol is 'sctp', expected tcp, udp, icmp or other"),
    ((*OUT, "--uid", "root"), "--uid: 'root'"),
    ((*OUT, "--gid", "-1"), "--gid: '-1'"),
    ((*OUT, "--mark", "0x1"), "--mark: '0x1'"),
    ((*OUT, "--icmp-type", "256"), "--icmp-type: '256'"),
    ((*OUT, "--own", "10.0.0.0.1"), "--own: '10.0.0.0.1'"),
    ((*OUT, "--interface", "an-interface-of-many"), "--interface is 'an-interface-of-many'"),
])
def test_a_question_that_is_none_is_told(arguments, words):
    assert words in fail("explain", "--annotation", document(), *arguments, code=2)


def test_dns_servers_are_those_of_a_resolv_conf(tmp_path):
    conf = tmp_path / "resolv.conf"
    conf.write_text("# comment\nsearch example.org\nnameserver 192.0.2.53\nnameserver\t2001:db8::53 # the other\noptions edns0\n",
                    encoding="utf-8")
    words = succeed("plan", "--annotation", document(**DNS), "--dns-from", conf)
    assert "UDP to 192.0.2.53 port 53 goes to port 15053" in words and "UDP to 2001:db8::53 port 53 goes to port 15053" in words
    assert "UDP to any port 53" not in words and "to port 53 goes to port 15053" not in words


@pytest.mark.parametrize("text, words", [
    ("", "it names no nameserver"),
    ("search nameserver 192.0.2.1\n", "it names no nameserver"),
    ("nameserver\nnameservers 192.0.2.1\n", "it names no nameserver"),
    ("nameserver fe80::1%eth0\n", "fe80::1%eth0"),
    ("nameserver 192.0.2.0/24\n", "'192.0.2.0/24'"),
    ("nameserver 127.0.0.53\n", "nameserver '127.0.0.53' is on loopback"),
    ("nameserver ::1\n", "nameserver '::1' is on loopback"),
])
def test_a_resolv_conf_that_does_not_help_is_told(tmp_path, text, words):
    (tmp_path / "resolv.conf").write_text(text, encoding="utf-8")
    told = fail("plan", "--annotation", document(**DNS), "--dns-from", tmp_path / "resolv.conf")
    assert f"--dns-from {tmp_path}/resolv.conf: " in told and words in told


def test_dns_servers_are_for_documents_that_capture_dns(tmp_path):
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n", encoding="utf-8")
    assert "captures no DNS" in fail("plan", "--annotation", document(), "--dns-from", tmp_path / "resolv.conf")
    assert "nothing.conf" in fail("plan", "--annotation", document(**DNS), "--dns-from", tmp_path / "nothing.conf")


def test_an_output_that_is_full_is_a_failure():
    done = run("help", launcher=["sh", "-c", 'exec "$@" >/dev/full', "sh"])
    assert done.code == 1 and "standard output: cannot be written" in done.err


def test_the_document_that_the_readme_shows_is_one(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"(?m)^    (\{\"version\":1,(?:.*\n)+?.*\"excludeGids\":\"\"\})$", readme).group(1)
    (tmp_path / "redirect.json").write_text(shown, encoding="utf-8")
    assert "new TCP to 10.0.0.0/8" in succeed("plan", tmp_path / "redirect.json")
