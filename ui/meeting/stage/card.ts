import { hue, initials } from './initials';

/** What is written on a card. */
export interface Written {
  id: string;
  name: string;
  text: string;
}

const WIDTH = 640;
const HEIGHT = 360;
const RADIUS = 72;

/** A picture with a name on it, for a window that can show pictures alone; null where the browser makes none. */
export function makeCard(): { track: MediaStreamTrack; write: (written: Written) => void } | null {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext('2d');
  const track = pen && 'captureStream' in canvas ? canvas.captureStream().getVideoTracks()[0] : undefined;
  return pen && track ? { track, write: (written) => write(pen, written) } : null;
}

function write(pen: CanvasRenderingContext2D, { id, name, text }: Written): void {
  const middle = WIDTH / 2;
  pen.fillStyle = '#1f2329';
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = `oklch(0.48 0.09 ${hue(id)})`;
  pen.beginPath();
  pen.arc(middle, 128, RADIUS, 0, 2 * Math.PI);
  pen.fill();
  const font = getComputedStyle(document.body).fontFamily;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillStyle = '#ffffff';
  pen.font = `600 56px ${font}`;
  pen.fillText(initials(name), middle, 130, 2 * RADIUS);
  pen.font = `600 32px ${font}`;
  pen.fillText(name, middle, 244, WIDTH - 48);
  pen.fillStyle = '#a9b2bd';
  pen.font = `400 26px ${font}`;
  pen.fillText(text, middle, 292, WIDTH - 48);
}
