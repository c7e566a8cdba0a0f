"""Captioners: what turns windows of frames into captions."""
