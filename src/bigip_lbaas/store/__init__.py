"""What all controllers and drivers of an environment share: one SQL database behind one port."""
