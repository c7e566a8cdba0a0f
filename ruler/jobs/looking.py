"""What was looked at for an event's key frame: which pictures, by whom, asked what, with which
answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prompts.loader import load, names
from ruler.captioners.model import CaptionerOptions
from ruler.jobs.hearing import Heard, KeyFrame, hear_safely
from ruler.jobs.inputs import is_model
from ruler.jobs.models import prompt_stamp
from ruler.schemas.runs import RunRecord
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event
from ruler.steps.sharing import GROUP
from rules_store.store import Store


@dataclass(frozen=True)
class Looked:
    """The key frame of an event as a captioner and a reasoner saw it.

    Attributes:
        frame: The frame that was looked at: the key frame, or the one whose caption it goes by.
        key_frame: The event's.
        pictures, step_seconds: How many pictures the caption is about at most, and their distance.
        captioner, reasoner: By whom, as the run names them.
        prompts: By name, version and hash of the prompts that the run's captioner was asked with.
        caption: The captioner's words, which are a model's answer as it was given; None where the
            run's store is not at hand.
        heard: What the reasoner's model was asked, and answered; or why that cannot be told.
        store: Where the run's store was.
        is_reached: Whether it is at hand.
    """

    frame: int
    key_frame: int
    pictures: int
    step_seconds: float
    captioner: str
    reasoner: str
    prompts: dict[str, str]
    caption: str | None
    heard: Sequence[Heard] | str
    store: str
    is_reached: bool

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def lines(self, *, with_prompts: bool) -> list[str]:
        """For people."""
        said = [f"  looked at {self._pictures()}", f"  captioner {self.captioner}{self._asked()}"]
        if with_prompts:
            said += [line for name in self.prompts for line in self._prompt(name)]
        if self.is_reached:
            said += _told("  said      ", self.caption or "nothing")
        said.append(f"  reasoner  {self.reasoner}")
        if not self.is_reached:
            said.append(f"  answers   not at hand: the run's store is not at {self.store}")
        elif isinstance(self.heard, str):
            said.append(f"  answers   cannot be told: {self.heard}")
        else:
            said += [line for one in self.heard for line in _heard(one, with_prompts=with_prompts)]
        return said

    def _pictures(self) -> str:
        many = f", up to {self.pictures} pictures {self.step_seconds:g}s apart"
        shown = f"frame {self.frame}{many if self.pictures > 1 else ''}"
        if self.frame != self.key_frame:
            shown += f"; frame {self.key_frame} goes by its caption"
        return shown

    def _asked(self) -> str:
        listed = ", ".join(f"{name}@{version}" for name, version in self.prompts.items())
        return f", asked by {listed}" if listed else ""

    def _prompt(self, name: str) -> Iterator[str]:
        """The text of a prompt, if it still is the one that the run asked with."""
        if name not in names() or prompt_stamp(name) != self.prompts[name]:
            yield f"    {name}: another one since the run; its text is not kept"
            return
        yield from _told(f"    {name}: ", load(name).text)


def _heard(one: Heard, *, with_prompts: bool) -> Iterator[str]:
    if with_prompts:
        yield from _told(f"    {one.prompt} asked: ", one.question)
    yield from _told(f"    {one.prompt} answered: ", one.answer or "not known any more")


def _told(head: str, text: str) -> list[str]:
    """A text of several lines below its heading."""
    lines = text.strip().splitlines() or [""]
    return [f"{head}{lines[0]}", *(f"{' ' * len(head)}{line}" for line in lines[1:])]


def look(record: RunRecord, event: Event, store: Store | None) -> Looked:
    """What was looked at, as far as the run's folder and its store tell."""
    spec = record.spec
    by_model = is_model("captioner", spec.captioner)
    options = CaptionerOptions.of(spec.asking)
    place = _place(record, event, store)
    key = place.key() if place else None
    caption = key.observation.caption if key else None
    # By clip, the model was asked about no frame and no event.
    asks = is_model("reasoner", spec.reasoner) and spec.by == "frame"
    shares = by_model and options.share
    return Looked(
        frame=_anchor(place, key) if place and key and shares else event.key_frame,
        key_frame=event.key_frame,
        pictures=options.window if by_model else 1,
        step_seconds=options.spec.step_seconds,
        captioner=spec.captioner,
        reasoner=spec.reasoner,
        prompts={n: v for n, v in record.prompts.items() if n.startswith("caption_")},
        caption=caption.text if caption else None,
        heard=hear_safely(place) if place and asks else (),
        store=spec.store,
        is_reached=place is not None,
    )


def _place(record: RunRecord, event: Event, store: Store | None) -> KeyFrame | None:
    number = next((n for n, clip in enumerate(record.clips) if clip.clip == event.clip), None)
    if store is None or number is None:
        return None
    place = KeyFrame(record, store, number, event.key_frame)
    return place if place.key() else None


def _anchor(place: KeyFrame, key: Trace) -> int:
    """The first of the key frame's group that has the same caption (`ruler.steps.sharing`)."""
    frames = [frame for frame, _ in place.frames()]
    at = frames.index(place.frame)
    mine = key.observation.caption
    for trace in place.traces(frames[at - at % GROUP], place.frame):
        caption = trace.observation.caption
        if caption and mine and caption.key == mine.key:
            return trace.observation.frame_index
    return place.frame
