"""What every store back-end must do; subclass and give `place`, a folder or URL of an empty store.

class TestMine(StoreConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path | str: ...
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ruler.errors import FileProblems, NotFoundError
from ruler.schemas.base import bytes_hash
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.induction import Proposal
from ruler.schemas.observations import FigureLink
from ruler.schemas.rules import Revision
from ruler.schemas.runs import ClipInfo, Coverage, RunSpec, Usage
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event, NotEvaluable, Reflection
from rules_store.scenes import NewRevision
from rules_store.store import Store
from tests import support
from tests.rules_store.examples import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
WRITERS = """\
import os, sys, time
from alembic import command  # imported before the fork, to start at once
from rules_store.scenes import NewRevision
from rules_store.store import Store

place, writers, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
start = time.time() + 0.2

def work(name):
    time.sleep(max(0.0, start - time.time()))
    with Store(place) as store:
        for number in range(count):
            source = f"schema: ruler/rules/v1\\nscene: yard\\nrules: []\\n# {name} {number}\\n"
            store.scenes.save(NewRevision("yard", source, author=name, reason=str(number)))

children = []
for writer in range(writers):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(f"writer-{writer}")
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    children.append(child)
print(*(os.waitpid(child, 0)[1] for child in children))
"""


def new(source: str = EXAMPLE, **options: Any) -> NewRevision:
    values = {"scene": "front-door", "author": "kim", "reason": "because"} | options
    return NewRevision(source=source, **values)


def edited(number: int) -> str:
    return f"{EXAMPLE}# edit {number}\n"


def spec_of(revision: Revision, run_id: str = "run", clips: Sequence[str] = ("a", "b")) -> RunSpec:
    return RunSpec(
        id=run_id,
        scene=revision.ref.scene,
        revision=revision.ref,
        clips=tuple(clips),
        captioner="test",
        reasoner="symbolic",
        taxonomy="general",
        as_of=dt.date(2026, 3, 1),
        store="somewhere",
    )


def info_of(name: str) -> ClipInfo:
    return ClipInfo(
        name=name,
        path=f"/{name}",
        sha256=bytes_hash(name.encode()),
        frames=10,
        fps=10,
        duration_seconds=1,
        width=16,
        height=12,
        reader="folder",
    )


def caption_of(number: int) -> Caption:
    return support.make_caption(f"A person walks by light {number}.", key=f"key {number}")


def trace_of(number: int, strength: float | None = 0.9) -> Trace:
    seen = support.observe(caption_of(number), frame=number)
    matches = () if strength is None else (match_of(number, strength),)
    return support.trace_of(seen, *matches)


def match_of(number: int, strength: float, rule: str = "odd") -> Any:
    seen = support.observe(caption_of(number), frame=number)
    return support.match_of(f"front-door.{rule}", strength, support.quote(seen, "person"))


def traces_of(frames: int) -> list[Trace]:
    return [trace_of(number) for number in range(frames)]


def fill(store: Store, frames: int, *, chunk: int = 64, run_id: str = "run") -> list[Trace]:
    """A run with one clip of stored frames."""
    revision = store.scenes.find("front-door") or store.scenes.save(new())
    store.runs.create(spec_of(revision, run_id), [("a", "/a"), ("b", "/b")])
    traces = traces_of(frames)
    store.captions.put([t.observation.caption for t in traces if t.observation.caption])
    for start in range(0, frames, chunk):
        store.traces.save_chunk(run_id, 0, start // chunk, traces[start : start + chunk], Usage())
    return traces


class StoreConformance:
    """Judges one back-end."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path | str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, place: Path | str) -> Iterator[Store]:
        with Store(place) as opened:
            yield opened

    # Revisions.

    def test_a_revision_comes_back_byte_for_byte(self, store: Store) -> None:
        saved = store.scenes.save(new())
        assert saved.source == EXAMPLE
        assert saved.ref.sha256 == bytes_hash(EXAMPLE.encode())
        assert (saved.ref.revision, saved.parent, saved.is_active) == (1, None, True)
        assert store.scenes.revision("front-door") == saved == store.scenes.find("front-door")

    def test_revisions_are_numbered_strictly(self, store: Store) -> None:
        for number in range(1, 6):
            saved = store.scenes.save(new(edited(number), activate=number % 2 == 1))
            assert saved.ref.revision == number
        assert store.scenes.numbers("front-door") == [1, 2, 3, 4, 5]
        parents = [store.scenes.revision("front-door", n).parent for n in range(1, 6)]
        assert parents == [None, 1, 1, 3, 3]
        [info] = store.scenes.overview()
        assert (info.name, info.active_revision, info.revisions) == ("front-door", 5, 5)

    def test_a_proposal_leaves_the_active_revision_alone(self, store: Store) -> None:
        store.scenes.save(new())
        proposal = store.scenes.save(new(edited(1), activate=False))
        assert not proposal.is_active
        assert store.scenes.revision("front-door").ref.revision == 1
        assert store.scenes.activate("front-door", 2).is_active
        assert store.scenes.revision("front-door").ref.revision == 2

    def test_lineage_leaves_out_what_was_never_active(self, store: Store) -> None:
        store.scenes.save(new(by_induction=True))
        store.scenes.save(new(edited(1), by_induction=True, activate=False))
        store.scenes.save(new(edited(2)))
        line = store.scenes.lineage("front-door")
        assert [(r.ref.revision, r.by_induction) for r in line] == [(1, True), (3, False)]
        assert store.scenes.lineage("nowhere") == []

    def test_what_is_missing_is_said(self, store: Store) -> None:
        with pytest.raises(NotFoundError, match=r"no rules for scene 'x' \(scenes: none yet\)"):
            store.scenes.revision("x")
        store.scenes.save(new())
        with pytest.raises(NotFoundError, match="has no revision 7; it has 1 to 1"):
            store.scenes.revision("front-door", 7)
        with pytest.raises(NotFoundError, match="no scene model"):
            store.scenes.model("0" * 64)
        with pytest.raises(NotFoundError, match="no run 'x'"):
            store.runs.spec("x")
        assert store.scenes.find("x") is None

    def test_a_broken_source_saves_nothing(self, store: Store) -> None:
        with pytest.raises(FileProblems):
            store.scenes.save(new("schema: ruler/rules/v1\nscene: front-door\nrules: [{}]\n"))
        with pytest.raises(FileProblems, match="front-door"):
            store.scenes.save(new(scene="back-door"))
        assert store.scenes.overview() == []

    def test_equal_content_is_found(self, store: Store) -> None:
        model = SceneModel(captioner="test", version="1", payload=b"\x00\xff")
        store.scenes.save_model(model)
        store.scenes.save(new(scene_model_sha256=model.sha256))
        store.scenes.save(new(edited(1)))
        assert store.scenes.same_content("front-door", EXAMPLE, model.sha256) == 1
        assert store.scenes.same_content("front-door", EXAMPLE, None) is None
        assert store.scenes.same_content("front-door", edited(1), None) == 2
        assert store.scenes.model(model.sha256) == model

    def test_processes_at_once_lose_and_repeat_nothing(self, place: Path | str) -> None:
        """Eight processes open the empty store and save at once."""
        writers, each = 8, 5
        done = subprocess.run(
            [sys.executable, "-c", WRITERS, str(place), str(writers), str(each)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.stderr, done.stdout.split()) == ("", ["0"] * writers)
        with Store(place) as store:
            numbers = store.scenes.numbers("yard")
            assert numbers == list(range(1, writers * each + 1))
            saved = [store.scenes.revision("yard", number) for number in numbers]
        assert [revision.parent for revision in saved] == [None, *numbers[:-1]]
        by_author: dict[str, list[str]] = {}
        for revision in saved:
            by_author.setdefault(revision.author, []).append(revision.reason)
        expected = [str(number) for number in range(each)]
        assert by_author == {f"writer-{name}": expected for name in range(writers)}

    # Captions.

    def test_the_first_caption_of_a_key_stays(self, store: Store) -> None:
        first = support.make_caption(
            "Jörg läuft — „schnell“ \U0001f6b4 \\ '; drop table caption; --",
            [support.make_figure(speed_ratio=1.1)],
            key="same",
        )
        store.captions.put([first])
        store.captions.put([support.make_caption("Another.", key="same"), caption_of(1)])
        found = store.captions.get(["same", "key 1", "unknown", "same"])
        assert found == {"same": first, "key 1": caption_of(1)}
        assert found["same"].model_dump_json() == first.model_dump_json()
        assert found["same"].sha256 == first.sha256

    def test_many_keys_at_once(self, store: Store) -> None:
        captions = [caption_of(number) for number in range(1203)]
        store.captions.put(captions)
        found = store.captions.get(f"key {number}" for number in range(2000))
        assert found == {caption.key: caption for caption in captions}

    def test_samples_by_clip_and_view(self, store: Store) -> None:
        store.captions.put([caption_of(number) for number in range(4)])
        store.captions.put_samples("clip", "view", {0: "key 0", 5: "key 1", 9: "key 2"})
        store.captions.put_samples("clip", "view", {5: "key 3"})
        assert store.captions.samples("clip", "view", [0, 4, 5]) == {0: "key 0", 5: "key 1"}
        assert store.captions.samples("clip", "other", [0, 5]) == {}
        assert store.captions.samples("clip", "view", []) == {}

    def test_proposals_come_back(self, store: Store) -> None:
        proposal = Proposal(batch="one", clips=("a",), captions=3, concepts={"running": 3})
        store.captions.put_proposal("key", proposal)
        store.captions.put_proposal("key", Proposal(batch="two", clips=("b",), captions=1))
        assert store.captions.proposal("key") == proposal
        assert store.captions.proposal("other") is None

    def test_threads_share_a_store(self, store: Store) -> None:
        def work(number: int) -> int:
            store.captions.put([caption_of(number)])
            return len(store.captions.get([f"key {number}"]))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(64))) == [1] * 64

    # Runs.

    def test_a_run_counts_its_attempts(self, store: Store) -> None:
        revision = store.scenes.save(new())
        spec = spec_of(revision)
        assert not store.runs.knows("run")
        store.runs.create(spec, [("a", "/a"), ("b", "/b")])
        store.runs.create(spec, [("a", "/a"), ("b", "/b")])
        assert store.runs.knows("run")
        assert store.runs.attempts("run") == 2
        assert store.runs.spec("run") == spec
        assert [(o.clip, o.path) for o in store.runs.outcomes("run")] == [("a", "/a"), ("b", "/b")]

    def test_clips_of_a_run(self, store: Store) -> None:
        fill(store, 3)
        assert store.runs.clip_info("run", 0) is None
        store.runs.set_clip("run", 0, info=info_of("a"))
        store.runs.set_clip("run", 1, error="b: gone.")
        assert store.runs.clip_info("run", 0) == info_of("a")
        assert not store.runs.is_done("run", 0)
        store.runs.set_clip("run", 0, done=True)
        assert store.runs.is_done("run", 0)
        first, second = store.runs.outcomes("run")
        assert first.info == info_of("a")
        # Nobody judged these frames yet, so they are no result: never normal.
        assert first.coverage == Coverage(failed=3)
        assert (second.error, second.coverage) == ("b: gone.", Coverage())

    def test_an_input_with_an_error_has_no_results(self, store: Store) -> None:
        fill(store, 3)
        store.runs.set_clip("run", 0, error="a: gone.")
        assert store.runs.outcomes("run")[0].coverage == Coverage()

    def test_costs_add_up(self, store: Store) -> None:
        fill(store, 4, chunk=2)
        cost = Usage(model_calls=3, tokens_in=5, captions_computed=1)
        store.traces.save_chunk("run", 0, 0, traces_of(2), cost)
        store.traces.save_chunk("run", 0, 1, [trace_of(2), trace_of(3)], cost)
        assert store.runs.usage("run") == Usage(model_calls=6, tokens_in=10, captions_computed=2)
        assert store.runs.usage("other") == Usage()

    # Traces.

    @pytest.mark.parametrize("frames", [0, 1, 511, 512, 513, 1100])
    def test_traces_come_page_by_page(self, store: Store, frames: int) -> None:
        expected = fill(store, frames)
        assert list(store.traces.read("run", 0)) == expected
        assert list(store.traces.read("run", 1)) == []

    def test_traces_of_a_span(self, store: Store) -> None:
        fill(store, 600)
        frames = [
            trace.observation.frame_index
            for trace in store.traces.read("run", 0, first_frame=10, stop_frame=530)
        ]
        assert frames == list(range(10, 530))

    def test_a_chunk_is_replaced_as_a_whole(self, store: Store) -> None:
        fill(store, 4, chunk=2)
        gone = replace(trace_of(2), observation=support.failed(2))
        failed = replace(gone, matched=trace_of(2, None).matched)
        store.traces.save_chunk("run", 0, 1, [failed, trace_of(3)], Usage())
        assert store.traces.failed_frames("run", 0) == [2]
        store.traces.save_chunk("run", 0, 1, [trace_of(2, 0.4), trace_of(3, None)], Usage())
        expected = [trace_of(0), trace_of(1), trace_of(2, 0.4), trace_of(3, None)]
        assert list(store.traces.read("run", 0)) == expected
        assert store.traces.failed_frames("run", 0) == []
        assert store.traces.chunks_done("run", 0) == {0, 1}

    def test_stages_may_be_repeated(self, store: Store) -> None:
        traces = fill(store, 5)

        def link(trace: Trace) -> Trace:
            seen = trace.observation.model_copy(update={"links": ()})
            more = (*trace.matched.matches, match_of(seen.frame_index, 0.7, rule="stays"))
            unknown = (NotEvaluable(rule_id="front-door.hours", reason="no clock"),)
            found = trace.matched
            matched = found.model_copy(
                update={"matches": more, "not_evaluable": found.not_evaluable + unknown}
            )
            return replace(trace, observation=seen, matched=matched, match=0.5)

        for _ in range(2):
            first = list(store.traces.read("run", 0, with_linked=False))
            assert [t.matched.matches for t in first] == [t.matched.matches for t in traces]
            store.traces.save_links("run", 0, map(link, first))
            store.traces.save_scores("run", 0, "smooth", ((n, 0.25 * n) for n in range(4)))
            noted = [replace(t, reason=0.75, notes=("why",)) for t in store.traces.read("run", 0)]
            store.traces.save_reasoned("run", 0, "reason", noted)
        for number, trace in enumerate(store.traces.read("run", 0)):
            assert [m.rule_id for m in trace.matched.matches] == [
                "front-door.odd",
                "front-door.stays",
            ]
            assert len(trace.matched.not_evaluable) == 1
            assert (trace.match, trace.reason, trace.notes) == (0.5, 0.75, ("why",))
            assert trace.smooth == (0.25 * number if number < 4 else None)
        expected = [(n, n / 10, 0.25 * n) for n in range(4)] + [(4, 0.4, None)]
        assert list(store.traces.scores("run", 0, "smooth")) == expected

    def test_a_link_that_no_longer_holds_is_dropped(self, store: Store) -> None:
        [trace] = fill(store, 1)
        stays = match_of(0, 0.7, rule="stays")
        more = trace.matched.model_copy(update={"matches": (*trace.matched.matches, stays)})
        store.traces.save_links("run", 0, [replace(trace, matched=more, match=0.5)])
        store.traces.save_links("run", 0, [replace(trace, match=0.5)])
        assert list(store.traces.read("run", 0)) == [replace(trace, match=0.5)]

    def test_a_rule_that_both_passes_fire_is_kept_at_its_strongest(self, store: Store) -> None:
        stronger, weaker = fill(store, 2)
        wanted = match_of(0, 0.9)
        linked = [
            replace(
                trace, matched=trace.matched.model_copy(update={"matches": (match,)}), match=0.5
            )
            for trace, match in ((stronger, wanted), (weaker, match_of(1, 0.01)))
        ]
        for _ in range(2):  # a repeated stage comes to the same
            store.traces.save_links("run", 0, linked)
            stored = [trace.matched.matches for trace in store.traces.read("run", 0)]
            assert stored == [(wanted,), weaker.matched.matches]

    def test_links_come_back(self, store: Store) -> None:
        figure = support.make_figure(speed_ratio=1.0)
        caption = support.make_caption("One.", [figure], key="linked")
        seen = support.observe(caption, frame=0)
        revision = store.scenes.save(new())
        store.runs.create(spec_of(revision), [("a", "/a")])
        store.captions.put([caption])
        store.traces.save_chunk("run", 0, 0, [support.trace_of(seen)], Usage())
        links = (FigureLink(track=3, dwell_seconds=1.5),)
        linked = support.trace_of(seen.model_copy(update={"links": links}), match=0.25)
        store.traces.save_links("run", 0, [linked])
        assert list(store.traces.read("run", 0)) == [linked]

    def test_judging_does_not_change_what_matching_said(self, store: Store) -> None:
        """A repeated reduce must read what the first one read."""
        before = fill(store, 2)
        judged = [
            support.verdict_of(0, outcome="undetermined", reason="no evidence here"),
            support.verdict_of(1),
        ]
        store.traces.save_verdicts("run", 0, judged)
        assert list(store.traces.read("run", 0)) == before
        assert store.runs.outcomes("run")[0].coverage == Coverage(undetermined=1, anomaly=1)

    # Events.

    def test_events_are_replaced_as_a_whole(self, store: Store) -> None:
        fill(store, 1)

        def event(number: int) -> Event:
            verdict = support.verdict_of(number)
            return Event(
                id=f"a#{number}",
                clip="a",
                start_frame=number,
                stop_frame=number + 1,
                start_seconds=number / 10,
                stop_seconds=(number + 1) / 10,
                key_frame=number,
                key_seconds=number / 10,
                peak_score=0.9,
                category=None,
                level="low",
                title="It's odd",
                rationale="Because.",
                rules=verdict.rules,
                revision=verdict.revision,
                evidence=verdict.evidence,
            )

        store.events.save("run", 0, [event(1), event(3), event(5)])
        store.events.save("run", 0, [event(3), event(4)])
        assert store.events.of_clip("run", 0) == [event(3), event(4)]
        assert store.runs.outcomes("run")[0].events == 2
        assert store.events.of_clip("run", 1) == []

    def test_reflections_by_frame(self, store: Store) -> None:
        fill(store, 1)
        said = Reflection(first="anomaly", second="normal", why="all is well")
        store.events.save_reflection("run", 0, (4, 9), said)
        frames = (3, 4, 8, 9)
        found = [store.events.reflection("run", 0, frame) for frame in frames]
        assert found == [None, said, said, None]
        store.events.clear_reflections("run", 0)
        assert store.events.reflection("run", 0, 4) is None
