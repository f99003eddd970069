# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables backend by itself: what it writes is read back as the same, what others change is named, and what is
removed is gone. Other tests send traffic."""

import re
import subprocess

import pytest

import lab
import plugin

PROGRAM = lab.BUILD / "golden-nft"
GOLDEN = lab.ROOT / "tests/golden"
DOCUMENTS = sorted(path.name.removesuffix(".in.json") for path in (GOLDEN / "nft").glob("*.in.json"))
TEXT = "every-exclusion"
FOREIGN = """
table inet foreign {
	chain output {
		type filter hook output priority 0; policy accept;
		tcp dport 12345 counter
	}
}
"""


@pytest.fixture(name="place")
def fresh():
    """A namespace without rules."""
    if not lab.is_root():
        pytest.skip("network namespaces need root")
    with lab.Namespace("nft") as made:
        yield made


def document_of(name):
    """The document of a golden case, as text."""
    return (GOLDEN / f"nft/{name}.in.json").read_text(encoding="utf-8")


def work(place, command, name=TEXT, families="46"):
    """One command of the backend; it must succeed."""
    return place.run([PROGRAM, command, families], input=document_of(name))


def complaint(place, command, name=TEXT):
    """What a command says that must fail."""
    done = subprocess.run(place.command([PROGRAM, command]), input=document_of(name), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1, done
    return done.stderr.strip()


def nft(place, text):
    """Gives nft commands, a line each."""
    place.run(["nft", "-f", "-"], input=text)


def ruleset(place):
    """All rules as nft lists them, without what counts and numbers."""
    return re.sub(r"packets \d+ bytes \d+", "", place.run(["nft", "list", "ruleset"]))


def test_every_document(place):
    """For both families and for one each; each in the place of the one before."""
    for name in DOCUMENTS:
        for families in ("46", "4", "6"):
            work(place, "apply", name, families)
            work(place, "verify", name, families)
        work(place, "apply", name)
        place.run(["nft", "-c", "-f", GOLDEN / f"nft/{name}.out"])
        ours = ruleset(place)
        # The same rules as text lead to the same listing.
        place.run(["nft", "-f", GOLDEN / f"nft/{name}.out"])
        assert ruleset(place) == ours, name
    assert work(place, "used") == "yes\n"


def test_families_that_are_left_out(place):
    """A rule of the family inet would match IPv6 too where only IPv4 is programmed."""
    work(place, "apply", families="4")
    listing = ruleset(place)
    assert listing.count("meta nfproto ipv4 jump") == 2 and "ip6" not in listing
    assert "SIDEWIRE_INBOUND is another" in complaint(place, "verify")


def test_removed(place):
    """With a foreign table beside, which stays. What is not there is removed, too."""
    nft(place, FOREIGN)
    before = ruleset(place)
    for _ in range(2):
        work(place, "apply")
        assert ruleset(place) != before
    for _ in range(2):
        work(place, "remove")
        assert ruleset(place) == before
        assert work(place, "used") == "no\n"


def test_undone(place):
    """What was there comes back: another plan, or nothing."""
    work(place, "undo")
    assert ruleset(place) == ""
    work(place, "apply", "sets")
    before = ruleset(place)
    work(place, "undo", "tproxy-every-field")
    assert ruleset(place) == before
    work(place, "verify", "sets")


def test_undone_asleep(place):
    """Also what somebody has switched off."""
    work(place, "apply", "sets")
    nft(place, "add table inet sidewire { flags dormant; }")
    before = ruleset(place)
    work(place, "undo")
    assert "flags dormant" in before and ruleset(place) == before


def test_another_writer(place):
    """The ruleset was changed between reading and writing: it is read again."""
    work(place, "late")
    work(place, "verify")


def handle(place, chain, number):
    """The kernel's number of the rule that is the nth of a chain."""
    listing = place.run(["nft", "-a", "list", "chain", "inet", "sidewire", chain])
    return re.findall(r"^\t\t(?!type).* # handle (\d+)$", listing, re.M)[number - 1]


RULE_4 = "rule 4 of SIDEWIRE_INBOUND"
EXPECTED_4 = "expected: ip6 saddr fd09::/16 return"

# What somebody does, with {N} for the handle of SIDEWIRE_INBOUND's rule N, and what is said of it.
TAMPERED = {
    "deleted": ("delete rule inet sidewire SIDEWIRE_INBOUND handle {4}", f"{RULE_4} is another, {EXPECTED_4}"),
    "last deleted": ("delete rule inet sidewire SIDEWIRE_INBOUND handle {6}",
                     "rule 6 of SIDEWIRE_INBOUND is missing, expected: tcp dport @SIDEWIRE_INBOUND_2 "),
    "changed": ("replace rule inet sidewire SIDEWIRE_INBOUND handle {4} ip6 saddr fd09::/17 return",
                f"{RULE_4} is another, {EXPECTED_4}"),
    "negated": ("replace rule inet sidewire SIDEWIRE_INBOUND handle {5} tcp dport != @SIDEWIRE_INBOUND_1 return",
                "rule 5 of SIDEWIRE_INBOUND is another"),
    "other verdict": ("replace rule inet sidewire SIDEWIRE_INBOUND handle {4} ip6 saddr fd09::/16 accept",
                      f"{RULE_4} is another, {EXPECTED_4}"),
    "other port": ("replace rule inet sidewire SIDEWIRE_INBOUND handle {2} tcp dport 15999 "
                   "tcp flags & (fin | syn | rst | ack) == syn redirect to :15007",
                   "rule 2 of SIDEWIRE_INBOUND is another"),
    "moved": ("delete rule inet sidewire SIDEWIRE_INBOUND handle {4}\n"
              "add rule inet sidewire SIDEWIRE_INBOUND ip6 saddr fd09::/16 return", f"{RULE_4} is another"),
    "foreign before": ("insert rule inet sidewire SIDEWIRE_INBOUND accept", "rule 1 of SIDEWIRE_INBOUND is another"),
    "foreign behind": ("add rule inet sidewire SIDEWIRE_INBOUND accept",
                       "rule 7 of SIDEWIRE_INBOUND is one too many"),
    "before the jump": ("insert rule inet sidewire nat_output accept", "rule 1 of nat_output is another"),
    "the jump deleted": ("flush chain inet sidewire nat_output",
                         "rule 1 of nat_output is missing, expected: jump SIDEWIRE_OUTBOUND"),
    "foreign chain": ("add chain inet sidewire other", "chain other is one too many"),
    "foreign set": ("add set inet sidewire other { type ipv4_addr; }", "set other is one too many"),
    "policy": ("add chain inet sidewire nat_output { policy drop; }", "chain nat_output is another"),
    "base chain deleted": ("flush chain inet sidewire nat_output\ndelete chain inet sidewire nat_output",
                           "chain nat_output is missing"),
    "emptied": ("flush table inet sidewire", "rule 1 of SIDEWIRE_INBOUND is missing"),
    "table deleted": ("delete table inet sidewire", "the table inet sidewire is missing"),
    "put to sleep": ("add table inet sidewire { flags dormant; }", "the table inet sidewire is dormant"),
}


def test_tampered(place):
    """Whatever somebody does to our rules is named; and an apply puts it right."""
    for name, (commands, said) in TAMPERED.items():
        work(place, "apply")
        work(place, "verify")
        nft(place, re.sub(r"\{(\d)\}", lambda found: handle(place, "SIDEWIRE_INBOUND", int(found[1])), commands))
        assert said in complaint(place, "verify"), name


def test_elements_of_a_set(place):
    """A set that somebody has written anew with other elements."""
    work(place, "apply")
    listing = ruleset(place)
    nft(place, "delete table inet sidewire\n" + listing.replace("15021, 15090-15099", "15021, 15090-15098"))
    assert "set SIDEWIRE_INBOUND_1 " in complaint(place, "verify")


def test_other_meshes(place):
    """Their chains are named, whichever tool made them; ours go nevertheless."""
    for table, chain in (("inet istio-proxy-nat", "istio-inbound"), ("ip nat", "PROXY_INIT_REDIRECT"),
                         ("ip6 nat", "KUMA_MESH_INBOUND")):
        work(place, "apply")
        nft(place, f"add table {table}\nadd chain {table} {chain}")
        said = complaint(place, "apply")
        assert f"table {table.split()[1]} of nftables has its chain {chain}" in said
        work(place, "remove")
        nft(place, f"delete table {table}")
        assert ruleset(place) == ""


def conntrack_count(place):
    """Connections that the namespace's conntrack knows of."""
    return int(place.run(["cat", "/proc/sys/net/netfilter/nf_conntrack_count"]))


def connect_to_itself(place):
    """A connection over lo, which is closed again."""
    with place.listen("127.0.0.1", 8080), place.connect("127.0.0.1", 8080):
        pass


def test_no_conntrack(place):
    """tproxy-both does without; the other modes show that the count would tell."""
    work(place, "apply", "tproxy-both-narrow")
    connect_to_itself(place)
    assert conntrack_count(place) == 0
    work(place, "apply", "tproxy-narrow")
    connect_to_itself(place)
    assert conntrack_count(place) > 0


def test_a_large_document(place):
    """More than one message can tell of, and more bytes than a socket's usual buffer: 4,096 prefixes that do not join,
    500 ports, and as many rules of users as a document may have."""
    text = plugin.document(
        excludeOutboundCidrs=",".join(f"10.{n // 128}.{n % 128 * 2}.0/24" for n in range(4096)),
        excludeOutboundPorts=",".join(str(2 * n + 1) for n in range(500)),
        excludeUids=",".join(str(2 * n + 1) for n in range(1024)))
    place.run([PROGRAM, "apply"], input=text)
    place.run([PROGRAM, "verify"], input=text)
    assert ruleset(place).count("return") < 1100


def test_by_the_plugin(pod):
    """The key `backend` of the network configuration chooses; what the other backend left goes."""
    def call(command, backend):
        return plugin.run(plugin.environment(command, pod),
                          plugin.configuration(pod, plugin.document(), backend=backend))

    before = pod.rules()
    assert call("ADD", "iptables").status == 0
    assert ruleset(pod) == "" and "-A SIDEWIRE_" in pod.rules()
    assert call("ADD", "nftables").status == 0
    assert "table inet sidewire" in ruleset(pod) and "-A SIDEWIRE_" not in pod.rules()
    assert call("CHECK", "nftables").status == 0
    nft(pod, "flush chain inet sidewire SIDEWIRE_OUTBOUND")
    assert "rule 1 of SIDEWIRE_OUTBOUND is missing" in call("CHECK", "nftables").message
    assert call("ADD", "auto").status == 0 and ruleset(pod) == ""
    assert call("ADD", "nftables").status == 0
    assert call("DEL", "nftables").status == 0
    assert ruleset(pod) == "" and pod.rules() == before
