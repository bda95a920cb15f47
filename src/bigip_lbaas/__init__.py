"""Load balancing as a service for OpenStack on fleets of F5 BIG-IP."""
