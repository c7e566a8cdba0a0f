"""Measuring ruler: dataset manifests, protocols, baselines."""
