"""The journey: weeks, the tracking plan with its keys, stays and transitions."""
