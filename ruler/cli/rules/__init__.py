"""`ruler rules`: one module a group of its commands; each registers them on the group's `app`."""

from ruler.cli.rules import (
    approving,
    backtesting,
    editing,
    health,
    history,
    linting,
    looking,
    packing,
    testing,
)
from ruler.cli.rules.group import app

__all__ = [
    "app",
    "approving",
    "backtesting",
    "editing",
    "health",
    "history",
    "linting",
    "looking",
    "packing",
    "testing",
]
