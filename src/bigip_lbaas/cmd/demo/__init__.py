"""The demonstration: the main job, played against an embedded stack and checked step by step."""
