"""What the service is about, in OpenStack's words. Pure: no clock, dice, thread or I/O."""
