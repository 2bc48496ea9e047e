// Where the page is mounted: what the gateway wrote into the document.

const root = typeof document === 'undefined' ? null : document.documentElement;

/** Path prefix without a final slash: empty, or `/panel`. */
export const basePath: string = root?.dataset['basePath'] ?? '';

/** Version of the gateway that served the page; empty when something else did. */
export const servedBy: string = root?.dataset['version'] ?? '';

/** What the address held before `boot.js` took the credentials out of it. */
export interface Launch {
  readonly hash: string;
  readonly search: string;
}

declare global {
  interface Window {
    openclawLaunch?: Launch;
  }
}

/** Takes what the page was opened with; the second call gets nothing. */
export function takeLaunch(): Launch {
  const launch = window.openclawLaunch ?? { hash: '', search: '' };
  delete window.openclawLaunch;
  return launch;
}

/** Address of the directory that the page was served from. */
export function servedFrom(): string {
  const base = new URL(document.baseURI);
  return `${base.protocol}//${base.host}${base.pathname}`;
}
