import { createRoot } from 'react-dom/client';
import { App } from './App';
import { wearTheBrand } from './brand/wear';
import { openPage } from './session/open';
import { speak } from './text/t';
import { waitAtTheDoor } from './waiting/door';
import { watchTheDoor } from './waiting/host';
import './design/tokens.css';
import './design/base.css';
import './design/controls.css';

waitAtTheDoor();
watchTheDoor();
wearTheBrand();

void speak('default').then(() => {
  const element = document.getElementById('page');
  if (element) createRoot(element).render(<App />);
  return openPage();
});
