import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { App } from '../App';
import { wearTheBrand } from '../brand/wear';
import { keep } from '../session/keep';
import { initial } from '../store/state';
import { get, set } from '../store/store';
import { speak } from '../text/t';
import { ME } from './cast';
import { Index } from './Index';
import { CODE, states, usual } from './states';
// What the page fetches later is here at once, so that a state is drawn as soon as it is shown.
import '../chat/ChatPanel';
import '../controls/menus';
import '../dialogs/Window';
import '../signals/Reactions';
import '../stage/Focus';
import '../design/tokens.css';
import '../design/base.css';
import '../design/controls.css';
import './gallery.css';

declare global {
  interface Window {
    /** The names of all states, and how to draw one of them. */
    gallery: { states: readonly string[]; show: (state: string) => void };
  }
}

const asked = new URLSearchParams(location.search);
const root = createRoot(document.getElementById('page') ?? document.body);

wearTheBrand();
keep(CODE, { admission: { id: ME, key: '' } });
const scheme = asked.get('scheme');
if (scheme) document.documentElement.dataset['wanted'] = scheme;

function show(name: string): void {
  const state = states[name];
  if (!state) return;
  const colour = asked.get('brand');
  const given = { ...usual(), ...state() };
  const brand = colour && given.room ? { main_color: `#${colour}`, text: 'Acme', logo_on_light: null, logo_on_dark: null, favicon: null } : null;
  // One state does not come from another: nothing of the last one is left.
  flushSync(() => root.render(null));
  set({ ...initial, ...given, language: get().language, ...(given.room && { room: { ...given.room, brand } }) });
  set({ toasts: given.toasts ?? [] });
  root.render(<App />);
}

void speak(asked.get('language') ?? 'en').then(() => {
  window.gallery = { states: Object.keys(states), show };
  const wanted = asked.get('state');
  if (wanted) show(wanted);
  else root.render(<Index />);
});
