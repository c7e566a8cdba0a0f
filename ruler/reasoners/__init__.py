"""Reasoners: what proposes rules, matches them, checks a match again and reflects on an event."""
