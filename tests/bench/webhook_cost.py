# SPDX-License-Identifier: GPL-2.0-or-later
"""What a review costs: in process, stage by stage; over TLS, at the running webhook; and the
webhook's memory."""

import contextlib
import json
import multiprocessing
import os
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
LOAD_CONNECTIONS = 100
CORE_CONNECTIONS = (1, 10, 100)
PACED_RATE = 1000  # reviews a second
LIMITS_US = (120, 300, 8000)  # of a pod that is small, large, huge
SETTLE_SECONDS = 6  # the webhook gives back what a burst took every five
# Flat is what grows by less than 25 pages between the last two looks. Some pages are noise: how deep stacks went, and in how
# many pages blocks lie that live on. A leak is more: of the smallest block that malloc gives, once a review, see the row.
FLAT_MB = 0.1
SMALLEST_BLOCK = 32  # bytes, with malloc's own


def _write_reviews(directory):
    """Files of the reviews, by the size of their pods, which rises."""
    reviews = {}
    for pod in (pods.small(), pods.large(), pods.huge()):
        path = directory / f"review-{pods.size_of(pod)}.json"
        path.write_bytes(pods.review_of(pod))
        reviews[pods.size_of(pod)] = path
    return reviews


def _in_process(review, count):
    """Microseconds of every stage, and of the diff by itself, and allocations: a list for each."""
    done = subprocess.run([lab.BUILD / "bench-review", PROFILES, str(count)], text=True,
                          stdin=review.open("rb"), stdout=subprocess.PIPE, check=True)
    rows = [list(map(int, line.split("\t"))) for line in done.stdout.splitlines()]
    *nanoseconds, allocations = zip(*rows)
    decode, inject, diff, encode, release = [[value / 1e3 for value in column] for column in nanoseconds]
    return dict(zip(STAGES, (decode, inject, encode, release))), diff, allocations


def report_in_process(table, directory, count):
    """A review without network and threads. The larger a pod, the less often."""
    for (size, review), limit in zip(_write_reviews(directory).items(), LIMITS_US):
        times = max(count * 5000 // max(size, 5000), 2)
        stages, diff, allocations = _in_process(review, times)
        table.head(f"One review of a pod of {size} bytes, in process, the processor's time, {times} times")
        table.row("all of it", spread([sum(parts) for parts in zip(*stages.values())]), "us", 1, limit=limit)
        for name, values in stages.items():
            table.row(f"  {name}", spread(values), "us", 1)
            if name == STAGES[1]:
                table.row("    of that, the diff", spread(diff), "us", 1)
        table.row("  memory allocated", statistics.median(allocations), "times", 0)


@contextlib.contextmanager
def _on_core(number):
    """What is started meanwhile stays on that core, 0 being the first and -1 the last of those that there are."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


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


def _paced(webhook, review, seconds, connections):
    """Milliseconds of reviews that come at a steady rate, from when each was due."""
    done = subprocess.run(
        [lab.BUILD / "bench-paced", f"https://127.0.0.1:{webhook.port}/mutate/enabled", review,
         str(connections), str(PACED_RATE), str(seconds)], stdout=subprocess.PIPE, text=True, check=True)
    return [int(line) / 1e6 for line in done.stdout.splitlines()]


def _processor_microseconds(webhook):
    """What the webhook's process has taken since its start."""
    fields = pathlib.Path(f"/proc/{webhook.worker()}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1e6  # utime and stime, proc(5)


def _report_core(table, webhook, size, review, seconds):
    """The webhook has a core, its clients another."""
    table.head(f"Reviews of a pod of {size} bytes over TLS, connections that stay, the webhook on one core")
    for connections in CORE_CONNECTIONS:
        before = _processor_microseconds(webhook)
        account = _load(webhook, review, seconds, connections)
        processor = (_processor_microseconds(webhook) - before) / account["reviews"]
        rate = account["reviews"] / account["microseconds"] * 1e6
        table.row(f"{connections} at once, as many as it can", rate, "/s", 0, floor=2000)
        table.row("  99 % of them within", account["p99"] / 1e3, "ms")
        table.row("  the webhook's processor, each: TLS, HTTP, log line and all", processor, "us", 0)
    for connections in CORE_CONNECTIONS[1:]:
        took = _paced(webhook, review, seconds, connections)
        table.row(f"{connections} at once, {PACED_RATE} a second, from when each was due",
                  spread(took), "ms")
        table.row("  99 % of them within", statistics.quantiles(took, n=100)[-1], "ms", limit=5)


def _kilobytes(path, name):
    """A field of such a file of /proc."""
    lines = pathlib.Path(path).read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _memory_of(webhook):
    """
    Megabytes of the serving process, by the kernel's names, some time after the load. RssAnon in status is a sum that many
    kernels bring up to date now and then only (proc(5)); smaps_rollup counts the same pages, called Anonymous.
    """
    time.sleep(SETTLE_SECONDS)
    place = pathlib.Path(f"/proc/{webhook.worker()}")
    return {"RssAnon": _kilobytes(place / "smaps_rollup", "Anonymous") / 1e3,
            "VmRSS": _kilobytes(place / "smaps_rollup", "Rss") / 1e3, "VmHWM": _kilobytes(place / "status", "VmHWM") / 1e3}


def _report_memory(table, when, memory):
    table.row(f"{when}: its own (RssAnon)", memory["RssAnon"], "MB", limit=10)
    table.row(f"{when}: with files, shared libraries among them", memory["VmRSS"], "MB", limit=22)


def _answer(webhook, review, count):
    """Has the webhook answer until it has answered that many since its start."""
    while _own_microseconds(webhook)[1] < count:
        _load(webhook, review, LOAD_SECONDS, LOAD_CONNECTIONS)


def report_served(table, directory, seconds, counts):
    """A running webhook: latency and rates; memory at the start, and after each of these counts."""
    small, large, _ = _write_reviews(directory).items()
    place = directory / "latency"
    place.mkdir()
    with _on_core(0):
        webhook = Program(place)
    try:
        with _on_core(-1):
            for size, review in (small, large):
                _report_latency(table, webhook, size, review, seconds)
            _report_core(table, webhook, *large, seconds)
    finally:
        webhook.stop()
    place = directory / "memory"
    place.mkdir()
    webhook = Program(place)
    try:
        table.head(f"Memory of the webhook's process that serves, {LOAD_CONNECTIONS} connections at once")
        _report_memory(table, "at the start", _memory_of(webhook))
        own = []
        for count in counts:
            _answer(webhook, large[1], count)
            own.append(_memory_of(webhook))
            _report_memory(table, f"after {_own_microseconds(webhook)[1]:.0f} reviews", own[-1])
        table.row("at most, with all connections open (VmHWM)", own[-1]["VmHWM"], "MB", limit=22)
        leak = SMALLEST_BLOCK * (counts[-1] - counts[-2]) / 1e6
        table.row(f"flat: grown between the last two (a leak would be {leak:.1f} MB)",
                  own[-1]["RssAnon"] - own[-2]["RssAnon"], "MB", limit=FLAT_MB)
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
            peak = _kilobytes(f"/proc/{webhook.worker()}/status", "VmHWM") / 1e3
        finally:
            webhook.stop()
        table.row(kind or "nobody", spread(times), "ms")
        table.row("  99 % within", statistics.quantiles(times, n=100, method="inclusive")[-1], "ms", limit=50)
        table.row("  the webhook's memory, at most (VmHWM)", peak, "MB", limit=64)
