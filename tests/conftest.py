"""What all tests share; beside it lie the strategies, importable because this file is here."""

import os

from hypothesis import settings

# The same examples in every run, so that a failure can be had again; HYPOTHESIS_PROFILE=explore
# draws new ones, and more. No deadline: a busy machine is no broken law.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
