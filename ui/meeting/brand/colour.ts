/** Arithmetic of WCAG 2.2 (relative luminance, contrast ratio) for a theme's one colour. */

export type Rgb = readonly [number, number, number];

/** What the page's accents stand on, in the light and in the dark scheme: the ground that is hardest to be read on. */
const GROUND = { light: [231, 234, 238], dark: [46, 52, 59] } as const satisfies Record<string, Rgb>;
const INK: Rgb = [20, 23, 26];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const READABLE = 4.5;
const STEP = 0.04;
const HOVER = 0.12;

/** Colours for one scheme, as CSS takes them. */
export interface Palette {
  /** Links, signs, focus: readable as text on every ground of the scheme. */
  accent: string;
  primary: string;
  primaryHover: string;
  onPrimary: string;
}

/** `#abc` and `#aabbcc`; null for anything else. */
export function parse(hex: string): Rgb | null {
  const long = /^#[\da-f]{3}$/i.test(hex) ? hex.replace(/[\da-f]/gi, '$&$&') : hex;
  if (!/^#[\da-f]{6}$/i.test(long)) return null;
  const n = parseInt(long.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** The brand's colour itself on buttons; a darker or lighter one of its kind where it has to be read as text. */
export function palette(colour: Rgb, scheme: keyof typeof GROUND): Palette {
  const towards = scheme === 'light' ? INK : WHITE;
  let accent = colour;
  for (let part = STEP; contrast(accent, GROUND[scheme]) < READABLE && part <= 1; part += STEP) accent = mix(colour, towards, part);
  // On every colour either white or black is readable; ink is the softer black.
  const onPrimary = [WHITE, INK].find((one) => contrast(colour, one) >= READABLE) ?? BLACK;
  // Away from what is written on it: hovering never costs contrast.
  const primaryHover = mix(colour, onPrimary === WHITE ? INK : WHITE, HOVER);
  return { accent: css(accent), primary: css(colour), primaryHover: css(primaryHover), onPrimary: css(onPrimary) };
}

/** From 1 (the same) to 21 (black and white). */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const mix = (from: Rgb, to: Rgb, part: number): Rgb =>
  [0, 1, 2].map((i) => Math.round((from[i] ?? 0) * (1 - part) + (to[i] ?? 0) * part)) as unknown as Rgb;

const css = (rgb: Rgb): string => `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
