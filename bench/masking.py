"""How much of what is personal is masked, how much else, and how fast: the numbers of docs/masking.md.

    python -m bench.masking [--seed 20261123]

It measures on texts that the lists and rules were not made from (tests/sources/masking/corpus.py).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "sources" / "masking"))


def main() -> None:
    """Measure and print."""
    from corpus import KINDS, corpus, counts, sceptical

    from cxcurve.sources.masking import find_personal

    parser = argparse.ArgumentParser(prog="python -m bench.masking")
    parser.add_argument("--seed", type=int, default=20261123)
    cases = corpus(parser.parse_args().seed)
    for title, some in (("Held-out corpus", cases), ("Written by hand", sceptical())):
        print(
            f"{title}: {len(some)} texts\n| kind | recall (95 %) | of | precision (95 %) | of |\n|---|---|---|---|---|"
        )
        told = counts(some, find_personal)
        print("\n".join(_row(kind, told[kind]) for kind in KINDS), end="\n\n")
    for language in sorted({case.language for case in cases} - {"traps"}):
        print(_row(f"name, {language}", counts([c for c in cases if c.language == language], find_personal)["name"]))
    for title, is_full in (("with personal data", True), ("made to mislead", False)):
        texts = [case.text for case in cases if bool(case.truth) is is_full]
        print(f"{_per_second(texts):,.0f} texts {title} a second on one core")


def _row(kind: str, n: Mapping[str, int]) -> str:
    recall, precision = _share(n["n_covered"], n["n_true"]), _share(n["n_right"], n["n_found"])
    return f"| {kind} | {recall} | {n['n_true']} | {precision} | {n['n_found']} |"


def _share(successes: int, n: int) -> str:
    from cxcurve.stats.proportions import wilson

    share = wilson(successes, n)
    return "-" if share.value is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _per_second(texts: list[str]) -> float:
    """The best of five runs, in processor time."""
    from cxcurve.sources.masking import mask

    def seconds() -> float:
        started = time.process_time()
        for text in texts:
            mask(text)
        return time.process_time() - started

    return len(texts) / min(seconds() for _ in range(5))


if __name__ == "__main__":
    main()
