"""The fixtures of `tests/fixtures.py`."""

from tests.fixtures import _learned, bare, captioner, yard  # noqa: F401
