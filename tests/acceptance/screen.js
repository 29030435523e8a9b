// A screen that is shared without asking: 60 lines of 12 px letters, and a tone of 660 Hz. `window.screen_shared` is what was given away.
(() => {
  const WIDTH = 1280;
  const HEIGHT = 720;
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = '#101010';
  pen.font = '12px sans-serif';
  for (let line = 0; line < 44; line++)
    pen.fillText(`${line} The quick brown fox jumps over the lazy dog, and ill winds vex it. `.repeat(4), 8, 16 + line * 16);
  // A corner that changes, so that pictures come.
  let count = 0;
  setInterval(() => {
    pen.fillStyle = count++ % 2 ? '#ffffff' : '#e0e0e0';
    pen.fillRect(0, HEIGHT - 8, 8, 8);
  }, 200);
  function tone() {
    const context = new AudioContext();
    void context.resume();
    const out = new MediaStreamAudioDestinationNode(context);
    const loudness = new GainNode(context, { gain: 0.3 });
    const swelling = new OscillatorNode(context, { frequency: 4 }); // an even tone counts as silence, and is not sent
    swelling.connect(new GainNode(context, { gain: 0.2 })).connect(loudness.gain);
    const sound = new OscillatorNode(context, { frequency: 660 });
    sound.connect(loudness).connect(out);
    sound.start();
    swelling.start();
    return out.stream.getTracks();
  }
  navigator.mediaDevices.getDisplayMedia = async ({ audio }) => {
    const stream = new MediaStream([...canvas.captureStream(5).getTracks(), ...(audio ? tone() : [])]);
    window.screen_shared = { canvas, stream };
    return stream;
  };
})();
