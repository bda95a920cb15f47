"""The types of file. Source: iControl REST reference, section 3.10, and the recorded shapes."""

from bigip_sim.kinds import Kind

FILES: tuple[Kind, ...] = ()
