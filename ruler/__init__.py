"""ruler: learns what is normal in a camera scene and explains every alarm by rule and evidence."""

__version__ = "0.1.0"
