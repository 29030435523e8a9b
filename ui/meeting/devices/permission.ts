import type { DeviceKind } from '../store/state';
import type { Circumstances } from './refusal';

interface PolicyDocument extends Document {
  permissionsPolicy?: { allowsFeature(name: string): boolean };
  featurePolicy?: { allowsFeature(name: string): boolean };
}

/** The browser's word on a device; never trusted alone, since some browsers do not say or say it wrong. */
export async function permission(kind: DeviceKind): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: kind });
  } catch {
    return null;
  }
}

/** Whether the page around us passes this device on to our frame. */
export function policy(kind: DeviceKind): Circumstances['policy'] {
  const page = document as PolicyDocument;
  const rules = page.permissionsPolicy ?? page.featurePolicy;
  if (!rules) return 'unknown';
  return rules.allowsFeature(kind) ? 'allowed' : 'refused';
}
