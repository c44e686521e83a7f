/**
 * Lint says what the compiler cannot: no clock, no randomness and no floating-point transcendentals in shared/ (a run is
 * a value), who may import whom, no dropped promises, no `any`. Formatting is prettier's business.
 */
import tseslint from 'typescript-eslint'
import vue from 'eslint-plugin-vue'

const clockAndChance = [
  ['Date', 'now', 'shared/ has no clock: take the time as a parameter'],
  ['Math', 'random', 'shared/ has no randomness: take a seeded generator'],
  ...['sin', 'cos', 'tan', 'exp', 'log', 'log2', 'log10', 'log1p', 'expm1', 'pow', 'cbrt', 'hypot'].map((name) => [
    'Math',
    name,
    'results may differ between engines: use integer arithmetic or a table',
  ]),
].map(([object, property, message]) => ({ object, property, message }))

/** Layers of ARCHITECTURE.md: folder -> what it must not import. */
function forbid(files, patterns) {
  return {
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: patterns.map(([group, message]) =>
            group instanceof RegExp
              ? { regex: group.source, message }
              : { group: Array.isArray(group) ? group : [group], message },
          ),
        },
      ],
    },
  }
}

const noHost = [
  ['node:*', 'shared/ is pure'],
  [['electron', '#electron/*', 'better-sqlite3', 'ws'], 'shared/ is pure'],
  [['vue', 'pinia', '#renderer/*', 'echarts*'], 'shared/ is pure'],
]

export default tseslint.config(
  { ignores: ['out/**', 'dist/**', 'node_modules/**', 'test/fixtures/**', 'coverage/**', '.stryker/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      parserOptions: {
        parser: tseslint.parser,
        projectService: false,
        project: [
          'shared/tsconfig.json',
          'electron/tsconfig.json',
          'electron/desktop/tsconfig.json',
          'electron/desktop/tsconfig.preload.json',
          'renderer/tsconfig.json',
          'test/tsconfig.json',
        ],
        extraFileExtensions: ['.vue'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-console': 'error',
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
    },
  },
  {
    files: ['shared/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...clockAndChance],
      'no-restricted-globals': ['error', 'Date', 'TextDecoder', 'TextEncoder', 'setTimeout', 'crypto', 'performance'],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name=/^toLocale/]',
          message: 'results may differ between machines',
        },
        {
          selector: "CallExpression[callee.property.name='localeCompare']",
          message: 'order may differ between machines',
        },
      ],
    },
  },
  forbid(['shared/base/**/*.ts'], [...noHost, ['../*/**', 'base imports nothing']]),
  forbid(
    ['shared/model/**/*.ts'],
    [...noHost, [['../spans/*', '../formats/*', '../analysis/*', '../contract/*'], 'model sees base only']],
  ),
  forbid(
    ['shared/spans/**/*.ts'],
    [...noHost, [['../formats/*', '../analysis/*', '../contract/*'], 'spans see base and model only']],
  ),
  forbid(
    ['shared/formats/**/*.ts'],
    [...noHost, [['../analysis/*', '../contract/*'], 'formats see base, model, spans only']],
  ),
  forbid(
    ['shared/analysis/**/*.ts'],
    [...noHost, [['../formats/*', '../spans/*', '../contract/*'], 'analyses see base and model only']],
  ),
  forbid(
    ['shared/timeline/**/*.ts'],
    [
      ...noHost,
      [['../formats/*', '../spans/*', '../contract/*', '../sim/*'], 'the timeline sees base, model and analysis only'],
    ],
  ),
  forbid(['shared/contract/**/*.ts'], noHost),
  forbid(
    ['electron/store/**/*.ts'],
    [
      ['electron', 'only electron/desktop sees Electron'],
      [
        [
          '#electron/engine/*',
          '#electron/cli/*',
          '#electron/web/*',
          '../engine/*',
          '../cli/*',
          '../web/*',
          '../desktop/*',
        ],
        'the store sees shared/ only',
      ],
    ],
  ),
  forbid(
    ['electron/engine/**/*.ts'],
    [
      ['electron', 'only electron/desktop sees Electron'],
      [['../cli/*', '../web/*', '../desktop/*', '#electron/cli/*', '#electron/web/*'], 'the engine knows no host'],
    ],
  ),
  forbid(
    ['electron/cli/**/*.ts', 'electron/web/**/*.ts'],
    [
      ['electron', 'only electron/desktop sees Electron'],
      [['../desktop/*', '#electron/desktop/*'], 'hosts do not see the desktop shell'],
    ],
  ),
  forbid(
    ['electron/desktop/**/*.ts'],
    [
      [
        ['../store/*', '#electron/store/*', 'better-sqlite3'],
        'the shell forks the engine by path, it never opens a store',
      ],
    ],
  ),
  forbid(
    ['renderer/**/*.ts', 'renderer/**/*.vue'],
    [
      ['node:*', 'the window has no Node'],
      [['electron', '#electron/*', 'better-sqlite3'], 'the window sees the contract only'],
      [['#shared/formats/*', '#shared/spans/*'], 'parsing happens in the engine'],
      [/^echarts$/, "import from 'echarts/core': the full build contains new Function"],
    ],
  ),
  {
    files: ['electron/cli/**/*.ts', 'electron/start.ts', 'test/bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.d.mts', '**/*.d.ts'],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
)
