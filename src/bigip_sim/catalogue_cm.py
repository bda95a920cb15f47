"""The types below cm. Source: iControl REST reference, section 3.11, and the recorded shapes."""

from bigip_sim.kinds import Kind

CM: tuple[Kind, ...] = ()
