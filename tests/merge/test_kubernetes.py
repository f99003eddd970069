# SPDX-License-Identifier: GPL-2.0-or-later
"""Our merge and Kubernetes' own, on generated pairs of pods and overlays: where both have an answer,
both mean the same. webhook/core/strategic_merge.h says where only one has.

SEED and PAIRS in the environment make other pairs, or more of them.
"""

import collections
import os
import re

import pytest

from generated_pods import MERGE_KEYS, PairGenerator, RoughGenerator, is_directive, parts_of
from programs import CORE, KUBERNETES, ask, lines_of, text_of

PAIRS = int(os.environ.get("PAIRS", "6000"))
SEED = os.environ.get("SEED", "Kubernetes")

# What we refuse and Kubernetes may not: the message, and what must be so at the place that it names.
REFUSALS = {
    r"the directive '(\$[^':]+)(: .*)?' is not understood": lambda value, found: found[1] in value,
    r"'\$patch' must be a string": lambda value, found: not isinstance(value["$patch"], str),
    r"must not have '\$patch': it is inside of what is taken as a whole": lambda value, found: "$patch" in value,
    r"has '\$patch' inside, but the pod has no such element":
        lambda value, found: any(isinstance(part, dict) and "$patch" in part for part in parts_of(value)),
    r"'\$patch: replace' replaces the whole list, and must stand alone":
        lambda value, found: value["$patch"] == "replace" and len(value) > 1,
    r"has no '(\w+)'": lambda value, found: value.get(found[1]) is None,
    r"'(\w+)' must be a scalar": lambda value, found: isinstance(value[found[1]], (dict, list)),
    r"must be a string": lambda value, found: not isinstance(value, str),
    r"must be an object": lambda value, found: not isinstance(value, dict),
    r"'\$retainKeys' must (be an array|hold strings)":
        lambda value, found: not isinstance(value["$retainKeys"], list)
        or not all(isinstance(key, str) for key in value["$retainKeys"]),
    r"'(.*)' is not in '\$retainKeys'":
        lambda value, found: value[found[1]] is not None and found[1] not in value["$retainKeys"],
}
# Kubernetes reads the pod nevertheless, where it has no type for the member, or has taken it away for a directive.
MISMATCH = r"must be of type (\w+), as in the pod, found (\w+)"


# One pair at least for each, whatever else is generated.
REFUSED = [(pod, {"spec": overlay} if "metadata" not in overlay else overlay) for pod, overlay in [
    ({}, {"$setElementOrder/containers": []}),
    ({}, {"securityContext": {"$patch": 1}}),
    ({}, {"tolerations": [{"key": "a", "$patch": "delete"}]}),
    ({"spec": {"containers": []}}, {"containers": [{"name": "a", "env": [{"name": "A", "$patch": "delete"}]}]}),
    ({"spec": {"containers": []}}, {"containers": [{"name": "a", "$patch": "replace"}]}),
    ({}, {"imagePullSecrets": [{}]}),
    ({}, {"imagePullSecrets": [{"name": [], "$patch": "delete"}]}),
    ({}, {"metadata": {"finalizers": [None]}}),
    ({}, {"imagePullSecrets": [None]}),
    ({}, {"securityContext": {"$retainKeys": [1]}}),
    ({}, {"securityContext": {"$retainKeys": [], "fsGroup": 1}}),
    ({"spec": {"xObject": 1}}, {"xObject": {}}),
]]


def ask_core(pairs):
    return ask([{"pod": pod, "overlay": overlay} for pod, overlay in pairs], CORE, "merge")


def ask_kubernetes(pairs):
    return ask([{"pod": pod, "overlay": overlay} for pod, overlay in pairs], KUBERNETES)


def comparable(value, name=None):
    """What a value means: without nulls, lists that merge in a canonical order, as Kubernetes' own
    tests compare them. It does not tell 1.0 from 1, and leaves $retainKeys in what it adds."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        elements = [comparable(element) for element in value]
        if name not in MERGE_KEYS:
            return elements
        texts = sorted(map(text_of, elements))
        return texts if MERGE_KEYS[name] else sorted(set(texts))
    if not isinstance(value, dict):
        return value
    return {key: comparable(member, key) for key, member in value.items()
            if member is not None and key != "$retainKeys"}


def at(value, path):
    """The place in an overlay that a message names, "spec.containers[1].env"."""
    for index, name in re.findall(r"\[(\d+)\]|(?:^|\.)([^.\[\]]*)", path) if path else ():
        value = value[int(index)] if index else value[name]
    return value


def why_refused(message, overlay):
    """The reason in REFUSALS for which we refuse the overlay; None if there is none."""
    path, text = re.fullmatch(r"(?:(\S+): )?(.*)", message).groups()
    for reason, is_so in REFUSALS.items():
        found = re.match(reason, text)
        if found and is_so(at(overlay, path or ""), found):
            return reason
    if re.match(MISMATCH, text) and (re.search(r"(^|\.)x", path) or is_directive(at(overlay, path))):
        return MISMATCH
    return None


def is_nameless(element, name):
    """Whether an element of that list has nothing to be known by."""
    if name not in MERGE_KEYS:
        return False
    key = MERGE_KEYS[name]
    return not isinstance(element, dict) or element.get(key) is None if key else not isinstance(element, str)


def without_nameless(value, name=None):
    if isinstance(value, list):
        return [without_nameless(element) for element in value if not is_nameless(element, name)]
    if not isinstance(value, dict):
        return value
    return {key: without_nameless(member, key) for key, member in value.items()}


@pytest.fixture(scope="module", name="records", params=[
    pytest.param(generator, marks=pytest.mark.xdist_group(generator.__name__))  # they run in one process
    for generator in (PairGenerator, RoughGenerator)])
def merged_records(request):
    """Pairs with both answers."""
    generator = request.param(f"{SEED}, {request.param.__name__}")
    pairs = [generator.pair() for _ in range(PAIRS)] + (REFUSED if request.param is RoughGenerator else [])
    return request.param, list(zip(pairs, ask_core(pairs), ask_kubernetes(pairs)))


def test_the_answers_mean_the_same(records):
    generator, answered = records
    both = [(pair, ours, theirs) for pair, ours, theirs in answered if "merged" in ours and "merged" in theirs]
    for pair, ours, theirs in both:
        assert comparable(ours["merged"]) == comparable(theirs["merged"]), pair
    assert len(both) > PAIRS * (0.9 if generator is PairGenerator else 0.6)


def test_what_kubernetes_refuses_is_refused(records):
    generator, answered = records
    refused = [(pair, ours) for pair, ours, theirs in answered if "error" in theirs and "foreign" not in theirs]
    merged = [pair for pair, ours in refused if "error" not in ours]
    # There is one thing that we take and Kubernetes does not: nameless elements, which stay as they are.
    named = [(without_nameless(pod), overlay) for pod, overlay in merged]
    for pair, ours, theirs in zip(merged, ask_core(merged), ask_kubernetes(named)):
        assert text_of(pair[0]) != text_of(without_nameless(pair[0])), (pair, theirs)
        assert comparable(without_nameless(ours["merged"])) == comparable(theirs["merged"]), pair
    if generator is RoughGenerator:
        assert len(refused) - len(merged) > PAIRS / 50
        assert len(merged) > PAIRS / 300


def test_what_we_refuse_makes_no_pod_or_is_said_to_be_refused(records):
    generator, answered = records
    reasons = collections.Counter()
    for pair, ours, theirs in answered:
        if "error" not in ours or "foreign" in theirs:
            continue
        if "error" in theirs or "unreadable" in theirs:
            reasons["refused by Kubernetes"] += 1
            continue
        reason = why_refused(ours["error"], pair[1])
        assert reason, (ours, theirs, pair)
        reasons[reason] += 1
    if generator is RoughGenerator:
        missing = {*REFUSALS, MISMATCH, "refused by Kubernetes"} - set(reasons)
        assert not missing, reasons


def test_no_directive_is_left_in_a_pod(records):
    _, answered = records
    for pair, ours, _ in answered:
        for part in parts_of(ours.get("merged")):
            assert not isinstance(part, dict) or not any(name.startswith("$") for name in part), pair


def test_the_table_is_that_of_kubernetes():
    theirs = [line for line in lines_of(KUBERNETES, "rules") if not line.startswith("status.")]
    assert sorted(lines_of(CORE, "rules")) == sorted(theirs)
    assert {line.split(".")[-1] for line in theirs} == {
        f"{name} {key or 'set'}" for name, key in MERGE_KEYS.items()}
