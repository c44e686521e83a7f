/**
 * Events of the kernel by their number in Perfetto's FtraceEvent, with the names of their fields by number from 1 on: what an
 * event is called in the kernel, and what its fields are (include/trace/events). Here are the events of scheduling, file
 * systems, memory, block layer, interrupts and system calls; an event that is not listed is kept under its number.
 */

export interface KnownEvent {
  readonly name: string
  readonly fields: readonly string[]
}

const E = 'dev ino'
const RANGE = `${E} offset len`
const MAP = `${E} lblk len flags`
const MAPPED = `${E} flags pblk lblk len mflags ret`
const PAGE = `${E} index`
const EXTENT = `${E} lblk len pblk status`
const WRITE = `${E} pos len flags`
const WRITTEN = `${E} pos len copied`
const PA = `${E} pa_pstart pa_lstart pa_len`
const RESULT = `${E} result_start result_group result_len`
const BIO = 'dev sector nr_sector rwbs comm'
const REQUEST = 'dev sector nr_sector bytes rwbs comm cmd'
const WAKE = 'comm pid prio success target_cpu'

/** `number name field field …` */
const TABLE = `
3 tracing_mark_write ip buf
4 sched_switch prev_comm prev_pid prev_prio prev_state next_comm next_pid next_prio
11 cpu_frequency state cpu_id
13 cpu_idle state cpu_id
17 sched_wakeup ${WAKE}
18 sched_blocked_reason pid caller io_wait
19 sched_cpu_hotplug affected_cpu error status
20 sched_waking ${WAKE}
21 ipi_entry reason
22 ipi_exit reason
23 ipi_raise target_cpus reason
24 softirq_entry vec
25 softirq_exit vec
26 softirq_raise vec
36 irq_handler_entry irq name handler
37 irq_handler_exit irq ret
41 ext4_da_write_begin ${WRITE}
42 ext4_da_write_end ${WRITTEN}
43 ext4_sync_file_enter ${E} parent datasync
44 ext4_sync_file_exit ${E} ret
45 block_rq_issue ${REQUEST}
46 mm_vmscan_direct_reclaim_begin order may_writepage gfp_flags
47 mm_vmscan_direct_reclaim_end nr_reclaimed
48 mm_vmscan_kswapd_wake nid order
49 mm_vmscan_kswapd_sleep nid
56 workqueue_activate_work work
57 workqueue_execute_end work function
58 workqueue_execute_start work function
59 workqueue_queue_work work function workqueue req_cpu cpu
80 tracing_mark_write pid trace_name trace_begin
97 mm_filemap_add_to_page_cache pfn i_ino index s_dev page
98 mm_filemap_delete_from_page_cache pfn i_ino index s_dev page
114 sched_wakeup_new ${WAKE}
115 block_bio_backmerge ${BIO}
117 block_bio_complete dev sector nr_sector error rwbs
118 block_bio_frontmerge ${BIO}
119 block_bio_queue ${BIO}
120 block_bio_remap dev sector nr_sector old_dev old_sector rwbs
121 block_dirty_buffer dev sector size
122 block_getrq ${BIO}
123 block_plug comm
125 block_rq_complete dev sector nr_sector errors rwbs cmd
126 block_rq_insert ${REQUEST}
129 block_rq_requeue dev sector nr_sector errors rwbs cmd
131 block_split dev sector new_sector rwbs comm
132 block_touch_buffer dev sector size
133 block_unplug nr_rq comm
134 ext4_alloc_da_blocks ${E} data_blocks meta_blocks
135 ext4_allocate_blocks ${E} block len logical lleft lright goal pleft pright flags
136 ext4_allocate_inode ${E} dir mode
137 ext4_begin_ordered_truncate ${E} new_size
138 ext4_collapse_range ${RANGE}
139 ext4_da_release_space ${E} i_blocks freed_blocks reserved_data_blocks reserved_meta_blocks allocated_meta_blocks mode
140 ext4_da_reserve_space ${E} i_blocks reserved_data_blocks reserved_meta_blocks mode md_needed
141 ext4_da_update_reserve_space ${E} i_blocks used_blocks reserved_data_blocks reserved_meta_blocks allocated_meta_blocks quota_claim mode
142 ext4_da_write_pages ${E} first_page nr_to_write sync_mode b_blocknr b_size b_state io_done pages_written
143 ext4_da_write_pages_extent ${E} lblk len flags
144 ext4_direct_IO_enter ${E} pos len rw
145 ext4_direct_IO_exit ${E} pos len rw ret
146 ext4_discard_blocks dev blk count
147 ext4_discard_preallocations ${E}
148 ext4_drop_inode ${E} drop
149 ext4_es_cache_extent ${EXTENT}
150 ext4_es_find_delayed_extent_range_enter ${E} lblk
151 ext4_es_find_delayed_extent_range_exit ${EXTENT}
152 ext4_es_insert_extent ${EXTENT}
153 ext4_es_lookup_extent_enter ${E} lblk
154 ext4_es_lookup_extent_exit ${EXTENT} found
155 ext4_es_remove_extent ${E} lblk len
156 ext4_es_shrink dev nr_shrunk scan_time nr_skipped retried
157 ext4_es_shrink_count dev nr_to_scan cache_cnt
158 ext4_es_shrink_scan_enter dev nr_to_scan cache_cnt
159 ext4_es_shrink_scan_exit dev nr_shrunk cache_cnt
160 ext4_evict_inode ${E} nlink
161 ext4_ext_convert_to_initialized_enter ${E} m_lblk m_len u_lblk u_len u_pblk
162 ext4_ext_convert_to_initialized_fastpath ${E} m_lblk m_len u_lblk u_len u_pblk i_lblk i_len i_pblk
163 ext4_ext_handle_unwritten_extents ${E} flags lblk pblk len allocated newblk
164 ext4_ext_in_cache ${E} lblk ret
165 ext4_ext_load_extent ${E} pblk lblk
166 ext4_ext_map_blocks_enter ${MAP}
167 ext4_ext_map_blocks_exit ${MAPPED}
168 ext4_ext_put_in_cache ${E} lblk len start
169 ext4_ext_remove_space ${E} start end depth
170 ext4_ext_remove_space_done ${E} start end depth partial eh_entries
171 ext4_ext_rm_idx ${E} pblk
172 ext4_ext_rm_leaf ${E} partial start ee_lblk ee_pblk ee_len
173 ext4_ext_show_extent ${E} pblk lblk len
174 ext4_fallocate_enter ${RANGE} mode pos
175 ext4_fallocate_exit ${E} pos blocks ret
177 ext4_forget ${E} block is_metadata mode
178 ext4_free_blocks ${E} block count flags mode
179 ext4_free_inode ${E} uid gid blocks mode
182 ext4_ind_map_blocks_enter ${MAP}
183 ext4_ind_map_blocks_exit ${MAPPED}
184 ext4_insert_range ${RANGE}
185 ext4_invalidatepage ${PAGE} offset length
186 ext4_journal_start dev ip blocks rsv_blocks nblocks
187 ext4_journal_start_reserved dev ip blocks
188 ext4_journalled_invalidatepage ${PAGE} offset length
189 ext4_journalled_write_end ${WRITTEN}
190 ext4_load_inode ${E}
191 ext4_load_inode_bitmap dev group
192 ext4_mark_inode_dirty ${E} ip
193 ext4_mb_bitmap_load dev group
194 ext4_mb_buddy_bitmap_load dev group
195 ext4_mb_discard_preallocations dev needed
196 ext4_mb_new_group_pa ${PA}
197 ext4_mb_new_inode_pa ${PA}
198 ext4_mb_release_group_pa dev pa_pstart pa_len
199 ext4_mb_release_inode_pa ${E} block count
201 ext4_mballoc_discard ${RESULT}
202 ext4_mballoc_free ${RESULT}
204 ext4_other_inode_update_time ${E} orig_ino uid gid mode
205 ext4_punch_hole ${RANGE} mode
206 ext4_read_block_bitmap_load dev group
207 ext4_readpage ${PAGE}
208 ext4_releasepage ${PAGE}
209 ext4_remove_blocks ${E} from to partial ee_pblk ee_lblk ee_len
210 ext4_request_blocks ${E} len logical lleft lright goal pleft pright flags
211 ext4_request_inode dev dir mode
212 ext4_sync_fs dev wait
215 ext4_truncate_enter ${E} blocks
216 ext4_truncate_exit ${E} blocks
217 ext4_unlink_enter ${E} parent size
218 ext4_unlink_exit ${E} ret
219 ext4_write_begin ${WRITE}
230 ext4_write_end ${WRITTEN}
231 ext4_writepage ${PAGE}
232 ext4_writepages ${E} nr_to_write pages_skipped range_start range_end writeback_index sync_mode for_kupdate range_cyclic
233 ext4_writepages_result ${E} ret pages_written pages_skipped writeback_index sync_mode
234 ext4_zero_range ${RANGE} mode
235 task_newtask pid comm clone_flags oom_score_adj
236 task_rename pid oldcomm newcomm oom_score_adj
237 sched_process_exec filename pid old_pid
238 sched_process_exit comm pid tgid prio
239 sched_process_fork parent_comm parent_pid child_comm child_pid
240 sched_process_free comm pid prio
241 sched_process_hang comm pid
242 sched_process_wait comm pid prio
258 f2fs_truncate ${E} pino mode size nlink blocks i_name
324 signal_deliver code sa_flags sig
325 signal_generate code comm group pid result sig
326 oom_score_adj_update comm oom_score_adj pid
329 sys_enter id args
330 sys_exit id ret
334 mark_victim pid
353 sched_pi_setprio comm newprio oldprio pid
491 sched_migrate_task comm pid prio orig_cpu dest_cpu
`
  .trim()
  .split('\n')
  .map((line) => line.split(' '))

export const ftraceEvents: ReadonlyMap<number, KnownEvent> = new Map(
  TABLE.map(([number, name, ...fields]) => [Number(number), { name, fields }]),
)
/** An event that carries its name and its fields' names. */
export const GENERIC = 327
