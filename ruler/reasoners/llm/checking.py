"""Robust reasoning with a model: a disputed frame is looked at again, with what is around it.

AnomalyRuler (ECCV 2024, section 3.4) asks again with the smoothed prior, and may only confirm an
alarm. Here the answer may go either way, with words of the caption to show for it; where there is
no answer, an alarm stays, and what is no alarm is left open (DESIGN invariant 1).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.llm.fencing import fence
from ruler.llm.questions import Fault
from ruler.reasoners.base import Checked, Disputed
from ruler.reasoners.llm.answers import Recheck
from ruler.reasoners.llm.interview import Interview
from ruler.reasoners.llm.quoting import grounds, locate
from ruler.reasoners.matching import FIRES
from ruler.schemas.verdicts import NO_ANSWER, Matched

_PROMPT = "check_again"
_MAX_TOKENS = 1000
_SURE = 0.5
_OVERTURNED = 0.5


def check(interview: Interview, disputed: Disputed) -> Checked:
    """Believe, doubt or raise the prior (see `Reasoner.check`).

    An alarm that is overturned keeps half of what it had below the threshold; a hit that is
    believed is lifted to the threshold and no farther.
    """
    caption = disputed.observation.caption
    if caption is None or not caption.text.strip():
        return Checked(disputed.prior)
    question = interview.question(_PROMPT, Recheck, _MAX_TOKENS, frame=fence(_frame(disputed)))
    [answer] = interview.ask([question], Recheck)
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


def _frame(disputed: Disputed) -> dict[str, object]:
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
