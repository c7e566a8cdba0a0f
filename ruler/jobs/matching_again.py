"""Matching the rules that differ from a run's, over what captions and links the store holds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ruler.reasoners.base import MatchContext, Reasoner
from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.verdicts import Matched
from ruler.steps import disturbing
from ruler.steps.deducing import Deducer
from ruler.steps.revising import Changes
from ruler.steps.scoring import joined
from ruler.text.screening import Screen
from rules_store.recall import Recalled
from rules_store.trace_rows import links_of

_UNLINKED = {"links": (), "disturbed_seconds": 0.0}


@dataclass(frozen=True)
class Again:
    """The rules that are matched anew, over what captions and links the store holds.

    Attributes:
        reasoner: Matches.
        contexts: For the passes before and after linking.
        fresh: Ids of the rules whose matches count.
        screen: Tells what captions give none; None where any may.
    """

    reasoner: Reasoner
    contexts: tuple[MatchContext, MatchContext]
    fresh: frozenset[str]
    screen: Screen | None

    @classmethod
    def of(cls, deducer: Deducer, changed: Changes) -> Again:
        """What a deducer has to match anew."""
        assert changed.again is not None
        first = replace(deducer.context, rule_set=changed.again)
        screen = None if changed.phrases is None else Screen(changed.phrases)
        contexts = (first, replace(first, linked=True))
        return cls(deducer.reasoner, contexts, changed.fresh, screen)

    def at(self, start: dt.datetime | None) -> Again:
        """The same for a clip that began then."""
        first, second = (replace(context, clip_start=start) for context in self.contexts)
        return replace(self, contexts=(first, second))

    def on(self, observations: Sequence[Observation]) -> list[Matched]:
        """What the fresh rules find on each frame, before and after linking."""
        bare = [o.model_copy(update=_UNLINKED) if o.is_linked else o for o in observations]
        found = disturbing.match(self.reasoner, bare, self.contexts[0])
        if any(seen.is_linked for seen in observations):
            more = disturbing.match(self.reasoner, observations, self.contexts[1])
            found = [joined(one, other) for one, other in zip(found, more, strict=True)]
        return [
            Matched(matches=tuple(m for m in each.matches if m.rule_id in self.fresh))
            for each in found
        ]

    def on_rows(self, rows: Sequence[Recalled], bodies: dict[str, str]) -> dict[int, Matched]:
        """The same over many frames, by index; most of those without a match are left out."""
        seen = [
            _observation(row, body)
            for row in rows
            if row.caption_key and (body := bodies.get(row.caption_key)) and self._may_match(body)
        ]
        return {o.frame_index: matched for o, matched in zip(seen, self.on(seen), strict=True)}

    def _may_match(self, body: str) -> bool:
        return self.screen is None or self.screen.may_hold(json.loads(body)["text"])


def _observation(row: Recalled, body: str) -> Observation:
    return Observation(
        frame_index=row.frame_index,
        until_frame=row.until_frame,
        time_seconds=row.time_seconds,
        caption=Caption.model_validate_json(body),
        **links_of(row.links),
    )
