/**
 * The browser sets up threads, codecs and sound when a page makes its first connection, which takes a tenth of a second.
 * Done while the person looks into the mirror, with a connection that goes nowhere.
 */
export async function warm(): Promise<void> {
  const connection = new RTCPeerConnection();
  try {
    for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
    await connection.setLocalDescription(await connection.createOffer());
  } finally {
    connection.close();
  }
}
