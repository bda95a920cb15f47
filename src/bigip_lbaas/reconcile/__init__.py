"""What to change on a device so that it becomes what service graphs ask for. Pure."""
