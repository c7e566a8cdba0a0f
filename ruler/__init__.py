"""ruler: learns what is normal in a camera scene and explains every alarm by rule and evidence."""

__all__ = ["__version__"]

try:  # written when ruler is built or installed, after the tags
    from ruler._version import __version__
except ImportError:
    __version__ = "0.0.0+source"
