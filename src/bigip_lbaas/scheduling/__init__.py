"""Where a load balancer lives: rules, scores, capacity policy, reservations, takeover. Pure."""
