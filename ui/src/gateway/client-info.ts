// How this browser introduces itself: `Firefox on Linux` is easier to recognise than 64 digits.

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bCriOS\//, 'Chrome'],
  [/\bHeadlessChrome\/|\bChromium\//, 'Chromium'],
  [/\bChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMacintosh\b|\bMac OS X\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/** `<browser> on <system>` of a user agent. */
export function displayName(userAgent: string): string {
  const first = (list: readonly (readonly [RegExp, string])[], other: string) =>
    list.find(([pattern]) => pattern.test(userAgent))?.[1] ?? other;
  return `${first(BROWSERS, 'Browser')} on ${first(SYSTEMS, 'unknown system')}`;
}

/** The platform as the wire names it. */
export function platform(): string {
  return navigator.platform || 'web';
}
