"""Which pictures of a stretch of video came out whole.

A picture counts as whole if it and everything it may rest on decoded without complaint: that is,
all since the key picture it was decoded from, in decoding order. What a decoder patches up after
damage depends on its threads and on where it started, so patched pictures are never handed out: the
same frame has the same pixels, or the same failure, however frames are asked for.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from ruler.video.index import PacketIndex

DAMAGED = "the video is damaged here"
INCOMPLETE = "the file holds only a part of this frame"
MISSING = "the decoder gave no picture for this frame"
SPOILED = "the frame rests on a damaged one before it"
LOST = "the file was cut off before this frame"

_REORDER = 16
"""A picture is missing once one that is shown so much later has come out (H.264, annex A.4.2)."""

_PENDING, _GOOD, _BAD = 0, 1, 2  # a picture's fate


class DamageError(Exception):
    """A walk met damage that it was not to judge itself. Never leaves `decoding`."""


class Walk:
    """The bookkeeping of decoding from one key picture to the last wanted one.

    Args:
        index: The file's index.
        wanted: Ranks, ascending; their entries lie at or after `entry`.
        entry: The place decoding starts at.
        is_careful: The caller decodes in one thread, so that damage can be laid at the right
            packet; else any damage ends the walk.
        is_last_resort: There is no earlier entry left to try. A stream without true key pictures
            (periodic intra refresh) calls pictures key that show nothing by themselves.

    `DamageError` is raised before anything was released that it could change.
    """

    def __init__(
        self,
        index: PacketIndex,
        wanted: Sequence[int],
        entry: int,
        *,
        is_careful: bool = False,
        is_last_resort: bool = False,
    ) -> None:
        self.entry = entry
        self.last = int(index.places[list(wanted)].max())
        self.is_careful = is_careful
        self._index = index
        self._is_last_resort = is_last_resort
        self._queue = deque(wanted)
        self._wanted = frozenset(wanted)
        self._images: dict[int, NDArray[np.uint8]] = {}
        # Pictures shown before the entry belong to the group before it: nothing hangs on them.
        ranks = index.rank_at[entry : self.last + 1]
        self._fates = bytearray((ranks < ranks[0]).astype(np.uint8).tobytes())
        self._referenced = bytearray(len(self._fates))
        self._reasons: dict[int, str] = {}
        self._resolved = 0
        self._spoiled: int | None = None
        self._sent = -1
        self._unlisted = len(self._fates)  # the place at which the first unlisted packet was sent
        self._unseen = int(ranks[0])
        self._has_skipped = False

    def go_on(self, sent: int, inside: Collection[int]) -> None:
        """The decoder comes from elsewhere without a complaint: it was given all packets up to one,
        or needed none of them, and still holds some pictures; the others have come out."""
        for place in range(self.entry, sent + 1):
            if place not in inside and place - self.entry < len(self._fates):
                self._fates[place - self.entry] = _GOOD
        self._sent = max(self._sent, min(sent - self.entry, len(self._fates) - 1))
        self._has_skipped = True  # it may have

    @property
    def is_done(self) -> bool:
        """Whether every wanted picture was released."""
        return not self._queue

    def wants(self, rank: int | None) -> bool:
        """Whether a picture must be kept."""
        return rank in self._wanted

    def send(self, place: int | None, *, is_referenced: bool = True) -> None:
        """Note that a packet goes to the decoder; `place` is None for one that is not listed."""
        if place is None:
            self._unlisted = min(self._unlisted, self._sent + 1)
        elif self.entry <= place <= self.last:
            self._sent = place - self.entry
            self._referenced[self._sent] = is_referenced
            if place in self._index.damaged:
                self.fail(place, INCOMPLETE)

    def skip(self, place: int) -> None:
        """Note that a packet does not go to the decoder: its picture is not wanted, and no other
        rests on it."""
        at = place - self.entry
        self._fates[at] = _GOOD
        self._sent = max(self._sent, at)
        self._has_skipped = True

    def refuse(self, place: int | None, *, is_referenced: bool) -> None:
        """Note that the decoder refused a packet."""
        if place is not None:
            self.fail(place, DAMAGED)
        elif is_referenced:
            self._refuse_unlisted()

    def take(self, rank: int | None, image: NDArray[np.uint8] | None, *, is_corrupt: bool) -> None:
        """Note a decoded picture; `image` is None for one that is not wanted."""
        if rank is None:
            if is_corrupt:
                self._refuse_unlisted()
            return
        place = int(self._index.places[rank])
        at = place - self.entry
        if not 0 <= at < len(self._fates):
            return
        if is_corrupt:
            self.fail(place, DAMAGED)
        elif self._fates[at] == _PENDING:
            self._fates[at] = _GOOD
            if image is not None:
                self._images[rank] = image
        self._miss_until(rank - _REORDER)

    def fail(self, place: int, reason: str, *, spoils: bool = True) -> None:
        """Note that a picture is damaged, and with it all that may rest on it.

        Raises:
            DamageError: this walk does not judge damage, or should begin earlier.
        """
        at = place - self.entry
        if not 0 <= at < len(self._fates) or self._fates[at] == _GOOD:
            return
        # A walk that skips has no say either on a picture that is merely missing.
        is_unfit = not self.is_careful and (spoils or self._has_skipped)
        if not self._is_last_resort and (at == 0 or is_unfit):
            raise DamageError
        self._fates[at] = _BAD
        self._reasons.setdefault(at, reason)
        if spoils and self._referenced[at]:
            self._spoil(at)

    def finish(self) -> None:
        """Note that nothing more will come; every wanted picture can be released after it."""
        for at, fate in enumerate(self._fates):
            if fate == _PENDING:
                self.fail(at + self.entry, MISSING, spoils=False)

    def release(self) -> Iterator[NDArray[np.uint8] | str]:
        """Wanted pictures, or reasons, that nothing to come can change; in order."""
        while self._resolved < len(self._fates) and self._fates[self._resolved]:
            self._resolved += 1
        while self._queue:
            rank = self._queue[0]
            at = int(self._index.places[rank]) - self.entry
            is_spoiled = self._spoiled is not None and self._spoiled < min(at, self._resolved)
            if at >= self._resolved and not is_spoiled:
                return
            self._queue.popleft()
            image = self._images.pop(rank, None)
            if is_spoiled:
                yield SPOILED
            else:
                yield self._reasons.get(at, MISSING) if image is None else image

    def _refuse_unlisted(self) -> None:
        if not self.is_careful:
            raise DamageError
        self._spoil(self._unlisted)

    def _spoil(self, at: int) -> None:
        self._spoiled = at if self._spoiled is None else min(self._spoiled, at)

    def _miss_until(self, rank: int) -> None:
        """Give up pictures with a smaller rank that were sent and never came.

        A decoder skips a picture in silence where it is only a repetition, too; so what is missing
        spoils nothing but itself.
        """
        for unseen in range(self._unseen, rank):
            at = int(self._index.places[unseen]) - self.entry
            if 0 <= at <= self._sent and self._fates[at] == _PENDING:
                self.fail(at + self.entry, MISSING, spoils=False)
        self._unseen = max(self._unseen, rank)
