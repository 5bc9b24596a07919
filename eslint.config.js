import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'test/package/consumers/']),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    // One program for almost all files. The project service creates one for each tsconfig.json, and another one for a file with a
    // shebang, which ESLint replaces by a comment.
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.eslint.json', 'test/integration/migration/types/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // An index signature is read with brackets here, so that a typing mistake in a known name is found.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Options come from JavaScript too, whatever their types say: they are checked when the program runs.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `string | 'discovered'` tells a reader more than `string`.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['test/**', 'examples/**', 'scripts/**', 'bench/**', '*.config.*'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      'no-console': 'off',
    },
  },
  {
    files: ['test/**'],
    rules: {
      // A value that is missing must fail the test, which reading a member of undefined does.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Hostile input is not of the type that is asked for.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  {
    files: ['examples/nestjs*.ts', 'test/adapters/nest/**', 'test/testing/**'],
    rules: {
      // A module of Nest is a class with a decorator, and Nest declares the interfaces of its options as classes.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        module: 'writable',
      },
    },
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
)
