"""Metrics and health of controllers and agents, over HTTP; nothing else knows Prometheus."""
