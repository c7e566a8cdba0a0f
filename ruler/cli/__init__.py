"""The command line. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import atexit
import gc
import sys

_INTERRUPTED = 130
"""The code with which typer ends on Ctrl-C."""


def main() -> None:
    """The entry point of `ruler`: turns ruler's errors into one sentence and an exit code."""
    from ruler.cli.console import warn
    from ruler.cli.tree import tree_for
    from ruler.errors import RulerError

    # Captions and traces are many small objects that live on and hold no cycles: looking for some
    # every 700 objects takes a third of the time of reading captions.
    gc.set_threshold(100_000, 20, 20)
    # At its end the interpreter would look through all that is left, to free it piece by piece just
    # before the system takes all memory back: that takes longer than many a command.
    atexit.register(gc.freeze)
    debug = "--debug" in sys.argv[1:]
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        tree_for(arguments)(args=arguments, prog_name="ruler")
    except RulerError as error:
        if debug:
            raise
        warn(str(error))
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            warn("interrupted. A detection goes on with: ruler detect --resume RUN")
        raise
    except BrokenPipeError:
        # The reader (`| head`) has left; there is nobody to tell.
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        said = " ".join(f"{type(error).__name__}: {error}".split())
        warn(
            f"something went wrong that ruler did not foresee ({said}). "
            "Run it again with --debug to see where."
        )
        sys.exit(3)
