"""The command line. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of `ruler`: turns ruler's errors into one sentence and an exit code."""
    from ruler.cli.app import app
    from ruler.errors import RulerError

    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        app(args=[argument for argument in arguments if argument != "--debug"], prog_name="ruler")
    except RulerError as error:
        if debug:
            raise
        sys.stderr.write(f"ruler: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(
            "\nruler: interrupted. A detection goes on with: ruler detect --resume RUN\n"
        )
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`| head`) has left; there is nobody to tell.
        sys.stderr.close()
        sys.exit(1)
