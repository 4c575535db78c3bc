"""Truth: simulated companies with known truth go through the whole product, and every claim is held against it."""
