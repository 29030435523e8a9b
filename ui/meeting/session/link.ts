import { get } from '../store/store';
import { linkOf, readAddress } from './address';
import { kept } from './keep';

/** The whole link by which this person came, token and all: whoever opens it elsewhere is there who he is here. */
export function wholeLink(): string {
  const { code } = get();
  return location.origin + linkOf({ code, home: readAddress(location).home, token: kept(code).token ?? null });
}
