"""What opening clips gave, by path, as long as their files have not changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from ruler.schemas.runs import ClipInfo
from rules_store.engine import Database
from rules_store.stored import making, stored
from rules_store.tables import CLIP_FILE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ClipFiles:
    """The store's side of `ruler.video.known.ClipMemory`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, path: str, signature: str) -> tuple[ClipInfo, NDArray[np.float64]] | None:
        """What is known of a clip, and when its frames are shown: float64 (frames,), read-only."""
        import numpy as np

        query = select(CLIP_FILE.c.info, CLIP_FILE.c.times).where(
            CLIP_FILE.c.path == path, CLIP_FILE.c.signature == signature
        )
        with self._db.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        with making("clip"):
            info, times = stored(ClipInfo, row.info), np.frombuffer(row.times, dtype="<f8")
        is_sound = len(times) == info.frames and bool((np.diff(times) > 0).all())
        return (info, times) if is_sound else None

    def put(self, path: str, signature: str, info: ClipInfo, times: NDArray[np.float64]) -> None:
        """Keep what opening a clip gave, in the place of what was kept of that path before."""
        row = {
            "path": path,
            "signature": signature,
            "info": info.model_dump_json(),
            "times": times.astype("<f8").tobytes(),
        }
        with self._db.write() as connection:
            connection.execute(delete(CLIP_FILE).where(CLIP_FILE.c.path == path))
            self._db.insert_new(connection, CLIP_FILE, [row])

    def forget(self, path: str) -> None:
        """Keep nothing of a path."""
        with self._db.write() as connection:
            connection.execute(delete(CLIP_FILE).where(CLIP_FILE.c.path == path))
