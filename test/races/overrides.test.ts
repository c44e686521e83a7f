/** Slot overrides change outcomes as the presets' histories and the matrix's footnotes say. */
import { expect, it } from 'vitest'
import { verdictOf } from './support.ts'

const OVERRIDES = `
E,init=zero-in-alloc-tx R05 held
E,init=zero-in-alloc-tx R01b held
E,init=zero-in-alloc-tx R09 held
E,init=zero-in-alloc-tx R10 held
E,init=unwritten-convert R01b held
E,init=unwritten-convert R09 held
E,init=unwritten-convert R10 held
E,init=unwritten-convert R05 violated
F,tx=tx-before-locks R12 held
F,tx=tx-before-locks R11 held
F,tx=tx-before-locks R03 violated
F,init=unwritten-convert R09 held
F,init=unwritten-convert R10 held
K,breakLayouts=false R20 violated
G3,breakLayouts=true R20 held
J,init=unwritten-convert R05 violated
B,secondUnmap=false R15 violated
B,secondUnmap=false R02 held
I,unmapLock=none R02 violated
I,unmapLock=none R13c violated
X,xipSeq=true R06 held
I,tx=tx-in-getblock R12 violated
H1,rangeGranularity=page R24 held
G3,wake=one-on-unlock/all-on-delete R18 held
K,wake=wake-one R18 violated
K,wake=wake-all R18 held
K,wakeHash=index R18b violated
K,enospc=fail R21 violated
K,enospc=retry-holding-handle R21b violated
K,faultsTakeSbPagefault=false R32 violated
K,dirtyTagClear=racy R22 violated
K,dirtyTagClear=never R22 held
K,fsyncFlushesMappings=false R22b violated
K,fsyncFlushesMappings=false R22 not-applicable
K,flushInsideLock=false R23 violated
K,mapSyncOrder=pte-first R33 violated
K,cleansAliases=false R26 violated
G2,recheckPmd=true R19 held
K,recheckPmd=false R19 violated
K,ioUnmapsHuge=false R07b violated
G2 R07b violated
K,pairing=none R06 violated
K,pairing=entry-inside R07 violated
K,guard=isize-before,tx=tx-in-getblock,punchUnmap=inside-handle R11b violated
K,tx=tx-in-getblock R11b held
K,readaheadTakesInval=false R04 violated
G3,guard=inval R04 held
K,guard=fs-rwsem R04 violated
K,evenCowsOnPunch=true R20b violated
H2,cowUnlock=matching R14 held
I,cowUnlock=matching R14 held
A,installPageChecks=true R17 held
K,prefault=probe+pin R29 held
K R29 hazard
K,guard=none R02 violated
K,guard=none R03 violated
J,ioZeroes=true R08 held
K,init=unwritten-convert R05 held
K,init=unwritten-convert R09b violated
K,init=zero-after-alloc R09 violated
K,init=zero-after-alloc,tx=tx-in-getblock R10 violated
K,init=ordered-list,tx=tx-in-getblock R10 violated
K,init=zero-before-link R09 held
E,immapMode=shared R05 violated
J,init=unwritten-convert R09c violated
K R09c held
H1,rangeReads=false R04 violated
H1,rangePunch=false R03 violated
H1,rangeWrites=false R07 violated
H1,rangeTruncate=false R02 violated
H1,rangeDirect=false R16 held
H1,rangeFaults=false R03 violated
H1,rangeFaults=false R06 violated
H1,rangeFaults=false R28 held
G2,wake=one-on-unlock/all-on-delete R18 held
J R28 hazard
J,guard=range-whole,pairing=range-excl,cow=handler-installs R28 held
K,cow=return-entry-locked R14 hazard
K,cow=two-faults R15 held
E,cow=two-faults R14 held
X,init=zero-after-alloc R09 violated
X,faultsTakeSbPagefault=true R32 held
X,fsyncFlushesMappings=true R22b held
D,unmapLock=spin R31 not-applicable
C,guard=tcount R16 violated
A,guard=seqsched R16 held
A,pairing=page-lock,guard=page-lock R16 held
A,guard=page-lock,pairing=page-lock,secondUnmap=true R15 held
Z,guard=inval,pairing=entry-outside R25 held
`

it.each(
  OVERRIDES.trim()
    .split('\n')
    .map((line) => line.split(' ')),
)('%s: %s is %s', (strategy, race, outcome) => {
  expect(verdictOf(race, strategy).outcome).toBe(outcome)
})
