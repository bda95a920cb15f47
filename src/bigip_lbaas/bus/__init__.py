"""Messages between hosts: oslo.messaging behind one port, with an in-memory twin."""
