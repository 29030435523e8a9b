const [WIDTH, HEIGHT] = [480, 270];
const FRAMES = 15;
const GRAIN = 6;

/** A moving test picture that no codec makes small, so that it fills the line; no camera is asked for. */
export function testPicture(): { track: MediaStreamTrack; stop: () => void } {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext('2d');
  const draw = () => {
    if (!pen) return;
    for (let x = 0; x < WIDTH; x += GRAIN) {
      for (let y = 0; y < HEIGHT; y += GRAIN) {
        pen.fillStyle = `hsl(${360 * Math.random()} 80% ${100 * Math.random()}%)`;
        pen.fillRect(x, y, GRAIN, GRAIN);
      }
    }
  };
  draw();
  const timer = setInterval(draw, 1000 / FRAMES);
  const [track] = canvas.captureStream(FRAMES).getVideoTracks();
  if (!track) throw new Error('No picture can be taken of a canvas');
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}
