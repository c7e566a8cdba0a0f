"""Prompts as data: one Markdown file each, checked when loaded. See `prompts.loader`."""
