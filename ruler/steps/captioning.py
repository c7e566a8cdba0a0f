"""From samples of a clip to observations: read, look up, caption what is missing, keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.runs import Usage
from ruler.steps.asking import NO_ANSWER, Asking, CaptionCache
from ruler.steps.samples import Sample
from ruler.steps.sharing import Groups, Subject, share
from ruler.steps.sifting import Sieve, Sifted, sift
from ruler.steps.viewing import STILL, View
from ruler.video.frames import Clip, FrameWindow, WindowFailure
from ruler.video.sampling import read_windows


@runtime_checkable
class Recorder(Protocol):
    """A captioner that writes down which frame has which caption, wherever it came from."""

    def record(self, clip: str, captions: Sequence[tuple[int, Caption]]) -> None:
        """Write down captions of a clip by frame."""


def caption_samples(
    view: View,
    clip: Clip,
    samples: Sequence[Sample],
    cache: CaptionCache,
    *,
    sampled: NDArray[np.int64] | None = None,
) -> tuple[list[Observation], Usage]:
    """One observation a sample, in order.

    A clip that was captioned before in this view is not decoded. Otherwise the windows are read,
    and the captioner is asked only for those whose key is unknown; answers are kept as they come. A
    failure is kept nowhere, so that the next attempt tries it again.

    Args:
        view: Who captions.
        clip: What is captioned.
        samples: Ascending frames of the clip: all, or a chunk.
        cache: Where captions are kept.
        sampled: Indices of all sampled frames of the clip, ascending: int64 (samples,). Where it is
            not given, `samples` are all.

    Raises:
        InputError: of the captioner or the clip; what the user can mend.
        StoreError: of the cache.
    """
    frames = [sample.frame_index for sample in samples]
    whole = np.asarray(frames if sampled is None else sampled, dtype=np.int64)
    name, address = clip.info.name, view.sha256(clip.info.name, whole)
    answers: dict[int, Caption | str] = {**_known(clip, address, frames, cache)}
    usage = Usage(captions_cached=len(answers))
    if missing := [frame for frame in frames if frame not in answers]:
        chunk = _Chunk(view, clip, cache)
        answers |= chunk.answers(missing, Groups(whole))
        cache.put_samples(clip.info.sha256, address, chunk.said)
        usage += chunk.usage
    _record(view, name, answers)
    return [_observe(sample, answers.get(sample.frame_index)) for sample in samples], usage


def recall_samples(
    view: View, clip: Clip, samples: Sequence[Sample], cache: CaptionCache
) -> list[Observation] | None:
    """One observation a sample of a whole clip that was captioned before in this view, without
    asking or decoding anything; None where a caption is missing."""
    frames = [sample.frame_index for sample in samples]
    address = view.sha256(clip.info.name, np.asarray(frames, dtype=np.int64))
    known = _known(clip, address, frames, cache)
    if len(known) < len(frames):
        return None
    _record(view, clip.info.name, known)
    return [_observe(sample, known[sample.frame_index]) for sample in samples]


def _known(
    clip: Clip, address: str, frames: Sequence[int], cache: CaptionCache
) -> dict[int, Caption]:
    """By frame, the captions that are kept of a clip under the hash of a view."""
    keys = cache.samples(clip.info.sha256, address, frames)
    captions = cache.get(keys.values())
    return {frame: captions[key] for frame, key in keys.items() if key in captions}


def _record(view: View, clip: str, answers: Mapping[int, Caption | str]) -> None:
    """Hand captions to a captioner that writes them down."""
    if isinstance(view.captioner, Recorder):
        said = ((frame, answers[frame]) for frame in sorted(answers))
        view.captioner.record(
            clip, [(frame, answer) for frame, answer in said if isinstance(answer, Caption)]
        )


class _Chunk:
    """Frames of a clip that the store has no caption for."""

    def __init__(self, view: View, clip: Clip, cache: CaptionCache) -> None:
        self._view, self._clip = view, clip
        self._asking = Asking(view.captioner, view.model_for(clip), cache)
        self._unread: dict[int, str] = {}
        self._keys: dict[int, str] = {}
        self._anchors: dict[int, int] = {}

    def answers(self, frames: Sequence[int], groups: Groups) -> dict[int, Caption | str]:
        """By frame, its caption or why it has none."""
        if (sieve := self._view.sieve) is not None:
            self._sift(frames, groups, sieve)
        else:
            self._asking.answer(self._windows(frames, groups))
        return self._unread | {frame: self._answer(frame) for frame in self._keys}

    @property
    def said(self) -> dict[int, str]:
        """By frame, the key of its caption."""
        captions = self._asking.captions
        return {frame: key for frame, key in self._keys.items() if key in captions}

    @property
    def usage(self) -> Usage:
        """What it cost. A frame that goes by another's caption is shared, not cached, also where
        the two are the same to the pixel: all kinds together are the frames with a caption."""
        found = sum(
            key in self._asking.found and frame not in self._anchors
            for frame, key in self._keys.items()
        )
        shared = len(self.said) - found - self._asking.usage.captions_computed
        return self._asking.usage + Usage(captions_cached=found, captions_shared=shared)

    def _sift(self, frames: Sequence[int], groups: Groups, sieve: Sieve) -> None:
        """Ask about what a first look asks about, and then about what lies around the unusual."""
        spec, sifted = self._view.captioner.window, Sifted()
        windows = read_windows(self._clip, groups.whole(frames), spec)
        self._asking.answer(self._noted(sift(windows, groups, STILL, sifted)))
        captions = {
            frame: self._asking.captions[key]
            for frame, key in self._keys.items()
            if key in self._asking.captions
        }
        closer = sifted.closer(captions, sieve)
        self._asking.answer(self._noted(read_windows(self._clip, closer, spec)))
        for frame, other in sifted.goes_by.items():
            if frame not in self._keys and frame not in self._unread:
                self._keys[frame], self._anchors[frame] = self._keys[other], other
        wanted = frozenset(frames)
        self._keys = {frame: key for frame, key in self._keys.items() if frame in wanted}
        self._unread = {frame: why for frame, why in self._unread.items() if frame in wanted}

    def _noted(self, windows: Iterable[FrameWindow | WindowFailure]) -> Iterator[FrameWindow]:
        """The windows to ask about; those that cannot be read are noted on the way."""
        for window in windows:
            if isinstance(window, WindowFailure):
                self._unread[window.frame_index] = window.reason
            else:
                self._keys[window.frame_index] = self._asking.key(window)
                yield window

    def _windows(self, frames: Sequence[int], groups: Groups) -> Iterator[FrameWindow]:
        """The windows to ask about; which frame goes by which is noted on the way."""
        wanted = frozenset(frames)
        for subject in self._subjects(frames, groups):
            if subject.frame_index not in wanted:
                continue
            if isinstance(subject, WindowFailure):
                self._unread[subject.frame_index] = subject.reason
                continue
            if subject.is_shared:
                self._anchors[subject.frame_index] = subject.window.frame_index
            self._keys[subject.frame_index] = self._asking.key(subject.window)
            yield subject.window

    def _subjects(self, frames: Sequence[int], groups: Groups) -> Iterator[Subject | WindowFailure]:
        spec, alike = self._view.captioner.window, self._view.similarity
        if alike is not None:
            yield from share(read_windows(self._clip, groups.needed(frames), spec), groups, alike)
            return
        for window in read_windows(self._clip, frames, spec):
            if isinstance(window, FrameWindow):
                yield Subject(window.frame_index, window)
            else:
                yield window

    def _answer(self, frame: int) -> Caption | str:
        key = self._keys[frame]
        if (caption := self._asking.captions.get(key)) is not None:
            return caption
        reason = self._asking.reasons.get(key, NO_ANSWER)
        if (anchor := self._anchors.get(frame)) is not None:
            return f"it goes by frame {anchor}, which has no caption: {reason}"
        return reason


def _observe(sample: Sample, answer: Caption | str | None) -> Observation:
    caption = answer if isinstance(answer, Caption) else None
    failure = answer if isinstance(answer, str) else None
    if caption is None and failure is None:
        failure = NO_ANSWER
    return Observation.unchecked(
        {
            "frame_index": sample.frame_index,
            "until_frame": sample.until_frame,
            "time_seconds": sample.time_seconds,
            "caption": caption,
            "failure": failure,
            "links": (),
            "disturbed_seconds": 0.0,
        }
    )
