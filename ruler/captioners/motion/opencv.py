"""Which OpenCV there is, told without importing it: that takes as long as judging many frames."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

_RELEASE = re.compile(r'^opencv_version = "(\d+\.\d+\.\d+)[.\d]*"$', re.MULTILINE)
_ROLLING = re.compile(r"^rolling = False$", re.MULTILINE)


def opencv_version() -> str:
    """What `cv2.__version__` says: by the note that its wheels carry, else by asking it."""
    spec = find_spec("cv2")
    if spec is not None and spec.origin is not None:
        note = Path(spec.origin).with_name("version.py")
        text = note.read_text(encoding="utf-8") if note.is_file() else ""
        if (found := _RELEASE.search(text)) and _ROLLING.search(text):
            return found[1]
    import cv2

    return str(cv2.__version__)
