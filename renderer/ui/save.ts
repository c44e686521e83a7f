/** Saving what is on the screen: a file offered to the browser or window, and text to the clipboard. */

/** File names without characters that a file system refuses. */
export function fileName(name: string, extension: string): string {
  return `${
    name
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 100) || 'faultline'
  }.${extension}`
}

/** A file's name without its endings: `dax-xfs.trace.txt.zst` is `dax-xfs`. */
export function stemOf(name: string | undefined): string {
  return name?.replace(/(\.[a-z]\w{0,9})+$/i, '') ?? 'faultline'
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false // no permission or no focus: the caller says so
  }
}
