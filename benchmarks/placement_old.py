"""The F5 LBaaSv2 scheduler's algorithm, written anew from its description, on rows alone.

Its own code turned every load balancer of every candidate into a graph of objects, which cost
hundreds of times more; this is the least that any implementation of the algorithm costs.
"""

import json
import random
import time

from sqlalchemy import Engine, ForeignKey, String, Text, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.placement_fleet import BATCH, FILL, Size, project, zipf

AGENT_DOWN_S = 75.0
INNODB = {"mysql_engine": "InnoDB"}


class Base(DeclarativeBase):
    """What the old tables are declared on."""


class OldAgent(Base):
    """An agent; what it says of itself is JSON."""

    __tablename__ = "old_agents"
    __table_args__ = INNODB
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    admin_state_up: Mapped[bool]
    heartbeat_timestamp: Mapped[int]
    configurations: Mapped[str] = mapped_column(Text)


class OldLoadBalancer(Base):
    """A load balancer, of which the scheduler looks at the tenant only."""

    __tablename__ = "old_load_balancers"
    __table_args__ = INNODB
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    vip_address: Mapped[str] = mapped_column(String(64))
    provisioning_status: Mapped[str] = mapped_column(String(16))


class OldBinding(Base):
    """Which agent has a load balancer."""

    __tablename__ = "old_bindings"
    __table_args__ = INNODB
    loadbalancer_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("old_load_balancers.id"), primary_key=True
    )
    agent_id: Mapped[str] = mapped_column(String(36), ForeignKey("old_agents.id"), index=True)


def fill(engine: Engine, size: Size) -> None:
    """Make the old tables and put the same fleet and load balancers into them."""
    Base.metadata.create_all(engine)
    chosen = zipf(size, 1)
    now = int(time.time()) + 10**8
    with engine.begin() as connection:
        connection.execute(insert(OldAgent), [_agent(size, n, now) for n in range(size.agents)])
        for begin in range(0, size.load_balancers, BATCH):
            numbers = range(begin, min(begin + BATCH, size.load_balancers))
            owners = [next(chosen) for _ in numbers]
            connection.execute(
                insert(OldLoadBalancer),
                [
                    {"id": f"lb-{n}", "tenant_id": project(owner), "name": f"lb-{n}",
                     "vip_address": "192.0.2.1", "provisioning_status": "ACTIVE"}
                    for n, owner in zip(numbers, owners, strict=True)
                ],
            )  # fmt: skip
            connection.execute(
                insert(OldBinding),
                [
                    {"loadbalancer_id": f"lb-{n}", "agent_id": str(owner % size.agents)}
                    for n, owner in zip(numbers, owners, strict=True)
                ],
            )


def _agent(size: Size, number: int, now: int) -> dict[str, object]:
    group = 1 + number % size.groups
    said = {
        "environment_prefix": "bench",
        "environment_group_number": group,
        "environment_capacity_score": FILL * (1 + group / size.groups) / 2,
    }
    return {"id": str(number), "host": f"host-{number}", "admin_state_up": True,
            "heartbeat_timestamp": now, "configurations": json.dumps(said)}  # fmt: skip


def schedule(engine: Engine, load_balancer_id: str, tenant_id: str, dice: random.Random) -> None:
    """Bind one load balancer: affinity by walking through every candidate's load balancers."""
    with Session(engine) as session, session.begin():
        session.add(
            OldLoadBalancer(
                id=load_balancer_id, tenant_id=tenant_id, name=load_balancer_id,
                vip_address="192.0.2.1", provisioning_status="PENDING_CREATE",
            )
        )  # fmt: skip
        session.flush()
        session.get(OldBinding, load_balancer_id)
        chosen = _choose(session, tenant_id, dice)
        session.add(OldBinding(loadbalancer_id=load_balancer_id, agent_id=chosen))


def _choose(session: Session, tenant_id: str, dice: random.Random) -> str:
    now = time.time()
    capacity: dict[int, float] = {}
    members: dict[int, list[str]] = {}
    for agent in session.scalars(select(OldAgent)).all():
        if not agent.admin_state_up or now - agent.heartbeat_timestamp > AGENT_DOWN_S:
            continue
        said = json.loads(agent.configurations)
        group = said["environment_group_number"]
        score = said.get("environment_capacity_score", 0.0)
        capacity[group] = max(capacity.get(group, 0.0), score)
        members.setdefault(group, []).append(agent.id)
        bound = session.scalars(
            select(OldLoadBalancer)
            .join(OldBinding, OldBinding.loadbalancer_id == OldLoadBalancer.id)
            .where(OldBinding.agent_id == agent.id)
        ).all()
        if any(one.tenant_id == tenant_id for one in bound) and score < 1.0:
            return agent.id
    return dice.choice(members[min(capacity, key=lambda number: capacity[number])])
