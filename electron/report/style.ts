/** The report's one style sheet. Colours are the window's; no style attribute is used anywhere, so the policy needs no hole. */

export const STYLE = `
:root { color-scheme: light dark; --bg:#f3f4f7; --surface:#fff; --border:#e0e4e9; --grid:#ebeef2; --text:#1a1f27; --text-2:#47505d; --text-3:#626c7a; --bad:#b32626; --accent:#2257b8;
  --run-0:#2563c9; --run-1:#d9730d; --run-2:#12a594; --run-3:#7a2f8f; --run-4:#5b6472 }
@media (prefers-color-scheme: dark) { :root { --bg:#0e1116; --surface:#14181f; --border:#262d38; --grid:#1f252e; --text:#e4e8ee; --text-2:#aeb7c4; --text-3:#8a95a5; --bad:#ff9a95; --accent:#8db8ff;
  --run-0:#6aa2ff; --run-1:#ff9a45; --run-2:#45dcc8; --run-3:#b070d8; --run-4:#8d97a6 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.55 system-ui, sans-serif }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 64px }
article + article { margin-top: 72px } h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px } h2 { font-size: 18px; margin: 36px 0 8px } h3 { font-size: 15px; margin: 20px 0 4px }
p { margin: 8px 0; max-width: 80ch } .dim { color: var(--text-2) } small, caption { color: var(--text-3); font-size: 13px }
section { background: var(--surface); border: 1px solid var(--border); border-radius: 8px; padding: 4px 20px 16px; margin: 20px 0 }
section h2 { margin-top: 16px }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 8px 0 }
caption { text-align: left; padding: 4px 0 } th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top }
thead th { font-size: 13px; color: var(--text-3); font-weight: 600 } .n { text-align: right; white-space: nowrap } tbody th { white-space: nowrap; font-weight: 600 }
th button { all: unset; cursor: pointer } th button:hover { color: var(--text); text-decoration: underline } th button::after { content: ' \\2195' / ''; opacity: .35 }
th[aria-sort=ascending] button::after { content: ' \\2191' / ''; opacity: 1 } th[aria-sort=descending] button::after { content: ' \\2193' / ''; opacity: 1 }
button:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px }
.bad { color: var(--bad); font-weight: 600 } .finding { font-size: 16px } ul { padding-left: 20px } li { margin: 4px 0; max-width: 92ch }
figure { margin: 8px 0; position: relative } svg { display: block; width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: var(--text-2) }
svg .name { font-weight: 600; fill: var(--text) } svg .band { fill-opacity: .16 } .off { display: none }
.legend { list-style: none; margin: 4px 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px } .legend li { margin: 0; display: flex; align-items: center }
.legend svg { width: 30px; height: 10px; margin-right: 6px } .legend button { all: unset; cursor: pointer; display: flex; align-items: center }
.legend button[aria-pressed=false] { opacity: .4; text-decoration: line-through }
.tip { position: absolute; pointer-events: none; background: var(--surface); border: 1px solid var(--border); border-radius: 6px; box-shadow: 0 2px 10px #0003; padding: 6px 10px; font-size: 13px; white-space: pre; font-variant-numeric: tabular-nums; z-index: 1 }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px } .r0 { background: var(--run-0) } .r1 { background: var(--run-1) } .r2 { background: var(--run-2) } .r3 { background: var(--run-3) } .r4 { background: var(--run-4) }
summary { cursor: pointer; font-weight: 600; margin: 12px 0 } code, pre { font: 13px ui-monospace, monospace; overflow-wrap: anywhere } .w { white-space: nowrap } pre { white-space: pre-wrap; background: var(--bg); padding: 8px 12px; border-radius: 6px }
@media print { body { background: none } section { break-inside: avoid } .tip { display: none } }
`
