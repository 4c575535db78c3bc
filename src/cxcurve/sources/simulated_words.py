"""What simulated customers write: short texts tied to the event and, for scores, to the score."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxcurve.sources.simulated_kinds import INDEX

_THINGS = (
    "the dashboard",
    "the weekly report",
    "the import",
    "user permissions",
    "the mobile app",
    "the API",
    "billing",
    "search",
)
_TASKS = (
    "close the month",
    "onboard the new team",
    "share numbers with the board",
    "answer our auditors",
    "plan next quarter",
)
_SYSTEMS = ("Salesforce", "SAP", "HubSpot", "our warehouse", "single sign-on", "the ERP")

_TEXTS: dict[str, tuple[str, ...]] = {
    "ticket_opened": (
        "{thing} shows different numbers since yesterday. Can someone have a look?",
        "How do I change {thing} so that we can {task}?",
        "{thing} takes minutes to load. We need it to {task}.",
        "We get an error in {thing} every time we try to {task}.",
        "Is there a way to export from {thing}? We want to {task}.",
        "The connection to {system} stopped syncing. Nothing has come in since this morning.",
    ),
    "urgent_ticket_opened": (
        "Urgent: nobody here can use {thing}. We cannot {task}.",
        "{thing} is down for the whole company and we have to {task} today.",
        "The data from {system} is gone. Please call me back at once.",
    ),
    "ticket_reopened": (
        "This is not solved. {thing} fails again.",
        "Same problem as before with {thing}; I have now explained it three times.",
        "It worked for a day. We still cannot {task}.",
    ),
    "nps_answered -": (
        "We wait too long for answers, and {thing} still does not do what we need.",
        "Hard to {task} with this. We are looking at alternatives.",
        "{thing} is unreliable. My team has lost trust.",
        "The integration with {system} never worked properly.",
    ),
    "nps_answered 0": (
        "Does the job. {thing} could be easier.",
        "Good in parts. It would help if we could {task} without a workaround.",
        "Fine so far, but {thing} needs work.",
    ),
    "nps_answered +": (
        "We can {task} in half the time. The team loves it.",
        "{thing} is excellent, and support answers fast.",
        "It connected to {system} on the first day. I recommend it to everyone.",
    ),
    "ces_answered -": (
        "I had to explain the problem with {thing} twice and was handed over.",
        "Far too many steps to get an answer about {thing}.",
        "It took days, and we could not {task} meanwhile.",
    ),
    "ces_answered +": (
        "Quick answer, problem with {thing} solved.",
        "Easy. I was able to {task} right away.",
        "One message and {thing} worked again.",
    ),
    "review_posted -": (
        "We bought it to {task}. It did not get us there; {thing} is the weak point.",
        "Promising, but {thing} breaks too often and support is slow.",
    ),
    "review_posted +": (
        "We use it every day to {task}. {thing} alone is worth it.",
        "Set up in a week, connected to {system}, and the team took to it at once.",
    ),
    "invoice_disputed": (
        "This invoice lists seats we removed before we had to {task}.",
        "We were charged for {thing}, which is not in our contract.",
    ),
    "cancellation_asked": (
        "What is the notice period? We can no longer {task} with this.",
        "Please tell us how to cancel. {thing} has not improved.",
    ),
    "deal_lost": (
        "Chose a competitor with a ready connector for {system}.",
        "No budget this year; the need to {task} was not pressing enough.",
        "Could not agree on the contract terms.",
        "Went silent after the questions about {thing}.",
    ),
    "subscription_cancelled": (
        "We hardly used {thing} in the end.",
        "Moving to another tool that lets us {task}.",
        "Too many problems with {thing}.",
        "The connection to {system} never became stable.",
    ),
    "community_answer_posted": (
        "We solved this for {thing} with a saved view; happy to share ours.",
        "You can {task} by connecting {system} first. Steps below.",
    ),
    "story_told": ("How we use it to {task}, connected to {system}.",),
}
_ANSWERED = 0.55
"""Share of scores that come with words."""
_BANDS = {"nps_answered": (7, 9), "ces_answered": (4, 6), "review_posted": (4, 4)}


def _variants(key: str) -> NDArray[Any]:
    texts = {
        template.format(thing=thing, task=task, system=system)
        for template in _TEXTS[key]
        for thing, task, system in product(_THINGS, _TASKS, _SYSTEMS)
    }
    return np.array([text[0].upper() + text[1:] for text in sorted(texts)], dtype=object)


_VARIANTS = {key: _variants(key) for key in _TEXTS}


def write_texts(kinds: NDArray[np.int64], values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[Any]:
    """The text of each event, or None; shape (events,)."""
    texts = np.full(len(kinds), None, dtype=object)
    answers = rng.random(len(kinds)) < _ANSWERED
    for key, variants in _VARIANTS.items():
        name, _, sign = key.partition(" ")
        rows = kinds == INDEX[name]
        if sign:
            low, high = _BANDS[name]
            band = {"-": values < low, "0": (values >= low) & (values < high), "+": values >= high}[sign]
            rows = rows & band & answers
        texts[rows] = variants[rng.integers(0, len(variants), int(rows.sum()))]
    return texts
