"""One agent: it brings the devices of one group to what the assignments ask for."""
