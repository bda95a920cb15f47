"""Everything in one process: the API, the driver, controllers and agents."""
