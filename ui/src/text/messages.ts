// Text for people, in one typed catalogue that is split by part of the program. No component holds text of its own.
//
// A message is plain text with `{name}` and `{name, plural, one {…} other {…}}`; `#` in a plural is the number. Locales
// replace messages by namespace and key (`register`); what a locale lacks stays English.

import { signal } from '@preact/signals';

export type Values = Readonly<Record<string, string | number>>;

/** Language tag in force. Components that show text depend on it. */
export const locale = signal('en');

type Catalogue = Readonly<Record<string, string>>;
const replacements = new Map<string, Catalogue>();
let transform: ((message: string) => string) | null = null;

/** Replaces messages of one namespace for the current locale. */
export function register(namespace: string, catalogue: Catalogue): void {
  replacements.set(namespace, catalogue);
}

/** Sets what is done to every message, which is how the pseudo-locales are made. `null` ends it. */
export function setTransform(change: ((message: string) => string) | null): void {
  transform = change;
}

/** Declares the messages of a part; the answer looks them up. */
export function messages<const C extends Catalogue>(
  namespace: string,
  catalogue: C,
): (key: keyof C & string, values?: Values) => string {
  return (key, values) => {
    const language = locale.value;
    const message = replacements.get(namespace)?.[key] ?? catalogue[key] ?? key;
    return format(transform ? transform(message) : message, values, language);
  };
}

/** Puts values into a message. */
export function format(message: string, values: Values | undefined, language: string): string {
  let out = '';
  let at = 0;
  while (at < message.length) {
    const open = message.indexOf('{', at);
    if (open < 0) return out + message.slice(at);
    out += message.slice(at, open);
    const close = closing(message, open);
    out += placeholder(message.slice(open + 1, close), values, language);
    at = close + 1;
  }
  return out;
}

function placeholder(body: string, values: Values | undefined, language: string): string {
  const [name = '', kind, ...rest] = body.split(',');
  const value = values?.[name.trim()];
  if (kind === undefined) return value === undefined ? `{${body}}` : number(value, language);
  const forms = choices(rest.join(','));
  const count = Number(value ?? 0);
  const form = forms.get(`=${count}`) ?? forms.get(new Intl.PluralRules(language).select(count)) ?? forms.get('other') ?? '';
  return format(form.replaceAll('#', number(count, language)), values, language);
}

function number(value: string | number, language: string): string {
  return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
}

function choices(text: string): Map<string, string> {
  const forms = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    if (open < 0) break;
    const close = closing(text, open);
    forms.set(text.slice(at, open).trim(), text.slice(open + 1, close));
    at = close + 1;
  }
  return forms;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}
