"""Controllers: take from the global queue, place, record, assign, and watch over the agents."""
