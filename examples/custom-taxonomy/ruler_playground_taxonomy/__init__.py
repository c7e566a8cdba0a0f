"""A taxonomy for ruler: what is normal and abnormal on a playground."""

from importlib.resources import files

TAXONOMY = files(__name__) / "playground.yaml"
