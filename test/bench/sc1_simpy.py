"""SC1 (shared/sim/scenarios/sc01-under-the-mutex.ts) on holes in SimPy, for the ratio `npm run bench -- simulate` prints.

The same tasks, locks, phases and costs as Faultline's model of strategies E, F and K on ext4, written as one would write
them in SimPy 2 (Debian's python3-simpy): a process per task, a Resource per lock (a shared one has many units), `hold` per
phase. With `record` it keeps what Faultline keeps, in the same columns: every happening with its time, CPU, task, name and
payload text, and rows for operations, phases, locks and who waited for whom while the holder did what; without, it only
counts. What is left out is left out in SimPy's favour: the oracle, the lock order, the run's digest, the event rate, page
tables, extents and allocator as data, CPUs and their switches (every task has one), an entry lock per page.
Prints one JSON line per strategy, with the rows of each table: test/bench/simpy.ts holds them against its own.
"""

import json
import math
import random
import statistics
import sys
import time
from array import array
from collections import deque

from SimPy.Simulation import Process, Resource, SimEvent, Simulation, hold, release, request, waitevent

LOCK = UNLOCK = 20
HANDOFF = 300
CACHE_LINE = 60
COSTS = {
    "trap": 350, "vma_lookup": 80, "time_update": 1000, "es_lookup": 120, "extent_lookup": 500, "alloc": 1500,
    "zero": 1800, "pte_set": 120, "entry": 80, "journal": 350, "handle_stop": 250,
}
PHASES = [*COSTS, "map_blocks", "handle"]
PHASE_TEXTS = {phase: b"name=" + phase.encode() for phase in PHASES}
PMEM_SHARE = 295
LOG_WRITE = 60_000
SHARED = 1_000_000
EDGES = 16
HISTORY = 128
INODE = 1
UNKNOWN = -1
OTHER = 0
WAITING = 1


def lognormal(sigma):
    normal = statistics.NormalDist()
    return [math.exp(sigma * normal.inv_cdf((i + 0.5) / 4096)) for i in range(4096)]


CPU_SPREAD, IO_SPREAD = lognormal(0.15), lognormal(0.4)
bits = random.getrandbits


def draw(name):
    return round(COSTS[name] * CPU_SPREAD[bits(12)])


class Columns:
    """A table of arrays; one append per cell, which is quicker here than turning batches of tuples into columns."""

    def __init__(self, types):
        self.columns = [array(kind) for kind in types]
        self.appends = [column.append for column in self.columns]

    def row(self, *cells):
        for append, cell in zip(self.appends, cells):
            append(cell)

    def __len__(self):
        return len(self.columns[0])


class Record:
    """What a recorded run keeps. A span's number is given when it begins, its row when it ends, as in Faultline."""

    def __init__(self):
        self.ts, self.cpu, self.task = array("d"), array("i"), array("I")
        self.name, self.end, self.args = array("H"), array("I"), bytearray()
        # id, task, kind, start, duration, wait, inode, offset, length, result, cpu, inferred
        self.ops = Columns("IIHddddddiiB")
        # id, operation, task, name, start, duration, depth
        self.phases = Columns("IiIHddB")
        # id, lock, task, operation, mode, flags, requested, acquired, released
        self.locks = Columns("IIIiBBddd")
        # waiter's lock span, holder's lock span, overlap, what the holder did, kind
        self.edges = Columns("IIdiB")
        self.names = {"other": OTHER, "wait": WAITING}
        self.next_phase = self.next_lock = 0

    def event(self, now, task, name, text):
        self.ts.append(now)
        self.cpu.append(task)
        self.task.append(task)
        self.name.append(name)
        self.args += text
        self.end.append(len(self.args))


class Hold:
    """A lock asked for: from the asking to the release."""

    __slots__ = ("span", "task", "asked", "waits", "acquired")

    def __init__(self, span, task, asked, waits):
        self.span, self.task, self.asked, self.waits, self.acquired = span, task, asked, waits, asked


def most(history, since, until):
    """What a task did most of [since, until]."""
    spent = {}
    end = until
    for began, doing in reversed(history):
        if end <= since:
            break
        start = max(since, began)
        spent[doing] = spent.get(doing, 0) + end - start
        end = min(end, start)
    best, longest = UNKNOWN, end - since
    for doing, time_spent in spent.items():
        if time_spent >= longest:
            best, longest = doing, time_spent
    return best


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
        self.begun = self.faults = 0

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
        self.history = deque(maxlen=HISTORY)
        self.asked = (0, 0, UNKNOWN)
        self.op = UNKNOWN
        self.waited = 0

    def tell(self, name, text):
        m = self.sim
        m.happenings += 1
        if m.record is not None:
            m.record.event(m._t, self.number, name, text)

    def does(self, doing):
        """From now on; for what its waiters will ask."""
        self.history.append((self.sim._t, doing))

    def did(self, since, until):
        """Waiters of one release mostly ask for the same time."""
        if self.asked[0] != since or self.asked[1] != until:
            self.asked = (since, until, most(self.history, since, until))
        return self.asked[2]

    def enter(self, phase):
        self.tell(4, PHASE_TEXTS[phase])
        record = self.sim.record
        if record is None:
            self.open.append((phase, 0, 0, 0))
            return
        name = record.names.setdefault(phase, len(record.names))
        self.open.append((phase, name, record.next_phase, self.sim._t))
        record.next_phase += 1
        self.does(name)

    def leave(self):
        phase, name, span, since = self.open.pop()
        self.tell(5, PHASE_TEXTS[phase])
        record = self.sim.record
        if record is not None:
            record.phases.row(span, self.op, self.number, name, since, self.sim._t - since, len(self.open))
            self.does(self.open[-1][1] if self.open else OTHER)

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
        m = self.sim
        record, now = m.record, m._t
        self.tell(0, lock.text)
        taken = lock.n == 0
        asks = self.held[lock] = None if record is None else Hold(record.next_lock, self, now, taken)
        if record is not None:
            record.next_lock += 1
        if taken:
            self.tell(1, lock.text)
            if record is not None:
                lock.waiters.append(asks)
                self.does(WAITING)
        yield request, self, lock
        if taken:
            yield hold, self, HANDOFF
            if record is not None:
                lock.waiters.remove(asks)
                self.waited += m._t - now
                self.does(self.open[-1][1] if self.open else OTHER)
        self.tell(2, lock.text)
        if record is not None:
            asks.acquired = m._t
        self.owed += LOCK + UNLOCK

    def give(self, lock):
        self.tell(3, lock.text)
        m = self.sim
        record, now = m.record, m._t
        held = self.held.pop(lock)
        if record is not None:
            since = held.acquired
            for waiter in lock.waiters[:EDGES]:
                begun = max(waiter.asked, since)
                record.edges.row(waiter.span, held.span, now - begun, self.did(begun, now), 0)
            record.locks.row(
                held.span, lock.number, self.number, self.op, lock.shared, held.waits, held.asked, since, now
            )
        yield release, self, lock

    def begins(self):
        m = self.sim
        self.offset = m.begun * 4096
        self.tell(6, b"kind=write_fault dev=259:0 ino=1 offset=%d length=4096" % self.offset)
        self.since, self.op, self.waited = m._t, m.begun, 0
        m.begun += 1
        if m.record is not None:
            self.does(OTHER)
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
            number, since = self.number, self.since
            m.record.ops.row(
                self.op, number, 0, since, m._t - since, self.waited, INODE, self.offset, 4096, 0, number, False
            )
            self.op = UNKNOWN
            self.does(UNKNOWN)
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
    record = machine.record
    rows = {} if record is None else {
        "event": len(record.ts),
        "op": len(record.ops),
        "phase": len(record.phases),
        "lockSpan": len(record.locks),
        "waitEdge": len(record.edges),
    }
    return {
        "strategy": strategy,
        "recording": recording,
        "happenings": machine.happenings,
        "cpuSeconds": seconds,
        "faultsPerSecond": machine.faults / (duration_ns / 1e9),
        "rows": rows,
    }


def main():
    threads, duration_ms, commit_ms = (int(word) for word in sys.argv[1:4])
    for strategy in sys.argv[4:]:
        for recording in (True, False):
            print(json.dumps(run(strategy, threads, duration_ms * 1_000_000, commit_ms * 1_000_000, recording)))


main()
