"""A data plane for tests of statistics, which carries nothing."""

from bigip_sim.traffic import NOTHING, Idle


class Carried(Idle):
    """A data plane that has carried what a test says."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0
        self.counters = {}
        self.samples = []

    def virtual(self, name):
        return self.counters.get(name, NOTHING)

    def member(self, pool, member):
        return self.counters.get((pool, member), NOTHING)

    def totals(self):
        return sum((c for n, c in self.counters.items() if isinstance(n, str)), NOTHING)

    def server_side(self):
        return sum((c for n, c in self.counters.items() if isinstance(n, tuple)), NOTHING)

    def history(self):
        return self.samples

    def passes(self, seconds, **counters):
        self.now += seconds
        self.counters.update(counters)
        self.samples.append((self.now, self.totals()))
