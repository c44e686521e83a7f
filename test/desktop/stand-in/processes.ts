/** `utilityProcess`: a real child process in place of Chromium's, with the same messages, ports, pid and exit event. */
import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { HandedOver, type Crossing, type StandInPort } from './ports.ts'

const SHIM = join(import.meta.dirname, 'child.mjs')

class UtilityProcess extends EventEmitter {
  readonly name: string
  readonly #child: ChildProcess
  readonly #ports: HandedOver
  constructor(entry: string, args: readonly string[], name: string) {
    super()
    this.name = name
    this.#child = fork(SHIM, [entry, ...args], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    })
    this.#ports = new HandedOver((crossing) => void this.#child.send(crossing, () => undefined))
    this.#child.on('message', (crossing: Crossing) => {
      if (crossing.kind === 'message') this.emit('message', crossing.data)
      else this.#ports.came(crossing)
    })
    this.#child.once('spawn', () => this.emit('spawn'))
    this.#child.once('exit', (code) => {
      running.delete(this)
      this.#ports.closeAll()
      this.emit('exit', code ?? 1)
    })
    running.add(this)
  }
  get pid(): number | undefined {
    return this.#child.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined
  }
  postMessage(data: unknown, ports: readonly StandInPort[] = []): void {
    this.#ports.hand(data, ports)
  }
  kill(): boolean {
    return this.#child.kill()
  }
}

const running = new Set<UtilityProcess>()

export const utilityProcess = {
  fork: (entry: string, args: readonly string[] = [], options: { serviceName?: string } = {}) =>
    new UtilityProcess(entry, args, options.serviceName ?? 'Node Utility Process'),
}

export function utilityMetrics(): { type: string; name: string; pid: number }[] {
  return [...running].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ type: 'Utility', name, pid }]))
}
