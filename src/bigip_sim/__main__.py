"""Lets `python -m bigip_sim` run the program."""

import sys

from bigip_sim.cli import main

sys.exit(main())
