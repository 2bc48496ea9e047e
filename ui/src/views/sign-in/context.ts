// What the screens put into commands and links: this host, this port, this page.

import { currentUrl, isOwn } from '../../gateway/gateways';
import { partsOf } from '../../gateway/gateway-address';
import type { AddressParts } from '../../gateway/gateway-address';

export interface ScreenContext extends AddressParts {
  readonly url: string;
  /** The gateway served this page. */
  readonly own: boolean;
}

export function screenContext(): ScreenContext {
  const url = currentUrl.value;
  return { ...partsOf(url), url, own: isOwn(url) };
}

export function sshCommand({ hostname, port }: AddressParts): string {
  return `ssh -N -L ${port}:127.0.0.1:${port} user@${hostname}`;
}

/** The command that adds the page's origin: the gateway's own, which keeps what is listed; else one for this origin alone. */
export function originCommand(origin: string, details: Readonly<Record<string, unknown>> | undefined): string {
  const fix = details?.['fix'];
  // A stranger's answer must not put another command before the person.
  if (typeof fix === 'string' && /^openclaw config set gateway\.controlUi\.allowedOrigins '\[[^'\n]*\]'$/.test(fix)) return fix;
  return `openclaw config set gateway.controlUi.allowedOrigins '${JSON.stringify([origin])}'`;
}

/** Link to a pending request in the page of a gateway, for a device that is signed in there. */
export function requestLink({ page }: AddressParts, requestId: string): string {
  return `${page}devices?request=${encodeURIComponent(requestId)}`;
}
