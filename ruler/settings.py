"""Settings: the only file that reads the environment (`RULER_*`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_workers() -> int:
    """Cores this process may use, not cores the machine has (containers, taskset)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Folders(BaseSettings):
    """Where a team keeps what it supplies: `taxonomies` is a folder of taxonomy files."""

    model_config = SettingsConfigDict(
        env_prefix="RULER_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    taxonomies: Path | None = None


class Settings(Folders):
    """What a machine or a person sets once; a command's own options win over it.

    `store` is the folder of the rule store, `drafts` keeps rule files that are being edited with
    `editor`, `runs` is where results go, `workers` how many chunks are worked on at once, `reader`
    what decodes video files (see `ruler.video.clips.open_clip`). A decoder may be silent for
    `decoder_seconds`, and take `decoder_megabytes` of memory. `base_url` and `api_key` are for all
    models; those of the captioner or the reasoner come before them.
    """

    store: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("ruler")))
    drafts: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("ruler")) / "drafts"
    )
    runs: Path = Path("runs")
    workers: int = Field(default_factory=_default_workers, ge=1)
    author: str = Field(default_factory=lambda: os.environ.get("USER") or "someone")
    editor: str = Field(
        default_factory=lambda: os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    )
    reader: Literal["pyav", "decord"] = "pyav"
    decoder_seconds: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    decoder_megabytes: int = Field(default=4096, ge=256)
    base_url: str | None = None
    captioner_url: str | None = None
    reasoner_url: str | None = None
    api_key: str | None = None
    captioner_api_key: str | None = None
    reasoner_api_key: str | None = None
