"""One pass over the packets of a video file: its index, and what its header says."""

from __future__ import annotations

import datetime as dt
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

import av
import numpy as np

from ruler.errors import ClipError
from ruler.video.bitstream import is_hollow, is_shown, length_bytes
from ruler.video.containers import REPAIR, opened, prepare_decoder, video_stream
from ruler.video.heartbeat import beat
from ruler.video.index import PacketIndex, Packets, build_index
from ruler.video.pictures import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_FIRST_PICTURE_WITHIN = 64
_ERRORS_IN_A_ROW = 16
_STRAY_SECONDS = 5.0
_STRAY_STEPS = 32
"""More than a picture is ever shown after it was coded (16 pictures), to and fro."""
_YEARS = range(1990, 2100)

_REMUX = "Rewrite it with 'ffmpeg -i IN -c copy OUT.mp4' and give that."

_IGNORE_EDITS = "Rewrite it with 'ffmpeg -ignore_editlist 1 -i IN -c copy OUT.mp4' and give that."


@dataclass(frozen=True)
class Facts:
    """What the container says of its video.

    `width` and `height` are those of the coded picture; `quarter_turns` counter-clockwise make it
    upright. `rate` is the header's frame rate, None where it has none.
    """

    width: int
    height: int
    quarter_turns: int
    rate: float | None
    start_time: dt.datetime | None


@dataclass
class _Table:
    """Columns of `Packets` while they are gathered: compact, for clips of many hours."""

    stamps: array[int] = field(default_factory=lambda: array("q"))
    decode_stamps: array[int] = field(default_factory=lambda: array("q"))
    positions: array[int] = field(default_factory=lambda: array("q"))
    is_key: array[int] = field(default_factory=lambda: array("b"))
    is_damaged: array[int] = field(default_factory=lambda: array("b"))
    seen: int = 0
    hidden: int = 0

    def add(self, packet: Packet[VideoStream], codec: str) -> None:
        """Note a packet, unless nothing of it is ever shown or nobody says when."""
        self.seen += packet.size > 0
        self.hidden += packet.is_discard
        if packet.pts is None or packet.is_discard:
            return
        if codec == "vp8" and not is_shown(bytes(packet), codec):
            return
        self.stamps.append(packet.pts)
        self.decode_stamps.append(packet.pts if packet.dts is None else packet.dts)
        self.positions.append(position_of(packet))
        self.is_key.append(packet.is_keyframe)
        self.is_damaged.append(packet.is_corrupt or is_hollow(packet, codec))

    def packets(self) -> Packets:
        """The columns as arrays."""
        return Packets(
            np.array(self.stamps, dtype=np.int64),
            np.array(self.decode_stamps, dtype=np.int64),
            np.array(self.positions, dtype=np.int64),
            np.array(self.is_key, dtype=np.bool_),
            np.array(self.is_damaged, dtype=np.bool_),
        )


def probe(path: Path) -> tuple[Facts, PacketIndex]:
    """Read the index and the facts of a video file; decodes no more than its first picture.

    Raises:
        ClipError: the file holds no video that ruler can read.
    """
    clip = str(path)
    with opened(path) as container:
        stream = video_stream(container, path)
        context = stream.codec_context
        codec = context.name
        check_size(clip, context.width, context.height)
        prepare_decoder(stream, threads=1)
        table, quarter_turns = _demux(container, stream)
        if not table.seen:
            raise ClipError(clip, "it holds no pictures: it is damaged or cut off", REPAIR)
        packets, base = table.packets(), stream.time_base
        if table.seen and table.seen == table.hidden:
            raise ClipError(clip, "its edit list hides all of its pictures", _IGNORE_EDITS)
        if not len(packets) or not base:
            raise ClipError(clip, "its pictures have no time stamps", _REMUX)
        tick = Fraction(base.numerator, base.denominator)
        jump = _jump(packets, tick)
        packets = packets.without_strays(jump)
        if packets.starts_over(jump):
            raise ClipError(clip, "its clock starts over in the middle", _REMUX)
        packets = packets.usable()
        lost = _lost(stream, path, table, tick)
        facts = Facts(
            width=context.width,
            height=context.height,
            quarter_turns=quarter_turns,
            rate=float(stream.average_rate) if stream.average_rate else None,
            start_time=_start_time(container, stream),
        )
        nal_length = length_bytes(codec, context.extradata)
        is_unordered = _is_unordered(container, stream, packets)
    order = _decoded_order(path) if is_unordered else None
    index = build_index(
        packets, tick=tick, order=order, lost=lost, codec=codec, nal_length=nal_length
    )
    return facts, index


def _jump(packets: Packets, tick: Fraction) -> float:
    """Ticks between two time stamps that are no distance of pictures any more: 5 seconds, or many
    times the usual distance, as of a camera that takes a picture a minute."""
    usual = np.median(np.abs(np.diff(packets.decode_stamps))) if len(packets) > 1 else 0
    return max(float(_STRAY_SECONDS / tick), _STRAY_STEPS * float(usual))


def each_packet(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Packets in decoding order; goes on behind damage that the container can step over.

    A packet takes a byte of the file at least: a container that gives more goes in circles.
    """
    errors, left = 0, container.size
    while errors < _ERRORS_IN_A_ROW:
        try:
            for packet in container.demux(stream):
                errors = 0
                beat()
                left -= 1
                if left < 0:
                    return
                if packet.size:
                    yield packet
        except av.FFmpegError:
            errors += 1
        else:
            return


def position_of(packet: Packet[VideoStream]) -> int:
    """Where in the file a packet begins, -1 where the container does not say."""
    return -1 if packet.pos is None else packet.pos


def _demux(container: InputContainer, stream: VideoStream) -> tuple[_Table, int]:
    """The table of packets, and the quarter turns that the first picture asks for."""
    table = _Table()
    codec = stream.codec_context.name
    turns: int | None = None
    for packet in each_packet(container, stream):
        table.add(packet, codec)
        if turns is None and table.seen <= _FIRST_PICTURE_WITHIN:
            turns = _turns(packet)
    return table, turns or 0


def _turns(packet: Packet[VideoStream]) -> int | None:
    """PyAV gives the orientation with a decoded picture only."""
    try:
        frames = packet.decode()
    except av.FFmpegError:
        return None
    return round(frames[0].rotation / 90) % 4 if frames else None


def _lost(stream: VideoStream, path: Path, table: _Table, tick: Fraction) -> list[float]:
    """Seconds after the last picture of those the header lists beyond the file's end.

    An MP4 file whose header comes first knows what a cut has taken. Their order of presentation is
    not known; their decoding times stand for it.
    """
    entries = stream.index_entries
    if len(entries) <= table.seen:
        return []
    size = path.stat().st_size
    missing = [
        entry.timestamp
        for entry in entries[table.seen :]
        if entry.pos + entry.size > size and not entry.is_discard
    ]
    last = entries[table.seen - 1].timestamp
    return [float((stamp - last) * tick) for stamp in missing if stamp > last]


def _is_unordered(container: InputContainer, stream: VideoStream, packets: Packets) -> bool:
    """Whether time stamps rise in *decoding* order though pictures are reordered.

    AVI has no presentation times; for H.264 in it FFmpeg counts packets instead.
    """
    if container.format.name != "avi" or stream.codec_context.name not in {"h264", "hevc"}:
        return False
    is_reordered = bool(stream.codec_context.has_b_frames)
    return is_reordered and bool((np.diff(packets.stamps) > 0).all())


def _decoded_order(path: Path) -> list[int]:
    """Time stamps in the order in which the decoder gives pictures. Decodes the whole file once."""
    order: list[int] = []
    with opened(path) as container:
        stream = video_stream(container, path)
        prepare_decoder(stream, threads=1)
        for packet in chain(each_packet(container, stream), [None]):
            try:
                frames = stream.decode(packet)
            except av.FFmpegError:
                continue
            order.extend(frame.pts for frame in frames if frame.pts is not None)
    return order


def _start_time(container: InputContainer, stream: VideoStream) -> dt.datetime | None:
    text = container.metadata.get("creation_time") or stream.metadata.get("creation_time")
    try:
        time = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if time.year not in _YEARS:  # cameras without a clock write 1904 or 1970
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)
