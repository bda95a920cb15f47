"""What all tests share; beside it lie the strategies, importable because this file is here."""

import os
import warnings

import pytest
from hypothesis import settings

with warnings.catch_warnings():
    # oslo's libraries warn of each other as they are imported; here, once, nobody listens
    warnings.simplefilter("ignore")
    import oslo_messaging  # noqa: F401

# The same examples in every run, so that a failure can be had again; HYPOTHESIS_PROFILE=explore
# draws new ones, and more. No deadline: a busy machine is no broken law.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bigip",
        metavar="URL",
        help="a real BIG-IP for tests/contract/test_bigip*.py, which else ask a simulated one; "
        "BIGIP_USERNAME and BIGIP_PASSWORD_FILE say who asks, BIGIP_CA_FILE whom to trust",
    )
