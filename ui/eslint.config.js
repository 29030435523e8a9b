import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const text = 'Texts live in locales/en.json; use t().';

export default defineConfig(
  { ignores: ['node_modules', 'eslint.config.js', '**/*.gen.ts'] },
  tseslint.configs.strictTypeChecked,
  reactHooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', 300],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXText[value=/\\p{L}/u]', message: text },
        { selector: 'JSXAttribute[name.name=/^(aria-label|title|placeholder|alt)$/] > Literal', message: text },
      ],
    },
  },
);
