"""Numbered, append-only migrations; `0001` is the first schema."""
