/**
 * The report's one script: tables sort by a click on a head, charts name their values under the pointer, a click on a name
 * in a legend leaves that run out. It reads what is on the page already, asks nobody anything and keeps nothing; without it
 * the page shows the same figures.
 */

export const SCRIPT = `
'use strict'
for (const table of document.querySelectorAll('table')) {
  const body = table.tBodies[0]
  const heads = [...table.tHead.rows[0].cells]
  if (body.rows.length < 2) continue
  heads.forEach((head, column) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...head.childNodes)
    head.append(button)
    button.addEventListener('click', () => {
      const up = head.getAttribute('aria-sort') === 'descending' || (!head.hasAttribute('aria-sort') && !head.classList.contains('n'))
      for (const other of heads) other.removeAttribute('aria-sort')
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending')
      const key = (row) => {
        const { dataset, textContent } = row.cells[column]
        if (dataset.v === undefined) return textContent.trim()
        return dataset.v === '' ? undefined : Number(dataset.v)
      }
      const order = (a, b) => {
        if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
        const found = typeof a === 'number' ? a - b : a.localeCompare(b, 'en', { numeric: true })
        return up ? found : -found
      }
      body.append(...[...body.rows].map((row) => [key(row), row]).sort((a, b) => order(a[0], b[0])).map((pair) => pair[1]))
    })
  })
}
for (const figure of document.querySelectorAll('figure[data-points]')) {
  const chart = figure.querySelector('svg.chart')
  const series = JSON.parse(figure.dataset.points)
  const shown = series.map(() => true)
  const tip = document.createElement('div')
  tip.className = 'tip off'
  tip.setAttribute('role', 'status')
  figure.append(tip)
  const rule = chart.querySelector('.rule')
  figure.querySelectorAll('.legend li').forEach((item, run) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.setAttribute('aria-pressed', 'true')
    button.append(...item.childNodes)
    item.append(button)
    button.addEventListener('click', () => {
      shown[run] = !shown[run]
      button.setAttribute('aria-pressed', String(shown[run]))
      for (const part of chart.querySelectorAll('[data-run="' + run + '"]')) part.classList.toggle('off', !shown[run])
    })
  })
  const leave = () => { tip.classList.add('off'); if (rule) rule.classList.add('off') }
  chart.addEventListener('pointerleave', leave)
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect()
    const scale = chart.viewBox.baseVal.width / box.width
    const x = (event.clientX - box.left) * scale
    const y = (event.clientY - box.top) * scale
    const lines = []
    series.forEach(({ id, at, row }, run) => {
      if (!shown[run] || (row !== undefined && (y < row[0] || y > row[1]))) return
      let found
      for (const point of at) {
        if (figure.dataset.pick === 'before') { if (point[0] <= x) found = point }
        else if (found === undefined || Math.abs(point[0] - x) < Math.abs(found[0] - x)) found = point
      }
      if (found !== undefined) lines.push(id + '  ' + found[1])
    })
    if (lines.length === 0) return leave()
    tip.textContent = lines.join('\\n')
    tip.classList.remove('off')
    const left = event.clientX - figure.getBoundingClientRect().left
    const right = left + tip.offsetWidth + 24 > figure.clientWidth
    tip.style.left = (right ? Math.max(0, left - tip.offsetWidth - 12) : left + 14) + 'px'
    tip.style.top = Math.max(0, event.clientY - figure.getBoundingClientRect().top + 14) + 'px'
    if (rule) { rule.setAttribute('x1', x); rule.setAttribute('x2', x); rule.classList.remove('off') }
  })
}
`
