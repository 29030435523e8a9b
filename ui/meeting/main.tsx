import { createRoot } from 'react-dom/client';
import { App } from './App';
import { openPage } from './session/open';
import './design/tokens.css';
import './design/base.css';
import './design/controls.css';

const element = document.getElementById('page');
if (element) createRoot(element).render(<App />);
void openPage();
