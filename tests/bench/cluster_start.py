# SPDX-License-Identifier: GPL-2.0-or-later
"""From the call that makes a pod to the first instruction of its application, one pod after the other."""

import datetime
import statistics
import time

from table import spread

PODS = "/api/v1/namespaces/bench/pods"
UNINJECTED, NO_GATE, EXEC, PROBE = "uninjected", "injected, no gate", "injected, gate exec", "injected, gate probe"
LABELS = {UNINJECTED: {"sidewire.io/inject": "false"}}
GATES = {NO_GATE: "none", EXEC: "exec", PROBE: "probe"}
SECONDS_TO_START = 60
SECONDS_TO_GO = 60
PAUSE = 0.2


def application(name, kind):
    """A pod of that kind whose application says when it starts."""
    annotations = {"sidewire.io/gate": GATES[kind]} if kind in GATES else {}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": LABELS.get(kind, {}), "annotations": annotations},
            "spec": {"terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "app", "image": "test/app:1",
                                     "command": ["sh", "-c", "echo started; exec sleep 3600"]}]}}


def wait_for(answer_of, seconds, what):
    """Asks until there is an answer."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        answer = answer_of()
        if answer:
            return answer
        time.sleep(PAUSE)
    raise RuntimeError(f"waited {seconds} s in vain for {what}")


def _when_started(api, name):
    """The time that the container runtime wrote before the application's first line, or nothing."""
    status, text = api.call("GET", f"{PODS}/{name}/log", container="app", timestamps="true")
    if status != 200 or not text:
        return None
    stamp = text.split()[0].removesuffix("Z")
    whole, _, fraction = stamp.partition(".")
    second = datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return second + float(f"0.{fraction or 0}")


def _seconds(api, name, kind):
    """How long one pod took. It is gone afterwards."""
    created = time.time()
    status, text = api.call("POST", PODS, application(name, kind))
    if status != 201:
        raise RuntimeError(f"{kind}: {status}: {text}")
    started = wait_for(lambda: _when_started(api, name), SECONDS_TO_START, f"{name} to start")
    api.call("DELETE", f"{PODS}/{name}")
    wait_for(lambda: api.call("GET", f"{PODS}/{name}")[0] == 404, SECONDS_TO_GO, f"{name} to go")
    return started - created


def report(table, api, rounds):
    """All kinds in turn, so that what else happens on the machine meets them alike."""
    kinds = (UNINJECTED, *GATES)
    seconds = {kind: [] for kind in kinds}
    for kind in kinds:
        _seconds(api, "warm-up", kind)
    for number in range(rounds):
        for kind in kinds:
            seconds[kind].append(_seconds(api, f"pod-{number}", kind))
    table.head(f"From the pod's creation to its application's start, {rounds} pods of each kind, one at a time")
    for kind in kinds:
        table.row(kind, spread(seconds[kind]), "s")
    median = {kind: statistics.median(values) for kind, values in seconds.items()}
    table.row("what the sidecar costs, no gate over uninjected", median[NO_GATE] - median[UNINJECTED], "s")
    table.row("what the gate exec costs, over no gate", median[EXEC] - median[NO_GATE], "s", limit=0.3)
    table.row("what the gate probe costs, over no gate", median[PROBE] - median[NO_GATE], "s")
