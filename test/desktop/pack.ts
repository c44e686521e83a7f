/**
 * Packs the desktop app as a release would, but around a stand-in for Electron's runtime and without flipping fuses in
 * a binary that is not there. What comes out is what a user would unpack: one asar and what lies beside it.
 */
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Arch, build as packApp, Platform, type Configuration } from 'electron-builder'
import { build } from 'electron-vite'
import { PROJECT } from '../support/engine.ts'

const FILE = pathToFileURL(join(PROJECT, 'electron-builder.config.mjs')).href
export const { default: config } = (await import(/* @vite-ignore */ FILE)) as { readonly default: Configuration }

export interface Packed {
  /** The built main process, before packing. */
  readonly main: string
  /** The folder that holds app.asar and app.asar.unpacked. */
  readonly resources: string
}

/** Builds and packs for this machine's processor under Linux; `folder` is new and belongs to the caller. */
export async function pack(folder: string): Promise<Packed> {
  const project = join(folder, 'project')
  mkdirSync(project, { recursive: true })
  for (const name of ['migrations', 'samples', 'package.json', 'package-lock.json', 'electron/desktop/resources'])
    cpSync(join(PROJECT, name), join(project, name), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'), 'junction')
  await buildInto(join(project, 'out'))
  const runtime = join(folder, 'runtime')
  makeRuntime(runtime)
  const { electronFuses: _, ...rest } = config
  const arch = process.arch === 'arm64' ? Arch.arm64 : Arch.x64
  await packApp({
    projectDir: project,
    publish: 'never',
    targets: Platform.LINUX.createTarget('dir', arch),
    config: {
      ...rest,
      electronDist: runtime,
      directories: { ...config.directories, output: join(folder, 'dist') },
    },
  })
  const unpacked = process.arch === 'arm64' ? 'linux-arm64-unpacked' : 'linux-unpacked'
  return { main: join(project, 'out/main/main.js'), resources: join(folder, 'dist', unpacked, 'resources') }
}

async function buildInto(out: string): Promise<void> {
  const before = process.env['FAULTLINE_OUT']
  process.env['FAULTLINE_OUT'] = out
  try {
    await build({ root: PROJECT, configFile: join(PROJECT, 'electron.vite.config.ts'), logLevel: 'error' })
  } finally {
    if (before === undefined) delete process.env['FAULTLINE_OUT']
    else process.env['FAULTLINE_OUT'] = before
  }
}

/** The files the packer expects of a runtime: an executable, its version and a folder of locales. */
function makeRuntime(folder: string): void {
  mkdirSync(join(folder, 'locales'), { recursive: true })
  writeFileSync(join(folder, 'locales/en-US.pak'), '')
  writeFileSync(join(folder, 'electron'), '#!/bin/sh\n')
  chmodSync(join(folder, 'electron'), 0o755)
  const { version } = createRequire(import.meta.url)('electron/package.json') as { version: string }
  writeFileSync(join(folder, 'version'), version)
}
