"""Settings: the only file that reads the environment (`RULER_*`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, model_validator

_PREFIX = "ruler_"


def _default_workers() -> int:
    """Cores this process may use, not cores the machine has (containers, taskset)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Folders(BaseModel):
    """Where a team keeps what it supplies.

    Each field is read from the variable of its name: `taxonomies` from RULER_TAXONOMIES. An empty
    variable is not set. (pydantic-settings does the same, in a tenth of the time of a start.)
    """

    model_config = ConfigDict(frozen=True, extra="ignore", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        known = {name.lower(): value for name, value in os.environ.items() if value}
        names = [name for name in cls.model_fields if _PREFIX + name in known]
        return {name: known[_PREFIX + name] for name in names} | given

    taxonomies: Path | None = None
    """A folder of taxonomy files, each called like the `id` in it."""


class Settings(Folders):
    """What a machine or a person sets once; a command's own options win over it.

    The text below a field is what docs/reference/settings.md says of it.
    """

    store: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("ruler")))
    """Folder of the rule store, or its URL; if not set, the user's data folder."""
    drafts: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("ruler")) / "drafts"
    )
    """Folder of rule files that are being edited; if not set, in the user's data folder."""
    runs: Path = Path("runs")
    """Folder where results go."""
    workers: int = Field(default_factory=_default_workers, ge=1)
    """Chunks of a clip that are worked on at once; if not set, one a core."""
    author: str = Field(default_factory=lambda: os.environ.get("USER") or "someone")
    """Who is named in the log of rules; if not set, `$USER`."""
    editor: str = Field(
        default_factory=lambda: os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    )
    """What `ruler rules edit` opens; if not set, `$VISUAL`, `$EDITOR` or vi."""
    reader: Literal["pyav", "decord"] = "pyav"
    """What decodes video files (see `ruler.video.clips.open_clip`)."""
    decoder_seconds: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """A decoder that says nothing for so long is given up."""
    decoder_megabytes: int = Field(default=4096, ge=256)
    """Memory that a decoder may take."""
    max_pixels: int = Field(default=100_000_000, ge=1)
    """Larger pictures are refused before they are decoded."""
    base_url: str | None = None
    """Endpoint of an OpenAI-compatible server, for all models."""
    captioner_url: str | None = None
    """Endpoint of the captioner alone; it comes before the one for all."""
    reasoner_url: str | None = None
    """Endpoint of the reasoner alone; it comes before the one for all."""
    api_key: str | None = Field(default=None, repr=False)
    """Key for all models; a provider's own variable, such as OPENAI_API_KEY, does as well."""
    captioner_api_key: str | None = Field(default=None, repr=False)
    """Key of the captioner alone; it comes before the one for all."""
    reasoner_api_key: str | None = Field(default=None, repr=False)
    """Key of the reasoner alone; it comes before the one for all."""
