"""Whatever JSON comes in whatever form: items with a call or a reason, or one clear refusal; never a fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.sources.events import Plan
from cxcurve.sources.live import posthog, segment, webhooks
from cxcurve.sources.live.bodies import BadRequestError
from cxcurve.sources.live.calls import KINDS
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.live.mapping import FORMS, live_source, map_heard

NOW = 1_793_520_000_000_000
ROUTES = [
    *(("segment", kind) for kind in (*KINDS, "batch")),
    ("posthog", "batch"),
    ("posthog", "capture"),
    ("cloudevents", "events"),
    *(("webhook", service) for service in webhooks.EVENTS),
]
NAMES = """
    batch type event messageId userId anonymousId groupId previousId timestamp sentAt sent_at properties traits context
    distinct_id uuid api_key $set $groups $group_key $anon_distinct_id alias name category specversion id source subject
    data data_base64 detail object customer item contacts hidden answers form_response created subscriptionType
"""
KEYS = st.sampled_from(NAMES.split())
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(-1e300, 1e300), st.text(max_size=8),
    st.sampled_from(["track", "identify", "$identify", "$set", "$create_alias", "1.0", "2026-11-01T07:00:00Z"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25
)
BATCHES = st.fixed_dictionaries({"batch": st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3)})


@pytest.mark.parametrize(("form", "kind"), ROUTES)
@settings(max_examples=40)
@given(payload=VALUES | BATCHES)
def test_never_a_fault(form: str, kind: str, payload: Any) -> None:
    for reader in (segment, posthog):
        key = reader.write_key(payload)
        assert key is None or isinstance(key, str)
    try:
        items = FORMS[form].items(kind, payload)
    except BadRequestError:
        return
    assert all((item.call is None) == bool(item.reason) for item in items)
    batch = map_heard(Plan(live_source("web"), NOW, None), [Heard(item, NOW) for item in items])
    assert (
        batch.n_read == len(items) == batch.n_used + batch.n_no_event + sum(one.kind == "row" for one in batch.refused)
    )
