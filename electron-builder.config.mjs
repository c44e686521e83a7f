/**
 * How the desktop app is packed: AppImage and deb for Linux, nsis for Windows, dmg for macOS. The bundles of `npm run
 * build:desktop` hold nearly everything; of node_modules only what cannot be bundled goes in, and of better-sqlite3's
 * prebuilt binaries only the one of the target. Nothing is downloaded at run time and nothing is published from here.
 */

/** Files a double click opens with Faultline. A `.dat` or `.txt` is offered, never taken over. */
const associations = [
  { ext: 'faultline', name: 'Faultline trace', mimeType: 'application/x-faultline', role: 'Editor', rank: 'Owner' },
  { ext: 'dat', name: 'trace-cmd trace', mimeType: 'application/x-trace-dat', role: 'Viewer', rank: 'Alternate' },
  { ext: 'ftrace', name: 'ftrace text', mimeType: 'text/x-ftrace', role: 'Viewer', rank: 'Alternate' },
]

/** A .deb must name its homepage and maintainer. They belong to who releases, so a release sets them. */
const release = {
  homepage: process.env.FAULTLINE_HOMEPAGE,
  maintainer: process.env.FAULTLINE_MAINTAINER ?? 'The Faultline developers',
}

/** @type {import('electron-builder').Configuration} */
export default {
  appId: 'org.faultline.Faultline',
  productName: 'Faultline',
  copyright: 'MIT licence',
  extraMetadata: {
    // Electron tells the desktop this name, so that its windows go with the entry of that name.
    desktopName: 'faultline.desktop',
    ...(release.homepage === undefined ? {} : { homepage: release.homepage }),
  },
  directories: { output: 'dist', buildResources: 'electron/desktop/resources' },
  // What was installed is what is packed: the native module is a Node-API prebuild and needs no rebuild.
  npmRebuild: false,
  asar: true,
  // SQLite and readers that seek need real files; code and page stay inside.
  asarUnpack: ['**/*.node', 'samples/**', 'migrations/**'],
  files: [
    'out/main/**',
    'out/preload/**',
    'out/web/**',
    'migrations/*.sql',
    'samples/**',
    'package.json',
    '!**/node_modules/**',
    'node_modules/better-sqlite3/package.json',
    'node_modules/better-sqlite3/LICENSE',
    'node_modules/better-sqlite3/lib/**/*.js',
    'node_modules/better-sqlite3/prebuilds/${platform}-${arch}.node',
    'node_modules/piscina/package.json',
    'node_modules/piscina/LICENSE',
    'node_modules/piscina/dist/**/*.js',
  ],
  electronLanguages: ['en-US'],
  fileAssociations: associations,
  publish: null,
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  linux: {
    target: [
      { target: 'AppImage', arch: ['x64', 'arm64'] },
      { target: 'deb', arch: ['x64', 'arm64'] },
    ],
    category: 'Development',
    synopsis: 'Trace analyzer for page-fault, truncate and hole-punch locking',
    maintainer: release.maintainer,
    executableName: 'faultline',
    syncDesktopName: true,
  },
  deb: { packageCategory: 'devel' },
  win: { target: [{ target: 'nsis', arch: ['x64', 'arm64'] }] },
  nsis: {
    oneClick: false,
    perMachine: false,
    allowToChangeInstallationDirectory: true,
    deleteAppDataOnUninstall: false,
  },
  mac: {
    target: [{ target: 'dmg', arch: ['x64', 'arm64'] }],
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
    minimumSystemVersion: '13.0',
  },
}
