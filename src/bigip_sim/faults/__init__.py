"""Misbehaviour on demand: what kinds there are, when each acts, and what a request then meets."""
