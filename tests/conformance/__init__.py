"""Suites that every implementation of a contract must pass; product tests subclass them."""
