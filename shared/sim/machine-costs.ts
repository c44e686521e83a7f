/**
 * The machine's own settings: what its locks and its scheduler cost, how large its journal is, how many pages
 * may be dirty. They stand beside the prices of the model's steps (costs.ts), which draw from a distribution; these never vary.
 * What every other reader of an rwsem costs is a price there, `sharedCacheLine`, because it stood there first.
 */

export interface MachineSetting {
  readonly id: string
  readonly title: string
  readonly unit: 'ns' | 'blocks' | 'pages' | undefined
  readonly value: number
  readonly min: number
  readonly max: number
  readonly basis: string
}

export const MACHINE_SETTINGS = [
  {
    id: 'lock',
    title: 'taking a lock nobody has',
    unit: 'ns',
    value: 20,
    min: 8,
    max: 50,
    basis: 'half of a mutex taken and released: 44 ns measured',
  },
  {
    id: 'unlock',
    title: 'releasing a lock nobody waits for',
    unit: 'ns',
    value: 20,
    min: 8,
    max: 50,
    basis: 'half of a mutex taken and released: 44 ns measured',
  },
  {
    id: 'spinHandoff',
    title: 'hand-over of a lock to a waiter that spins',
    unit: 'ns',
    value: 300,
    min: 100,
    max: 1_000,
    basis: 'estimate',
  },
  {
    id: 'wake',
    title: 'waking a sleeper until it runs',
    unit: 'ns',
    value: 4_000,
    min: 1_500,
    max: 50_000,
    basis: 'pipe ping-pong 1 us on one CPU, 26 us across CPUs of a VM; 2-6 us bare metal',
  },
  {
    id: 'contextSwitch',
    title: 'switching a CPU from one task to the next',
    unit: 'ns',
    value: 1_200,
    min: 600,
    max: 3_000,
    basis: 'literature, and measured',
  },
  {
    id: 'quantum',
    title: 'time slice where tasks wait for a CPU',
    unit: 'ns',
    value: 3_000_000,
    min: 1_000_000,
    max: 10_000_000,
    basis: 'estimate',
  },
  {
    id: 'journalBlocks',
    title: 'size of the journal; 0: never full',
    unit: 'blocks',
    value: 0,
    min: 0,
    max: 16_777_216,
    basis: '1024 at least; 262144, 1 GiB, is what mke2fs gives a large filesystem',
  },
  {
    id: 'dirtyPages',
    title: 'pages that may be dirty before who dirties more is held back; 0: any number',
    unit: 'pages',
    value: 0,
    min: 0,
    max: 268_435_456,
    basis: 'dirty_ratio allows a fifth of the memory that is to be had',
  },
  {
    id: 'coldMetadata',
    title: '1: extent leaves and block bitmaps are read from the device first',
    unit: undefined,
    value: 0,
    min: 0,
    max: 1,
    basis: 'what it costs is extentLookupCold and allocCold',
  },
] as const satisfies readonly MachineSetting[]

export type MachineCostId = (typeof MACHINE_SETTINGS)[number]['id'] | 'sharedLine'
