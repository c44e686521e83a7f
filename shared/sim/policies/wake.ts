/** Slot P7, `wake`: who is woken when an entry's lock goes (R18). */

import { registry } from '../../base/registry.ts'
import type { Wake } from './slots.ts'

export const wakes = registry<Wake>('wake', [
  {
    id: 'wake-one',
    title: 'one',
    about: 'one exclusive waiter, whatever became of the entry; it may not need it',
    onUnlock: 'one',
    onDelete: 'one',
    passesOn: false,
  },
  {
    id: 'wake-all',
    title: 'all',
    about: 'every waiter, every time',
    onUnlock: 'all',
    onDelete: 'all',
    passesOn: true,
  },
  {
    id: 'one-on-unlock/all-on-delete',
    title: 'one on unlock, all on delete',
    about: 'one when the entry stays, all when it is gone (237388320def, 5.13)',
    onUnlock: 'one',
    onDelete: 'all',
    passesOn: true,
  },
])
