import { encode } from 'uqr';
import { t } from '../text/t';
import { pathOf } from './squares';

/** Light around the squares, as wide as readers want it. */
const MARGIN = 4;

/** The link as a picture that a phone's camera reads: dark on light in every scheme, or some cameras would not. */
export default function QrCode({ link }: { link: string }) {
  const { data, size } = encode(link, { ecc: 'M', border: MARGIN });
  return (
    <figure className="invite-code">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t('invite.code')} shapeRendering="crispEdges">
        <path d={pathOf(data)} />
      </svg>
      <figcaption className="muted">{t('invite.scan')}</figcaption>
    </figure>
  );
}
