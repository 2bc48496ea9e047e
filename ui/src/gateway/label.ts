// What a gateway is called: what the person says, else what it says, else its address.

import { computed } from '@preact/signals';
import { partsOf } from './gateway-address';
import { currentUrl, gateways } from './gateways';
import type { KnownGateway } from './gateways';
import type { Hello } from './hello';
import { hello } from './session';

/** The name that a gateway gives itself: older ones in the hello, newer ones in the presence list. */
export function hostOf(greeting: Hello | null): string | null {
  if (!greeting) return null;
  if (greeting.server.host) return greeting.server.host;
  const presence = greeting.snapshot['presence'];
  const own = Array.isArray(presence)
    ? (presence as readonly unknown[]).find((entry) => typeof entry === 'object' && entry !== null && (entry as { mode?: unknown }).mode === 'gateway')
    : undefined;
  const host = (own as { host?: unknown } | undefined)?.host;
  return typeof host === 'string' && host !== '' ? host : null;
}

/** What a known gateway is called. */
export function labelOf(known: KnownGateway): string {
  return known.label || partsOf(known.url).shown;
}

/** What the gateway of this tab is called. */
export const gatewayLabel = computed(() => {
  const known = gateways.value.find(({ url }) => url === currentUrl.value);
  return known?.label || hostOf(hello.value) || partsOf(currentUrl.value).shown;
});
