"""Metrics: expressions over the log and the estimates made from them, one module a metric."""
