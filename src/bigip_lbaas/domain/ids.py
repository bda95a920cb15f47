"""Identifiers as types of their own, so that one cannot be passed for another."""

from typing import NewType

LoadBalancerId = NewType("LoadBalancerId", str)
ObjectId = NewType("ObjectId", str)  # of a listener, pool, member or health monitor
ProjectId = NewType("ProjectId", str)
AgentId = NewType("AgentId", str)
EnvironmentName = NewType("EnvironmentName", str)
GroupNumber = NewType("GroupNumber", int)
RequestId = NewType("RequestId", str)
