import { memo } from 'react';
import { leftOut, ownPresence } from '../network/strain';
import { useUnrecorded } from '../recording/consent';
import { placeOf } from '../signals/hands';
import type { Person, Picture } from '../store/state';
import { useStore } from '../store/store';
import { refit } from './choices';
import { fit, type Stage } from './grid';
import { Tile } from './Tile';
import { TileTools } from './TileTools';
import { usePicture } from './usePicture';

interface Props {
  person: Person;
  size: { w: number; h: number };
  stage: Stage;
  /** It floats over another one: it fills its tile, whatever is cut off. */
  filled?: boolean;
}

const NAME_FROM = 120;

/**
 * A tile that knows its size, what we chose for it, and for ourselves the wish instead of the engine's echo. Among many
 * people somebody always begins or ends to speak: only whose tile it is, is drawn again.
 */
export const PersonTile = memo(function PersonTile({ person, size: { w, h }, stage, filled = false }: Props) {
  const { id, me } = person;
  const seen = usePicture(person);
  const dark = useStore((state) => !me && leftOut(state, id)) && (seen !== null || person.coming);
  // Not drawn, it is not sent: the engine's client asks for what is on the page.
  const picture = dark ? null : seen;
  const wish = useStore((state) => state.wish.microphone && state.capture.microphone.is === 'live');
  const sharing = useStore((state) => (me ? state.share.is === 'live' : person.share !== null));
  const pinned = useStore((state) => state.pins.includes(id));
  const spotlit = useStore((state) => state.told.spotlight === id);
  const refitted = useStore((state) => state.refitted.includes(id));
  const presence = useStore((state) => (me ? ownPresence(state) : (state.presences.get(id) ?? null)));
  const mirrored = useStore((state) => me && state.selfView.mirrored);
  const hand = useStore((state) => placeOf(state.hands, id));
  const unrecorded = useUnrecorded(person);
  const heard = me && person.muted === wish ? { ...person, muted: !wish } : person;
  const shown = dark ? { ...heard, paused: true } : heard;
  const usual = filled ? 'cover' : fit(w, h, stage);
  const other = usual === 'cover' ? 'contain' : 'cover';
  return (
    <Tile
      person={shown}
      picture={picture}
      fit={refitted ? other : usual}
      mirrored={mirrored && facesUser(picture)}
      small={w < NAME_FROM}
      pinned={pinned}
      spotlit={spotlit}
      sharing={sharing}
      presence={presence}
      hand={hand}
      unrecorded={unrecorded}
      onDoubleClick={() => refit(id)}
    >
      <TileTools person={shown} pinned={pinned} pictured={picture !== null} whole={(usual === 'contain') !== refitted} small={w < NAME_FROM} floating={filled} />
    </Tile>
  );
}, alike);

function alike(a: Props, b: Props): boolean {
  const sized = a.size.w === b.size.w && a.size.h === b.size.h;
  return sized && a.person === b.person && a.filled === b.filled && a.stage.width === b.stage.width && a.stage.height === b.stage.height;
}

/** The camera at the back of a phone is not a mirror. */
export const facesUser = (picture: Picture | null): boolean =>
  picture instanceof MediaStreamTrack && picture.getSettings().facingMode !== 'environment';
