"""One run, top to bottom: sources into the log, the log into stays, weeks and references."""
