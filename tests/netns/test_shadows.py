# SPDX-License-Identifier: GPL-2.0-or-later
"""What others have that is asked before our rules is named where it takes from them what is theirs, and only there."""

import re

import pytest

import lab
import plugin

DIFFERENCE = 103
DOCUMENTS = {mode: (lab.ROOT / f"tests/golden/plan/{mode}-plain.in.json").read_text(encoding="utf-8").strip()
             for mode in ("tproxy", "tproxy-both")}
DOCUMENTS["redirect"] = plugin.document()

# The kernel's policy rule of priority 0 stays.
CLEAN = """
nft flush ruleset
for family in -4 -6; do
	ip $family rule flush
	ip $family rule add pref 32766 lookup main
done
ip rule add pref 32767 lookup default
for tables in iptables-legacy ip6tables-legacy; do
	for table in raw mangle nat; do
		echo "*$table\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\nCOMMIT"
	done | $tables-restore
done
"""


@pytest.fixture(scope="module", name="pod")
def make_pod(module_network):
    """One for all tests here."""
    return module_network.add_pod("pod")


@pytest.fixture(name="clean", params=["iptables", "nftables"])
def make_clean(request, pod):
    """What calls the plugin with one backend in the pod, which has nothing of others before and after."""
    yield Caller(pod, request.param)
    plugin.succeed("DEL", pod, DOCUMENTS["redirect"])
    pod.run(["sh", "-ec", CLEAN])


class Caller:
    """The plugin with one backend, in one pod."""

    def __init__(self, pod, backend):
        self.pod, self.backend = pod, backend

    def call(self, command, mode):
        """Calls it about the mode's document."""
        return plugin.run(plugin.environment(command, self.pod),
                          plugin.configuration(self.pod, DOCUMENTS[mode], backend=self.backend))

    def succeed(self, command, mode):
        """A call that must succeed."""
        answer = self.call(command, mode)
        assert answer.status == 0, answer

    def run(self, commands):
        """Runs a script."""
        self.pod.run(["sh", "-ec", commands])


def give_nft(text):
    """The command that gives nft this text."""
    return f"nft -f - <<'E'\n{text}\nE\n"


def nft(table, kind, hook, priority, *rules):
    """The command that makes a table with a base chain."""
    lines = "\n".join(rules)
    return give_nft(f"table {table} {{\nchain other {{\n}}\nchain taker {{\ntype {kind} hook {hook} priority "
                    f"{priority};\n{lines}\n}}\n}}")


# What somebody does after our rules have been applied, by mode, and what is said of it.
SHADOWS = {
    "a redirect": ("redirect", nft("ip evil", "nat", "output", -101, "udp dport 9 counter", "tcp dport 80 redirect to :9"),
                   "ip evil: rule 2 of chain taker translates before SIDEWIRE_OUTBOUND is asked"),
    "a redirect of the same priority": ("redirect", nft("inet evil", "nat", "output", -100, "tcp dport 80 redirect to :9"),
                                        "inet evil: rule 1 of chain taker translates before SIDEWIRE_OUTBOUND is asked"),
    "a dnat of IPv6": ("redirect", nft("ip6 evil", "nat", "prerouting", -110, "tcp dport 80 dnat to [fd77::9]:9"),
                       "ip6 evil: rule 1 of chain taker translates before SIDEWIRE_INBOUND is asked"),
    "a drop": ("redirect", nft("inet evil", "filter", "prerouting", -200, "tcp dport 80 accept", "tcp dport 80 drop"),
               "inet evil: rule 2 of chain taker drops before SIDEWIRE_INBOUND is asked"),
    "a reject": ("redirect", nft("ip6 evil", "filter", "output", -120, "tcp dport 80 reject with tcp reset"),
                 "ip6 evil: rule 1 of chain taker drops before SIDEWIRE_OUTBOUND is asked"),
    "a policy": ("redirect", nft("ip evil", "filter", "output", -120, "policy drop;"),
                 "ip evil: the policy of chain taker drops before SIDEWIRE_OUTBOUND is asked"),
    "no tracking": ("redirect", nft("inet evil", "filter", "output", -300, "meta l4proto tcp notrack"),
                    "inet evil: rule 1 of chain taker hides from conntrack before SIDEWIRE_OUTBOUND is asked"),
    "a TPROXY": ("redirect", nft("ip6 evil", "filter", "prerouting", -150, "meta l4proto tcp tproxy to :9"),
                 "ip6 evil: rule 1 of chain taker takes by TPROXY before SIDEWIRE_INBOUND is asked"),
    "no tracking by iptables-nft": ("redirect", "ip6tables-nft -t raw -A OUTPUT -p tcp -j CT --notrack",
                                    "ip6 raw: rule 1 of chain OUTPUT hides from conntrack before SIDEWIRE_OUTBOUND is "
                                    "asked"),
    "no tracking by iptables": ("redirect", "iptables-legacy -t raw -A PREROUTING -p tcp -j CT --notrack",
                                "IPv4 raw: rule 1 of chain PREROUTING hides from conntrack before SIDEWIRE_INBOUND is "
                                "asked"),
    "a drop by iptables": ("redirect", "ip6tables-legacy -t mangle -A OUTPUT -j LOG\n"
                           "ip6tables-legacy -t mangle -A OUTPUT -p tcp -j DROP",
                           "IPv6 mangle: rule 2 of chain OUTPUT drops before SIDEWIRE_OUTBOUND is asked"),
    "a policy by iptables": ("redirect", "iptables-legacy -t mangle -P PREROUTING DROP",
                             "IPv4 mangle: the policy of chain PREROUTING drops before SIDEWIRE_INBOUND is asked"),
    "a drop before mangle": ("tproxy", nft("ip evil", "filter", "prerouting", -151, "tcp dport 80 drop"),
                             "ip evil: rule 1 of chain taker drops before SIDEWIRE_TPROXY is asked"),
    "a drop before the mark": ("tproxy-both", nft("ip6 evil", "route", "output", -151, "tcp dport 80 drop"),
                               "ip6 evil: rule 1 of chain taker drops before SIDEWIRE_MARK is asked"),
    "a policy rule for all": ("tproxy-both", "ip rule add pref 100 lookup 200",
                              "IPv4: the policy rule of priority 100 is asked before that for mark 0x51de0001"),
    "a policy rule for a mark": ("tproxy", "ip -6 rule add pref 15997 fwmark 0x51de0004 lookup 200",
                                 "IPv6: the policy rule of priority 15997 is asked before that for mark 0x51de0004"),
    "a policy rule for marks": ("tproxy-both", "ip -6 rule add pref 9 fwmark 0x1/0xf from fd77::/64 unreachable",
                                "IPv6: the policy rule of priority 9 is asked before that for mark 0x51de0001"),
    "a policy rule for all but": ("tproxy", "ip rule add pref 9 not fwmark 7 lookup 200",
                                  "IPv4: the policy rule of priority 9 is asked before that for mark 0x51de0004"),
    "a policy rule for all but more": ("tproxy", "ip rule add pref 9 not fwmark 7 from 10.99.0.0/24 lookup 200",
                                       "IPv4: the policy rule of priority 9 is asked before that for mark 0x51de0004"),
}


@pytest.mark.parametrize("name", SHADOWS)
def test_what_shadows_is_named(clean, name):
    mode, commands, said = SHADOWS[name]
    clean.succeed("ADD", mode)
    clean.succeed("CHECK", mode)
    clean.run(commands)
    answer = clean.call("CHECK", mode)
    assert (answer.code, answer.message) == (DIFFERENCE, said)


@pytest.mark.parametrize("family", ["ip", "ip6"])
def test_iptables_before_nftables(pod, family):
    """Whose nat is asked first where one has iptables' and the other nftables', nobody can tell."""
    caller = Caller(pod, "nftables")
    caller.succeed("ADD", "redirect")
    caller.run(f"{family}tables-legacy -t nat -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 9")
    answer = caller.call("CHECK", "redirect")
    caller.run(CLEAN)
    number = 4 if family == "ip" else 6
    assert answer.message == f"IPv{number} nat: rule 1 of chain OUTPUT translates before SIDEWIRE_OUTBOUND is asked"


KUBE_PROXY = """
table %s kube-proxy {
	chain services {
		fib daddr type local tcp dport 30080 dnat to %s
	}
	chain firewall-check {
		tcp dport 80 drop
	}
	chain filter-prerouting {
		type filter hook prerouting priority -110;
		ct state new jump firewall-check
	}
	chain filter-output {
		type filter hook output priority -110;
		ct state new jump firewall-check
	}
	chain nat-prerouting {
		type nat hook prerouting priority -100;
		jump services
	}
	chain nat-output {
		type nat hook output priority -100;
		jump services
	}
}
"""
PORTMAP = """
table inet cni_hostport {
	chain hostports {
		tcp dport 8080 dnat ip to 10.77.0.2:80
	}
	chain prerouting {
		type nat hook prerouting priority -100;
		fib daddr type local jump hostports
	}
	chain output {
		type nat hook output priority -100;
		fib daddr type local jump hostports
	}
}
"""
# As Cilium has it in tables of iptables, and Docker in nat.
JUMPS = """
for tables in iptables-legacy ip6tables-legacy; do
	for table in raw mangle nat; do
		for hook in PREROUTING OUTPUT; do
			$tables -t $table -N CILIUM_$hook
			$tables -t $table -I $hook -m comment --comment "cilium-feeder: CILIUM_$hook" -j CILIUM_$hook
		done
	done
	$tables -t raw -A CILIUM_PREROUTING -m mark --mark 0x200/0xf00 -j CT --notrack
	$tables -t mangle -A CILIUM_PREROUTING -p tcp -m mark --mark 0x3920200 -j TPROXY --on-port 14658
	$tables -t nat -A CILIUM_OUTPUT -p tcp --dport 30080 -j REDIRECT --to-ports 80
	$tables -t mangle -A PREROUTING -j MARK --set-mark 5
done
"""
BESIDE = {
    "kube-proxy": give_nft(KUBE_PROXY % ("ip", "10.77.0.2:80") + KUBE_PROXY % ("ip6", "[fd77::2]:80")),
    "portmap": give_nft(PORTMAP),
    "jumps of iptables": JUMPS,
    "accept": nft("inet good", "filter", "output", -300, "tcp dport 80 accept") +
              nft("ip good", "nat", "prerouting", -150, "tcp dport 80 return", "accept"),
    "later": nft("inet good", "filter", "prerouting", 0, "tcp dport 80 drop") +
             nft("inet good2", "nat", "output", -99, "tcp dport 80 redirect to :9"),
    "elsewhere": nft("inet good", "filter", "forward", -300, "drop") +
                 nft("inet good2", "nat", "postrouting", -101, "masquerade") +
                 nft("bridge good", "filter", "prerouting", -300, "drop"),
    "asleep": nft("inet good", "filter", "output", -300, "drop").replace("chain other", "flags dormant;\nchain other"),
    "policy rules": "for family in -4 -6; do\nip $family rule add pref 100 lookup local\n"
                    "ip $family rule add pref 9 fwmark 0x200/0xf00 lookup 2004\n"
                    "ip $family rule add pref 1024 fwmark 0x80/0x80 lookup main\n"
                    "ip $family rule add pref 512 iif eth0 lookup main\n"
                    "ip $family rule add pref 600 goto 15000\nip $family rule add pref 601 lookup 15998\n"
                    "ip $family rule add pref 15999 lookup 200\n"
                    "ip $family rule add pref 602 not fwmark 0x51de0000/0xffff0000 lookup 200\ndone",
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_beside_is_no_difference(clean, name):
    """It comes after ours, which makes it the first of one priority, and before those of other modes."""
    clean.succeed("ADD", "redirect")
    clean.run(BESIDE[name])
    clean.succeed("CHECK", "redirect")
    for mode in ("tproxy", "tproxy-both"):
        clean.succeed("ADD", mode)
        clean.succeed("CHECK", mode)


def test_of_one_priority_the_younger_is_first(pod):
    """An apply makes our table anew, and so mends that. With iptables nobody knows."""
    other = nft("inet good", "nat", "output", -100, "tcp dport 80 redirect to :9")
    caller = Caller(pod, "nftables")
    caller.run(other)
    for _ in range(2):
        caller.succeed("ADD", "redirect")
        caller.succeed("CHECK", "redirect")
        caller.run("nft delete table inet good\n" + other)
        assert re.match("inet good: rule 1 ", caller.call("CHECK", "redirect").message)
    caller.run(CLEAN)
