import '../../../tests/acceptance/camera.js';
import type { Person } from '../store/state';

declare global {
  interface Window {
    /** A drawn person who moves, on a canvas. */
    portrait: (scene: number) => HTMLCanvasElement;
  }
}

const names = [
  'Amara Osei',
  'Jonas Weber',
  'Mei Tanaka',
  'Luis Ortega',
  'ليلى حداد',
  'Zoë Kowalczyk-Brandt',
  'יעל כהן',
  '陈思远',
  'Priya Raman',
  'Tomás',
  'Ingrid Solberg',
  'Kofi Mensah',
];

/** So many different pictures; who comes later wears an earlier one's. */
const FACES = 8;
const tracks = new Map<string, MediaStreamTrack>();

function track(of: string, draw: () => HTMLCanvasElement): MediaStreamTrack {
  const [video] = tracks.has(of) ? [tracks.get(of)] : draw().captureStream(5).getVideoTracks();
  if (!video) throw new Error('A canvas gives a picture');
  tracks.set(of, video);
  return video;
}

export const face = (scene: number): MediaStreamTrack => track(`face ${scene % FACES}`, () => window.portrait(scene % FACES));

export const ME = 'person-0';
export const idOf = (number: number): string => `person-${number}`;
export const nameOf = (number: number): string => names[number] ?? `Guest ${number + 1}`;

/** Number 0 is ourselves. Everybody has a picture and is muted, unless said otherwise. */
export const person = (number: number, is: Partial<Person> = {}): Person => ({
  id: idOf(number),
  name: nameOf(number),
  role: number === 0 ? 'host' : 'guest',
  me: number === 0,
  away: false,
  muted: true,
  speaking: false,
  quality: 'good',
  camera: face(number),
  coming: false,
  paused: false,
  share: null,
  ...is,
});

/** The first `count` of the cast; the second one speaks. */
export const cast = (count: number): Person[] =>
  Array.from({ length: count }, (_, number) => person(number, number === 1 ? { muted: false, speaking: true } : {}));

/** A shared screen: a page of figures with small letters, so that one sees how sharp it is. */
export const screen = (title: string): MediaStreamTrack => track(`screen ${title}`, () => sheet(title));

function sheet(title: string): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 900 });
  const pen = canvas.getContext('2d');
  if (!pen) return canvas;
  const box = (colour: string, x: number, y: number, w: number, h: number) => {
    pen.fillStyle = colour;
    pen.fillRect(x, y, w, h);
  };
  const text = (size: number, words: string, x: number, y: number, colour = '#20262e') => {
    pen.font = `${size > 20 ? 600 : 400} ${size}px Figtree, sans-serif`;
    pen.fillStyle = colour;
    pen.fillText(words, x, y);
  };
  const draw = () => {
    box('#ffffff', 0, 0, 1600, 900);
    box('#f2f4f7', 0, 0, 260, 900);
    text(44, title, 320, 110);
    text(18, 'Spring term, all groups together', 320, 150, '#5a6572');
    ['Overview', 'Groups', 'Lessons', 'Homework', 'Reports'].forEach((entry, i) => text(18, entry, 48, 110 + i * 44, i === 0 ? '#1f5fbf' : '#3c4650'));
    [340, 420, 380, 520, 470, 610, 560].forEach((height, i) => {
      box(i === 5 ? '#1f5fbf' : '#a9c4ec', 330 + i * 170, 800 - height, 110, height);
      text(16, `Week ${i + 12}`, 352 + i * 170, 832, '#5a6572');
    });
  };
  draw();
  setInterval(draw, 500);
  return canvas;
}
