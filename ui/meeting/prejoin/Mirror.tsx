import { DeviceNotes } from '../devices/DeviceNotes';
import { DeviceSelects } from '../devices/DeviceSelects';
import { Preview } from './Preview';

/** One's own picture and sound before the call, and what can be chosen and mended of them. */
export const Mirror = () => (
  <div className="mirror">
    <Preview />
    <DeviceNotes />
    <DeviceSelects />
  </div>
);
