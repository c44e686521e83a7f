/** A page as systrace makes it (catapult, systrace/prefix.html.template): the viewer, a list of processes, the trace. */

const VIEWER = `<!DOCTYPE html>
<html>
<head i18n-values="dir:textdirection;">
<meta charset="utf-8">
<title>Android System Trace</title>
<script>'use strict';/* a "<script" in it, and ${'x'.repeat(90)} */ tr.exportTo('tr', () => ({ a: 1 < 2 }));
</script>
</head>
<body>
<div class="view">
</div>
`
const PROCESSES = `<!-- BEGIN TRACE -->
  <script class="trace-data" type="application/text">
USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME
root             1     0   10632    708 SyS_epoll_wait      0 S init
  </script>
<!-- END TRACE -->
`

export function systracePage(text: string): Buffer {
  const trace = `<!-- BEGIN TRACE -->\n  <script class="trace-data" type="application/text">\n# tracer: nop\n${text}\n  </script>\n<!-- END TRACE -->\n`
  return Buffer.from(`${VIEWER}${PROCESSES}${trace}</body>\n</html>\n`)
}
