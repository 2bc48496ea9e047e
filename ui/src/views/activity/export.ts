// The shown lines as a file.

import { redact } from '../../text/mask';
import type { Entry } from './entry';

export function toJson(entries: readonly Entry[]): string {
  return `${JSON.stringify(entries.map((entry) => redact({ ...entry, time: new Date(entry.at).toISOString() })), null, 2)}\n`;
}

const COLUMNS = ['id', 'time', 'kind', 'result', 'actor', 'actorName', 'object', 'objectName', 'ip', 'detail'] as const;

export function toCsv(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => {
    const detail = entry.detail === null ? '' : JSON.stringify(redact(entry.detail));
    const values = { ...entry, time: new Date(entry.at).toISOString(), detail };
    return COLUMNS.map((column) => cell(values[column])).join(',');
  });
  return [COLUMNS.join(','), ...rows, ''].join('\r\n');
}

function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  // Spreadsheets run what begins like a formula, and names of devices are chosen by strangers.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
