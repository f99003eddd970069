# SPDX-License-Identifier: GPL-2.0-or-later
"""The webhook under load, as the API server sees it: pods at a steady rate, and many at once."""

import concurrent.futures
import json
import time

import cluster_api
from cluster_start import PODS, application, wait_for
from table import spread

CONNECTIONS = 16
METRIC = "apiserver_admission_webhook_admission_duration_seconds"
RATES = ((1, 30), (20, 15), (100, 15))  # pods a second, for so many seconds
REAL, MEANT = 100, 500
SECONDS_TO_RUN = 600
NODES = ("node1", "node2")
# Of every pod's network on a node: an address, and how many rules of ours there are for IPv4 and IPv6.
COUNT_RULES = r"""
for netns in /run/netns/*; do
	enter="nsenter --net=$netns"
	echo "$($enter ip -4 -o addr show dev eth0 | sed 's/.*inet \([0-9.]*\).*/\1/')" \
		"$($enter iptables-legacy-save -t nat | grep -c -- '-A SIDEWIRE_')" \
		"$($enter ip6tables-legacy-save -t nat | grep -c -- '-A SIDEWIRE_')"
done
"""


def _histogram(api):
    return cluster_api.Histogram(api.get("/metrics"), METRIC, name="enabled.sidewire.io", operation="CREATE")


def _at(moment, api, pod, query):
    """Makes a pod at its time. Returns the status, and the milliseconds that the answer took."""
    time.sleep(max(moment - time.monotonic(), 0))
    begin = time.monotonic()
    status, text = api.call("POST", PODS, pod, **query)
    return status, (time.monotonic() - begin) * 1e3, text


def _make(api, pods, rate=None, **query):
    """Makes pods at that rate, or as fast as it goes; returns what _at does, of each."""
    begin = time.monotonic() + 0.1
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        calls = [pool.submit(_at, begin + (number / rate if rate else 0), api, pod, query)
                 for number, pod in enumerate(pods)]
        return [call.result() for call in calls], time.monotonic() - begin


def _report_histogram(table, taken):
    table.row("  the webhook, as the API server sees it: 50 % within", taken.quantile(0.5) * 1e3, "ms", 1)
    table.row("  99 % within (its counters are for 5 and 25 ms)", taken.quantile(0.99) * 1e3, "ms", 1, limit=10)
    table.row("  mean", taken.seconds / taken.count * 1e3, "ms", 1)


def report_rates(table, api, divisor):
    """Pods that are only asked about (dry runs), so that nothing but admission is measured."""
    table.head("Admission at a steady rate")
    for rate, seconds in RATES:
        count = max(rate * seconds // divisor, 2)
        pods = [application(f"asked-{number}", "") for number in range(count)]
        before = _histogram(api)
        answers, took = _make(api, pods, rate, dryRun="All")
        taken = _histogram(api).since(before)
        wrong = [text for status, _, text in answers if status != 201]
        if wrong or taken.count != count:
            raise RuntimeError(f"{len(wrong)} of {count} refused, {taken.count} seen by the webhook: {wrong[:1]}")
        table.row(f"{count} pods, {rate} a second; in fact", count / took, "/s", 1)
        _report_histogram(table, taken)
        table.row("  the whole call, as its client sees it", spread([ms for _, ms, _ in answers]), "ms", 1)


def _pod(number, is_real):
    """A pod that runs, its sidecar asking for so little that a hundred fit; or one that the scheduler never gets."""
    pod = application(f"burst-{number}", "")
    pod["metadata"]["labels"] = {"burst": "real" if is_real else "gated"}
    pod["metadata"]["annotations"] = {"param.sidewire.io/cpu": "1m", "param.sidewire.io/memory": "1Mi"}
    if not is_real:
        pod["spec"]["schedulingGates"] = [{"name": "example.com/never"}]
    return pod


def _run_all(api, count):
    """Waits until that many pods run; returns them."""
    def running():
        pods = [pod for pod in api.list(PODS) if pod["metadata"]["labels"]["burst"] == "real"]
        is_up = [any(condition["type"] == "Ready" and condition["status"] == "True"
                     for condition in pod["status"].get("conditions", [])) for pod in pods]
        return pods if sum(is_up) == count else None
    return wait_for(running, SECONDS_TO_RUN, f"{count} pods to be ready")


def _without_rules(cluster, pods):
    """How many pods have no rules of ours in their network, or only for one family."""
    rules = {}
    for node in NODES:
        for line in cluster.node(node, "sh", "-c", COUNT_RULES).splitlines():
            address, *counts = line.split()
            rules[address] = all(int(count) > 0 for count in counts)
    return sum(not rules.get(pod["status"]["podIP"], False) for pod in pods)


def report_burst(table, cluster, api, divisor):
    """Many pods at once. Some of them run, with a real Envoy each; the others only the API server sees."""
    real, count = max(REAL // divisor, 1), max(MEANT // divisor, 2)
    pods = [_pod(number, number % (count // real) == 0) for number in range(count)]
    before, begin = _histogram(api), time.monotonic()
    answers, took = _make(api, pods)
    taken = _histogram(api).since(before)
    running = _run_all(api, sum(pod["metadata"]["labels"]["burst"] == "real" for pod in pods))
    ready = time.monotonic() - begin
    stored = [json.loads(text) for status, _, text in answers if status == 201]
    table.head(f"{count} pods at once; {len(running)} of them run on two nodes, with a real Envoy each")
    table.row("all were made after", took, "s")
    _report_histogram(table, taken)
    table.row("  the whole call, as its client sees it", spread([ms for _, ms, _ in answers]), "ms", 1)
    table.row("refused", count - len(stored), "pods", 0, limit=1)
    table.row("stored without what is to be redirected",
              sum("sidewire.io/redirect" not in pod["metadata"]["annotations"] for pod in stored), "pods", 0, limit=1)
    table.row("running without rules in their network", _without_rules(cluster, running), "pods", 0, limit=1)
    table.row("all that run were ready after", ready, "s", 1)
    api.call("DELETE", PODS, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
