from __future__ import annotations

import pytest

from ruler.reporting.evidence import Piece, evidence_views, highlighted
from ruler.reporting.model import CaptionLine, ClipReport
from ruler.reporting.words import (
    bound,
    clean,
    clock,
    duration,
    fact_value,
    frame_ranges,
    number,
    percent,
    span,
    summary,
)
from ruler.schemas.rules import Measure
from ruler.schemas.runs import Coverage
from ruler.schemas.verdicts import WordEvidence
from tests.reporting.builders import CAPTION, HASH, RULE, clip_report, event, fact, report, words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (-0.5, "-0.5 s"),
        (12.34, "12.3 s"),
        (59.96, "1:00.0"),
        (187.5, "3:07.5"),
        (3787.5, "1:03:07.5"),
        (-61, "-1:01.0"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_small_words() -> None:
    assert span(1, 2.5) == "1.0 – 2.5 s"
    assert span(50, 70) == "50.0 s – 1:10.0"
    assert [duration(s) for s in (0.42, 12.4, 185, 7440)] == [
        "0.4 s",
        "12 s",
        "3 min 5 s",
        "2 h 4 min",
    ]
    assert [percent(s) for s in (0, 0.00001, 0.5, 0.976, 0.99999, 1)] == [
        "0%",
        "0.1%",
        "50%",
        "97.6%",
        "99.9%",
        "100%",
    ]
    assert [number(v) for v in (2.0, 2.615, 0.001, 1234.5)] == ["2", "2.62", "0", "1234"]
    assert fact_value("speed_ratio", 2.6) == "2.6 times the usual speed at that place"
    assert fact_value("something_new", 2.6) == "2.6"
    assert bound(Measure(fact="speed_ratio", above=1.8)) == "above 1.8"
    assert bound(Measure(fact="speed_ratio", below=0.5)) == "below 0.5"
    assert bound(Measure(fact="speed_ratio", above=1, below=2)) == "between 1 and 2"


def test_frame_ranges() -> None:
    assert frame_ranges([12], 1) == "frame 12"
    assert frame_ranges([4, 2, 0, 2, 10], 2) == "frames 0–4, 10"
    assert frame_ranges(list(range(0, 80, 10)), 1).endswith("50 and 2 more")


def test_clean_shows_what_cannot_be_seen() -> None:
    assert clean("a\x00b\u202ec\ud800\x9b") == "a�b�c��"
    assert clean("two\nlines\tand שלום") == "two\nlines\tand שלום"


def test_the_summary_counts_everything() -> None:
    quiet = clip_report("b.mp4", events=())
    broken = ClipReport(name="c.mp4", error="the file is empty")
    cover = Coverage(normal=1000, anomaly=200)
    found = summary(report(clip_report(events_total=3), quiet, broken, coverage=cover))
    assert found == (
        "3 events in 3 clips, 1 clip without any, 1 clip with an error; "
        "1200 frames scored, coverage 100%."
    )
    assert summary(report(quiet)).startswith("No event in 1 clip; 40 frames scored, coverage 90%")


def test_quotes_are_marked_only_where_they_stand() -> None:
    line = CaptionLine(sha256=HASH, frame_index=12, time_seconds=1.2, text=CAPTION)
    marked = highlighted(line, [words("2.6 times"), words("times the"), words("riding"), fact()])
    assert [piece.text for piece in marked if piece.marked] == ["2.6 times the", "riding"]
    assert "".join(piece.text for piece in marked) == CAPTION
    wrong = WordEvidence(caption=HASH, frame_index=1, start=0, stop=5, quote="other")
    beyond = WordEvidence(caption=HASH, frame_index=1, start=900, stop=905, quote="other")
    other = words("riding").model_copy(update={"caption": "d" * 64})
    assert highlighted(line, [wrong, beyond, other]) == (Piece(CAPTION, marked=False),)
    assert highlighted(line.model_copy(update={"text": ""}), []) == ()


def test_evidence_is_gathered_by_what_it_says() -> None:
    found = (
        fact(2.2, 10),
        fact(2.6, 12),
        fact(3.0, 14),
        words("riding"),
        words("riding", CAPTION, 14),
    )
    measured, quoted = evidence_views(event(evidence=found), [RULE])
    assert measured.value == "2.6 times the usual speed at that place"
    assert (measured.fact, measured.frames) == ("speed ratio", "frames 10–14")
    assert measured.spread == "2.2 to 3"
    assert measured.bounds == (("walkway.fast", "above 1.8"),)
    assert (quoted.quote, quoted.frames) == ("riding", "frames 12–14")
