"""The edges to the cloud's load-balancing APIs."""
