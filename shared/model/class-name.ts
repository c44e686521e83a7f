/**
 * How lockdep's tables and reports spell a class: `#2` tells classes of one name apart, `/1` subclasses of one class
 * (kernel/locking/lockdep.c, __print_lock_name). The trace events print neither, so what is held against a trace, or asked
 * what kind of lock it is, goes by the plain name.
 */

/** `&sb->s_type->i_mutex_key#6/1` → `&sb->s_type->i_mutex_key`. */
export function plainClass(printed: string): string {
  return printed.replace(/\/\d+$/, '').replace(/#\d+$/, '')
}
