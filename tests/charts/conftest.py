"""Makes `invented`, `invented_pages`, `preview` and the browser, which are no tests, importable beside the tests."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "browser")]
