/** A second window for the notes test: adds notes to a file and prints each id once it is kept. Ends by being killed. */

import { changeNote, listNotes } from '#electron/engine/annotations.ts'
import { connect } from '#electron/store/database.ts'
import { openFile } from '#electron/store/open.ts'

const [path, how] = process.argv.slice(2)
const note = (startNs: number) => ({
  kind: 'note',
  startNs,
  endNs: null,
  text: 'written by another window '.repeat(40),
})

if (how === 'once') {
  const id = changeNote(path, 1, { change: 'add', note: note(5) })
  const db = openFile(path)
  process.stdout.write(`${JSON.stringify({ id, ...listNotes(db, path, 1) })}\n`)
  db.close()
} else if (how === 'half') {
  // Killed in the middle of a write: pages are in the file already, and the journal that takes them back beside it.
  const db = connect(path, { readonly: false, mustExist: true })
  db.pragma('cache_size = 1')
  db.exec('BEGIN IMMEDIATE')
  const insert = db.prepare("INSERT INTO annotation (trace_id, kind, start_ns, text) VALUES (1, 'note', 1, ?)")
  for (let i = 0; i < 2000; i++) insert.run('half '.repeat(200))
  process.kill(process.pid, 'SIGKILL')
} else {
  for (let i = 0; ; i++) process.stdout.write(`${changeNote(path, 1, { change: 'add', note: note(i) })}\n`)
}
