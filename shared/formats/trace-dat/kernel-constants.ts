/**
 * Enumerators that print formats name although the kernel does not export their values (no TRACE_DEFINE_ENUM). They are
 * part of no ABI, but have not moved since they were introduced; a name that is not here prints as its bit.
 */

/** include/linux/mm_types.h: enum fault_flag. */
const FAULT_FLAGS = [
  'WRITE',
  'MKWRITE',
  'ALLOW_RETRY',
  'RETRY_NOWAIT',
  'KILLABLE',
  'TRIED',
  'USER',
  'REMOTE',
  'INSTRUCTION',
  'INTERRUPTIBLE',
  'UNSHARE',
  'ORIG_PTE_VALID',
  'VMA_LOCK',
]

/** include/linux/mm_types.h: enum vm_fault_reason; WRITE until 6.3. */
const VM_FAULTS: Readonly<Record<string, number>> = {
  OOM: 0x1,
  SIGBUS: 0x2,
  MAJOR: 0x4,
  WRITE: 0x8,
  HWPOISON: 0x10,
  HWPOISON_LARGE: 0x20,
  SIGSEGV: 0x40,
  NOPAGE: 0x100,
  LOCKED: 0x200,
  RETRY: 0x400,
  FALLBACK: 0x800,
  DONE_COW: 0x1000,
  NEEDDSYNC: 0x2000,
  COMPLETED: 0x4000,
}

export const KERNEL_CONSTANTS: ReadonlyMap<string, bigint> = new Map([
  ...FAULT_FLAGS.map((name, bit) => [`FAULT_FLAG_${name}`, 1n << BigInt(bit)] as const),
  ...Object.entries(VM_FAULTS).map(([name, value]) => [`VM_FAULT_${name}`, BigInt(value)] as const),
])
