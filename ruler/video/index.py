"""The index of a video file: which pictures it lists, when each is shown, and where to seek to.

It comes from the container alone (no picture is decoded but the first, for its orientation) and is
the authority on presentation times. Two ways to number pictures meet here: a picture's *rank* is
its position in presentation order, its *place* is its position in decoding order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """The pictures of a file. What there is for each of them is kept in few bytes: a clip of six
    hours has half a million.

    Attributes:
        times: float64 (frames,), seconds by rank, ascending, from 0.
        stamps: int64 (listed,), the pictures' own time stamps, ascending; they name a packet and
            the picture decoded from it. `listed` is less than `frames` where the file was cut off.
        ranks: int32 (listed,), the rank of each of `stamps`; None where they are in order.
        places: int32 (listed,), the place of each rank.
        rank_at: int32 (listed,), the rank of each place.
        keys: int64 (keys,), places that decoding can start at, ascending, the first one 0.
        seeks: int64 (keys,), the time stamps to seek to for `keys`.
        positions: int64 (keys,), where in the file `keys` begin, -1 where the container says not.
        damaged: places whose packet the container itself calls incomplete.
        codec: FFmpeg's name of the codec.
        nal_length: See `bitstream.length_bytes`.
        is_reordered: Whether any picture is shown at another turn than it is coded.
    """

    times: NDArray[np.float64]
    stamps: NDArray[np.int64]
    ranks: NDArray[np.int32] | None
    places: NDArray[np.int32]
    rank_at: NDArray[np.int32]
    keys: NDArray[np.int64]
    seeks: NDArray[np.int64]
    positions: NDArray[np.int64]
    damaged: frozenset[int]
    codec: str
    nal_length: int
    is_reordered: bool

    @property
    def listed(self) -> int:
        """How many pictures the file really holds data for."""
        return len(self.stamps)

    @property
    def is_reordered_only_within_groups(self) -> bool:
        """Whether each key picture starts a closed group: nothing after it is shown before it."""
        latest = np.minimum.accumulate(self.rank_at[::-1])[::-1]
        return bool((latest[self.keys] == self.rank_at[self.keys]).all())

    def rank(self, stamp: int | None) -> int | None:
        """The rank of the picture with this time stamp, None for one that is not listed."""
        if stamp is None:
            return None
        at = int(np.searchsorted(self.stamps, stamp))
        if at == len(self.stamps) or self.stamps[at] != stamp:
            return None
        return at if self.ranks is None else int(self.ranks[at])

    def place(self, stamp: int | None) -> int | None:
        """The place of the picture with this time stamp, None for one that is not listed."""
        rank = self.rank(stamp)
        return None if rank is None else int(self.places[rank])

    def entry(self, rank: int) -> int:
        """The last key place from which the picture can be decoded.

        A picture shown before a key picture but coded after it (an open group) may rest on the
        group before, so the entry is the last key picture that comes first in *both* orders.
        """
        number = int(np.searchsorted(self.keys, self.places[rank], side="right")) - 1
        while number > 0 and self.rank_at[self.keys[number]] > rank:
            number -= 1
        return int(self.keys[number])

    def entry_before(self, entry: int) -> int:
        """The key place before a key place; itself where it is the first."""
        number = int(np.searchsorted(self.keys, entry))
        return int(self.keys[max(number - 1, 0)])

    def seek_stamp(self, entry: int) -> int:
        """The time stamp to seek to for a key place."""
        return int(self.seeks[np.searchsorted(self.keys, entry)])

    def position(self, entry: int) -> int:
        """Where in the file a key place begins, -1 where the container does not say."""
        return int(self.positions[np.searchsorted(self.keys, entry)])


class Finder:
    """Finds pictures by their time stamps as a decoder does, most of them one behind the other:
    where one is found, the next is looked for behind it first.

    Args:
        index: Where to look.
    """

    def __init__(self, index: PacketIndex) -> None:
        self._index = index
        self._in_turn = index.ranks is None
        self._rank = self._place = 0

    def rank(self, stamp: int | None) -> int | None:
        """See `PacketIndex.rank`."""
        index, rank = self._index, self._rank
        if not (self._in_turn and rank < index.listed and index.stamps[rank] == stamp):
            found = index.rank(stamp)
            if found is None:
                return None
            rank = found
        self._rank = rank + 1
        return rank

    def place(self, stamp: int | None) -> int | None:
        """See `PacketIndex.place`."""
        index, place = self._index, self._place
        is_next = self._in_turn and place < index.listed
        if not (is_next and index.stamps[index.rank_at[place]] == stamp):
            found = index.place(stamp)
            if found is None:
                return None
            place = found
        self._place = place + 1
        return place


@dataclass(frozen=True, eq=False)
class Packets:
    """What the container says of each packet, in decoding order; arrays of one length.

    Attributes:
        stamps: int64, presentation time stamps.
        decode_stamps: int64, decoding time stamps, the presentation's where there is none.
        positions: int64, where in the file they begin, -1 where that is not said.
        is_key: bool, whether decoding can start there.
        is_damaged: bool, whether the container calls the packet incomplete.
    """

    stamps: NDArray[np.int64]
    decode_stamps: NDArray[np.int64]
    positions: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    is_damaged: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.stamps)

    def usable(self) -> Packets:
        """Those that can become pictures.

        A recording that starts in the middle of a group has pictures before its first key picture
        that no decoder can show; they are left out, as players do. Of packets with one time stamp
        the first counts.
        """
        start = int(np.argmax(self.is_key)) if len(self) else 0
        _, kept = np.unique(self.stamps[start:], return_index=True)
        kept = np.sort(kept) + start
        return self._only(kept[self.stamps[kept] >= self.stamps[start]] if len(kept) else kept)

    def without_strays(self, ticks: float) -> Packets:
        """Without single time stamps that lie more than `ticks` off those on both sides.

        A flipped bit in a time stamp would otherwise tear the clip apart.
        """
        is_stray = np.zeros(len(self), dtype=np.bool_)
        for stamps in (self.stamps, self.decode_stamps):
            step = np.diff(stamps)
            up = (step[:-1] > ticks) & (step[1:] < -ticks)
            down = (step[:-1] < -ticks) & (step[1:] > ticks)
            is_stray[1:-1] |= up | down
        return self._only(np.flatnonzero(~is_stray))

    def starts_over(self, ticks: float) -> bool:
        """Whether the clock starts over: the decoding time falls by more than `ticks`."""
        return bool((np.diff(self.decode_stamps) < -ticks).any())

    def _only(self, kept: NDArray[np.int64]) -> Packets:
        return Packets(
            self.stamps[kept],
            self.decode_stamps[kept],
            self.positions[kept],
            self.is_key[kept],
            self.is_damaged[kept],
        )


def build_index(
    packets: Packets,
    *,
    tick: Fraction,
    order: Sequence[int] | None,
    lost: Sequence[float],
    codec: str,
    nal_length: int,
) -> PacketIndex:
    """Put packets in presentation order.

    Args:
        packets: What `Packets.usable` left; at least one.
        tick: The unit of the time stamps, in seconds.
        order: Stamps in the order in which a decoder really gave the pictures, where the container
            cannot be trusted to know; None trusts it.
        lost: Ascending, seconds after the last picture, of pictures the header lists and the file
            no longer holds.
        codec: FFmpeg's name of the codec.
        nal_length: See `bitstream.length_bytes`.
    """
    by_stamp = np.argsort(packets.stamps, kind="stable").astype(np.int32)
    stamps = packets.stamps[by_stamp]
    ranks = None if order is None else _ranks(stamps, order)
    places = by_stamp
    if ranks is not None:
        places = np.empty_like(by_stamp)
        places[ranks] = by_stamp
    rank_at = np.empty_like(places)
    rank_at[places] = np.arange(len(places), dtype=np.int32)
    # One division at the end, so that a frame of ten a second stands at exactly 0.1.
    times = (stamps - stamps[0]) * tick.numerator / tick.denominator
    times = np.concatenate([times, times[-1] + np.asarray(lost, dtype=np.float64)])
    times.flags.writeable = False
    is_entry = packets.is_key.copy()
    is_entry[0] = True
    keys = np.flatnonzero(is_entry).astype(np.int64)
    # Some containers look a time stamp up among decoding times, some among presentation times.
    seeks = np.minimum(packets.stamps, packets.decode_stamps)[keys]
    return PacketIndex(
        times=times,
        stamps=stamps,
        ranks=ranks,
        places=places,
        rank_at=rank_at,
        keys=keys,
        seeks=seeks,
        positions=packets.positions[keys],
        damaged=frozenset(np.flatnonzero(packets.is_damaged).tolist()),
        codec=codec,
        nal_length=nal_length,
        is_reordered=bool((places[1:] < places[:-1]).any()),
    )


def _ranks(stamps: NDArray[np.int64], order: Sequence[int]) -> NDArray[np.int32] | None:
    """Ranks of ascending stamps by a decoder's order; pictures it did not give keep their turn.
    None where the order is theirs."""
    turn = {stamp: number for number, stamp in enumerate(dict.fromkeys(order))}
    given = np.array([stamp in turn for stamp in stamps.tolist()])
    before = np.cumsum(given) - given
    position = [
        (turn[stamp], 0) if stamp in turn else (int(count), -1)
        for stamp, count in zip(stamps.tolist(), before, strict=True)
    ]
    ranks = np.empty(len(stamps), dtype=np.int32)
    ranks[sorted(range(len(stamps)), key=lambda at: position[at])] = np.arange(len(stamps))
    return None if bool((ranks[1:] > ranks[:-1]).all()) else ranks
