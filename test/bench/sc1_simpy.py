"""SC1 (shared/sim/scenarios/sc01-under-the-mutex.ts) on holes in SimPy, for the ratio `npm run bench -- simulate` prints.

The same tasks, locks, phases and costs as Faultline's model of strategies E, F and K on ext4, written as one would write
them in SimPy 2 (Debian's python3-simpy): a process per task, a Resource per lock (a shared one has many units), `hold` per
phase. With `record` it keeps what Faultline keeps, in columns: every happening with its time, task, name and payload text,
and rows for operations, phases, locks and who waited for whom; without, it only counts. What is left out is left out in
SimPy's favour: the oracle, the lock order, CPUs and their switches (every task has one), an entry lock per page.
Prints one JSON line per strategy.
"""

import json
import math
import random
import statistics
import sys
import time
from array import array

from SimPy.Simulation import Process, Resource, SimEvent, Simulation, hold, release, request, waitevent

LOCK = UNLOCK = 20
HANDOFF = 300
CACHE_LINE = 60
COSTS = {
    "trap": 350, "vma_lookup": 80, "time_update": 1000, "es_lookup": 120, "extent_lookup": 500, "alloc": 1500,
    "zero": 1800, "pte_set": 120, "entry": 80, "journal": 350, "handle_stop": 250,
}
PMEM_SHARE = 295
LOG_WRITE = 60_000
SHARED = 1_000_000
EDGES = 16


def lognormal(sigma):
    normal = statistics.NormalDist()
    return [math.exp(sigma * normal.inv_cdf((i + 0.5) / 4096)) for i in range(4096)]


CPU_SPREAD, IO_SPREAD = lognormal(0.15), lognormal(0.4)
bits = random.getrandbits


def draw(name):
    return round(COSTS[name] * CPU_SPREAD[bits(12)])


class Columns:
    """A table of arrays; one append per cell."""

    def __init__(self, types):
        self.columns = [array(kind) for kind in types]
        self.appends = [column.append for column in self.columns]

    def row(self, *cells):
        for append, cell in zip(self.appends, cells):
            append(cell)


class Record:
    """What a recorded run keeps."""

    def __init__(self):
        self.count = 0
        self.ts, self.task, self.name, self.end, self.args = array("d"), array("I"), array("B"), array("Q"), bytearray()
        self.ops, self.phases = Columns("IIdddI"), Columns("IIIddB")
        self.locks, self.edges = Columns("IIIBddd"), Columns("IIdI")
        self.texts = {}

    def event(self, now, task, name, text):
        self.count += 1
        self.ts.append(now)
        self.task.append(task)
        self.name.append(name)
        self.args += text
        self.end.append(len(self.args))


class Machine(Simulation):
    def __init__(self, record):
        Simulation.__init__(self)
        self.initialize()
        self.record = record
        self.happenings = 0
        self.immap = self.lock("&mapping->i_mmap_rwsem", 1)
        self.data_sem = self.lock("&ei->i_data_sem", 1)
        self.guard = self.lock("mapping.invalidate_lock", SHARED)
        self.freeze = self.lock("sb_pagefaults", SHARED)
        self.handle = self.lock("jbd2_handle", SHARED)
        self.locked = False
        self.unlocked = SimEvent(sim=self)
        self.drained = SimEvent(sim=self)
        self.pmem_free = 0
        self.faults = 0

    def lock(self, name, units):
        lock = Resource(units, sim=self)
        lock.number = self.lock_count = getattr(self, "lock_count", -1) + 1
        lock.text = ("ffff8880%08x %s" % (lock.number * 64, name)).encode()
        lock.shared = units > 1
        lock.waiters = []
        return lock


class Journal(Process):
    def commits(self, interval):
        m = self.sim
        while True:
            yield hold, self, interval
            m.locked = True
            while m.handle.n < SHARED:
                yield waitevent, self, m.drained
            m.locked = False
            m.unlocked.signal()
            yield hold, self, round(LOG_WRITE * IO_SPREAD[bits(12)])


class Faulter(Process):
    def __init__(self, sim, number):
        Process.__init__(self, sim=sim)
        self.number = number
        self.mmap = sim.lock("&mm->mmap_lock", SHARED)
        self.ptl = sim.lock("ptlock_ptr(ptdesc)", 1)
        self.entry = sim.lock("dax entry", 1)
        self.owed = 0
        self.open = []
        self.held = {}
        self.asked_at = {}

    def tell(self, name, text):
        m = self.sim
        m.happenings += 1
        if m.record is not None:
            m.record.event(m._t, self.number, name, text)

    def enter(self, phase):
        self.tell(4, b"name=" + phase.encode())
        self.open.append((phase, self.sim._t))

    def leave(self):
        phase, since = self.open.pop()
        self.tell(5, b"name=" + phase.encode())
        record = self.sim.record
        if record is not None:
            name = record.texts.setdefault(phase, len(record.texts))
            record.phases.row(self.sim.faults, self.number, name, since, self.sim._t - since, len(self.open))

    def work(self, phase):
        self.enter(phase)
        owed, self.owed = self.owed, 0
        yield hold, self, draw(phase) + owed
        self.leave()

    def zero(self):
        """Writers of pmem share its channel."""
        m = self.sim
        self.enter("zero")
        begin = max(m._t, m.pmem_free)
        m.pmem_free = begin + PMEM_SHARE
        owed, self.owed = self.owed, 0
        yield hold, self, max(draw("zero"), begin + PMEM_SHARE - m._t) + owed
        self.leave()

    def take(self, lock):
        now = self.sim._t
        self.tell(0, lock.text)
        taken = lock.n == 0
        if taken:
            self.tell(1, lock.text)
            lock.waiters.append((self, now))
        yield request, self, lock
        if taken:
            lock.waiters.remove((self, now))
            yield hold, self, HANDOFF
        self.tell(2, lock.text)
        self.asked_at[lock] = now
        self.held[lock] = self.sim._t
        self.owed += LOCK + UNLOCK

    def give(self, lock):
        self.tell(3, lock.text)
        m = self.sim
        record, now = m.record, m._t
        since, asked = self.held.pop(lock), self.asked_at.pop(lock)
        if record is not None:
            record.locks.row(lock.number, self.number, m.faults, lock.shared, asked, since, now)
            for waiter, begun in lock.waiters[:EDGES]:
                record.edges.row(waiter.number, self.number, now - max(begun, since), 0)
        yield release, self, lock

    def begins(self):
        self.tell(6, b"kind=write_fault dev=259:0 ino=1 offset=%d length=4096" % (self.sim.faults * 4096))
        self.since = self.sim._t
        yield from self.work("trap")
        yield from self.take(self.mmap)
        yield from self.work("vma_lookup")
        yield from self.take(self.sim.freeze)
        yield from self.work("time_update")

    def ends(self):
        m = self.sim
        yield from self.give(m.freeze)
        yield from self.give(self.mmap)
        self.tell(7, b"ret=0")
        if m.record is not None:
            m.record.ops.row(m.faults, self.number, self.since, m._t - self.since, 0, 0)
        m.faults += 1

    def opens(self):
        m = self.sim
        self.enter("journal")
        while m.locked:
            yield waitevent, self, m.unlocked
        yield from self.take(m.handle)
        yield from self.work("journal")
        self.leave()
        self.enter("handle")

    def closes(self):
        m = self.sim
        yield from self.work("handle_stop")
        yield from self.give(m.handle)
        self.leave()
        if m.handle.n == SHARED:
            m.drained.signal()

    def map_blocks(self, own_handle, zeroes):
        m = self.sim
        self.enter("map_blocks")
        yield from self.work("es_lookup")
        if own_handle:
            yield from self.opens()
        yield from self.take(m.data_sem)
        yield from self.work("extent_lookup")
        yield from self.work("alloc")
        if zeroes:
            yield from self.zero()
        yield from self.give(m.data_sem)
        if own_handle:
            yield from self.closes()
        self.leave()

    def set_pte(self):
        yield from self.take(self.ptl)
        yield from self.work("pte_set")
        yield from self.give(self.ptl)

    def under_e(self):
        while True:
            yield from self.begins()
            yield from self.map_blocks(True, False)
            yield from self.take(self.sim.immap)
            yield from self.zero()
            yield from self.set_pte()
            yield from self.give(self.sim.immap)
            yield from self.ends()

    def under_f(self):
        while True:
            yield from self.begins()
            yield from self.take(self.sim.immap)
            yield from self.map_blocks(True, False)
            yield from self.zero()
            yield from self.set_pte()
            yield from self.give(self.sim.immap)
            yield from self.ends()

    def under_k(self):
        m = self.sim
        while True:
            yield from self.begins()
            yield from self.take(m.guard)
            self.owed += CACHE_LINE * (SHARED - m.guard.n - 1)
            yield from self.opens()
            yield from self.work("entry")
            yield from self.take(self.entry)
            yield from self.map_blocks(False, True)
            yield from self.set_pte()
            yield from self.give(self.entry)
            self.owed += draw("entry")
            yield from self.closes()
            yield from self.give(m.guard)
            yield from self.ends()


def run(strategy, threads, duration_ns, commit_ns, recording):
    random.seed(1)
    machine = Machine(Record() if recording else None)
    for number in range(threads):
        task = Faulter(machine, number)
        machine.activate(task, getattr(task, "under_" + strategy.lower())())
    journal = Journal(sim=machine)
    machine.activate(journal, journal.commits(commit_ns))
    began = time.process_time()
    machine.simulate(until=duration_ns)
    seconds = time.process_time() - began
    return {
        "strategy": strategy,
        "recording": recording,
        "happenings": machine.happenings,
        "cpuSeconds": seconds,
        "faultsPerSecond": machine.faults / (duration_ns / 1e9),
    }


def main():
    threads, duration_ms, commit_ms = (int(word) for word in sys.argv[1:4])
    for strategy in sys.argv[4:]:
        for recording in (True, False):
            print(json.dumps(run(strategy, threads, duration_ms * 1_000_000, commit_ms * 1_000_000, recording)))


main()
