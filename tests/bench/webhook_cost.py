# SPDX-License-Identifier: GPL-2.0-or-later
"""What a review costs: in process, stage by stage; over TLS, at the running webhook; and the
webhook's memory."""

import contextlib
import json
import multiprocessing
import pathlib
import statistics
import subprocess
import time

import api_server
import hostile
import lab
import pods
from in_cluster import wait_ready
from program import PROFILES, Program
from table import Spread, spread

STAGES = ("decode the review", "decide and inject", "encode the answer", "release")
LOAD_SECONDS = 2
LOAD_CONNECTIONS = 8
SETTLE_SECONDS = 6  # the webhook gives back what a burst took every five


def _write_reviews(directory):
    """Files of the two reviews, by the size of their pods."""
    reviews = {}
    for pod in (pods.small(), pods.large()):
        path = directory / f"review-{pods.size_of(pod)}.json"
        path.write_bytes(pods.review_of(pod))
        reviews[pods.size_of(pod)] = path
    return reviews


def _in_process(review, count):
    """Microseconds of every stage, and of the diff by itself: a list for each."""
    done = subprocess.run([lab.BUILD / "bench-review", PROFILES, str(count)], text=True,
                          stdin=review.open("rb"), stdout=subprocess.PIPE, check=True)
    rows = [[int(field) / 1e3 for field in line.split("\t")] for line in done.stdout.splitlines()]
    decode, inject, diff, encode, release = zip(*rows)
    return dict(zip(STAGES, (decode, inject, encode, release))), diff


def report_in_process(table, directory, count):
    """A review without network and threads."""
    for size, review in _write_reviews(directory).items():
        stages, diff = _in_process(review, count)
        table.head(f"One review of a pod of {size} bytes, in process, {count} times")
        table.row("all of it", spread([sum(parts) for parts in zip(*stages.values())]), "us", 1)
        for name, values in stages.items():
            table.row(f"  {name}", spread(values), "us", 1)
            if name == STAGES[1]:
                table.row("    of that, the diff", spread(diff), "us", 1)


def _load(webhook, review, seconds, connections):
    """wrk's account of that much load."""
    done = subprocess.run(
        ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
         "--script", pathlib.Path(__file__).with_name("post.lua"),
         f"https://127.0.0.1:{webhook.port}/mutate/enabled", "--", review],
        stdout=subprocess.PIPE, text=True, check=True)
    account = json.loads(done.stdout.splitlines()[-1])
    if account["failed"] > 0:
        raise RuntimeError(f"{account['failed']} of {account['reviews']} reviews failed")
    return account


def _own_microseconds(webhook):
    """Sum and count of the webhook's own account: from a whole body to the answer's body."""
    name = "sidewire_review_duration_seconds"
    return webhook.metric(f"{name}_sum") * 1e6, webhook.metric(f"{name}_count")


def _report_latency(table, webhook, size, review, seconds):
    table.head(f"One review of a pod of {size} bytes, over TLS on a connection that stays")
    before = _own_microseconds(webhook)
    account = _load(webhook, review, seconds, 1)
    after = _own_microseconds(webhook)
    own = (after[0] - before[0]) / (after[1] - before[1])
    table.row("one after the other, as the client sees it",
              Spread(account["p50"], account["p10"], account["p90"]), "us", 1)
    table.row("  of that, the review itself (the webhook's metrics)", own, "us", 1)
    table.row("  HTTP, TLS, two context switches, the client", account["p50"] - own, "us", 1)
    account = _load(webhook, review, seconds, LOAD_CONNECTIONS)
    rate = account["reviews"] / account["microseconds"] * 1e6
    table.row(f"reviews a second, {LOAD_CONNECTIONS} connections at once", rate, "/s", 0)
    table.row("  99 % of them within", account["p99"], "us", 0)


def _memory_of(webhook):
    """Megabytes of the serving process, by the kernel's names, some time after the load."""
    time.sleep(SETTLE_SECONDS)
    status = pathlib.Path(f"/proc/{webhook.worker()}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {name: int(fields[name].split()[0]) / 1e3 for name in ("RssAnon", "VmRSS", "VmHWM")}


def _report_memory(table, when, memory):
    table.row(f"{when}: its own (RssAnon)", memory["RssAnon"], "MB", limit=8)
    table.row(f"{when}: with files, shared libraries among them", memory["VmRSS"], "MB", limit=20)


def _answer(webhook, review, count):
    """Has the webhook answer until it has answered that many since its start."""
    while _own_microseconds(webhook)[1] < count:
        _load(webhook, review, LOAD_SECONDS, LOAD_CONNECTIONS)


def report_served(table, directory, seconds, counts):
    """A running webhook: latency; and memory at the start, and after each of these counts."""
    reviews = _write_reviews(directory)
    place = directory / "latency"
    place.mkdir()
    webhook = Program(place)
    try:
        for size, review in reviews.items():
            _report_latency(table, webhook, size, review, seconds)
    finally:
        webhook.stop()
    place = directory / "memory"
    place.mkdir()
    webhook = Program(place)
    try:
        table.head("Memory of the webhook's process that serves")
        _report_memory(table, "at the start", _memory_of(webhook))
        own = []
        for count in counts:
            _answer(webhook, max(reviews.items())[1], count)
            own.append(_memory_of(webhook))
            _report_memory(table, f"after {_own_microseconds(webhook)[1]:.0f} reviews", own[-1])
        table.row("grown between the last two", own[-1]["RssAnon"] - own[-2]["RssAnon"], "MB", limit=0.1)
    finally:
        webhook.stop()


# All of them say something to their pods, though hardly any do.
DEFAULTS = {"sidewire.io/exclude-outbound-ports": "5432,6379,9092", "sidewire.io/gate": "probe", "param.sidewire.io/cpu": "200m"}


def _memory_among(place, count):
    """The same of a webhook in a cluster of so many namespaces."""
    api = api_server.ApiServer(place / "api")
    api.put(f"{api_server.PODS}/one", api_server.own_pod("one"))
    api.put(api_server.CONFIGURATION, api_server.configuration(api_server.entry("enabled")))
    for number in range(count):
        name = f"team-{number}-production"
        api.put(f"{api_server.NAMESPACES}/{name}", api_server.namespace(name, DEFAULTS))
    webhook = Program(place, "--in-cluster", "--service-account", str(api.place), environment=api.environment("one"))
    try:
        wait_ready(webhook)
        assert webhook.metric("sidewire_namespaces") == count
        return _memory_of(webhook)
    finally:
        webhook.stop()
        api.go()


def report_namespaces(table, directory, count):
    """What it takes to know the namespaces of a large cluster."""
    table.head(f"Memory of the webhook in a cluster of {count} namespaces, each with three annotations")
    own = []
    for number in (1, count):
        place = directory / f"namespaces-{number}"
        place.mkdir()
        memory = _memory_among(place, number)
        own.append(memory["RssAnon"])
        table.row(f"{number}: its own (RssAnon)", memory["RssAnon"], "MB")
        table.row(f"{number}: all of it, at most (VmHWM)", memory["VmHWM"], "MB")
    table.row("more", own[1] - own[0], "MB", limit=8)


# Those that cost the webhook something.
BESIDE = ("slow bodies", "large bodies", "large bodies that are held", "pipelining", "never reading", "1,000 idle")


def _be_hostile(webhook, kind, is_at_it, is_over):
    """Runs such clients in a process of their own."""
    with hostile.KINDS[kind](webhook) as clients:
        clients.wait_until_at_it()
        is_at_it.set()
        is_over.wait()


@contextlib.contextmanager
def _clients_of(webhook, kind):
    """They are at it for as long as this lasts; None: nobody is."""
    if kind is None:
        yield
        return
    processes = multiprocessing.get_context("fork")
    is_at_it, is_over = processes.Event(), processes.Event()
    clients = processes.Process(target=_be_hostile, args=(webhook, kind, is_at_it, is_over))
    clients.start()
    try:
        if not is_at_it.wait(60):
            raise RuntimeError(f"{kind}: they did not begin")
        yield
    finally:
        is_over.set()
        clients.join()


def _ask(webhook, body, count):
    """Milliseconds of each of so many reviews, every one on a connection of its own."""
    context = webhook.tls_context()
    times = []
    for _ in range(count):
        begin = time.monotonic()
        with contextlib.closing(webhook.connect(context=context)) as own:
            status = webhook.post(body, connection=own)[0]
        times.append((time.monotonic() - begin) * 1e3)
        if status != 200:
            raise RuntimeError(f"answered with {status}")
        time.sleep(0.01)
    return times


def report_hostile(table, directory, count):
    """What others notice of clients that mean no good."""
    table.head("A review on a connection of its own, TLS handshake and client in Python included, while others are at it")
    body = pods.review_of(pods.small())
    for number, kind in enumerate((None, *BESIDE)):
        place = directory / f"hostile-{number}"
        place.mkdir()
        webhook = Program(place)
        try:
            with _clients_of(webhook, kind):
                times = _ask(webhook, body, count)
            status = pathlib.Path(f"/proc/{webhook.worker()}/status").read_text(encoding="ascii")
            peak = next(int(line.split()[1]) / 1e3 for line in status.splitlines() if line.startswith("VmHWM:"))
        finally:
            webhook.stop()
        table.row(kind or "nobody", spread(times), "ms")
        table.row("  99 % within", statistics.quantiles(times, n=100, method="inclusive")[-1], "ms", limit=50)
        table.row("  the webhook's memory, at most (VmHWM)", peak, "MB", limit=64)
