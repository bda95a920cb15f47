"""Says a plan in lines that a person can read. Pure."""

import json
from typing import Any

from bigip_lbaas.ltm.state import Attributes, Step
from bigip_lbaas.reconcile.plan import Plan


def explain(plan: Plan) -> tuple[str, ...]:
    """Return one line per transaction and step; one line saying so when nothing differs."""
    if not plan.transactions:
        return ("nothing to write",)
    lines: list[str] = []
    for number, steps in enumerate(plan.transactions, 1):
        lines.append(f"transaction {number} of {len(plan.transactions)}")
        lines.extend(f"  {_step(step)}" for step in steps)
    return tuple(lines)


def _step(step: Step) -> str:
    words = f"{step.action.value} {step.path.collection} {step.path.full}"
    return f"{words}: {_attributes(step.attributes)}" if step.attributes else words


def _attributes(attributes: Attributes) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in sorted(attributes.items()))


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
