"""The operator's commands: they read what the shared database knows."""
