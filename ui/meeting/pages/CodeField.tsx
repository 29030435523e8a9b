import { useId, useState } from 'react';
import { openTyped } from '../session/open';
import { spaced } from '../session/address';
import { t } from '../text/t';

/** The code of a meeting, typed by hand. */
export function CodeField({ code = '' }: { code?: string }) {
  const id = useId();
  const [typed, setTyped] = useState(spaced(code));
  const [wrong, setWrong] = useState(false);
  const submit = async () => setWrong(!(await openTyped(typed)));
  return (
    <form
      className="code-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="field">
        <label htmlFor={id}>{t('code')}</label>
        <input
          id={id}
          inputMode="numeric"
          dir="ltr"
          autoComplete="off"
          value={typed}
          aria-invalid={wrong}
          aria-describedby={`${id}-hint`}
          onChange={(event) => setTyped(event.target.value)}
        />
        <span id={`${id}-hint`} className={wrong ? 'problem' : 'muted'}>
          {t(wrong ? 'code.wrong' : 'code.hint')}
        </span>
      </div>
      <button className="button primary" type="submit">
        {t('code.open')}
      </button>
    </form>
  );
}
