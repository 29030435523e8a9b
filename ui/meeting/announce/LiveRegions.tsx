import { setRegion } from './queue';

const polite = (element: HTMLElement | null) => setRegion('polite', element);
const assertive = (element: HTMLElement | null) => setRegion('assertive', element);

export const LiveRegions = () => (
  <>
    <div className="unseen" role="status" aria-live="polite" ref={polite} />
    <div className="unseen" role="alert" aria-live="assertive" ref={assertive} />
  </>
);
