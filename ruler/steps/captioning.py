"""From samples of a clip to observations: read, look up, caption what is missing, keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ruler.captioners.base import Captioned, Captioner
from ruler.errors import InputError, RunError, StoreError
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.observations import Observation
from ruler.schemas.runs import Usage
from ruler.video.frames import Clip, FrameWindow
from ruler.video.sampling import read_windows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CaptionCache(Protocol):
    """Where captions are kept (`rules_store.captions.Captions`)."""

    def get(self, keys: Iterable[str]) -> dict[str, Caption]:
        """Captions by key, as far as known."""

    def put(self, captions: Iterable[Caption]) -> None:
        """Keep captions."""

    def samples(self, clip_sha256: str, view: str, frames: Sequence[int]) -> dict[int, str]:
        """By frame, the key of its caption, as far as known."""

    def put_samples(self, clip_sha256: str, view: str, keys: Mapping[int, str]) -> None:
        """Remember which caption belongs to which frame."""


NO_ANSWER = "the captioner gave no answer"


@dataclass(frozen=True)
class View:
    """One way of looking at clips: a captioner with its scene model."""

    captioner: Captioner
    scene_model: SceneModel | None

    def sha256(self, clip: str) -> str:
        """Hash of all that decides a frame's caption beside the clip's content.

        The clip's name counts only for a captioner that goes by it.
        """
        identity, window = self.captioner.identity, self.captioner.window
        return content_hash(
            {
                "clip": clip if identity.is_positional else None,
                "captioner": [identity.name, identity.version, identity.prompt_sha256],
                "parameters": identity.parameters,
                "scene_model": self.scene_model.sha256 if self.scene_model else None,
                "window": [window.steps, window.step_seconds, window.min_steps, window.width],
            }
        )


@dataclass(frozen=True)
class Sample:
    """One sampled frame nobody has looked at yet; it speaks for [frame_index, until_frame)."""

    frame_index: int
    until_frame: int
    time_seconds: float


def caption_samples(
    view: View, clip: Clip, samples: Sequence[Sample], cache: CaptionCache
) -> tuple[list[Observation], Usage]:
    """One observation a sample, in order.

    A clip that was captioned before in this view is not decoded. Otherwise the windows are read,
    and the captioner is asked only for those whose key is unknown; the answers are kept at once. A
    failure is kept nowhere, so that the next attempt tries it again.
    """
    frames = [sample.frame_index for sample in samples]
    keys = cache.samples(clip.info.sha256, view.sha256(clip.info.name), frames)
    captions = cache.get(keys.values())
    answers: dict[int, Caption | str] = {
        frame: captions[key] for frame, key in keys.items() if key in captions
    }
    cached, usage = len(answers), Usage()
    missing = [frame for frame in frames if frame not in answers]
    if missing:
        fresh, found, usage = _caption_windows(view, clip, missing, cache)
        answers |= fresh
        cached += found
    usage = usage.model_copy(update={"captions_cached": cached})
    return [_observe(sample, answers.get(sample.frame_index)) for sample in samples], usage


def _caption_windows(
    view: View, clip: Clip, frames: Sequence[int], cache: CaptionCache
) -> tuple[dict[int, Caption | str], int, Usage]:
    """Decode, look up by key, caption the rest: (by frame the caption or reason, cached, usage).

    The same question is asked once, however many windows of the chunk pose it. Where another chunk
    has answered it meanwhile, the caption that was kept first stands for both.
    """
    answers: dict[int, Caption | str] = {}
    keys: dict[int, str] = {}
    windows: dict[str, FrameWindow] = {}
    for window in read_windows(clip, frames, view.captioner.window):
        if isinstance(window, FrameWindow):
            key = view.captioner.identity.key_of(window, view.scene_model)
            keys[window.frame_index] = key
            windows.setdefault(key, window)
        else:
            answers[window.frame_index] = window.reason
    known = cache.get(keys.values())
    cached = sum(key in known for key in keys.values())
    unknown = [window for key, window in windows.items() if key not in known]
    fresh, usage = _ask(view, unknown)
    cache.put(answer for answer in fresh.values() if isinstance(answer, Caption))
    kept = known | cache.get(keys[frame] for frame in fresh)
    for frame, key in keys.items():
        reason = fresh.get(windows[key].frame_index)
        answers[frame] = kept.get(key) or (reason if isinstance(reason, str) else NO_ANSWER)
    view_sha256 = view.sha256(clip.info.name)
    said = {frame: key for frame, key in keys.items() if key in kept}
    cache.put_samples(clip.info.sha256, view_sha256, said)
    return answers, cached, usage


def _ask(view: View, windows: Sequence[FrameWindow]) -> tuple[dict[int, Caption | str], Usage]:
    """Ask for windows in order: by frame the caption or reason, and what it cost.

    A captioner that raises loses the frame it raised at, and is asked again for those after it, so
    that what else is in the chunk does not matter. What the user can mend is passed on.
    """
    answers: dict[int, Caption | str] = {}
    costs: list[Usage] = []
    rest = list(windows)
    while rest:
        asked = 0
        try:
            replies = view.captioner.caption(iter(rest), view.scene_model)
            for window, reply in zip(rest, replies, strict=False):
                answers[window.frame_index] = _accepted(view, window, reply)
                costs.append(reply.usage)
                asked += 1
            break
        except (InputError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in's edge
            said = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
            answers[rest[asked].frame_index] = f"the captioner failed ({said})"
            rest = rest[asked + 1 :]
    return answers, _cost(costs, sum(isinstance(answer, Caption) for answer in answers.values()))


def _accepted(view: View, window: FrameWindow, reply: Captioned) -> Caption | str:
    """What was answered, if it is an answer to this window: others would be kept under its key."""
    answer = reply.answer
    if not isinstance(answer, Caption):
        return answer.reason
    if answer.key != view.captioner.identity.key_of(window, view.scene_model):
        return "the captioner answered another question than this frame's"
    return answer


def _cost(costs: Sequence[Usage], captions: int) -> Usage:
    return Usage(
        model_calls=sum(cost.model_calls for cost in costs),
        tokens_in=sum(cost.tokens_in for cost in costs),
        tokens_out=sum(cost.tokens_out for cost in costs),
        captions_computed=captions,
    )


def _observe(sample: Sample, answer: Caption | str | None) -> Observation:
    caption = answer if isinstance(answer, Caption) else None
    failure = answer if isinstance(answer, str) else None
    if caption is None and failure is None:
        failure = NO_ANSWER
    return Observation(
        frame_index=sample.frame_index,
        until_frame=sample.until_frame,
        time_seconds=sample.time_seconds,
        caption=caption,
        failure=failure,
    )


def samples_of(
    clip: Clip, frames: NDArray[np.int64], start: int = 0, stop: int | None = None
) -> list[Sample]:
    """Samples for frames[start:stop], each speaking up to the next; the last for the clip's rest.

    Args:
        clip: Gives the time stamps.
        frames: All sampled frame indices of the clip, ascending: int64 (samples,).
        start: Where to begin in `frames`.
        stop: Where to end (exclusive); None for all.
    """
    stop = len(frames) if stop is None else min(stop, len(frames))
    ends = [*frames[start + 1 : stop + 1], clip.info.frames]
    return [
        Sample(frame_index=int(frame), until_frame=int(end), time_seconds=float(clip.times[frame]))
        for frame, end in zip(frames[start:stop], ends, strict=False)
    ]
