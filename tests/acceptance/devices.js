// Devices that a test can plug in, take away, use elsewhere and silence: on top of a drawn camera and a voice.
(() => {
  const media = navigator.mediaDevices;
  const { getUserMedia, enumerateDevices } = media;
  const machine = { taken: new Set(), extra: [], open: { audio: null, video: null }, asked: [] };
  window.machine = machine;
  const says = (track, type) => track.dispatchEvent(new Event(type));

  media.getUserMedia = async (wanted) => {
    machine.asked.push(wanted);
    for (const kind of ['audio', 'video'])
      if (wanted[kind] && machine.taken.has(kind)) throw new DOMException('Could not start source', 'NotReadableError');
    const stream = await getUserMedia.call(media, wanted);
    for (const track of stream.getTracks()) machine.open[track.kind] = track;
    const [video] = stream.getVideoTracks();
    const facing = wanted.video?.facingMode?.ideal;
    if (video && facing) {
      const settings = video.getSettings.bind(video);
      video.getSettings = () => ({ ...settings(), facingMode: facing });
    }
    return stream;
  };
  media.enumerateDevices = async () => {
    const gone = machine.gone ?? [];
    return [...(await enumerateDevices.call(media)), ...machine.extra].filter(({ deviceId }) => !gone.includes(deviceId));
  };
  machine.plug = (...devices) => {
    machine.extra.push(...devices);
    media.dispatchEvent(new Event('devicechange'));
  };
  machine.unplug = (...ids) => {
    machine.gone = ids;
    media.dispatchEvent(new Event('devicechange'));
  };
  /** The system takes a device for good (its track ends), or gives it back. */
  machine.take = (kind) => {
    machine.taken.add(kind);
    machine.open[kind].stop();
    says(machine.open[kind], 'ended');
  };
  machine.give = (kind) => machine.taken.delete(kind);
  /** The system silences a track for as long as a phone call. */
  machine.silence = (kind, silent) => {
    const track = machine.open[kind];
    Object.defineProperty(track, 'muted', { value: silent, configurable: true });
    says(track, silent ? 'mute' : 'unmute');
  };
})();
