"""Robust reasoning with a model: disputed frames are looked at again, with what is around them.

AnomalyRuler (ECCV 2024, section 3.4) asks again with the smoothed prior, and may only confirm an
alarm. Here the answer may go either way, with words of the caption to show for it; where there is
no answer, an alarm stays, and what is no alarm is left open (DESIGN invariant 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruler.llm.fencing import fence, fence_lines
from ruler.llm.questions import Fault
from ruler.reasoners.base import Checked, Disputed
from ruler.reasoners.llm.answers import Recheck, Rechecks
from ruler.reasoners.llm.interview import BATCH, SMALLER, Interview, batched, numbered
from ruler.reasoners.llm.quoting import grounds, locate
from ruler.reasoners.matching import FIRES
from ruler.schemas.verdicts import NO_ANSWER, Matched

_PROMPT = "check_again"
_MAX_TOKENS, _MAX_TOKENS_EACH = 800, 200
_SURE = 0.5
_OVERTURNED = 0.5


def check(interview: Interview, disputed: Sequence[Disputed]) -> list[Checked]:
    """Believe, doubt or raise each prior (see `Reasoner.check`); frames alike are asked about once.

    An alarm that is overturned keeps half of what it had below the threshold; a hit that is
    believed is lifted to the threshold and no farther.
    """
    asked = [fence(shown(one)) if _has_words(one) else "" for one in disputed]
    frames = {line: shown(one) for line, one in zip(asked, disputed, strict=True) if line}
    batches = batched(list(frames), BATCH)
    said = _ask(interview, batches, frames)
    alone = [
        [line]
        for batch in batches
        for line in batch
        if isinstance(fault := said[line], Fault) and fault.kind in SMALLER and len(batch) > 1
    ]
    said |= _ask(interview, alone, frames)
    return [
        _settled(one, said[line]) if line else Checked(one.prior)
        for line, one in zip(asked, disputed, strict=True)
    ]


def _has_words(disputed: Disputed) -> bool:
    caption = disputed.observation.caption
    return caption is not None and bool(caption.text.strip())


def _ask(
    interview: Interview,
    batches: Sequence[Sequence[str]],
    frames: Mapping[str, Mapping[str, object]],
) -> dict[str, Recheck | Fault]:
    """One question a batch; by the line that shows a frame, what is said of it."""
    questions = [
        interview.question(
            _PROMPT,
            Rechecks,
            _MAX_TOKENS + _MAX_TOKENS_EACH * len(batch),
            frames=fence_lines(numbered([frames[line] for line in batch], "frame")),
        )
        for batch in batches
    ]
    said: dict[str, Recheck | Fault] = {}
    for batch, answer in zip(batches, interview.ask(questions, Rechecks), strict=True):
        for number, line in enumerate(batch, 1):
            said[line] = answer if isinstance(answer, Fault) else _entry(answer, number)
    return said


def _entry(answer: Rechecks, number: int) -> Recheck | Fault:
    """What an answer says of one frame: one that it leaves out is a fault, and entries that differ
    in their verdict cancel each other out."""
    entries = [entry for entry in answer.frames if entry.frame == number]
    if not entries:
        return Fault("invalid", "the model's answer leaves this frame out")
    if len({entry.verdict for entry in entries}) > 1:
        return entries[0].model_copy(update={"verdict": "unclear"})
    return entries[0]


def _settled(disputed: Disputed, answer: Recheck | Fault) -> Checked:
    """The answer as it counts."""
    caption = disputed.observation.caption
    assert caption is not None
    if isinstance(answer, Fault):
        why = f"{NO_ANSWER}{answer.said}; not checked again"
        return Checked(disputed.prior, why, is_unanswered=True)
    is_alarm = disputed.prior >= disputed.threshold
    moves = answer.verdict == ("normal" if is_alarm else "anomaly")
    if not moves or answer.confidence < _SURE:
        return Checked(disputed.prior)
    if locate(caption.text, answer.quote) is None:
        return Checked(
            disputed.prior, "not moved: the words the model rests on are not in the caption"
        )
    if is_alarm:
        score = _OVERTURNED * min(disputed.prior, disputed.threshold)
        return Checked(score, f"overturned: {answer.why or answer.quote}")
    return Checked(disputed.threshold, f"raised: {answer.why or answer.quote}")


def shown(disputed: Disputed) -> dict[str, object]:
    """The frame as it is shown. The score is rounded, so that frames alike ask alike."""
    caption = disputed.observation.caption
    assert caption is not None
    return {
        "caption": caption.text,
        "score": round(disputed.prior, 1),
        "threshold": disputed.threshold,
        "found": [
            {"rule": one.rule_id, "strength": round(one.strength, 1), "grounds": grounds(one)}
            for one in disputed.matched.matches
            if one.strength >= FIRES
        ],
        "before": _around(disputed.before),
        "after": _around(disputed.after),
    }


def _around(frames: Sequence[Matched]) -> list[list[str]]:
    """By frame, the rules that fire."""
    return [[one.rule_id for one in frame.matches if one.strength >= FIRES] for frame in frames]
