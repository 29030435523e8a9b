import type { State } from '../store/state';
import { running } from './recording';

/** A recording is being made, or is about to be, and not about to end. */
export const goesOn = (recording: State['recording']): boolean => running(recording) && recording?.state !== 'stopping';

/** There is a recording in which we are only if we agree, and we have not said whether we do. */
export const asked = ({ recording, consent }: State): boolean => goesOn(recording) && consent === 'undecided';
