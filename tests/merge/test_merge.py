# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every merge and its patch, on generated pairs of pod and overlay."""

import os

import jsonpatch
import pytest

from generated_pods import MERGE_KEYS, PairGenerator, is_directive
from programs import CORE, ask, text_of

PAIRS = int(os.environ.get("PAIRS", "10000"))
SEED = os.environ.get("SEED", "merge")


def grouped(winner):
    """A parameter whose tests share the answers: they run in one process."""
    return pytest.param(winner, marks=pytest.mark.xdist_group(winner))


def elements_of(pod, name):
    """The elements of a list of the spec."""
    return (pod.get("spec") or {}).get(name) or []


def names_of(pod, name):
    return [element["name"] for element in elements_of(pod, name)]


@pytest.fixture(scope="module", name="cases", params=[grouped("patch"), grouped("original")])
def merged_cases(request):
    """Questions with their answers: for the patch as the winner, and for the original."""
    generator = PairGenerator(f"{SEED}, {request.param}")
    questions = []
    for _ in range(PAIRS // 2):
        pod, overlay = generator.pair()
        # A list that is replaced is in the overlay's order again each time.
        is_ordered = {"$patch": "replace"} not in elements_of(overlay, "initContainers")
        questions.append({"pod": pod, "overlay": overlay, "winner": request.param, "order": is_ordered})
    return list(zip(questions, ask(questions, CORE, "merge")))


def test_all_merge(cases):
    for question, answer in cases:
        assert "error" not in answer, (answer, question)


def test_another_implementation_applies_the_patch(cases):
    for question, answer in cases:
        applied = jsonpatch.apply_patch(question["pod"], answer["patch"])
        assert text_of(applied) == text_of(answer["merged"]), question


def test_the_patch_is_empty_only_if_nothing_changed(cases):
    for question, answer in cases:
        is_same = text_of(question["pod"]) == text_of(answer["merged"])
        assert is_same == (not answer["patch"]), question
        assert is_same or not answer["is_same"], question


def test_twice_is_once(cases):
    again = [{**question, "pod": answer["merged"]} for question, answer in cases]
    for question, answer in zip(again, ask(again, CORE, "merge")):
        assert answer["patch"] == [], question
        assert answer["is_same"], question


@pytest.mark.parametrize("name", ["containers", "initContainers", "volumes"])
def test_the_order_of_what_was_there_stays(cases, name):
    for question, answer in cases:
        if any(is_directive(element) for element in elements_of(question["overlay"], name)):
            continue
        before = names_of(question["pod"], name)
        after = names_of(answer["merged"], name)
        assert [value for value in after if value in before] == [value for value in before if value in after], question


def test_added_sidecars_stand_before_all_that_was_there(cases):
    seen = 0
    for question, answer in cases:
        if not question["order"]:
            continue
        before = names_of(question["pod"], "initContainers")
        after = elements_of(answer["merged"], "initContainers")
        is_added = [element["name"] not in before and element.get("restartPolicy") == "Always"
                    for element in after]
        assert is_added == sorted(is_added, reverse=True), question
        seen += any(is_added) and not all(is_added)
    assert seen > 100


def assert_untouched(before, overlay, after):
    """What the overlay does not name is what it was."""
    if "$patch" in overlay or "$retainKeys" in overlay:
        return
    for name, value in before.items():
        if name not in overlay:
            assert text_of(after[name]) == text_of(value), name
        elif isinstance(value, dict) and isinstance(overlay[name], dict):
            assert_untouched(value, overlay[name], after[name])
        elif MERGE_KEYS.get(name) and value and overlay[name]:
            assert_elements_untouched(value, overlay[name], after[name], MERGE_KEYS[name])


def assert_elements_untouched(before, overlay, after, key):
    """The same for a list, of those elements whose key is the only one of that value."""
    if any(is_directive(element) for element in overlay):
        return
    for element in before:
        named = [other for other in overlay if other[key] == element[key]]
        result = [other for other in after if other[key] == element[key]]
        if not named:
            assert text_of(element) in [text_of(other) for other in result]
        elif len(named) == len(result) == 1:
            assert_untouched(element, named[0], result[0])


def test_what_the_overlay_does_not_name_stays(cases):
    for question, answer in cases:
        assert_untouched(question["pod"], question["overlay"], answer["merged"])


def last_part(pointer):
    return jsonpatch.JsonPointer(pointer).parts[-1]


def has_directive(overlay):
    return '"$patch"' in text_of(overlay)


def test_lists_are_not_rewritten(cases):
    for question, answer in cases:
        for operation in answer["patch"]:
            name = last_part(operation["path"])
            if operation["op"] == "replace" and name in MERGE_KEYS and not has_directive(question["overlay"]):
                assert has_null(question["pod"], name), (operation, question)


def has_null(value, name):
    """Whether the member is null somewhere: then there was no list to keep."""
    if isinstance(value, list):
        return any(has_null(element, name) for element in value)
    if not isinstance(value, dict):
        return False
    return (name in value and value[name] is None) or any(has_null(member, name) for member in value.values())


def test_a_default_takes_nothing_away(cases):
    for question, answer in cases:
        if question["winner"] != "original":
            continue
        for operation in answer["patch"]:
            assert operation["op"] != "remove", question
            if operation["op"] == "replace":
                assert has_null(question["pod"], last_part(operation["path"])), question
