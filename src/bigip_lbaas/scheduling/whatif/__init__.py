"""What would become of a fleet: arrivals over simulated time, placed by the one scheduler. Pure."""
