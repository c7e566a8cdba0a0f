from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reporting import html
from ruler.reporting.charts import plot_text, plotly_figure
from ruler.reporting.html import write_report
from ruler.reporting.model import CaptionLine, ClipReport, Report
from ruler.schemas.rules import Origin
from ruler.schemas.runs import Coverage
from ruler.schemas.verdicts import Reflection
from tests.reporting.builders import (
    RULE,
    clip_report,
    clip_verdict,
    event_report,
    fact,
    report,
    verdict,
    words,
)


class Page(HTMLParser):
    """Elements with their attributes, scripts by their id, and the text one reads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.names: set[tuple[str, str]] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: dict[str, str] = {}
        self.open: list[str] = []
        self.headings: list[int] = []
        self.text = ""
        self._script: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.names |= {(tag, name) for name, _ in attrs}
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self._script = dict(attrs).get("id") or "main" if tag == "script" else None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif "style" not in self.open:
            self.text += data

    def values(self, tag: str, name: str) -> list[str]:
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def page_of(folder: Path, value: Report) -> Page:
    path = folder / "report.html"
    write_report(path, value)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def no_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without the two megabytes: faster to parse."""
    monkeypatch.setattr(html, "_plotly", lambda: ("cGxvdGx5", "'sha256-x'"))


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "]]></style><b>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31mred\x07",
    "שלום עולם",
    "%{x} <a href='https://x.example'>",
    "@ink",
]


def hostile_report(text: str) -> Report:
    caption = f"{text} riding {text}"
    shown = event_report(
        caption,
        title=text or "-",
        rationale=text,
        category=text,
        clip=text,
        evidence=(fact(fact=text or "-"), words("riding", caption)),
        reflection=Reflection(first="anomaly", second="anomaly", item=text, why=text),
    )
    rule = RULE.model_copy(
        update={"title": text, "statement": text, "look_for": (text,), "id": "walkway.fast"}
    )
    clip = clip_report(text, events=(shown,))
    bad = ClipReport(name=text, error=text)
    return report(
        clip,
        bad,
        rules={"walkway.fast": rule},
        taxonomies=(text,),
        titles={text: text},
        versions={text: text},
        spec={"captioner": text, "reasoner": text, "taxonomy": text, "id": text},
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text(tmp_path: Path, no_plotly: None, text: str) -> None:
    harmless, hostile = (page_of(tmp_path, hostile_report(words)) for words in ("harmless", text))
    assert hostile.tags == harmless.tags
    assert hostile.names == harmless.names
    assert hostile.scripts["main"] == harmless.scripts["main"]
    assert not any(name.startswith("on") for _, name, _ in hostile.attributes)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", hostile.text)
    visible = re.sub(r"[\x00-\x1f\u202a-\u202e\u2066-\u2069]", "\ufffd", text)
    assert hostile.text.count(visible) > 10
    assert hostile.scripts["figures"] == harmless.scripts["figures"]


@given(st.text(max_size=40))
def test_plotly_reads_no_markup(text: str) -> None:
    shown = plot_text(text)
    assert not set("<>") & set(shown)
    assert "%{" not in shown


@given(st.text(max_size=40))
def test_json_cannot_end_its_script(text: str) -> None:
    written = html._json({"text": text})
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {"text": text}


def test_the_page_asks_nobody(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", report())
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(
        r"(https?:)?//[a-z]", re.sub(r"base64,[^\"]*", "", text.split("plotly")[0])
    )
    page = Page(text)
    policy = page.values("meta", "content")[0]
    assert policy.startswith("default-src 'none';")
    assert not {tag for tag, name in page.names if name == "src"} - {"img"}
    assert all(value.startswith("data:image/jpeg;base64,") for value in page.values("img", "src"))
    assert all(value.startswith("#") for value in page.values("a", "href"))
    assert "link" not in page.tags


def test_scripts_are_the_ones_the_policy_knows(tmp_path: Path) -> None:
    page = page_of(tmp_path, report(clip_report("a.mp4"), clip_report("b.mp4")))
    policy = page.values("meta", "content")[0]
    plotly = gzip.decompress(base64.b64decode(page.scripts["plotly"]))
    assert b"Plotly" in plotly
    for script in (plotly, page.scripts["main"].encode()):
        digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert page.tags["script"] == 3
    assert "unsafe" not in policy.split("script-src")[1]
    assert set(json.loads(page.scripts["figures"])) == {"clip-1", "clip-2"}


def test_a_report_without_charts_has_no_scripts(tmp_path: Path) -> None:
    page = page_of(tmp_path, report(ClipReport(name="a.mp4", error="the file is empty")))
    assert page.tags["script"] == 0
    assert "script-src 'none'" in page.values("meta", "content")[0]
    assert "What this report does not cover" in page.text
    assert page.text.count("the file is empty") == 2
    assert (tmp_path / "report.html").stat().st_size < 40_000


def test_a_card_says_why(tmp_path: Path, no_plotly: None) -> None:
    page = page_of(tmp_path, report(titles={"safety.vehicle": "Vehicle among people"}))
    text = re.sub(r"\s+", " ", page.text)
    for part in (
        "1 event in 1 clip; 40 frames scored, coverage 90%.",
        "4 frames failed. A failed frame is never counted as normal.",
        "Moves fast",
        "high",
        "Vehicle among people",
        "1.0 – 2.0 s",
        "Somebody moves fast.",
        "Rule of walkway@3",
        "walkway.fast",
        "A figure moves at more than 1.8 times the usual speed.",
        "2.6 times the usual speed at that place",
        "bound above 1.8",
        "word for word",
        "anomaly → anomaly",
        "It rides.",
        "sha256 " + "ab" * 32,
    ):
        assert part in text
    assert page.tags["mark"] == 3  # the quote, in its caption, and the clip's
    assert [t for t in ("match", "smooth", "reason", "reflect") if t in text] == [
        "match",
        "smooth",
        "reason",
        "reflect",
    ]


def test_the_page_can_be_used_by_everyone(tmp_path: Path, no_plotly: None) -> None:
    quiet = clip_report("quiet.mp4", events=())
    page = page_of(tmp_path, report(clip_report(), quiet, state="incomplete"))
    assert page.values("html", "lang") == ["en"]
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert all(page.values("img", "alt"))
    assert page.open == []
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = {v[1:] for v in page.values("a", "href")}
    labels = {v for _, name, v in page.attributes if name == "aria-labelledby"}
    assert links | labels <= set(ids)
    assert any("Highest score 0.90 at 0.9 s" in v for v in page.values("svg", "aria-label"))


def test_events_that_are_not_shown_are_counted(tmp_path: Path, no_plotly: None) -> None:
    page = page_of(tmp_path, report(clip_report(events_total=312)))
    assert "1 of 312 events are shown" in page.text
    assert "312 events in 1 clip" in page.text


def test_a_bare_event_is_enough(tmp_path: Path, no_plotly: None) -> None:
    bare = event_report().model_copy(update={"key_frame": None, "captions": (), "verdict": None})
    page = page_of(tmp_path, report(clip_report(events=(bare,)), rules={}))
    assert page.tags["img"] == 0
    assert "walkway.fast" in page.text


def test_a_figure_shows_events_threshold_and_gaps() -> None:
    clip = clip_report()
    assert clip.curve is not None
    figure: dict[str, Any] = plotly_figure(clip, clip.curve, 0.5)
    kinds = [shape["type"] for shape in figure["layout"]["shapes"]]
    assert kinds == ["rect", "line"]
    assert figure["layout"]["shapes"][1]["y0"] == 0.5
    gap, score = figure["data"]
    assert gap["x"] == [3.0, 3.0, 3.4, 3.4]
    assert score["y"].count(None) == 4
    assert len(score["x"]) == 41
    many = clip_report(events=(event_report(),) * 31)
    assert plotly_figure(many, clip.curve, 0.5)["layout"]["annotations"] == []


def test_peak_counts_what_was_decided() -> None:
    assert clip_report(events=()).peak == 0.9
    assert ClipReport(name="x", coverage=Coverage()).peak is None


def test_a_caption_of_another_frame_is_shown_unmarked(tmp_path: Path, no_plotly: None) -> None:
    line = CaptionLine(sha256="d" * 64, frame_index=11, time_seconds=1.1, text="Nobody is riding.")
    shown = event_report().model_copy(update={"captions": (line,), "verdict": verdict(12)})
    page = page_of(tmp_path, report(clip_report(events=(shown,))))
    assert page.tags["mark"] == 2  # the quote alone, and the clip's
    assert "Nobody is riding." in page.text


def test_a_clip_as_a_whole_is_shown_with_both_answers(tmp_path: Path) -> None:
    moved = clip_verdict("anomaly", "normal", clip="a.mp4")
    write_report(tmp_path / "report.html", report(clip_report(verdict=moved)))
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    text = " ".join(page.text.split())
    assert "normal the clip as a whole, overturned by a second look" in text
    assert "a second look says so riding" in text
    assert "First answer, by its frames: anomaly. Somebody moves fast." in text
    write_report(tmp_path / "report.html", report(clip_report(verdict=None)))
    assert "as a whole" not in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("references", "said"),
    [
        (("02#134",), "bound set by reference 02 (frame 134)"),
        (("a#b#7", "c.mp4#0"), "bound set by references a#b (frame 7), c.mp4 (frame 0)"),
        ((), None),
    ],
)
def test_a_bound_names_the_references_that_set_it(
    tmp_path: Path, no_plotly: None, references: tuple[str, ...], said: str | None
) -> None:
    origin = Origin(by="induced", references=references)
    rule = RULE.model_copy(update={"origin": origin})
    text = re.sub(r"\s+", " ", page_of(tmp_path, report(rules={rule.id: rule})).text)
    assert (said or "above 1.8") in text
    assert ("bound set by" in text) == bool(said)
