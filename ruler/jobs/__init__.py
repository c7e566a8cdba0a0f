"""One function a verb: what the command line, a page, a live watcher and a fleet all call."""
