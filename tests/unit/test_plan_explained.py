"""Plans as a person reads them, against approved texts; UPDATE_GOLDEN=1 writes them anew."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from test_render import GRAPH, LISTENER, MEMBER, POOL

from bigip_lbaas.ltm.effect import after
from bigip_lbaas.ltm.names import Naming
from bigip_lbaas.ltm.state import State
from bigip_lbaas.reconcile.explain import explain
from bigip_lbaas.reconcile.plan import plan
from bigip_lbaas.reconcile.render import RenderSettings
from bigip_lbaas.reconcile.scope import Target, desired

GOLDEN = Path(__file__).parent.parent / "golden"
OTHER_MEMBER = replace(MEMBER, address="10.9.0.2")
FULL = Target(GRAPH)

CASES = {
    "create": ((), FULL),
    "settled": ((FULL,), FULL),
    "remove": ((FULL,), Target(GRAPH, wanted=False)),
    "change_a_member": (
        (FULL,),
        Target(replace(GRAPH, pools=(replace(POOL, members=(OTHER_MEMBER,)),))),
    ),
    "another_listener_takes_the_port": (
        (FULL,),
        Target(replace(GRAPH, listeners=(replace(LISTENER, id="l2", default_pool_id=None),))),
    ),
    "another_address": ((FULL,), Target(replace(GRAPH, vip_address="10.1.0.2"))),
}


def wanted(target: Target, observed: State) -> State:
    return desired((target,), observed, Naming("dev"), RenderSettings())


@pytest.mark.parametrize("name", CASES)
def test_a_plan_reads_as_approved(name: str) -> None:
    before, target = CASES[name]
    observed: State = {}
    for each in before:
        observed = after(observed, plan(wanted(each, observed), observed).steps)
    text = "\n".join(explain(plan(wanted(target, observed), observed))) + "\n"
    golden = GOLDEN / f"plan_{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
