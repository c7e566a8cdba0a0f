"""Judging known clips at once: the same rows as by the graph, without LangGraph and decoding."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from graphs import deps
from ruler.jobs import walking
from ruler.jobs.detect import DetectResult
from ruler.video import known
from tests.scenes import SCENE, Workplace, results, wavy

LOUD = [(20, 42), (60, 63)]
TABLES = ("verdict", "match", "reflection", "event", "run_chunk")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, so that a test need not wait."""
    monkeypatch.setattr(known, "SETTLED_SECONDS", -1e9)


def rows(yard: Workplace, run: str) -> dict[str, list[dict[str, Any]]]:
    """All that the store holds of a run, without the marks that only a repeated stage needs."""
    with yard.store._db.read() as connection:
        return {
            table: [
                {name: value for name, value in row._mapping.items() if name not in _OWN}
                for row in connection.execute(
                    text(f"SELECT * FROM {table} WHERE run_id = :run ORDER BY 1, 2, 3, 4"),
                    {"run": run},
                )
            ]
            for table in TABLES
        }


_OWN = ("run_id", "linked")


def unwalked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going through the graph fails."""

    def fails(*_: object) -> None:
        raise AssertionError("the graph was walked")

    monkeypatch.setattr(walking, "walk_graph", fails)


def test_the_same_rows_as_by_the_graph(yard: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = yard.clip("one", wavy(90, seed=11, loud=LOUD))
    first = yard.detect([clip], chunk=16)
    with monkeypatch.context() as patched:
        patched.setattr(deps, "MOST_SAMPLES", 0)
        walked = yard.detect([clip], chunk=16)
    unwalked(monkeypatch)
    known = yard.detect([clip], chunk=16)
    assert results(first) == results(walked) == results(known)
    by_graph, at_once = rows(yard, walked.record.spec.id), rows(yard, known.record.spec.id)
    assert by_graph["event"]
    assert by_graph["reflection"]
    for table in TABLES:
        assert at_once[table] == by_graph[table], table
    assert known.record.usage == walked.record.usage


def test_links_are_those_of_an_earlier_run(
    yard: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ruler.steps import deducing

    clip = yard.clip("one", wavy(90, seed=11, loud=LOUD))
    first = yard.detect([clip])

    def fails(*_: object) -> None:
        raise AssertionError("linked anew")

    monkeypatch.setattr(deducing, "link", fails)
    assert results(yard.detect([clip])) == results(first)


def test_links_made_by_other_code_or_of_other_samples_are_not_used(yard: Workplace) -> None:
    clip = yard.clip("one", wavy(90, seed=11, loud=LOUD))
    spec = yard.detect([clip]).record.spec
    sha256 = yard.store.runs.outcomes(spec.id)[0].info.sha256  # type: ignore[union-attr]
    assert spec.version is not None
    assert len(yard.store.recall.links(SCENE, sha256, spec.version)) == 90
    assert yard.store.recall.links(SCENE, sha256, "another") == []
    assert yard.store.recall.links(SCENE, "another", spec.version) == []


def test_a_known_clip_is_not_opened(
    yard: Workplace, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ruler.errors import ClipError
    from ruler.jobs import inputs

    clip = yard.clip("quiet", wavy(90, seed=12))
    first = yard.detect([clip])
    opened = inputs.open_isolated

    def fails(*_: object, **__: object) -> None:
        raise ClipError(clip, "it was opened", "")

    monkeypatch.setattr(inputs, "open_isolated", fails)
    again = yard.detect([clip])
    assert results(again) == results(first)
    assert again.record.clips[0].info == first.record.clips[0].info
    monkeypatch.setattr(inputs, "open_isolated", opened)
    write_one_more(clip)
    changed: DetectResult = yard.detect([clip])
    assert changed.record.clips[0].info != first.record.clips[0].info


def test_a_known_clip_with_events_is_opened_while_it_is_judged(
    yard: Workplace, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def noted(clip: known.KnownClip) -> None:
        begun.append(clip.info.name)

    monkeypatch.setattr(known.KnownClip, "open_beside", noted)
    quiet = yard.clip("quiet", wavy(90, seed=12))
    loud = yard.clip("loud", wavy(90, seed=11, loud=LOUD))
    first = yard.detect([quiet, loud])
    assert begun == []
    again = yard.detect([quiet, loud])
    assert begun == ["loud"]
    assert results(again) == results(first)


def write_one_more(clip: str) -> None:
    """One picture more in a folder."""
    folder = Path(clip)
    last = max(folder.iterdir())
    (folder / "99999.png").write_bytes(last.read_bytes())


def test_detecting_anew_imports_neither_the_graph_nor_a_decoder() -> None:
    code = (
        "import ruler.jobs.detect, sys;"
        "heavy = 'langgraph langchain_core av plotly simplemma scipy.optimize'.split();"
        "print([module for module in heavy if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
