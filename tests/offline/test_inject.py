# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of manifests, byte for byte."""

import os
import stat
import subprocess

import pytest

from offline import GOLDEN, PATIENCE, PROFILES, PROGRAM, PROXY, documents, encode, inject, run, uninject

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: a}]}\n"
DEPLOYMENT = """\
# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # the name
spec:
  template:
    metadata:
      # for the service
      labels:
        app: web
    spec:
      containers:
      - name: app
        image: example/web
        command: [sh, -c, "exit 0"]   # nothing

      # the end
"""
REFUSED = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad, annotations: {sidewire.io/gate: x}}\nspec: {containers: [{name: app}]}\n"


@pytest.mark.parametrize("text", [
    "", "\n", "# only a comment\n", "---\n", "--- \n---\n", "a: b", "a: b\n...\n", "%YAML 1.1\n---\na: yes\n...\n",
    "just a text\n", "- a\n- b\n", "a: &x {b: c}\nd:\n  <<: *x\n  e: !!binary aGk=\n", "a: |+\n  x\n\n\n---\nb: >-\n  y\n\n",
    "apiVersion: v1\r\nkind: Service\r\nmetadata: {name: x}\r\n", "\ufeffapiVersion: v1\nkind: Service\n",
    '{"apiVersion":"v1","kind":"Secret","data":{"a":"\\ud83d\\ude00\\/"}}', '{"a": 1}{"b": 2}\n\n{"c": 3}',
    "apiVersion: v1\nkind: List\nitems: []\n", "apiVersion: v1\nkind: Service\nspec: {a: 1, a: 2, b: 0644, 5: x}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: no, labels: {sidewire.io/inject: 'false'}}\nspec:   {containers: []} # no\n",
    "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: {}}}\n",
])
def test_what_does_not_change_passes_byte_for_byte(text):
    done = inject(text)
    assert (done.code, done.out) == (0, encode(text))


def lines_stay(before, after):
    """Whether the lines of one text are in the other, in their order."""
    rest = iter(after.splitlines())
    return all(any(line == other for other in rest) for line in before.splitlines())


@pytest.mark.parametrize("text", [DEPLOYMENT, (GOLDEN / "kinds.yaml").read_text().split("---\n", 2)[1]])
def test_of_what_changes_every_line_stays(text):
    done = inject(text)
    assert done.code == 0 and lines_stay(text, done.out.decode())


def test_the_pod_gets_the_label_the_sidecar_and_what_the_node_needs():
    [before], [after] = documents(DEPLOYMENT), documents(inject(DEPLOYMENT).out)
    pod = after["spec"]["template"]
    assert pod["metadata"]["labels"] == {"app": "web", "sidecar": "proxy", "sidewire.io/inject": "true"}
    assert set(pod["metadata"]["annotations"]) == {
        "sidewire.io/status", "sidewire.io/redirect", "kubectl.kubernetes.io/default-container"}
    assert [c["name"] for c in pod["spec"]["initContainers"]] == ["proxy"]
    assert pod["spec"]["containers"] == before["spec"]["template"]["spec"]["containers"]
    assert list(after) == list(before) and list(pod)[:2] == ["metadata", "spec"]


@pytest.mark.parametrize("text", [
    DEPLOYMENT, POD, (GOLDEN / "kinds.yaml").read_text(), (GOLDEN / "list.json").read_text(),
    DEPLOYMENT.replace("\n", "\r\n"), DEPLOYMENT.rstrip("\n"), "---\n" + DEPLOYMENT + "...\n",
    DEPLOYMENT.replace("      labels:\n        app: web\n", "      labels: {}  # none\n"),
    DEPLOYMENT.replace("      # for the service\n      labels:\n        app: web\n", "      labels:\n"),
])
def test_a_second_time_changes_nothing_and_uninject_gives_everything_back(text):
    injected = inject(text)
    assert injected.code == 0 and injected.out != encode(text)
    again = inject(injected.out)
    assert (again.code, again.out) == (0, injected.out)
    assert "injected already" in again.err
    back = uninject(injected.out)
    assert back.code == 0 and documents(back.out) == documents(text)
    assert back.out.decode().rstrip("\n") == text.rstrip("\n")


def test_uninject_leaves_what_is_not_injected():
    done = uninject(DEPLOYMENT)
    assert (done.code, done.out, done.err) == (
        0, encode(DEPLOYMENT), 'stdin:2: Deployment "web" skipped: it is not injected\n')


def test_uninject_refuses_a_status_that_nobody_of_us_wrote():
    done = uninject(POD.replace("{name: web}", "{name: web, annotations: {sidewire.io/status: x}}"))
    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith("stdin:1: Pod \"web\" refused: annotation 'sidewire.io/status': ")


def test_a_list_inside_of_a_list_is_told():
    inner = "apiVersion: v1\nkind: List\nitems:\n" + "".join(f"- {line}" if number == 0 else f"  {line}"
                                                            for number, line in enumerate(POD.splitlines(True)))
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(f"- {line}" if number == 0 else f"  {line}"
                                                           for number, line in enumerate(inner.splitlines(True)))
    done = inject(text, "--quiet")
    assert (done.code, done.out.decode()) == (0, text)
    assert done.err == "stdin:4: List skipped: a list inside of a list; put its items into the outer one\n"
    found = run("lint", "-", stdin=text.encode())
    assert found.out == (b"stdin:4:3: warning: a list inside of a list: what is in it is not looked at; put its items "
                         b"into the outer one\n")


AGENT = """\
apiVersion: sidewire.io/v1alpha1
kind: SidecarProfile
metadata: {name: agent}
spec: {apps: {env: [{name: OPTIONS, value: "-agent", append: " "}]}}
"""


def test_uninject_leaves_what_was_changed_since_and_says_where(tmp_path):
    (tmp_path / "agent.yaml").write_text(AGENT)
    text = DEPLOYMENT.replace("        image: example/web\n", '        image: example/web\n        env: [{name: OPTIONS, value: "-x"}]\n')
    injected = inject(text, profile=tmp_path / "agent.yaml").out.decode()
    assert "-x -agent" in injected
    done = uninject(injected.replace("-x -agent", "-x -agent -y"))
    assert done.code == 0 and done.out.decode() == text.replace("-x", "-x -agent -y")
    assert done.err.splitlines() == [
        'stdin:2: Deployment "web" uninjected',
        'stdin:2: Deployment "web" warning: spec.containers.app.env.OPTIONS.value is left as it is: changed since the injection']


def test_an_alias_is_written_out_where_something_in_it_changes():
    text = DEPLOYMENT.replace("  name: web   # the name\n", "  name: web\n  labels: &l {app: web}\n").replace(
        "      labels:\n        app: web\n", "      labels: *l # the same\n")
    done = inject(text)
    assert done.code == 0 and "warning" not in done.err
    assert b"      labels: # the same\n        app: web\n        sidecar: proxy\n" in done.out
    assert b"  labels: &l {app: web}\n" in done.out


def test_where_an_anchor_would_change_too_all_is_written_anew_and_a_warning_says_so():
    text = DEPLOYMENT.replace("      labels:\n        app: web\n", "      labels: &l\n        app: web\n") + \
        "  selector: {matchLabels: *l}\n"
    done = inject(text)
    assert done.code == 0 and "stdin:1: warning: written anew, its comments are lost" in done.err
    [after] = documents(done.out)
    assert after["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    assert after["spec"]["template"]["metadata"]["labels"]["sidewire.io/inject"] == "true"
    assert documents(uninject(done.out).out) == documents(text)


def test_what_is_refused_is_left_out_and_the_rest_stays():
    done = inject(f"{REFUSED}---\n{DEPLOYMENT}---\na: [\n---\napiVersion: v1\nkind: Service\n")
    assert done.code == 1
    assert [d["kind"] for d in documents(done.out)] == ["Deployment", "Service"]
    assert done.err.splitlines()[0] == (
        "stdin:1: Pod \"bad\" refused: annotation 'sidewire.io/gate' is 'x', expected probe, exec or none")
    assert "stdin:24: refused: line 26, column 1: not valid YAML: flow sequence without a closing bracket" in done.err


def test_a_list_with_a_pod_that_is_refused_is_left_out_as_a_whole():
    done = inject("apiVersion: v1\nkind: List\nitems:\n- " + DEPLOYMENT.split("\n", 1)[1].replace("\n", "\n  ").rstrip()
                  + "\n- " + REFUSED.replace("\n", "\n  ").rstrip() + "\n")
    assert (done.code, done.out) == (1, b"")
    assert 'Deployment "web" injected' in done.err and 'Pod "bad" refused' in done.err


@pytest.mark.parametrize("text, words", [
    ("apiVersion: v1\nkind: Pod\n", "the pod cannot be read: it has no 'spec'"),
    ("apiVersion: apps/v1\nkind: Deployment\nspec: 5\n", "it must be an object, found null"),
    ("apiVersion: v1\nkind: Pod\nspec: {a: 1, a: 2}\n", "line 3, column 14: the key a is there already"),
    ("apiVersion: v1\nkind: Pod\nspec: {a: 18446744073709551616}\n", "does not fit into 64 bits"),
    ("apiVersion: v1\nkind: Pod\nspec: {a: !!str 5}\n", "line 3, column 17: tags are not supported"),
    ("apiVersion: v1\nkind: Pod\nspec: {a: \xff}\n".encode("latin-1"), "line 3: a byte that is no UTF-8 text"),
    ("apiVersion: v1\nkind: Pod\nspec: {a: \0}\n", "line 3: a byte that is no UTF-8 text"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {labels: {sidewire.io/inject: true}}\nspec: {}\n",
     "'sidewire.io/inject' must be a string, found boolean"),
    ("[" * 100000, "more than 64 levels"),
])
def test_bad_input_is_refused_with_one_sentence(text, words):
    done = inject(text)
    assert (done.code, done.out) == (1, b"")
    assert done.err.count("\n") == 1 and " refused: " in done.err and words in done.err


def test_a_document_that_is_too_large_is_refused():
    done = inject("a: b\n---\nx: " + "y" * (17 * 1024 * 1024))
    assert done.code == 1 and "stdin: line 2: a document of more than 16777216 bytes" in done.err


@pytest.fixture(name="tree")
def directory_of_manifests(tmp_path):
    (tmp_path / "below").mkdir()
    for name, text in {"b.yml": DEPLOYMENT, "a.yaml": "apiVersion: v1\nkind: Service # no end", "c.json": '{"kind": "X"}',
                       ".hidden.yaml": "a: [", "notes.txt": "a: [", "below/d.yaml": "kind: Below\n"}.items():
        (tmp_path / name).write_text(text)
    os.symlink(tmp_path, tmp_path / "below" / "round")
    return tmp_path


def test_a_directory_is_read_in_order(tree):
    done = run("inject", "--profile", PROXY, tree)
    assert [d["kind"] for d in documents(done.out)] == ["Service", "Deployment", "X"]
    assert done.out.startswith(b"---\napiVersion: v1\nkind: Service # no end\n---\n# The shop.\n")
    assert done.code == 0 and f"{tree}/b.yml:2: Deployment" in done.err


def test_and_those_below_it_where_that_is_wanted(tree):
    done = run("inject", "--profile", PROXY, "-R", "-f", tree)
    assert [d["kind"] for d in documents(done.out)] == ["Service", "Deployment", "Below", "X"]


def test_a_file_that_cannot_be_read_does_not_keep_the_others_back(tree):
    done = run("inject", "--profile", PROXY, tree / "none.yaml", tree / "b.yml")
    assert done.code == 1 and f"{tree}/none.yaml: cannot be opened: No such file or directory\n" in done.err
    assert [d["kind"] for d in documents(done.out)] == ["Deployment"]


def test_a_directory_without_manifests_is_told(tmp_path):
    done = run("inject", "--profile", PROXY, tmp_path)
    assert (done.code, done.out) == (1, b"") and "no manifest in it" in done.err


def test_output_that_cannot_be_written_is_told():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "inject", "--profile", PROXY, GOLDEN / "kinds.yaml"], stdout=full,
                              stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert done.returncode == 1 and b"standard output: cannot be written: No space left on device" in done.stderr


def test_namespaces_decide_and_give_defaults(tmp_path):
    done = run("inject", "--profile", PROXY, "--namespace-file", GOLDEN / "namespaces.yaml", "-n", "shop", "-", stdin=encode(POD))
    [pod] = documents(done.out)
    assert pod["spec"]["initContainers"][0]["resources"]["requests"]["cpu"] == "200m"
    assert '"excludeInboundPorts":"9090,15021"' in pod["metadata"]["annotations"]["sidewire.io/redirect"]
    assert not [key for key in pod["metadata"]["annotations"] if key.startswith("param.")]
    done = run("inject", "--profile", PROXY, "--namespace-file", GOLDEN / "namespaces.yaml", "-n", "closed", "-", stdin=encode(POD))
    assert (done.code, done.out) == (0, encode(POD)) and "which blocks injection" in done.err
    one = tmp_path / "one.yaml"
    one.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: only, annotations: {param.sidewire.io/cpu: 7m}}\n")
    done = run("inject", "--profile", PROXY, "--namespace-file", one, "-", stdin=encode(POD))
    assert documents(done.out)[0]["spec"]["initContainers"][0]["resources"]["requests"]["cpu"] == "7m"


def test_several_profiles_in_the_order_of_the_options():
    done = run("inject", "--profile", PROFILES / "agent.yaml", "--profile", PROXY, "-",
               stdin=encode(POD.replace("{name: web}", "{name: web, annotations: {param.sidewire.io/tenant: t}}")))
    assert "injected: profiles agent,proxy" in done.err
    done = run("inject", "--profiles-dir", PROFILES, "--default-profiles", "proxy", "-", stdin=encode(POD))
    assert "injected: profiles proxy" in done.err
    done = run("inject", "--profiles-dir", PROFILES, "--profile", PROXY, "-", stdin=encode(POD))
    assert done.code == 1 and "there are two profiles named 'proxy'" in done.err
    done = run("inject", "--profiles-dir", PROFILES, "--default-profiles", "agent", "-", stdin=encode(POD))
    assert "'param.sidewire.io/tenant' is missing" in done.err and done.code == 1


def test_the_gate_exec_wants_image_volumes():
    text = (GOLDEN / "exec.yaml").read_text()
    assert inject(text).code == 1
    done = inject(text, "--image-volumes", "--gate-image", "example/sidewire:7")
    [pod] = documents(done.out)
    assert {"name": "sidewire-gate", "image": {"reference": "example/sidewire:7", "pullPolicy": "IfNotPresent"}} in \
        pod["spec"]["volumes"]


def test_quiet_tells_only_what_matters():
    done = inject(DEPLOYMENT + "---\nkind: Service\n---\n" + REFUSED, "-q")
    assert done.err.count("\n") == 1 and 'Pod "bad" refused' in done.err


def test_a_pipe_is_read_as_a_file_is(tmp_path):
    os.mkfifo(tmp_path / "pipe", stat.S_IRUSR | stat.S_IWUSR)
    if os.fork() == 0:
        (tmp_path / "pipe").write_text(POD)
        os._exit(0)
    assert run("inject", "-q", "--profile", PROXY, tmp_path / "pipe").code == 0
