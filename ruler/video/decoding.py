"""Decoding chosen pictures of a video file with PyAV, each of them whole or with a reason.

Healthy stretches are decoded from the nearest key picture on, with threads where that is safe.
Where a stretch turns out to be damaged, its group of pictures is decoded again in one thread,
packet by packet, and `Walk` judges which pictures the damage has reached.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, TypeGuard

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from ruler.video import complaints
from ruler.video.bitstream import may_be_referenced, tells_references
from ruler.video.containers import (
    DECODER_THREADS,
    REFUSING,
    opened,
    prepare_decoder,
    video_stream,
)
from ruler.video.index import Finder
from ruler.video.pictures import finish, shrunk_size
from ruler.video.probe import each_packet, position_of
from ruler.video.walk import LOST, DamageError, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av.container import InputContainer
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


class Source:
    """An open file that can be decoded from any key picture. Opened when first used."""

    def __init__(self, path: Path, index: PacketIndex, *, threads: int) -> None:
        self._path = path
        self._index = index
        self._finder = Finder(index)
        self._threads = threads
        self._stack = ExitStack()
        self._container: InputContainer | None = None
        self._stream: VideoStream

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def packets(self, entry: int, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        """Packets of [entry, stop) with their places, None for those not listed."""
        is_found = False
        for place, packet in self._sought(entry, stop):
            is_found = True
            yield place, packet
        if not is_found:  # the seek led elsewhere: walk there from the start
            self._reopen()
            complaints.forget()
            yield from self._walked(entry, stop)

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """What the decoder gives for a packet; None lets it give what it still holds.

        Raises:
            av.FFmpegError: the packet is damaged.
        """
        return self._stream.decode(packet)

    def _sought(self, entry: int, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        if self._container is None or entry == 0:
            self._reopen()
        if self._container is not None and entry > 0:
            self._container.seek(self._index.seek_stamp(entry), stream=self._stream)
            self._stream.codec_context.flush_buffers()
        complaints.forget()
        yield from self._walked(entry, stop)

    def _walked(self, entry: int, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        assert self._container is not None
        is_started = False
        for packet in each_packet(self._container, self._stream):
            place = self._finder.place(packet.pts)
            if place is not None and place >= (stop if is_started else entry + 1):
                return
            # A damaged container may count time differently after a seek; the position does not.
            if place == entry and position_of(packet) != self._index.position(entry):
                return
            is_started = is_started or place == entry
            if is_started:
                yield place, packet
            if place == stop - 1:
                return

    def _reopen(self) -> None:
        self._stack.close()
        self._container = self._stack.enter_context(opened(self._path))
        self._stream = video_stream(self._container, self._path)
        prepare_decoder(self._stream, threads=self._threads)


def _threads(index: PacketIndex) -> int:
    """How many threads may decode without hiding damage: one where a decoder marks pictures that
    are reordered, and its complaints are not heard (see `complaints`)."""
    hides = index.is_reordered and index.codec not in REFUSING and not complaints.are_heard()
    return 1 if hides else DECODER_THREADS


class Decoder:
    """Reads pictures of one file; for one thread.

    Args:
        path: The file.
        facts: What its header says.
        index: Its index.
        width: Shrink wider pictures to this.
        is_grey: Leave the colours out.
        reach: How many pictures between two that are wanted are decoded rather than a seek is made.
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
    ) -> None:
        self._path = path
        self._facts = facts
        self._index = index
        self._finder = Finder(index)
        self._width = width
        self._is_grey = is_grey
        self._reformatter = VideoReformatter()
        self._reach = reach
        # The order of what comes out depends on what went in where the container does not tell it.
        self._skips = tells_references(index.codec) and index.ranks is None

    def read(self, ranks: Sequence[int]) -> Iterator[NDArray[np.uint8] | str]:
        """Pictures by rank (ascending, without repeats): upright, sealed; or a reason."""
        held = [rank for rank in ranks if rank < self._index.listed]
        with (
            Source(self._path, self._index, threads=_threads(self._index)) as quick,
            Source(self._path, self._index, threads=1) as careful,
        ):
            done, is_whole = 0, True
            while done < len(held):
                if is_whole:
                    pictures = self._walk_quickly(quick, held[done:])
                else:
                    pictures = self._walk_carefully(careful, held[done:])
                is_whole = True
                try:
                    for picture in pictures:
                        done += 1
                        yield picture
                except DamageError:
                    is_whole = False
        yield from [LOST] * (len(ranks) - len(held))

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
        pushing = 0 if complaints.are_heard() else _PUSH
        for place, packet in source.packets(walk.entry, walk.last + 1 + pushing):
            if self._is_needless(walk, place, packet):
                continue
            walk.send(place)
            self._send(source, walk, packet)
            yield from walk.release()
            if walk.is_done:
                return
        if not complaints.are_heard():
            raise DamageError
        self._send(source, walk, None)
        walk.finish()
        yield from walk.release()

    def _within_reach(self, ranks: Sequence[int]) -> int:
        """How many of the ranks are read in one go, without a seek in between."""
        last_entry = len(self._index.places) if complaints.are_heard() else self._index.keys[-1]
        end = self._index.entry(ranks[0])
        for count, rank in enumerate(ranks):
            if not self._index.entry(rank) < min(last_entry, end + self._reach):
                return count
            end = max(end, int(self._index.places[rank]))
        return len(ranks)

    def _is_needless(
        self, walk: Walk, place: int | None, packet: Packet[VideoStream]
    ) -> TypeGuard[int]:
        """Whether neither a wanted picture nor any other needs a packet; it is skipped then."""
        if place is None or not self._skips or not walk.entry < place <= walk.last:
            return False
        if walk.wants(int(self._index.rank_at[place])):
            return False
        if may_be_referenced(bytes(packet), self._index.codec, self._index.nal_length):
            return False
        walk.skip(place)
        return True

    def _send(self, source: Source, walk: Walk, packet: Packet[VideoStream] | None) -> None:
        """Decode a packet (None: what the decoder still holds) that nobody may complain of."""
        try:
            frames = source.decode(packet)
        except av.FFmpegError as error:
            raise DamageError from error
        if complaints.heard():
            raise DamageError
        self._take(walk, frames)

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

    def _take(self, walk: Walk, frames: Sequence[VideoFrame]) -> None:
        for frame in frames:
            rank = self._finder.rank(frame.pts)
            image = self._convert(frame) if walk.wants(rank) and not frame.is_corrupt else None
            walk.take(rank, image, is_corrupt=frame.is_corrupt)

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
