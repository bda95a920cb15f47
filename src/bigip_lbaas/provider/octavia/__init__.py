"""The Octavia provider driver and the statuses' way back, on octavia-lib alone."""
