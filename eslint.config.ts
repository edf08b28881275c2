import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // Names from strangers are text, never markup.
    files: ['web/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: ':matches(JSXIdentifier, Property > Identifier)[name=dangerouslySetInnerHTML]',
          message: 'Text is put on the page as text.',
        },
        {
          selector:
            'MemberExpression > Identifier[name=/^(innerHTML|outerHTML|insertAdjacentHTML|srcdoc|write)$/]',
          message: 'Text is put on the page as text.',
        },
      ],
    },
  },
  {
    files: ['scripts/**', 'bench/**'],
    rules: { 'no-console': 'off' },
  },
  {
    // Run by whatever Node the machine has, before TypeScript can be run.
    files: ['bin/*.js', 'scripts/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
    rules: { 'no-console': 'off' },
  },
);
