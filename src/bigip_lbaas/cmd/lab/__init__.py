"""The whole service as processes of their own on one machine, on real servers."""
