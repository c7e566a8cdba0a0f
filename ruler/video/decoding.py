"""Decoding chosen pictures of a video file with PyAV, each of them whole or with a reason.

Healthy stretches are decoded from the nearest key picture on, with threads where that is safe.
Where a stretch turns out to be damaged, its group of pictures is decoded again in one thread,
packet by packet, and `Walk` judges which pictures the damage has reached.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from ruler.video import complaints
from ruler.video.bitstream import may_be_referenced, tells_references
from ruler.video.index import Finder
from ruler.video.pictures import finish, shrunk_size
from ruler.video.source import Going, Source, threads_for
from ruler.video.walk import LOST, DamageError, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from ruler.video.index import PacketIndex
    from ruler.video.probe import Facts

NO_SEEK_WITHIN = 16
"""Decoding over so many unwanted pictures costs less than seeking and filling the threads again."""

_PUSH = 24
"""At most so many packets more push a picture out: 16 for its order, the rest for the threads."""

_RECENT = 16
_RECENT_BYTES = 16 << 20
"""Pictures that are kept for the next reading, whose first window begins before the last one ended:
so many, and so large together."""


class Decoder:
    """Reads pictures of one file; for one thread. Holds the file open until it is closed.

    Args:
        path: The file.
        facts: What its header says.
        index: Its index.
        width: Shrink wider pictures to this.
        is_grey: Leave the colours out.
        reach: How many pictures between two that are wanted are decoded rather than a seek is made.
        goes_on: Whether a reading that begins where the last one ended goes on there, without a
            seek. The pictures are the same; it takes a few packets more at a reading's end.
    """

    def __init__(
        self,
        path: Path,
        facts: Facts,
        index: PacketIndex,
        *,
        width: int | None,
        is_grey: bool = False,
        reach: int = NO_SEEK_WITHIN,
        goes_on: bool = False,
    ) -> None:
        self._path = path
        self._facts = facts
        self._index = index
        self._finder = Finder(index)
        self._width = width
        self._is_grey = is_grey
        self.form = width, is_grey
        self._reformatter = VideoReformatter()
        self._reach = reach
        self._quick = Source(path, index, threads=threads_for(index))
        self._careful = Source(path, index, threads=1)
        self._goes_on = goes_on and complaints.are_heard()
        self._recent: deque[tuple[int, NDArray[np.uint8]]] = deque()
        # The order of what comes out depends on what went in where the container does not tell it.
        self._skips = tells_references(index.codec) and index.ranks is None

    def read(self, ranks: Sequence[int]) -> Iterator[NDArray[np.uint8] | str]:
        """Pictures by rank (ascending, without repeats): upright, sealed; or a reason."""
        held = [rank for rank in ranks if rank < self._index.listed]
        self._quick.settle()
        known = self._known(held)
        yield from known
        done, is_whole = len(known), True
        while done < len(held):
            if is_whole:
                pictures = self._walk_quickly(self._quick, held[done:])
            else:
                pictures = self._walk_carefully(self._careful, held[done:])
            was_quick, is_whole = is_whole, True
            try:
                for picture in pictures:
                    if was_quick:
                        self._remember(held[done], picture)
                    done += 1
                    yield picture
            except DamageError:
                is_whole = False
                self._quick.going = None
        self._careful.close()
        yield from [LOST] * (len(ranks) - len(held))

    def close(self) -> None:
        """Close the file."""
        self._quick.close()
        self._careful.close()
        self._recent.clear()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, ranks: Sequence[int]) -> list[NDArray[np.uint8]]:
        """The first of some pictures, as far as the last reading gave them, too."""
        if self._quick.going is None:
            self._recent.clear()
        recent = dict(self._recent)
        return [recent[rank] for rank in takewhile(recent.__contains__, ranks)]

    def _remember(self, rank: int, picture: NDArray[np.uint8] | str) -> None:
        if not self._goes_on or isinstance(picture, str):
            return
        self._recent.append((rank, picture))
        most = min(_RECENT, _RECENT_BYTES // max(picture.nbytes, 1))
        while len(self._recent) > most:
            self._recent.popleft()

    def _walk_quickly(
        self, source: Source, ranks: Sequence[int]
    ) -> Iterator[NDArray[np.uint8] | str]:
        """Pictures up to the first stretch that is worth a seek.

        A decoder with threads that is told to give what it holds may give a picture before it knows
        that it is damaged. So where complaints are not heard, more packets push the last pictures
        out, and the last group, which nothing follows, is left to a careful walk.
        """
        count = self._within_reach(ranks)
        if not count:
            raise DamageError
        walk = Walk(self._index, ranks[:count], self._index.entry(ranks[0]))
        is_last = self._goes_on and count == len(ranks)
        stop = walk.last + 1 + (_PUSH if is_last or not complaints.are_heard() else 0)
        going = source.going
        if going is not None and self._leads_to(going, ranks[0], walk.entry):
            walk.go_on(going.sent, going.inside)
            packets = source.packets_on(stop)
        else:
            packets = source.packets(walk.entry, stop)
            going = Going(walk.entry - 1)
        for place, packet in packets:
            # Whoever leaves in the middle of this leaves nothing to go on from.
            source.going = None
            if place is not None and self._is_needless(walk, place, packet):
                going.pass_over(int(self._index.rank_at[place]), place)
            else:
                going.send(place)
                walk.send(place)
                self._send(source, walk, packet, going)
            source.going = going
            yield from walk.release()
            if walk.is_done:
                return
        source.going = None
        if not complaints.are_heard():
            raise DamageError
        self._send(source, walk, None, going)
        walk.finish()
        yield from walk.release()

    def _leads_to(self, going: Going, rank: int, entry: int) -> bool:
        """Whether to go on until a picture comes out, rather than seek to its entry."""
        return rank > going.shown and entry <= going.sent + self._reach

    def _within_reach(self, ranks: Sequence[int]) -> int:
        """How many of the ranks are read in one go, without a seek in between."""
        last_entry = len(self._index.places) if complaints.are_heard() else self._index.keys[-1]
        end = self._index.entry(ranks[0])
        for count, rank in enumerate(ranks):
            if not self._index.entry(rank) < min(last_entry, end + self._reach):
                return count
            end = max(end, int(self._index.places[rank]))
        return len(ranks)

    def _is_needless(self, walk: Walk, place: int, packet: Packet[VideoStream]) -> bool:
        """Whether neither a wanted picture nor any other needs a packet; it is skipped then."""
        if not self._skips or not walk.entry < place <= walk.last:
            return False
        if walk.wants(int(self._index.rank_at[place])):
            return False
        if may_be_referenced(bytes(packet), self._index.codec, self._index.nal_length):
            return False
        walk.skip(place)
        return True

    def _send(
        self, source: Source, walk: Walk, packet: Packet[VideoStream] | None, going: Going
    ) -> None:
        """Decode a packet (None: what the decoder still holds) that nobody may complain of."""
        try:
            frames = source.decode(packet)
        except av.FFmpegError as error:
            raise DamageError from error
        if complaints.heard():
            raise DamageError
        for rank in self._take(walk, frames):
            going.show(rank, int(self._index.places[rank]))

    def _walk_carefully(
        self, source: Source, ranks: Sequence[int]
    ) -> Iterator[NDArray[np.uint8] | str]:
        """Pictures of the first group."""
        entry = self._index.entry(ranks[0])
        group = list(takewhile(lambda rank: self._index.entry(rank) == entry, ranks))
        # Two groups, because the first shows no damage where key pictures are none (see `Walk`).
        earlier = self._index.entry_before(self._index.entry_before(entry))
        if earlier < entry:
            with suppress(DamageError):
                yield from self._judge(source, Walk(self._index, group, entry, is_careful=True))
                return
        walk = Walk(self._index, group, earlier, is_careful=True, is_last_resort=True)
        yield from self._judge(source, walk)

    def _judge(self, source: Source, walk: Walk) -> Iterator[NDArray[np.uint8] | str]:
        for place, packet in source.packets(walk.entry, walk.last + 1):
            is_referenced = may_be_referenced(
                bytes(packet), self._index.codec, self._index.nal_length
            )
            walk.send(place, is_referenced=is_referenced)
            try:
                self._take(walk, source.decode(packet))
            except av.FFmpegError:
                walk.refuse(place, is_referenced=is_referenced)
            yield from walk.release()
            if walk.is_done:
                return
        with suppress(av.FFmpegError):  # what does not come out now is missing
            self._take(walk, source.decode(None))
        walk.finish()
        yield from walk.release()

    def _take(self, walk: Walk, frames: Sequence[VideoFrame]) -> list[int]:
        """Note what came out; the ranks of it."""
        ranks = [self._finder.rank(frame.pts) for frame in frames]
        for rank, frame in zip(ranks, frames, strict=True):
            image = self._convert(frame) if walk.wants(rank) and not frame.is_corrupt else None
            walk.take(rank, image, is_corrupt=frame.is_corrupt)
        return [rank for rank in ranks if rank is not None]

    def _convert(self, frame: VideoFrame) -> NDArray[np.uint8]:
        # Without `threads` each call starts some of its own, which takes longer than the work.
        if self._is_grey:
            grey = self._reformatter.reformat(
                frame, *self._grey_size, "gray8", interpolation=Interpolation.AREA, threads=1
            ).to_ndarray()
            return finish(self._upright(grey.astype(np.uint8, copy=False)), None)
        rgb = self._reformatter.reformat(
            frame, self._facts.width, self._facts.height, "rgb24", threads=1
        ).to_ndarray()
        return finish(self._upright(rgb.astype(np.uint8, copy=False)), self._width)

    @cached_property
    def _grey_size(self) -> tuple[int, int]:
        """Width and height that a grey picture is shrunk to as it lies in the file. Here the shrink
        goes with the conversion, which takes a tenth of the time of both apart."""
        width, height = self._facts.width, self._facts.height
        if self._facts.quarter_turns % 2 == 0:
            return shrunk_size(width, height, self._width)
        upright_width, upright_height = shrunk_size(height, width, self._width)
        return upright_height, upright_width

    def _upright(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        turns = self._facts.quarter_turns
        return np.rot90(picture, turns) if turns else picture
