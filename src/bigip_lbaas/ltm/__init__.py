"""F5 words: names, object kinds and the state of a partition, as values."""
