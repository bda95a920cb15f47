"""What processes say to each other: versioned messages that an older reader still understands."""
