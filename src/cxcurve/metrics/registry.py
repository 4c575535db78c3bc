"""Every metric by name: unit, layer, which way is good, the page that shows it, and its definition in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layer = Literal["relationship", "journey", "touchpoint", "leading"]
Unit = Literal["index", "share", "days", "score", "number", "money"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `is_high_good`: whether more is better."""

    name: str
    label: str
    unit: Unit
    layer: Layer
    is_high_good: bool
    page: str
    definition: str


METRICS: tuple[Metric, ...] = (
    Metric("nps", "Net Promoter Score", "number", "relationship", True, "/scorecard",
           "Share of 9 and 10 minus share of 0 to 6 among the latest answers of the last 90 days, times 100."),
    Metric("churn", "Customers lost in 28 days", "share", "relationship", False, "/scorecard",
           "Customers inside the journey 28 days ago who have exited since, of those inside then."),
    Metric("nrr", "Net revenue retention", "share", "relationship", True, "/revenue",
           "What customers who paid a year ago pay now, over what they paid then; new customers play no part "
           "(bootstrap interval). Only where the journey says which events move revenue."),
    Metric("grr", "Gross revenue retention", "share", "relationship", True, "/revenue",
           "The smaller of what each of them paid then and pays now, over what they paid then: without growth, never "
           "over 100 %."),
    Metric("quiet_exits", "Quiet exits", "share", "relationship", False, "/scorecard",
           "Exits of the last 90 days without a complaint in the 90 days before, of all those exits; from ten on."),
    Metric("time_to_value", "Time to Value, median", "days", "journey", False, "/scorecard",
           "First day on which half of those who started in the last 180 days have reached value; leaving competes, "
           "waiting is censored."),
    Metric("onboarding_completion", "Reached value within target", "share", "journey", True, "/scorecard",
           "Share of those who started in the last 180 days that reached value by the target day, as cumulative "
           "incidence with leaving competing."),
    Metric("stall_share", "Stalled, worst zone", "share", "journey", False, "/drift",
           "Share of entrants still there when 80 % of those who ever progress within a year have; the worst zone."),
    Metric("drift_impact", "Drift Zone Impact", "money", "journey", False, "/drift",
           "Revenue a year times the lost chance to progress, summed over customers drifting now; set against 28 days "
           "before."),
    Metric("csat", "Customer satisfaction", "share", "touchpoint", True, "/scorecard",
           "Share of 4 and 5 on the five-point scale in the last 90 days (Wilson interval, clustered by customer)."),
    Metric("ces", "Customer Effort Score", "score", "touchpoint", True, "/scorecard",
           "Mean of the seven-point answers of the last 90 days (t interval), high is easy."),
    Metric("first_contact_resolution", "First contact resolution", "share", "touchpoint", True, "/scorecard",
           "Issues opened with seven full days of follow-up in which the customer opened no other."),
    Metric("repeat_contact", "Repeat contact within 7 days", "share", "touchpoint", False, "/scorecard",
           "Issues opened and followed by another of the customer within seven days; seven full days of follow-up."),
    Metric("self_service", "Self-service success", "share", "touchpoint", True, "/scorecard",
           "Help or bot sessions of the last 90 days that solved it, with no contact opened within 72 hours; 72 full "
           "hours of follow-up."),
    Metric("friction_index", "Journey Friction Index", "index", "leading", False, "/",
           "Share of the odds of leaving that comes from friction beyond the smoothest tenth of the stage; mean."),
    Metric("momentum_index", "Momentum Score", "index", "leading", True, "/",
           "Odds of moving on against the typical of the stage: 50 typical, 67 twice, 33 half; mean over customers."),
    Metric("core_use", "Customers with core use in a week", "share", "leading", True, "/scorecard",
           "Customers inside the journey with an event of core use in the last whole week."),
    Metric("contact_rate", "Customers in contact in a week", "share", "leading", False, "/scorecard",
           "Customers inside the journey who opened an issue in the last whole week."),
    Metric("advocacy_index", "Advocacy Index", "index", "leading", True, "/scorecard",
           "100 (1 - 2^-A), A the sum of advocacy weights times features; mean over customers."),
)  # fmt: skip
"""In the order of the scorecard."""

BY_NAME = {metric.name: metric for metric in METRICS}
