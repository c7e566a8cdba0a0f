"""The reference is what the code says, and its drawings are the graphs."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from graphs import deduction, induction
from tests.docs.blocks import ROOT
from tools import diagrams, readme_picture
from tools.reference import drawings
from tools.reference.__main__ import pages

MADE = pages()


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == MADE[name], "mend with: make reference"


@pytest.mark.parametrize("module", [induction, deduction], ids=["induction", "deduction"])
def test_a_drawing_shows_every_node_and_arrow(module: object) -> None:
    graph = module.graph().get_graph()  # type: ignore[attr-defined]
    source = drawings.drawing(module)  # type: ignore[arg-type]
    assert {(edge.source, edge.target, not edge.conditional) for edge in graph.edges} == set(
        diagrams.parse(source)
    )
    drawn = diagrams.svg(source)
    assert drawn.count("<rect") == len(graph.nodes)
    assert drawn.count("marker-end") == len(graph.edges)


def test_a_drawing_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="no graph"):
        diagrams.parse("graph TD;\n  a ==> b;")


class TestPicture:
    """docs/report.svg, the README's picture of a report."""

    @pytest.fixture
    def run(self, tmp_path: Path) -> Path:
        frames = [
            f'{{"clip": "a.mp4", "time_seconds": {number / 10}, "score": {number / 100}}}'
            for number in range(100)
        ]
        (tmp_path / "frames.jsonl").write_text("\n".join(frames))
        event = '"start_seconds": 6.0, "stop_seconds": 9.0, "level": "low", "rules": ["a.b"]'
        text = f'{{"clip": "a.mp4", {event}, "rationale": "<b> & \\"c\\""}}\n'
        (tmp_path / "events.jsonl").write_text(text)
        return tmp_path

    def test_text_of_a_run_is_no_markup(self, run: Path) -> None:
        drawn = readme_picture.svg(readme_picture.rows(run))
        assert "<b>" not in drawn
        assert "&lt;b&gt; &amp;" in drawn

    def test_a_run_differs_from_another_picture_by_what_matters(
        self, run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        picture = run / "picture.svg"
        monkeypatch.setattr(readme_picture, "PICTURE", picture)
        assert readme_picture.stale(run) == ["there is no picture"]
        text = readme_picture.svg(readme_picture.rows(run))
        picture.write_text(text)
        assert readme_picture.stale(run) == []
        picture.write_text(text.replace('"start":6.0', '"start":5.8'))
        assert readme_picture.stale(run) == []
        picture.write_text(text.replace('"start":6.0', '"start":3.0'))
        assert readme_picture.stale(run) == ["a.mp4: a.b lies elsewhere by 3.0 s"]
        picture.write_text(text.replace('"rule":"a.b"', '"rule":"a.c"'))
        assert readme_picture.stale(run) == ["a.mp4: other events"]

    def test_the_picture_shows_the_demo(self) -> None:
        text = html.unescape((ROOT / "docs" / "report.svg").read_text(encoding="utf-8"))
        assert all(f'"clip":"{clip}.mp4"' in text for clip in ("cyclist", "runner", "loiterer"))
        assert len(text) < 50_000
