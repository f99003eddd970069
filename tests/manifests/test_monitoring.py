# SPDX-License-Identifier: GPL-2.0-or-later
"""Alert rules and dashboard: that they ask for what the programs tell, and that each alert fires when it should."""

import json
import re
import subprocess

import pytest
import yaml

import exported
from conftest import ROOT

MONITORING = ROOT / "manifests" / "monitoring"
PROMTOOL = ROOT / ".deps" / "bin" / "promtool"
ALERTS = {rule["alert"]: rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
          for rule in group["rules"]}
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
TARGETS = {f"{panel['title']} {target['refId']}": target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])}
EXPRESSIONS = {**{name: rule["expr"] for name, rule in ALERTS.items()}, **TARGETS}
# Given by Prometheus, or by scrape.yaml, to every sample.
EVERYWHERE = {"job", "pod", "node"}


def promtool(*words):
    if not PROMTOOL.exists():
        pytest.skip("there is no promtool: hack/deps fetches it")
    done = subprocess.run([PROMTOOL, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Of both programs: names, and for each the labels that occur."""
    place = tmp_path_factory.mktemp("exported")
    found = {}
    for name, labels in exported.of_webhook(place) + exported.of_agent(place):
        found.setdefault(name, []).append(labels)
    return found


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_what_is_asked_for_is_told(samples, name):
    """Each name is that of a metric, and each matcher finds a sample."""
    selectors = re.findall(r"\b(sidewire_\w+)(?:\{([^}]*)\})?", EXPRESSIONS[name])
    assert selectors or 'up{job="sidewire-' in EXPRESSIONS[name]
    for metric, matchers in selectors:
        assert metric in samples, f"no program tells {metric}"
        for label, operator, value in re.findall(r'(\w+)(!?=~?)"([^"]*)"', matchers):
            values = {labels.get(label) for labels in samples[metric]}
            assert label in EVERYWHERE or operator[0] == "!" or value in values, f"{metric} never has {label}={value}: {values}"


def test_what_alerts_group_by_is_a_label(samples):
    for rule in ALERTS.values():
        labels = EVERYWHERE.union(*(labels for metric in re.findall(r"sidewire_\w+", rule["expr"]) for labels in samples[metric]))
        named = re.findall(r"by \(([^)]*)\)", rule["expr"]) + re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
        assert {name for names in named for name in re.split(", *", names)} <= labels, rule["alert"]


def test_every_metric_is_on_the_dashboard(samples):
    shown = set(re.findall(r"sidewire_\w+", " ".join(TARGETS.values())))
    parts = {f"sidewire_review_duration_seconds_{part}" for part in ("bucket", "count", "sum")}
    assert set(samples) - parts <= shown


def test_panels_lie_beside_each_other():
    cells = [(x, y) for panel in DASHBOARD["panels"] for p in [panel["gridPos"]]
             for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_prometheus_reads_the_rules_and_the_dashboard(tmp_path):
    promtool("check", "rules", MONITORING / "alerts.yaml")
    queries = {name: text.replace("$__rate_interval", "5m").replace("$pod", ".*") for name, text in TARGETS.items()}
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(queries.values())]
    (tmp_path / "panels.yaml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "panels.yaml")


def test_scraping_finds_the_pods(render):
    """The jobs' names are those that alerts know; labels, ports and addresses are those of the manifests."""
    jobs = {job["job_name"]: job["relabel_configs"] for job in
            yaml.safe_load((MONITORING / "scrape.yaml").read_text(encoding="utf-8"))["scrape_configs"]}
    assert set(jobs) == set(re.findall(r'job="([^"]*)"', " ".join(EXPRESSIONS.values())))
    for workload in (o for o in render() if o["kind"] in ("Deployment", "DaemonSet")):
        rules, template = jobs[workload["metadata"]["name"]], workload["spec"]["template"]
        assert rules[0]["regex"] == template["metadata"]["labels"]["app.kubernetes.io/name"]
        assert {"pod", "node"} <= {rule.get("target_label") for rule in rules}
        container = template["spec"]["containers"][0]
        if workload["kind"] == "Deployment":
            assert rules[1]["regex"] in [port["name"] for port in container["ports"]]
        else:
            port = container["readinessProbe"]["httpGet"]["port"]
            assert all(rule["replacement"].endswith(f":{port}") for rule in rules if rule.get("target_label") == "__address__")


# Alert: series of a cluster where it fires (name, values each minute), and of one where all is well or nearly not. In
# Prometheus' notation: `1x30` is 1, and again thirty times; `0+2x30` grows by 2. Looked at after half an hour.
UP, DOWN = "1x30", "0x30"
WEBHOOK_UP = 'up{job="sidewire-webhook",pod="a"}'
DENIED, BUCKET = 'sidewire_reviews_total{decision="deny",reason="BadAnnotation",pod="a"}', "sidewire_review_duration_seconds_bucket"
CERTIFICATE, AUTHORITY = 'sidewire_certificate_not_after_seconds{pod="a"}', 'sidewire_authority_not_after_seconds{pod="a"}'
AGE, PLACE = 'sidewire_namespace_cache_age_seconds{pod="a"}', 'sidewire_node_in_place{node="n",part="%s"}'
RUNTIME = 'sidewire_node_runtime_hands_annotations{node="n",runtime="docker://1",answer="%s"}'
# The clock of promtool begins at 0, and 1800 is when it looks.
HOUR, DAY = 3600, 86400
CASES = {
    "SidewireWebhookAbsent": ([{WEBHOOK_UP: DOWN}, {}], [{WEBHOOK_UP: DOWN, 'up{job="sidewire-webhook",pod="b"}': UP}, {WEBHOOK_UP: "1x28 0 0"}]),
    "SidewireWebhookNotReady": ([{'sidewire_ready{pod="a"}': DOWN, 'sidewire_ready{pod="b"}': DOWN}],
                                [{'sidewire_ready{pod="a"}': DOWN, 'sidewire_ready{pod="b"}': UP}]),
    "SidewireWebhookCrashes": ([{'sidewire_worker_restarts_total{pod="a"}': "0x20 1x9"}], [{'sidewire_worker_restarts_total{pod="a"}': "3x30"}]),
    "SidewireDenials": ([{DENIED: "0+2x30"}], [{DENIED: "100x30"}, {DENIED: "0+0.5x30"}, {DENIED.replace("deny", "skip"): "0+9x30"}]),
    "SidewireSlow": ([{BUCKET + '{le="0.25"}': "0+95x30", BUCKET + '{le="1"}': "0+98x30", BUCKET + '{le="+Inf"}': "0+100x30"}],
                     [{BUCKET + '{le="0.25"}': "0+100x30", BUCKET + '{le="1"}': "0+100x30", BUCKET + '{le="+Inf"}': "0+100x30"}, {}]),
    "SidewireCertificateExpires": ([{CERTIFICATE: f"{4 * HOUR}x30"}, {CERTIFICATE: "1x30"}], [{CERTIFICATE: f"{8 * HOUR}x30"}, {CERTIFICATE: DOWN}]),
    "SidewireAuthorityExpires": ([{AUTHORITY: f"{13 * DAY}x90"}], [{AUTHORITY: f"{36 * DAY}x90"}, {AUTHORITY: "0x90"}]),
    "SidewireTlsFailures": ([{'sidewire_tls_failures_total{after="hello"}': "0+2x30"}],
                            [{'sidewire_tls_failures_total{after="nothing"}': "0+9x30"}, {'sidewire_tls_failures_total{after="hello"}': "0x20 2x9"}]),
    "SidewireProfilesBroken": ([{'sidewire_profiles_broken{pod="a"}': UP, 'sidewire_profiles_broken{pod="b"}': DOWN}],
                               [{'sidewire_profiles_broken{pod="a"}': DOWN}, {'sidewire_profiles_broken{pod="a"}': "0x26 1 1 1 1"}]),
    "SidewireProfilesDiffer": ([{'sidewire_profiles_info{pod="a",hash="1"}': UP, 'sidewire_profiles_info{pod="b",hash="2"}': UP}],
                               [{'sidewire_profiles_info{pod="a",hash="1"}': UP, 'sidewire_profiles_info{pod="b",hash="1"}': UP}]),
    "SidewireNamespacesNotFollowed": ([{AGE: "301x30"}], [{AGE: "120x30"}]),
    "SidewireNodeAgentDown": ([{'up{job="sidewire-node",node="n"}': DOWN}], [{'up{job="sidewire-node",node="n"}': UP}, {WEBHOOK_UP: DOWN}]),
    "SidewireNodeNotReady": ([{PLACE % "plugin": UP, PLACE % "entry": DOWN}], [{PLACE % "plugin": UP, PLACE % "entry": UP}]),
    "SidewireNodeFight": ([{'sidewire_node_fight{node="n",part="entry"}': UP}], [{'sidewire_node_fight{node="n",part="entry"}': DOWN}]),
    "SidewireRuntimeWithoutAnnotations": ([{RUNTIME % "no": UP, RUNTIME % "yes": DOWN}],
                                          [{RUNTIME % "no": DOWN, RUNTIME % "unknown": UP}, {RUNTIME % "no": DOWN, RUNTIME % "yes": UP}]),
}
# `for: 1h` takes longer than half an hour.
LATER = {"SidewireAuthorityExpires": "90m"}


def case(alert, series, fires):
    """As promtool has them: how often the alert fires after half an hour."""
    expression = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    return {"name": f"{alert} {series}", "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": expression, "eval_time": LATER.get(alert, "30m"), "exp_samples": [{"labels": "{}", "value": int(fires)}]}]}


def test_alerts_fire_when_they_should_and_not_otherwise(tmp_path):
    assert set(CASES) == set(ALERTS)
    cases = [case(alert, series, fires) for alert, (bad, good) in CASES.items() for fires, many in ((True, bad), (False, good)) for series in many]
    (tmp_path / "test.yaml").write_text(json.dumps({"rule_files": [str(MONITORING / "alerts.yaml")], "evaluation_interval": "1m",
                                                    "tests": cases}), encoding="utf-8")
    promtool("test", "rules", tmp_path / "test.yaml")
