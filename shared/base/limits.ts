/**
 * Every cap Faultline has, in one place. Reaching one is an ApiError `limit` or a diagnostic, and what was cut says so
 * (`truncated: true`); no other file may invent a bound of its own.
 */

const MiB = 1024 * 1024

export const limits = {
  /** Bytes of a file (decompressed) that are looked at to tell its format. */
  sniffBytes: 64 * 1024,
  /** Longest line of text input that is parsed; longer ones are skipped and counted. */
  lineBytes: 1 * MiB,
  /** Longest event body kept; the rest of the line is cut and counted as a diagnostic. */
  eventArgsBytes: 65_535,
  /** Raw events per stored column chunk. */
  eventsPerChunk: 65_536,
  /** Longest text of an event that is stored as a record: a whole chunk of them has no more than chunkArgsBytes. */
  recordTextBytes: 512,
  /** Longest description of an event (its `format` file); those of kernels have a few thousand bytes. */
  eventFormatBytes: 65_536,
  /** Payload bytes per stored column chunk: huge payloads make shorter chunks. */
  chunkArgsBytes: 32 * MiB,
  /** Spans per batch on their way to the store, and per stored column chunk. */
  spansPerBatch: 16_384,
  /** Distinct event names, lock classes, phase names … in one trace (16-bit ids). */
  names: 65_535,
  /** Distinct tasks or locks in one trace. */
  entities: 4_000_000,
  /** CPUs a line may name; larger numbers are treated as damage. */
  cpus: 65_535,
  /** Parts of CPUs one after the other in one text; Linux has no more CPUs. */
  perCpuParts: 8192,
  /** Diagnostics kept per trace; each is a kind with a count, so this is never near. */
  diagnostics: 1_000,
  /** Runs of one comparison, all strategies and seeds together. */
  simRuns: 2_000,
  /** Schedules, and steps of a search with power cuts, behind each strategy's verdict in a comparison. */
  compareSchedules: 10_000,
  compareCrashSteps: 250_000,
  /** Schedules that power is cut in, for each one searched: what only a cut shows is rarer, and a step of it cheaper. */
  compareCuts: 10,
  /** Happenings all runs of one sensitivity or scaling question should stay near: about a minute on two cores. */
  experimentEvents: 250_000_000,
  /** Happenings of one of its runs at least; operations all tasks of a replay on more CPUs do together. */
  experimentRunEvents: 500_000,
  scalingOps: 12_000,
  /** Operations of a first look at a long replay: every strategy has a row within seconds. */
  lookOps: 5_000,
  /** Bytes of one recording; it ends there. */
  recordBytes: 64 * 1024 * MiB,
  /** Jobs of one sweep. */
  sweepJobs: 100_000,
  /** Characters of a one-file report: it is mailed. */
  reportBytes: 3_000_000,
  reportFilms: 16,
  /** Waiters a release names as blocked by it: N tasks on one lock would make N² rows. */
  edgesPerRelease: 16,
  /** Of a recording also those further back in the queue, for as many releases as each sees first. */
  edgesPerWait: 64,
  /** Waits for one lock that were given up and whose holder has yet to let go: of more the oldest stay unexplained. */
  givenUpWaits: 1024,
  /** Marks on the time axis kept per trace. */
  annotations: 10_000,
  /** Locks held at once by one context of one task before the oldest is given up as unmatched. */
  heldLocks: 256,
  /** Operations nested in one task. */
  opDepth: 16,
  /** Phases nested in one task. */
  phaseDepth: 64,
  /** Rows in a reply that carries objects. */
  replyRows: 10_000,
  /** Cells per axis of a heat map or time chart. */
  chartCells: 4_096,
  /** Pixels a view of the timeline may be wide, and rows one may ask for. */
  timelinePixels: 16_384,
  timelineRows: 1_000,
  /** Bytes of columns in one view of the timeline (with tracks and words 200 KB); merging gets coarser until they fit. */
  timelineBytes: 180 * 1024,
  /** Bytes of lanes of rows looked at lately that are kept per trace. */
  timelineCacheBytes: 1024 * MiB,
  /** Hits of a search in the timeline that are kept; further ones are not counted. */
  searchHits: 1_000_000,
  /** Stretches of an operation's critical path, and how many holders behind each other it is followed through. */
  pathSegments: 1_000,
  pathDepth: 8,
  /** Characters of a note. */
  annotationChars: 10_000,
  /** Characters of payloads and call stacks after which one list of events ends; and chunks it looks through. */
  eventChars: 4 * MiB,
  eventChunksPerAnswer: 64,
  /** Lanes one family of a timeline row has at most; what overlaps more often shares the last one. */
  timelineLanes: 12,
  /** Bytes of one message to or from the window. */
  messageBytes: 32 * MiB,
  /** Bytes of answers that wait for a page to read them, beside one message; then its connection ends. */
  unreadBytes: 64 * MiB,
  /** Values one request is made of (a comparison that is made into a report has the most), and names in one of its objects. */
  requestValues: 1_000_000,
  requestNames: 10_000,
  /** Calls one client may have running at once. */
  callsInFlight: 256,
  /** Pages connected to one web host at once. */
  webClients: 32,
  /** Bytes of one piece of an upload or download; exports up to this size come back in their answer. */
  pieceBytes: 4 * MiB,
  /** Uploads one client may have unfinished or unused at once. */
  uploads: 16,
  /** Bytes of one upload through the web host. */
  uploadBytes: 16 * 1024 * MiB,
  /** Links of one wait chain before it is cut. */
  chainLinks: 64,
  /** Rows a user's SQL statement may return to the window. */
  sqlRows: 100_000,
  /** Length of a user's SQL statement. */
  sqlBytes: 1 * MiB,
  /** Bytes of one answer to a user's SQL statement; rows after that are cut. */
  sqlReplyBytes: 16 * MiB,
  /** Query tabs, saved queries and past statements the SQL page keeps. */
  sqlDrafts: 12,
  sqlSaved: 200,
  sqlHistory: 200,
  /** User SQL statements running at once; more have to wait for one to finish. */
  sqlProcesses: 4,
  /** Bytes of memory the process of one may take; bytes that stay free on the disk where it sorts. */
  sqlMemoryBytes: 1536 * MiB,
  sqlSpareBytes: 1024 * MiB,
  /** Seconds a user's SQL statement may run before it is killed. */
  sqlSeconds: 60,
  /** An answer that is written to a file may take longer, and have this many bytes. */
  sqlExportSeconds: 1_800,
  sqlExportBytes: 8 * 1024 * MiB,
  /** Bytes of one text or blob of a stored file, and of all texts of one of its tables; no importer comes near. */
  storedValueBytes: 64 * MiB,
  storedTextBytes: 1024 * MiB,
  /** Buckets of a trace's event-rate rollup. */
  rateBuckets: 4_096,
  /** Batches in flight between the parser and the writer. */
  batchesInFlight: 8,
  /** Recently opened files remembered. */
  recentFiles: 50,
  /** Imports, exports and checks running at once; more wait. */
  jobs: 4,
  /** Open files one engine keeps loaded; the least recently used is dropped from memory first. */
  loadedFiles: 8,
  /** Bytes of columns all loaded files may hold together before the least recently used is dropped. */
  loadedBytes: 2048 * MiB,
  /** Answers of analyses the window keeps for going back. */
  cachedAnalyses: 200,
  /** Steps of the window's selection history per file. */
  selectionHistory: 100,
  /** Bytes of one value the window has the engine keep across restarts. */
  keptBytes: 1 * MiB,
  /** Rows a table of the window draws as they are; longer ones are virtual. */
  plainTableRows: 200,
  /** Findings of one invariant a simulated run keeps with their text; all are counted. */
  simFindings: 100,
  /** Bytes of one section of a trace.dat (event formats, kallsyms), plain; of one chunk of its pages; sections. */
  traceDatSection: 256 * MiB,
  traceDatChunk: 64 * MiB,
  traceDatSections: 10_000,
  /** Mappings of files and modules kept of a perf.data; bytes of a kallsyms (a kernel with modules has about 15 MB). */
  perfMappings: 200_000,
  kallsymsBytes: 256 * MiB,
  /** Names a user gives to locks of one trace, and characters of one. */
  lockNames: 10_000,
  lockNameChars: 200,
  /** Reports of lockdep kept of one log. */
  lockReports: 1_000,
  /** Lines of function_graph text without times that are kept to find their times together. */
  graphLines: 200_000,
  /** perf.data: bytes of records put in order at once; of compressed records, packed and plain. */
  perfRoundBytes: 256 * MiB,
  perfPackedBytes: 256 * MiB,
  perfPlainBytes: 1024 * MiB,
  /** Events of formats that are in no order: bytes that are held back to put them in one. */
  sortedBytes: 1024 * MiB,
  /** Traces that are put on one axis. */
  joinedTraces: 64,
  /** One event of JSON: bytes, and how deep its values may nest. */
  jsonEventBytes: 1 * MiB,
  jsonDepth: 100,
  /** One packet of a Perfetto trace, packed or plain; sequences. */
  protoPacketBytes: 64 * MiB,
  protoSequences: 100_000,
  /** Tracks of a foreign trace that are no threads; what comes after shares the last. */
  foreignTracks: 10_000,
  /** Bytes of a stream that are kept on disk for formats that are read in any order. */
  spoolBytes: 16 * 1024 * MiB,
  /** Cells of verdict matrices one engine keeps. */
  raceCells: 20_000,
  /** Steps of the search behind each race that held. */
  raceSteps: 600_000,
  /** Steps of the search for a telling of a race with one preemption less. */
  raceShortenSteps: 150_000,
  /** Steps a search with power cuts takes, unless told otherwise. */
  crashSteps: 200_000,
  crashStepsMost: 100_000_000,
  /** Circles of one lock order that are kept with their paths; all are counted. */
  orderCycles: 100,
  /** Simulated tasks, CPUs, pages of a simulated file and blocks of its device. */
  simTasks: 4_096,
  simCpus: 4_096,
  simPages: 4 * MiB,
  /** Emitted happenings of one simulated run. */
  simEvents: 1_000_000_000,
  /** Moves of one explored execution, and of a schedule. */
  exploreDepth: 100_000,
  /** Tasks of a search (bits of a number), and numbers kept of states it has been in: tables that double fill a power of two. */
  exploreTasks: 30,
  exploreSeen: 2 ** 25,
  /** Schedules a search that remembers goes through before more threads join in: most are over by then. */
  exploreAlone: 10_000,
  /** Schedules of one search: at most, and unless asked for more; violations that get a film; plays to shorten one. */
  exploreBudget: 1_000_000_000,
  exploreBudgetDefault: 500_000,
  exploreViolations: 50,
  minimisePlays: 2_000,
  /** Characters of a schedule string. */
  scheduleChars: 1_000_000,
  /** Blocks of a device in a search, where a world is built per schedule. */
  explorePages: 16_384,
  /** A strategy file of the user's own: bytes, ms its top level may take, rounds of its loops and pauses within one call. */
  strategyBytes: 1 * MiB,
  strategyLoadMs: 5_000,
  strategyRounds: 100_000,
  strategyPauses: 20_000,
  /** Elements of one of its lists, characters of one of its texts; bytes of its buffers in one run. */
  strategyLength: 4 * MiB,
  strategyHeldBytes: 256 * MiB,
  /** Characters of what it throws that are told, and of a name it gives (a lock, a counter). */
  strategyTold: 300,
  strategyName: 100,
  /** Most retries after -ENOSPC that an option of its own may ask for. */
  strategyRetries: 100,
  /** One call of its hooks, ms, after which its thread is ended: counted in looks, of one a second (electron/strategy/pulse.ts). */
  strategyHookMs: 5_000,
  /** Durations of operations of one kind that a run keeps for exact percentiles; of more it counts buckets. */
  simDurations: 2 ** 20,
  /** Simulated time of one run, ns. */
  simNs: 3_600_000_000_000,
} as const
