"""`ruler induce`: from normal references to a rule-set revision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig

from graphs import induction
from graphs.deps import InductionDeps
from ruler.captioners.base import Captioner
from ruler.captioners.processes import helped
from ruler.errors import ClipError, InputError
from ruler.jobs.inputs import (
    REMEMBERED_TAXONOMY,
    USUAL_TAXONOMY,
    asks_models,
    check_scene,
    open_all,
    taxonomy_named,
)
from ruler.jobs.models import Models, remembered
from ruler.jobs.progress import Progress, Report, at_once, silent
from ruler.schemas.induction import Brief, Checkup
from ruler.schemas.rules import Cameras, Place, RuleSet
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import Clip
from ruler.video.limits import DEFAULT_LIMITS, Limits
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy


@dataclass(frozen=True)
class InduceRequest:
    """What to learn from, and how. Each item of a `taxonomy` that is named becomes a rule; without
    one it is that of the scene, and else `general`, which gives no rules. `place` and `cameras`
    that are not given are the scene's, too, and else "any" and "one". `options` are those of
    `ruler.jobs.models.Models`."""

    references: Sequence[str]
    scene: str
    captioner: str = "motion"
    reasoner: str = "symbolic"
    taxonomy: str | None = None
    place: Place | None = None
    cameras: Cameras | None = None
    every: Every | None = None
    frame_rate: float | None = None
    author: str = "ruler"
    reason: str = "induced from normal references"
    is_dry_run: bool = False
    activate: bool = False
    workers: int = 1
    reader: Literal["pyav", "decord"] = "pyav"
    limits: Limits | None = DEFAULT_LIMITS
    options: Mapping[str, object] = field(default_factory=dict)
    local_only: bool = False


@dataclass(frozen=True)
class InduceResult:
    """What came of it.

    `revision` is None in a dry run that would save something new. `skipped` holds references that
    could not be read. `usage` is what models were asked; captions are not counted in it.
    """

    rule_set: RuleSet
    revision: int | None
    is_new: bool
    is_active: bool
    checkups: Mapping[str, Checkup]
    notes: Sequence[tuple[str, str]]
    scene_info: Mapping[str, Any]
    skipped: Sequence[ClipError]
    usage: Usage = Usage()


def induce(request: InduceRequest, store: Store, report: Report = silent) -> InduceResult:
    """Learn a scene.

    Raises:
        InputError: the scene cannot be called so, no reference can be read, or nothing can be
            learned from them.
        UnknownNameError, MissingExtraError: of the captioner or reasoner.
    """
    check_scene(request.scene)
    request = as_the_scene(request, store)
    models = models_for(request, store)
    captioner = models.captioner(request.captioner)
    opened = open_all(request.references, request.frame_rate, request.reader, request.limits)
    clips = [clip for clip in opened if not isinstance(clip, ClipError)]
    skipped = [clip for clip in opened if isinstance(clip, ClipError)]
    if not clips:
        raise skipped[0] if len(skipped) == 1 else InputError("\n".join(map(str, skipped)))
    deps = _deps(request, store, models, captioner, clips)
    state = _run(deps, request.workers, report)
    number = state["revision"]
    active = store.scenes.find(request.scene)
    model = state["scene_model"]
    return InduceResult(
        rule_set=state["merged"],
        revision=number,
        is_new=state["is_new"],
        is_active=active is not None and active.ref.revision == number,
        checkups=state["checkups"],
        notes=state["notes"],
        scene_info=store.scenes.model(model).info if model else {},
        skipped=skipped,
        usage=models.budget.spent,
    )


def as_the_scene(request: InduceRequest, store: Store) -> InduceRequest:
    """The request with the taxonomy, place and cameras that it names, or that the scene was learned
    with."""
    active = store.scenes.find(request.scene)
    known = active.rule_set if active else RuleSet(scene=request.scene)
    return replace(
        request,
        taxonomy=taxonomy_named(request.taxonomy, active.asking if active else None),
        place=request.place or known.place,
        cameras=request.cameras or known.cameras,
    )


def models_for(request: InduceRequest, store: Store) -> Models:
    """The models of an induction: local only where the request says so, or the scene's rules do."""
    active = store.scenes.find(request.scene)
    is_local = request.local_only or bool(active and active.rule_set.local_only)
    return Models(request.options, store, local_only=is_local)


def brief_of(request: InduceRequest, captioner: Captioner) -> Brief:
    """What a reasoner knows of an induction beside the captions."""
    return Brief(
        scene=request.scene,
        place=request.place or "any",
        cameras=request.cameras or "one",
        captioner=request.captioner,
        measured=captioner.measured,
        lexicon=load_lexicon(),
        taxonomy=load_taxonomy(request.taxonomy or USUAL_TAXONOMY),
    )


def _deps(
    request: InduceRequest,
    store: Store,
    models: Models,
    captioner: Captioner,
    clips: Sequence[Clip],
) -> InductionDeps:
    asks = asks_models(captioner=request.captioner, reasoner=request.reasoner)
    brief = brief_of(request, captioner)
    return InductionDeps(
        store=store,
        clips=clips,
        captioner=helped(captioner, request.workers),
        reasoner=models.reasoner(request.reasoner),
        brief=brief,
        every=request.every or captioner.default_every,
        cameras=brief.cameras,
        place=brief.place,
        author=request.author,
        reason=request.reason,
        as_of=dt.datetime.now(dt.UTC).date(),
        local_only=request.local_only,
        is_dry_run=request.is_dry_run,
        activate=request.activate,
        by_taxonomy=request.taxonomy is not None,
        asking={**remembered(request.options, asks=asks), **_taxonomy_kept(request)},
    )


def _taxonomy_kept(request: InduceRequest) -> dict[str, str]:
    return {} if request.taxonomy is None else {REMEMBERED_TAXONOMY: request.taxonomy}


def _run(deps: InductionDeps, workers: int, report: Report) -> dict[str, Any]:
    """Run the graph; the fit counts as one unit, each reference as another."""
    config: RunnableConfig = {"max_concurrency": at_once(workers)}
    total, done = len(deps.clips) + 1, 0
    state: dict[str, Any] = {}
    report(Progress("learning the scene", 0, total))
    stream: Iterator[Any] = induction.graph().stream(
        {"proposals": []}, config, context=deps, stream_mode=["custom", "values"]
    )
    for mode, value in stream:
        if mode == "values":
            state = value
        elif "captioned" in value:
            done += 1
            report(Progress(f"captioned {value['captioned']}", done + 1, total))
    return state
