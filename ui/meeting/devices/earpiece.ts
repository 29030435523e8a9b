/** Of iOS and Safari 16.4 and newer; TypeScript's own types do not know it yet. */
interface SoundOfSafari {
  audioSession?: { type: string };
}

/**
 * Tells an iPhone that one talks and listens here. Left to itself it may guess from the microphone that opens, and move the sound
 * from the headset or the loudspeaker to the earpiece. Before capture; elsewhere nothing happens.
 */
export function playAndRecord(on: object = navigator): void {
  const { audioSession } = on as SoundOfSafari;
  if (audioSession) audioSession.type = 'play-and-record';
}
