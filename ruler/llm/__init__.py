"""Asking models: the transport that model captioners and reasoners share."""
