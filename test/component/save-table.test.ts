// @vitest-environment happy-dom
/** A table that is saved is named after what it is of, whatever panel saves it, and the window says where it went. */
import { expect, it, vi } from 'vitest'
import { useToastStore } from '#renderer/stores/toasts.ts'
import { useSaveTable } from '#renderer/ui/save-table.ts'
import { stemOf } from '#renderer/ui/save.ts'
import { fakeHost, inWindow } from './support/fake-host.ts'

const table = { columns: [{ key: 'n', title: 'N' }], rows: [[1], [2]] }

it('has the name of its trace without endings, or of what else it is of', () => {
  const names: string[] = []
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:a', revokeObjectURL: () => undefined })
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    names.push(this.download)
  })
  const { result, app } = inWindow(fakeHost(), () => ({
    save: useSaveTable(),
    toasts: useToastStore(),
  }))
  result.save('in-view', table)
  result.save('recent-files', table, 'faultline')
  expect(names).toEqual(['faultline-in-view.csv', 'faultline-recent-files.csv'])
  expect(result.toasts.toasts.at(-1)).toMatchObject({ title: 'Saved faultline-recent-files.csv' })
  expect(['dax-xfs-small.trace.txt.zst', 'a.faultline', 'b', '6.1-rc2.dat'].map(stemOf)).toEqual([
    'dax-xfs-small',
    'a',
    'b',
    '6.1-rc2',
  ])
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  app.unmount()
})
