"""Decoder processes that wait for work."""

from __future__ import annotations

from ruler.children import Pool
from ruler.video.decoders import Decoder
from ruler.video.limits import Limits

POOL: Pool[Limits, Decoder] = Pool(Decoder)
"""Of this process, by what they may take."""
