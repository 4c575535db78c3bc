"""The proof: every chapter of claims put to the test on companies drawn anew, and the page that tells it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from cxcurve.truth import curves, samples, stories, weights, zones
from cxcurve.truth.claims import Chapter, Claim

Say = Callable[[str, int, int], None]
RATE_CUSTOMERS = 300
LARGE = 4
"""Companies large enough to be the truth for samples of them."""


def prove(*, companies: int = 10, customers: int = 500, rates: int = 100, say: Say | None = None) -> list[Chapter]:
    """Put every claim to the test.

    Args:
        companies: drawn for each claim.
        customers: of each.
        rates: companies drawn where the claim is a rate.
        say: told what is done, how much of how many.
    """
    tell = say or (lambda *_: None)
    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def each(label: str, work: Callable[[int, int], Any], seeds: range, size: int) -> list[Any]:
            found = []
            for number, one in enumerate(pool.map(work, seeds, [size] * len(seeds)), 1):
                found.append(one)
                tell(label, number, len(seeds))
            return found

        learned = each("weights", weights.evidence, range(1, companies + 1), customers)
        planted = each("drift zones", zones.planted, range(101, 101 + companies), customers)
        unchanged = each("companies without a change", zones.unchanged, range(1001, 1001 + rates), RATE_CUSTOMERS)
        placebos = each("moments at random", zones.placebos, range(1501, 1501 + companies), customers)
        missed = each("leavers", curves.evidence, range(2001, 2001 + companies), customers)
        held = each("intervals", samples.evidence, range(3001, 3001 + LARGE), 2 * rates)
        firms = each("software firms", stories.onboarding, range(4001, 4001 + companies), customers)
        shops = each("shops", stories.programme, range(5001, 5001 + companies), 3 * customers)
        distributors = each("distributors", stories.distributor, range(6001, 6001 + companies), customers)
    return [
        Chapter(
            "Learned weights, and what the index means",
            f"{companies} companies of {customers} customers, two years each. The weights are learned from one company "
            "and tested on another of as many customers with the same planted weights; a third, of 50 customers, says "
            "what little data can.",
            tuple(weights.claims(learned)),
        ),
        Chapter(
            "Drift zones",
            f"In {companies} companies customers leave one stage (Research, Benchmark or Invest) more slowly in the "
            f"last 26 weeks, by {zones.SLOWER} doublings of the weekly odds. In {rates} others of {RATE_CUSTOMERS} "
            "customers nothing changes.",
            zones.claims(planted, unchanged),
        ),
        Chapter(
            "Moments of truth",
            f"In {companies} companies of {customers} customers weeks drawn at random are put to the same test as real "
            "events: what they find is false alarm.",
            zones.moments_claims(placebos),
        ),
        Chapter(
            "The curve of those who stayed, and of those who left",
            f"{companies} companies of {customers} customers, each beside the same company with nobody leaving "
            f"({curves.TIMES_AS_MANY} times as many customers), scored by the same weights.",
            curves.claims(missed),
        ),
        Chapter(
            "Intervals",
            f"{LARGE} companies of {samples.CUSTOMERS:,} customers are the truth; from each {2 * rates} samples of "
            f"{samples.SAMPLE} customers are drawn. That a sample of a finite company lies nearer to it is allowed "
            "for.",
            samples.claims(held),
        ),
        Chapter(
            "Three stories",
            f"{companies} firms of {customers} customers whose onboarding changed half a year ago, {companies} shops "
            f"of {3 * customers:,} with a programme for referrals since a quarter, {companies} distributors of "
            f"{customers} whose customers do more from a day on, and more again in the last quarter.",
            stories.claims(firms, shops, distributors),
        ),
    ]


def page(chapters: Sequence[Chapter], *, made: str) -> str:
    """The proof as Markdown; `made` says when, and on what."""
    claims = [claim for chapter in chapters for claim in chapter.claims]
    n_found = sum(claim.is_met is True for claim in claims)
    head = [
        "# Proof",
        "",
        "Simulated companies with known truth go through the whole product: files, load, score, and what is asked of "
        "it. Every claim has a bar that was set before; what misses it is listed with the rest.",
        "",
        f"**{n_found} of {len(claims)} claims found.** {made} Made by `make truth`; draw it again, with other seeds.",
    ]
    return "\n".join([*head, *(line for chapter in chapters for line in _chapter(chapter))]) + "\n"


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield from ("", f"## {chapter.title}", "", chapter.how, "")
    yield from ("| claim | bar | found | |", "|---|---|---|---|")
    for claim in chapter.claims:
        yield f"| {claim.name} | {claim.bar} | {claim.told} | {_verdict(claim)} |"
    for claim in chapter.claims:
        if claim.rows:
            yield from ("", f"{claim.name}:", "", *(f"- {row}" for row in claim.rows))


def _verdict(claim: Claim) -> str:
    return claim.verdict if claim.is_met else f"**{claim.verdict}**"
