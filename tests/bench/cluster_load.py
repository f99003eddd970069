# SPDX-License-Identifier: GPL-2.0-or-later
"""The webhook under load, as the API server sees it: pods at a steady rate, and many at once."""

import concurrent.futures
import json
import re
import time

import cluster_api
from cluster_start import PODS, UNINJECTED, application, wait_for
from table import spread

CONNECTIONS = 16
SYSTEM_PODS = "/api/v1/namespaces/sidewire-system/pods"
METRIC = "apiserver_admission_webhook_admission_duration_seconds"
RATES = ((1, 120), (20, 15), (100, 15))  # pods a second, for so many seconds: of 30 pods the slowest would be the p99
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


def _report_histogram(table, taken, limit=None):
    table.row("the webhook, as the API server sees it: 50 % within", taken.quantile(0.5) * 1e3, "ms", 1)
    table.row("  99 % within (its counters are for 5 and 25 ms)", taken.quantile(0.99) * 1e3, "ms", 1, limit)
    table.row("  under 5 ms", taken.buckets[0.005] / taken.count * 100, "%", 1)
    table.row("  mean", taken.seconds / taken.count * 1e3, "ms", 1)


def _own_account(api):
    """Seconds and number of reviews, as the webhook's replicas count them: from a whole body to the answer's body."""
    seconds = reviews = 0.0
    for pod in api.list(SYSTEM_PODS):
        if pod["metadata"]["name"].startswith("sidewire-webhook-"):
            text = api.get(f"{SYSTEM_PODS}/http:{pod['metadata']['name']}:8080/proxy/metrics")
            own = dict(re.findall(r"^sidewire_review_duration_seconds_(sum|count) (\S+)", text, re.MULTILINE))
            seconds, reviews = seconds + float(own["sum"]), reviews + float(own["count"])
    return seconds, reviews


def _ask(api, kind, rate, seconds):
    """Dry runs, so that nothing but admission is measured. Milliseconds of each call, and the rate that came of it."""
    pods = [application(f"asked-{number}", kind) for number in range(max(rate * seconds, 2))]
    answers, took = _make(api, pods, rate, dryRun="All")
    wrong = [text for status, _, text in answers if status != 201]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(pods)} refused: {wrong[0]}")
    return [ms for _, ms, _ in answers], len(pods) / max(took, len(pods) / rate)


def report_rates(table, api, divisor):
    """What the webhook costs those who make pods at a steady rate, beside pods of which it is not asked."""
    for rate, seconds in RATES:
        seconds = max(seconds // divisor, 1)
        floor, _ = _ask(api, UNINJECTED, rate, seconds)
        before, own_before = _histogram(api), _own_account(api)
        calls, kept_up = _ask(api, "", rate, seconds)
        taken, own = _histogram(api).since(before), _own_account(api)
        table.head(f"Admission of {len(calls)} pods, {rate} a second")
        table.row("kept up with", kept_up, "/s", 1)
        # The API server asks again about a pod that it has changed itself after the first answer.
        table.row("reviews", taken.count / len(calls), "a pod", 1)
        _report_histogram(table, taken, limit=10)
        table.row("of that, the review itself (the webhook's metrics), mean",
                  (own[0] - own_before[0]) / (own[1] - own_before[1]) * 1e3, "ms", 2)
        table.row("the whole call, as its client sees it", spread(calls), "ms", 1)
        table.row("  the same for a pod of which the webhook is not asked", spread(floor), "ms", 1)


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
    table.row("the whole call, as its client sees it", spread([ms for _, ms, _ in answers]), "ms", 1)
    table.row("refused", count - len(stored), "pods", 0, limit=1)
    table.row("stored without what is to be redirected",
              sum("sidewire.io/redirect" not in pod["metadata"]["annotations"] for pod in stored), "pods", 0, limit=1)
    table.row("running without rules in their network", _without_rules(cluster, running), "pods", 0, limit=1)
    table.row("all that run were ready after", ready, "s", 1)
    api.call("DELETE", PODS, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
