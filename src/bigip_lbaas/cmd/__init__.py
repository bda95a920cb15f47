"""Process starts: read the configuration once, build the parts, run them."""
