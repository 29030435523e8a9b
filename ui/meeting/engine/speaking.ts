import { get, set } from '../store/store';
import { listen, silence } from '../stage/voices';

/** The engine tells who is loud each 400 ms; what follows from it needs a clock. */
const EVERY_MS = 250;

/** Keeps `store.speakers`: who has been talking, apart from ourselves. Returns how to stop. */
export function speaking(): () => void {
  let voices = silence;
  const timer = setInterval(() => {
    const others = (get().call?.people ?? []).filter((person) => !person.me);
    const loud = others.filter((person) => person.speaking).map(({ id }) => id);
    voices = listen(voices, loud, others.map(({ id }) => id), performance.now());
    const { front, lately } = get().speakers;
    if (front !== voices.front || lately !== voices.lately) set({ speakers: { front: voices.front, lately: voices.lately } });
  }, EVERY_MS);
  return () => clearInterval(timer);
}
