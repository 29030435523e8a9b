import type { ConsentWords } from '../api/types';
import { languageTag } from '../text/t';

/** The version of what people are told before they agree (`prejoin.recorded`, `consent.text`); to be raised with each change of meaning. */
const VERSION = '1';

/** What was shown, as it is stored with an answer. */
export const words = (): ConsentWords => ({ text: VERSION, language: languageTag() });
