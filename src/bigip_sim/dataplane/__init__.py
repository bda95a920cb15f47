"""Traffic through HAProxy: what the configuration says, carried on loopback addresses."""
