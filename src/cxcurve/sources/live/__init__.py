"""What programs send us over HTTP, as rows: the Segment spec, PostHog, CloudEvents, webhooks."""
