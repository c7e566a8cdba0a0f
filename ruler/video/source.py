"""A video file that is open for decoding: sought, read packet by packet, and gone on with."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ruler.video import complaints
from ruler.video.containers import (
    DECODER_THREADS,
    REFUSING,
    opened,
    prepare_decoder,
    video_stream,
)
from ruler.video.index import Finder
from ruler.video.probe import each_packet, position_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ruler.video.index import PacketIndex


class Going:
    """How far a decoder has come that nobody has complained of.

    Attributes:
        sent: The last place whose packet it was given, or that was passed over.
        inside: Places that it was given and whose pictures have not come out yet.
        shown: The highest rank that has come out, or was passed over; -1 before the first.
    """

    def __init__(self, sent: int) -> None:
        self.sent = sent
        self.inside: set[int] = set()
        self.shown = -1

    def send(self, place: int | None) -> None:
        """A packet goes in; None is one that is not listed."""
        if place is not None:
            self.sent = max(self.sent, place)
            self.inside.add(place)

    def pass_over(self, rank: int, place: int) -> None:
        """A packet does not go in; its picture is as far away as one that has come out."""
        self.sent = max(self.sent, place)
        self.shown = max(self.shown, rank)

    def show(self, rank: int, place: int) -> None:
        """A picture comes out."""
        self.shown = max(self.shown, rank)
        self.inside.discard(place)


class Source:
    """An open file that can be decoded from any key picture. Opened when first used.

    Attributes:
        going: Where a reading that ended well can be gone on from; None where it cannot.
    """

    def __init__(self, path: Path, index: PacketIndex, *, threads: int) -> None:
        self._path = path
        self._index = index
        self._finder = Finder(index)
        self._threads = threads
        self._stack = ExitStack()
        self._file: os.stat_result | None = None
        self._ahead: tuple[int | None, Packet[VideoStream]] | None = None
        self._turn = 0
        self.going: Going | None = None
        self._container: InputContainer | None = None
        self._stream: VideoStream

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        self._stack.close()
        self._container, self.going, self._ahead = None, None, None

    def settle(self) -> None:
        """Before a reading: go on neither in a file that is another one by now, nor where somebody
        else has decoded meanwhile, whose complaints could be taken for ours or ours for theirs."""
        if self._file is not None and not _is_same(self._path, self._file):
            self.close()
        if self._turn != complaints.turn():
            self.going = None

    def packets(self, entry: int, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        """Packets of [entry, stop) with their places, None for those not listed."""
        is_found = False
        for place, packet in self._sought(entry, stop):
            is_found = True
            yield place, packet
        if not is_found:  # the seek led elsewhere: walk there from the start
            self._reopen()
            complaints.forget()
            self._turn = complaints.turn()
            yield from self._walked(entry, stop)

    def packets_on(self, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        """The packets behind those that were given last, to `stop`."""
        if (ahead := self._ahead) is not None:
            self._ahead = None
            yield ahead
            if ahead[0] == stop - 1:
                return
        yield from self._from_here(stop)

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """What the decoder gives for a packet; None lets it give what it still holds.

        Raises:
            av.FFmpegError: the packet is damaged.
        """
        return self._stream.decode(packet)

    def _sought(self, entry: int, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        if self._container is None or entry == 0:
            self._reopen()
        self.going, self._ahead = None, None
        if self._container is not None and entry > 0:
            self._container.seek(self._index.seek_stamp(entry), stream=self._stream)
            self._stream.codec_context.flush_buffers()
        complaints.forget()
        self._turn = complaints.turn()
        yield from self._walked(entry, stop)

    def _walked(self, entry: int, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        assert self._container is not None
        for packet in each_packet(self._container, self._stream):
            place = self._finder.place(packet.pts)
            if place is not None and place > entry:
                return
            if place == entry:
                # A damaged container may count time differently after a seek; the position does
                # not.
                if position_of(packet) != self._index.position(entry):
                    return
                yield place, packet
                break
        else:
            return
        if entry < stop - 1:
            yield from self._from_here(stop)

    def _from_here(self, stop: int) -> Iterator[tuple[int | None, Packet[VideoStream]]]:
        assert self._container is not None
        for packet in each_packet(self._container, self._stream):
            place = self._finder.place(packet.pts)
            if place is not None and place >= stop:
                self._ahead = place, packet
                return
            yield place, packet
            if place == stop - 1:
                return

    def _reopen(self) -> None:
        self.close()
        self._container = self._stack.enter_context(opened(self._path))
        self._stream = video_stream(self._container, self._path)
        prepare_decoder(self._stream, threads=self._threads)
        self._file = self._path.stat()


def threads_for(index: PacketIndex) -> int:
    """How many threads may decode without hiding damage: one where a decoder marks pictures that
    are reordered, and its complaints are not heard (see `complaints`)."""
    hides = index.is_reordered and index.codec not in REFUSING and not complaints.are_heard()
    return 1 if hides else DECODER_THREADS


def _is_same(path: Path, before: os.stat_result) -> bool:
    try:
        now = path.stat()
    except OSError:
        return False
    fields = ("st_dev", "st_ino", "st_size", "st_mtime_ns")
    return all(getattr(now, field) == getattr(before, field) for field in fields)
