/** One lock under the names it had: mmap_sem became mmap_lock, filesystems name their own fault lock. */
export function lockName(name: string): string {
  if (/mmap_(lock|sem)/.test(name)) return 'mmap_lock'
  if (/invalidate_lock|i_mmap_sem|mmaplock|dax_sem/i.test(name)) return 'invalidate_lock'
  if (/i_mutex_key|i_rwsem/.test(name)) return 'i_rwsem'
  return name.replace(/^&/, '').replace(/^.*->/, '')
}
