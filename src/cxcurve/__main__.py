"""`python -m cxcurve`: the command line."""

from cxcurve.cli import main

if __name__ == "__main__":
    main()
