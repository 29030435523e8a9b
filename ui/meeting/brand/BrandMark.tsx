import { Logo } from '../design/Logo';
import type { Brand } from '../store/state';
import { useStore } from '../store/store';
import './brand.css';

const useBrand = (): Brand | null => useStore((state) => state.room?.brand) ?? null;

/** Whose meeting it is: the theme's mark; without a theme, our own. */
export function BrandMark() {
  const brand = useBrand();
  return brand ? <Mark brand={brand} /> : <Logo />;
}

/** The theme's mark in the meeting; nothing without a theme. */
export function BrandInCall() {
  const brand = useBrand();
  return brand && <Mark brand={brand} />;
}

/** The logo that is made for this ground; where there is none, the brand's text. */
const Mark = ({ brand }: { brand: Brand }) => (
  <div className="brand">
    <OnGround ground="light" logo={brand.logo_on_light} text={brand.text} />
    <OnGround ground="dark" logo={brand.logo_on_dark} text={brand.text} />
  </div>
);

function OnGround({ ground, logo, text }: { ground: 'light' | 'dark'; logo: string | null; text: string }) {
  return logo ? (
    <img className={`on-${ground}`} src={logo} alt={text} />
  ) : (
    <bdi className={`on-${ground}`} dir="auto">
      {text}
    </bdi>
  );
}
