"""Learning: weights from what happened, and the proof of how right the scores were."""
