# SPDX-License-Identifier: GPL-2.0-or-later
"""In force, compared, and gone again: in a pod's namespace that is named, and in an init container."""

import json
import os
import pathlib
import subprocess

import pytest

import plugin
from redirect import as_host, as_init_container, beside, document, dump, fail, run, succeed

NONE = json.dumps(plugin.DOCUMENT_NONE)
OTHER = document(outboundPort=15002)
MODES = {
    "redirect": document(),
    "everything": document(dnsPort=15053, dnsServers="0.0.0.0/0,::/0", dropInvalid=True, nonTcp="reject", portMap="6379:15003",
                           excludeInterfaces="net1", excludeInboundPorts="15021,9000-9100"),
    "tproxy": document(mode="tproxy", inboundPort=15007),
    "tproxy-both": document(mode="tproxy-both", proxyMark=15099),
}
BACKENDS = ["iptables", "nftables"]


def there(pod):
    return ["--pod-netns", pod.path]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("text", MODES.values(), ids=MODES)
def test_a_document_is_in_force_until_it_is_removed(pod, text, backend):
    words = [*there(pod), "--backend", backend, "--annotation", text]
    assert succeed("apply", *words) == "applied\n"
    assert dump(pod) != pod.before
    assert succeed("verify", *words) == "equal\n"
    assert succeed("status", *there(pod)) == f"network: a pod's\nredirect: in force, by {backend}\n"
    assert succeed("apply", *words) == "in force already: nothing was done\n"
    assert succeed("remove", *there(pod)) == "removed\n"
    assert dump(pod) == pod.before
    assert "it differs: " in fail("verify", *words)
    assert succeed("remove", *there(pod)) == "nothing is in force: nothing was done\n"
    assert succeed("status", *there(pod)) == "network: a pod's\nredirect: nothing is in force\n"


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_shadows_is_no_other_document(pod, backend):
    words = [*there(pod), "--backend", backend, "--annotation", MODES["tproxy"]]
    succeed("apply", *words)
    pod.ip("rule", "add", "pref", "100", "lookup", "200")
    shadow = "IPv4: the policy rule of priority 100 is asked before that for mark 0x51de0004"
    assert f"it is in force, but shadowed: {shadow}" in fail("verify", *words)
    assert succeed("apply", *words) == f"in force already, but shadowed ({shadow}): nothing was done\n"
    pod.ip("rule", "del", "pref", "100")
    assert succeed("verify", *words) == "equal\n"


def test_what_is_first_for_having_come_last_is_replaced(pod):
    words = [*there(pod), "--backend", "nftables", "--annotation", document()]
    succeed("apply", *words)
    pod.run(["nft", "-f", "-"], input="table inet other {\nchain out {\ntype nat hook output priority -100\n"
                                      "tcp dport 80 redirect to :9\n}\n}\n")
    assert "but shadowed" in succeed("apply", *words)
    assert succeed("apply", "--dry-run", "--replace", *words).startswith("would replace ")
    assert "but shadowed" in fail("verify", *words)
    assert succeed("apply", "--replace", *words) == "replaced\n"
    assert succeed("verify", *words) == "equal\n"


def test_a_dry_run_changes_nothing(pod):
    assert succeed("apply", "--dry-run", *there(pod), "--annotation", document()) == (
        "would apply:\n" + succeed("plan", "--annotation", document()))
    assert dump(pod) == pod.before
    succeed("apply", *there(pod), "--annotation", document())
    applied = dump(pod)
    assert "would remove what is in force (" in succeed("remove", "-n", *there(pod))
    assert succeed("apply", "-n", "--replace", *there(pod), "--annotation", OTHER) == (
        "would replace what is in force by:\n" + succeed("plan", "--annotation", OTHER))
    assert succeed("apply", "-n", *there(pod), "--annotation", document()) == "in force already: nothing was done\n"
    assert "another document is in force" in fail("apply", "-n", *there(pod), "--annotation", OTHER)
    assert dump(pod) == applied


def test_another_document_is_refused_unless_it_is_to_replace(pod):
    succeed("apply", *there(pod), "--annotation", document())
    applied = dump(pod)
    told = fail("apply", *there(pod), "--annotation", OTHER)
    assert "another document is in force, which --replace would replace (" in told and "15002" in told
    assert "it differs: " in fail("verify", *there(pod), "--annotation", OTHER)
    assert dump(pod) == applied
    assert succeed("apply", "--replace", *there(pod), "--annotation", OTHER) == "replaced\n"
    assert succeed("verify", *there(pod), "--annotation", OTHER) == "equal\n"


def test_the_other_backend_is_another_way(pod):
    succeed("apply", *there(pod), "--backend", "nftables", "--annotation", document())
    assert "another document" in fail("apply", *there(pod), "--backend", "iptables", "--annotation", document())
    assert succeed("apply", "--replace", *there(pod), "--backend", "iptables", "--annotation", document()) == "replaced\n"
    assert "by iptables\n" in succeed("status", *there(pod))


def test_nothing_to_redirect_is_nothing_in_force(pod):
    assert succeed("apply", *there(pod), "--annotation", NONE) == "in force already: nothing was done\n"
    assert succeed("verify", *there(pod), "--annotation", NONE) == "equal\n"
    succeed("apply", *there(pod), "--annotation", document())
    assert "it differs: " in fail("verify", *there(pod), "--annotation", NONE)
    assert "another document" in fail("apply", *there(pod), "--annotation", NONE)
    assert succeed("apply", "--replace", *there(pod), "--annotation", NONE) == "replaced\n"
    assert dump(pod) == pod.before


def test_what_others_have_there_stays(pod):
    pod.run(["iptables-legacy", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "81", "-j", "REDIRECT", "--to-ports", "82"])
    pod.run(["nft", "add table inet other"])
    before = dump(pod)
    succeed("apply", *there(pod), "--annotation", document())
    succeed("remove", *there(pod))
    assert dump(pod) == before


def test_status_finds_a_pod_by_its_process(pod):
    succeed("apply", *there(pod), "--annotation", document())
    process = pod.start(["sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
    process.stdout.readline()
    told = json.loads(succeed("status", "--pid", process.pid, "--output", "json"))
    assert told == {"network": "pod", "inForce": True, "backends": ["iptables"]}
    succeed("remove", "--pid", process.pid)
    told = json.loads(succeed("status", "--pid", process.pid, "--output", "json"))
    assert told == {"network": "pod", "inForce": False, "backends": []}


@pytest.mark.parametrize("words, told", [
    (["--pod-netns", "/nowhere/netns"], "network namespace /nowhere/netns: "),
    (["--pod-netns", "/dev/null"], "network namespace /dev/null: it is no network namespace"),
    (["--pid", 2 ** 31 - 1], "/proc/2147483647/ns/net"),
    (["--pid", os.getpid()], "it is the host's: nothing was touched"),
])
@pytest.mark.parametrize("command", ["status", "remove"])
def test_what_is_no_pods_network_is_told(command, words, told):
    assert told in fail(command, *words)


def test_where_process_1_can_not_be_seen_it_is_a_host(pod):
    launcher = pod.command(["setpriv", "--bounding-set=-all,+net_admin,+net_raw"])
    assert succeed("status", launcher=launcher).startswith("network: this host's\n")


def test_the_hosts_network_is_no_pods():
    if not pathlib.Path("/proc/sys/net/core/netdev_budget").exists():
        pytest.skip("this is not the kernel's first network namespace")
    assert "this is the host's network, not a pod's: nothing was touched" in fail("status", "--in-pod")


def test_an_init_container_redirects_its_pod(pod):
    words = ["--in-pod", "--annotation", document()]
    assert succeed("apply", *words, launcher=as_init_container(pod)) == "applied\n"
    assert succeed("verify", *there(pod), "--annotation", document()) == "equal\n"
    assert succeed("apply", *words, launcher=as_init_container(pod)) == "in force already: nothing was done\n"
    told = fail("apply", "--replace", "--in-pod", "--annotation", MODES["tproxy"], launcher=as_init_container(pod))
    assert "tcp_fwmark_accept" in told
    assert succeed("verify", *there(pod), "--annotation", document()) == "equal\n"


def test_an_init_container_that_was_killed_is_started_again(pod):
    """The tables are written one by one: here the last is missing."""
    words = ["--in-pod", "--annotation", document()]
    succeed("apply", *words, launcher=as_init_container(pod))
    pod.run(["iptables-legacy-restore"], input="*nat\nCOMMIT\n")
    assert "another document" in fail("apply", *words, launcher=as_init_container(pod))
    assert succeed("apply", "--replace", *words, launcher=as_init_container(pod)) == "replaced\n"
    assert succeed("verify", *there(pod), "--annotation", document()) == "equal\n"


def test_whose_network_it_is_process_1_tells(network, pod):
    assert succeed("status", launcher=as_init_container(pod)).startswith("network: a pod's\n")
    assert succeed("status", launcher=beside(network.node, pod)).startswith("network: a pod's\n")
    assert succeed("status", launcher=as_host(network.node)).startswith("network: this host's\n")
    assert json.loads(succeed("status", "-o", "json", launcher=as_host(network.node)))["network"] == "host"


def test_without_privileges_it_says_so(pod):
    told = fail("apply", "--in-pod", "--annotation", document(), launcher=pod.command([], user=(1000, 1000)))
    assert "CAP_NET_" in told or "ermi" in told, told
    assert dump(pod) == pod.before


@pytest.mark.parametrize("text", MODES.values(), ids=MODES)
def test_what_plan_prints_for_nft_is_what_apply_does(pod, text):
    pod.run(["nft", "-f", "-"], input=succeed("plan", "-o", "nft", "--annotation", text))
    by_hand = pod.run(["nft", "list", "ruleset"])
    pod.run(["nft", "flush", "ruleset"])
    succeed("apply", *there(pod), "--backend", "nftables", "--annotation", text)
    assert pod.run(["nft", "list", "ruleset"]) == by_hand


def rules(pod):
    """Without the addresses of lo, which the text does not add. The tool knows a later revision of -m socket."""
    return pod.rules().split("1: lo")[0].replace(" [unsupported revision]", "")


@pytest.mark.parametrize("name", ["redirect", "tproxy"])
def test_what_plan_prints_for_iptables_is_what_apply_does(pod, name):
    for program, output in (("iptables-legacy-restore", "iptables"), ("ip6tables-legacy-restore", "ip6tables")):
        pod.run([program, "--noflush"], input=succeed("plan", "-o", output, "--annotation", MODES[name]))
    by_hand = rules(pod)
    assert "-j SIDEWIRE_INBOUND" in by_hand or "-j SIDEWIRE_TPROXY" in by_hand
    succeed("apply", "--replace", *there(pod), "--backend", "iptables", "--annotation", MODES[name])
    assert rules(pod) == by_hand


def test_a_pod_is_verified_by_what_its_object_says(pod):
    succeed("apply", *there(pod), "--annotation", document())
    objected = json.dumps({"kind": "Pod", "metadata": {"annotations": {plugin.REDIRECT: document()}}})
    assert succeed("verify", *there(pod), "-", stdin=objected) == "equal\n"


def test_documents_come_from_sidewire_inject(pod, tmp_path):
    (tmp_path / "pod.json").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": "web"}]}}), encoding="utf-8")
    injected = subprocess.run([plugin.PROGRAM.parent / "sidewire-inject", "inject", "--profiles-dir",
                               plugin.lab.ROOT / "manifests" / "profiles", tmp_path / "pod.json"],
                              capture_output=True, text=True, check=True).stdout
    assert succeed("apply", *there(pod), "-", stdin=injected) == "applied\n"
    assert run("verify", *there(pod), "-", stdin=injected).code == 0
