import { t } from '../text/t';

/** Three corners and a guest: the mark beside the word. */
export const Logo = () => (
  <div className="logo">
    <svg viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="9" fill="#1f5fbf" />
      <path
        fill="#fff"
        d="M7 7h5a3 3 0 0 1 3 3v5h-5a3 3 0 0 1-3-3zM25 7v5a3 3 0 0 1-3 3h-5v-5a3 3 0 0 1 3-3zM7 25v-5a3 3 0 0 1 3-3h5v5a3 3 0 0 1-3 3z"
      />
      <circle cx="21" cy="21" r="4" fill="#a9ccff" />
    </svg>
    <span>{t('app.name')}</span>
  </div>
);
