#!/bin/bash
# Says which Python to use: python3 where it is new enough, else the newest one beside it.
for name in python3 python3.14 python3.13 python3.12 python3.11; do
  if command -v "$name" >/dev/null && "$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$name"
    exit 0
  fi
done
echo "cxcurve needs Python 3.11 or newer with its venv module; found $(python3 --version 2>&1 || true)." >&2
echo "Install one (on Debian and Ubuntu: sudo apt-get install python3 python3-venv) and run make again." >&2
exit 1
