import { watch } from '../store/store';
import type { Brand } from '../store/state';
import { palette, parse, type Palette } from './colour';

const PROPERTIES: Readonly<Record<keyof Palette, string>> = {
  accent: '--accent',
  primary: '--primary',
  primaryHover: '--primary-hover',
  onPrimary: '--on-primary',
};

/** From now on the page wears the theme of its room: colours and the tab's icon. The policy allows no style in the HTML. */
export function wearTheBrand(): void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const own = icon?.href ?? '';
  watch(
    (state) => state.room?.brand ?? null,
    (brand) => {
      paint(brand);
      if (!icon) return;
      icon.type = brand?.favicon ? 'image/png' : 'image/svg+xml';
      icon.href = brand?.favicon ?? own;
    },
  );
}

function paint(brand: Brand | null): void {
  const { style } = document.documentElement;
  const colour = parse(brand?.main_color ?? '');
  const both = colour && { light: palette(colour, 'light'), dark: palette(colour, 'dark') };
  for (const [name, property] of Object.entries(PROPERTIES) as [keyof Palette, string][]) {
    if (both) style.setProperty(property, `light-dark(${both.light[name]}, ${both.dark[name]})`);
    else style.removeProperty(property);
  }
}
