// The contrasts of the design, computed again from the style sheet.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');

/** Custom properties with colours in the block after a selector. */
function colours(selector: string): Map<string, string> {
  const start = css.indexOf(selector);
  expect(start, selector).toBeGreaterThan(-1);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name ?? '', value ?? '']));
}

const light = colours(':root {');
const dark = colours(":root[data-theme='dark'] {");
const system = colours(":root:not([data-theme='light']) {");

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(theme: Map<string, string>, ink: string, paper: string): number {
  const [a, b] = [ink, paper].map((name) => {
    const hex = theme.get(name);
    if (hex === undefined) throw new Error(`no colour ${name}`);
    return luminance(hex);
  }) as [number, number];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

test('the dark theme is the same by choice and by the system', () => {
  expect([...system]).toEqual([...dark]);
  expect([...dark.keys()]).toEqual([...light.keys()]);
});

// ink, paper, dark, light: one line per pair of the design's table.
test.each([
  ['text', 'bg', 15.8, 16.7],
  ['text', 'surface', 14.5, 17.7],
  ['text', 'raised', 12.9, 17.7],
  ['text', 'sunken', 16.6, 15.3],
  ['muted', 'bg', 9.0, 7.0],
  ['muted', 'surface', 8.3, 7.5],
  ['muted', 'raised', 7.4, 7.5],
  ['muted', 'sunken', 9.5, 6.5],
  ['faint', 'bg', 6.4, 5.3],
  ['faint', 'surface', 5.9, 5.6],
  ['faint', 'raised', 5.2, 5.6],
  ['faint', 'sunken', 6.7, 4.8],
  ['accent', 'surface', 7.8, 6.1],
  ['on-accent', 'accent', 7.8, 6.1],
  ['link', 'bg', 10.7, 6.1],
  ['link', 'surface', 9.8, 6.5],
  ['link', 'raised', 8.8, 6.5],
  ['link', 'sunken', 11.2, 5.6],
  ['ok', 'ok-bg', 8.2, 6.2],
  ['warn', 'warn-bg', 8.6, 6.5],
  ['bad', 'bad-bg', 7.1, 6.4],
  ['info', 'info-bg', 7.5, 6.8],
  ['on-danger', 'danger', 6.8, 6.5],
  ['danger', 'surface', 6.2, 6.5],
  ['line-strong', 'bg', 5.5, 3.6],
  ['line-strong', 'surface', 5.0, 3.9],
  ['line-strong', 'raised', 4.5, 3.9],
  ['focus', 'bg', 12.9, 6.4],
  ['focus', 'surface', 11.8, 6.8],
])('U33 contrast of %s on %s', (ink, paper, inDark, inLight) => {
  expect(contrast(dark, ink, paper)).toBeCloseTo(inDark, 0.9);
  expect(contrast(light, ink, paper)).toBeCloseTo(inLight, 0.9);
  const least = ink === 'line-strong' || ink === 'focus' ? 3 : 4.5;
  expect(Math.min(contrast(dark, ink, paper), contrast(light, ink, paper))).toBeGreaterThanOrEqual(least);
});
