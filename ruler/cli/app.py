"""All commands at once, for whoever wants to look at them: the reference and its tests."""

from __future__ import annotations

from ruler.cli.tree import tree

app = tree()
