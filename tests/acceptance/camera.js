// A camera that shows a drawn person instead of the browser's test card, and a microphone that speaks without a pause.
// `window.scene` says who it is; `window.portrait(scene)` is one person's picture alone, on a canvas.
(() => {
  function portrait(scene) {
    const WIDTH = 1280;
    const HEIGHT = 720;
    const scenes = [
      { wall: ['#f1d9c0', '#d9a98a'], shirt: '#2f5d62', skin: '#8d5a3b', hair: '#231815', cut: 'bun', things: lamp },
      { wall: ['#cfe0e8', '#8fb3c4'], shirt: '#e0a458', skin: '#f0c5a3', hair: '#6b4226', cut: 'short', things: hills },
      { wall: ['#dfe6d5', '#a9bf9a'], shirt: '#a44a5a', skin: '#f2d0b0', hair: '#15151c', cut: 'long', things: plant },
      { wall: ['#e3d8ec', '#a893c4'], shirt: '#33415c', skin: '#c68e63', hair: '#3a2a20', cut: 'beard', things: shelf },
    ];
    // From the fifth on: the clothes and the room of somebody else.
    const { skin, hair, cut } = scenes[scene % scenes.length];
    const { wall, shirt, things } = scenes[(scene + Math.floor(scene / scenes.length)) % scenes.length];
    const SCALE = 0.5; // four browsers on one machine
    const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH * SCALE, height: HEIGHT * SCALE });
    const pen = canvas.getContext('2d');
    pen.scale(SCALE, SCALE);

    function fill(color, path) {
      pen.fillStyle = color;
      pen.beginPath();
      path();
      pen.fill();
    }
    const oval = (color, x, y, w, h, turn = 0) => fill(color, () => pen.ellipse(x, y, w, h, turn, 0, 7));
    const box = (color, x, y, w, h, r = 0) => fill(color, () => pen.roundRect(x, y, w, h, r));

    function lamp(t) {
      const glow = pen.createRadialGradient(1020, 250, 20, 1020, 250, 330);
      glow.addColorStop(0, `rgb(255 240 200 / ${0.75 + 0.05 * Math.sin(t)})`);
      glow.addColorStop(1, 'rgb(255 240 200 / 0)');
      box(glow, 600, 0, 680, 720);
      box('#6d4c3d', 1014, 290, 12, 300);
      fill('#fff3d1', () => pen.roundRect(950, 180, 140, 120, [60, 60, 10, 10]));
      box('#7c5a48', 0, 590, WIDTH, 130);
      box('#b5745a', 150, 120, 210, 260, 6);
      box('#f7e7d6', 170, 140, 170, 220, 3);
      oval('#d98c6a', 255, 240, 46, 46);
    }
    function hills(t) {
      box('#f7fbfd', 110, 70, 420, 380, 12);
      pen.save();
      pen.beginPath();
      pen.roundRect(126, 86, 388, 348, 6);
      pen.clip();
      box('#bfe3f5', 126, 86, 388, 348);
      oval('#fff6d8', 420, 160, 38, 38);
      oval('#ffffff', 200 + 14 * Math.sin(t / 6), 180, 60, 20);
      oval('#8fbf8a', 190, 460, 230, 150);
      oval('#6fa573', 440, 480, 220, 140);
      pen.restore();
      box('#f7fbfd', 314, 86, 12, 348);
      box('#7e96a3', 0, 610, WIDTH, 110);
    }
    function plant(t) {
      box('#c98f62', 170, 500, 150, 160, [8, 8, 30, 30]);
      for (let i = -3; i <= 3; i++) {
        pen.save();
        pen.translate(245, 505);
        pen.rotate(i * 0.32 + 0.03 * Math.sin(t + i));
        oval(i % 2 ? '#4f7f55' : '#659c66', 0, -130, 26, 130);
        pen.restore();
      }
      box('#8aa07c', 0, 640, WIDTH, 80);
      box('#f4efe2', 930, 110, 240, 170, 6);
      oval('#c9785a', 1010, 195, 36, 36);
      oval('#5b7f8a', 1085, 205, 50, 26, -0.3);
    }
    function shelf() {
      for (const y of [190, 380]) box('#6b5484', 840, y, 400, 14, 4);
      const books = ['#f2b880', '#c85c5c', '#5b8e7d', '#f4e285', '#4a6fa5', '#bc96e6', '#e07a5f'];
      books.forEach((color, i) => box(color, 856 + i * 40, 80 + (i % 3) * 14, 32, 110 - (i % 3) * 14, 3));
      books.forEach((color, i) => i < 5 && box(color, 1030 + i * 38, 270 + (i % 2) * 18, 30, 110 - (i % 2) * 18, 3));
      oval('#e9dff2', 920, 340, 42, 40);
      box('#57446f', 0, 630, WIDTH, 90);
    }
    function person(t) {
      const x = WIDTH / 2 + 10 * Math.sin(t * 0.7);
      const y = 300 + 5 * Math.sin(t * 1.3);
      if (cut === 'long') box(hair, x - 150, y - 120, 300, 400, 140);
      if (cut === 'bun') oval(hair, x, y - 175, 64, 56);
      fill(shirt, () => pen.roundRect(x - 290, y + 235 + 4 * Math.sin(t * 1.3), 580, 400, [190, 190, 0, 0]));
      box(skin, x - 52, y + 110, 104, 170, 50);
      fill('rgb(0 0 0 / 12%)', () => pen.ellipse(x, y + 150, 50, 26, 0, 0, Math.PI));
      oval(hair, x, y - 45, 140, 135);
      for (const side of [-1, 1]) oval(skin, x + side * 122, y + 30, 20, 30);
      oval(skin, x, y + 25, 122, 148);
      if (cut === 'beard') {
        fill(hair, () => pen.ellipse(x, y + 70, 121, 108, 0, 0.05, Math.PI - 0.05));
        oval(skin, x, y + 62, 70, 40);
      }
      fill(hair, () => {
        pen.moveTo(x - 128, y + 5);
        pen.quadraticCurveTo(x - 120, y - 165, x + 10, y - 160);
        pen.quadraticCurveTo(x + 125, y - 150, x + 128, y + 5);
        pen.quadraticCurveTo(x + 90, y - 65, x - 20, y - 70);
        pen.quadraticCurveTo(x - 100, y - 60, x - 128, y + 5);
      });
      const open = t % 4 < 0.15 ? 1 : 11;
      for (const side of [-1, 1]) {
        oval('#2a2320', x + side * 46, y + 18, 9, open);
        box(hair, x + side * 46 - 24, y - 18, 48, 8, 4);
      }
      pen.strokeStyle = '#7d3b34';
      pen.lineWidth = 7;
      pen.lineCap = 'round';
      pen.beginPath();
      pen.arc(x, y + 66, 34, 0.35, Math.PI - 0.35);
      pen.stroke();
    }
    function draw() {
      const t = performance.now() / 1000 + scene * 2;
      const light = pen.createLinearGradient(0, 0, WIDTH, HEIGHT);
      light.addColorStop(0, wall[0]);
      light.addColorStop(1, wall[1]);
      box(light, 0, 0, WIDTH, HEIGHT);
      things(t);
      person(t);
    }
    draw();
    // Who wants no motion gets hardly any.
    setInterval(draw, matchMedia('(prefers-reduced-motion: reduce)').matches ? 2000 : 200);
    return canvas;
  }
  // Louder and softer five times a second, as syllables are: an even tone counts as silence, and is not sent.
  function voice() {
    const context = (window.speaking ??= new AudioContext());
    void context.resume();
    const tone = new OscillatorNode(context, { type: 'sawtooth', frequency: 150 });
    const syllables = new OscillatorNode(context, { frequency: 5 });
    const loudness = new GainNode(context, { gain: 0.4 });
    const out = new MediaStreamAudioDestinationNode(context);
    syllables.connect(new GainNode(context, { gain: 0.3 })).connect(loudness.gain);
    syllables.connect(new GainNode(context, { gain: 40 })).connect(tone.frequency);
    tone.connect(loudness).connect(out);
    tone.start();
    syllables.start();
    return out.stream;
  }

  window.portrait = portrait;
  let own; // one canvas, however often it is asked for
  const media = navigator.mediaDevices;
  media.getUserMedia = async ({ audio, video }) => {
    const sound = audio ? voice().getTracks() : [];
    return new MediaStream([...sound, ...(video ? (own ??= portrait(window.scene ?? 0)).captureStream(5).getTracks() : [])]);
  };
  const names = { audioinput: 'Built-in microphone', videoinput: 'Built-in camera', audiooutput: 'Speakers' };
  media.enumerateDevices = async () =>
    Object.entries(names).map(([kind, label]) => ({ kind, label, deviceId: kind, groupId: 'built-in' }));
})();
