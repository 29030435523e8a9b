import { Languages } from 'lucide-react';
import { useId } from 'react';
import { useStore } from '../store/store';
import { chooseLanguage } from './choice';
import { nameOf } from './language';
import { languages, t } from './t';
import '../devices/devices.css';

/** Which language the page speaks, each by its own name; where the room leaves it to the person. */
export function LanguageSelect() {
  const id = useId();
  const language = useStore((state) => state.language);
  const offered = useStore((state) => state.room?.features.locale_switcher) ?? false;
  if (!offered) return null;
  return (
    <div className="device-select language-select">
      <label htmlFor={id} className="unseen">
        {t('language.choose')}
      </label>
      <Languages className="icon" aria-hidden />
      <select id={id} value={language} onChange={(event) => void chooseLanguage(event.target.value)}>
        {languages.map((code) => (
          <option key={code} value={code}>
            {nameOf(code)}
          </option>
        ))}
      </select>
    </div>
  );
}
