# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every merge, on generated pods; and what Kubernetes' own code says of some of them.

The pairs of strategicpatch/answers.jsonl, and Kubernetes' answers to them, are on record; its README
says how to make them anew.
"""

import json
import os
import pathlib
import subprocess

import jsonpatch
import pytest

from generated_pods import MERGE_KEYS, Generator, is_directive

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).absolute()
ANSWERS = pathlib.Path(os.environ.get("ANSWERS", pathlib.Path(__file__).parent / "strategicpatch" / "answers.jsonl"))
PAIRS = 10000


def text_of(value):
    """Tells 1, 1.0 and true apart, which Python's == does not."""
    return json.dumps(value, sort_keys=True)


def ask(questions):
    """The tool's answers, one for each question."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([BUILD / "merge-tool"], input=lines, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


@pytest.fixture(scope="module", name="cases", params=["patch", "original"])
def merged_cases(request):
    """Questions with their answers: for the patch as the winner, and for the original."""
    generator = Generator(f"seed of {request.param}")
    questions = []
    for _ in range(PAIRS // 2):
        pod, overlay = generator.pair()
        questions.append({"pod": pod, "overlay": overlay, "winner": request.param, "order": True})
    return list(zip(questions, ask(questions)))


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
    for question, answer in zip(again, ask(again)):
        assert answer["patch"] == [], question
        assert answer["is_same"], question


def identities(pod, path, key):
    """The keys of the elements of a list."""
    for member in path:
        pod = (pod or {}).get(member)
    return [element[key] for element in pod or []]


@pytest.mark.parametrize("name", ["containers", "initContainers", "volumes"])
def test_the_order_of_what_was_there_stays(cases, name):
    for question, answer in cases:
        before = identities(question["pod"], ["spec", name], "name")
        after = identities(answer["merged"], ["spec", name], "name")
        stayed = [value for value in after if value in before]
        if len(set(before)) == len(before) and len(set(after)) == len(after):
            assert stayed == [value for value in before if value in after], question


def test_added_sidecars_stand_before_all_that_was_there(cases):
    seen = 0
    for question, answer in cases:
        before = identities(question["pod"], ["spec", "initContainers"], "name")
        after = (answer["merged"].get("spec") or {}).get("initContainers") or []
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
    return '"$patch"' in json.dumps(overlay)


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


def without_directives(value):
    """What Kubernetes leaves in elements that it adds, and its decoder does not see."""
    if isinstance(value, list):
        return [without_directives(element) for element in value if not is_directive(element)]
    if not isinstance(value, dict):
        return value
    return {name: without_directives(member) for name, member in value.items()
            if member is not None and not name.startswith("$")
            and not (is_directive(member) and member["$patch"] == "delete")}


def without_order(value, name=None):
    """The value with its lists in a canonical order, as far as they are no values by themselves."""
    if isinstance(value, dict):
        return {key: without_order(member, key) for key, member in value.items()}
    if isinstance(value, list):
        elements = [without_order(element) for element in value]
        return sorted(elements, key=text_of) if name in MERGE_KEYS else elements
    return value


def comparable(value):
    return text_of(without_order(without_directives(value)))


def test_kubernetes_says_the_same():
    lines = ANSWERS.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert len(records) >= 130
    answers = ask([{"pod": record["pod"], "overlay": record["overlay"]} for record in records])
    for record, answer in zip(records, answers):
        assert comparable(answer["merged"]) == comparable(record["kubernetes"]), record
