"""Rule tests over sources and stored captions."""

from __future__ import annotations

from pathlib import Path

from ruler.jobs.rule_tests import run_rule_tests
from ruler.schemas.captions import Caption
from rules_store.rule_places import lines_of_tests
from rules_store.store import Store

_SOURCE = """schema: ruler/rules/v1
scene: door
threshold: 0.5
rules:
  - id: door.fast
    title: Fast
    kind: anomaly
    statement: Somebody runs.
    look_for: [running]
    tests:
      fire:
        - "A man is running."
        - caption:{hash}
      quiet: [A man walks., "A woman runs."]
  - id: door.bare
    title: Bare
    kind: anomaly
    statement: Somebody climbs.
"""


def test_lines_stored_captions_and_rules_without_tests(tmp_path: Path) -> None:
    stored = Caption(key="k", captioner="motion", text="Two boys are running away.")
    source = _SOURCE.replace("{hash}", stored.sha256[:12])
    with Store(tmp_path / "store") as store:
        store.captions.put([stored])
        run = run_rule_tests(source, store, name="door.yaml")
    assert [outcome.state for outcome in run.outcomes] == ["passed", "passed", "passed", "failed"]
    assert list(run.lines) == [12, 13, 14, 14]
    assert (run.is_failure, list(run.untested)) == (True, ["door.bare"])
    assert run.as_data()["counts"] == {"passed": 3, "failed": 1}


def test_a_reference_that_leads_nowhere_fails(tmp_path: Path) -> None:
    for written in ("caption:0123456789ab", "run:none/clip#3"):
        source = _SOURCE.replace("caption:{hash}", written)
        with Store(tmp_path / "store") as store:
            run = run_rule_tests(source, store, name="door.yaml", chosen=["door.fast"])
        assert run.outcomes[1].is_failure
        assert "the store has no" in run.outcomes[1].why
    assert run_rule_tests(source, None, name="door.yaml").outcomes[1].is_failure


def test_lines_of_tests_of_flow_lists() -> None:
    assert lines_of_tests(_SOURCE)["door.fast", "quiet", 1] == 14
