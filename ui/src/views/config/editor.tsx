// The file as text: numbered lines, the other half of a bracket, and what is wrong with which line. A plain text area underneath,
// so that every browser, keyboard and screen reader edits it as usual.

import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { announce } from '../../parts/announce';
import { matchBracket, placeOf } from './json5';
import type { Match, Place } from './json5';
import { t } from './text';

export interface LineIssue extends Place {
  readonly tone: 'bad' | 'warn';
  readonly message: string;
}

interface EditorProps {
  readonly value: string;
  readonly issues: readonly LineIssue[];
  readonly readOnly: boolean;
  readonly onInput: (value: string) => void;
}

export function Editor({ value, issues, readOnly, onInput }: EditorProps) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const lines = value.split('\n');
  const match = caret === null ? null : matchBracket(value, caret);
  const here = caret === null ? null : placeOf(value, caret);
  const byLine = new Map(issues.map((issue) => [issue.line, issue]));
  useEffect(() => {
    const element = area.current;
    const moved = () => document.activeElement === element && element && setCaret(element.selectionStart === element.selectionEnd ? element.selectionStart : null);
    document.addEventListener('selectionchange', moved);
    return () => document.removeEventListener('selectionchange', moved);
  }, []);

  const goTo = (place: Place) => {
    const element = area.current;
    if (!element) return;
    const before = value.split('\n').slice(0, place.line - 1).join('\n').length + (place.line > 1 ? 1 : 0);
    element.focus();
    element.setSelectionRange(before + place.column - 1, before + place.column - 1);
    // The caret is brought into view by the browser only when something is typed.
    const height = element.scrollHeight / lines.length;
    element.parentElement?.parentElement?.scrollTo({ top: Math.max(0, (place.line - 4) * height) });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const element = area.current;
    if (!element || readOnly) return;
    // Tab leaves the field, as everywhere; two spaces come with Enter, like the line above.
    if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      const before = value.slice(0, element.selectionStart);
      const line = before.slice(before.lastIndexOf('\n') + 1);
      const indent = /^\s*/.exec(line)?.[0] ?? '';
      const deeper = /[{[]\s*$/.test(line) ? '  ' : '';
      if (indent + deeper === '') return;
      event.preventDefault();
      element.setRangeText(`\n${indent}${deeper}`, element.selectionStart, element.selectionEnd, 'end');
      onInput(element.value);
    } else if (event.key === ']' && event.ctrlKey && match?.with !== null && match) {
      event.preventDefault();
      goTo(placeOf(value, match.with));
      announce(t('bracketAt', { line: placeOf(value, match.with).line }));
    }
  };

  return (
    <div class="stack tight">
      <label class="visually-hidden" for={id}>
        {t('rawLabel')}
      </label>
      <div class="editor">
        <ol class="gutter" aria-hidden="true">
          {lines.map((_, index) => (
            <li key={index} class={byLine.has(index + 1) ? `marked ${byLine.get(index + 1)?.tone}` : here?.line === index + 1 ? 'current' : undefined} title={byLine.get(index + 1)?.message}>
              {index + 1}
            </li>
          ))}
        </ol>
        <div class="code">
          <Brackets text={value} match={match} />
          <textarea
            ref={area}
            id={id}
            class="mono"
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            wrap="off"
            rows={lines.length}
            readOnly={readOnly}
            aria-invalid={issues.some(({ tone }) => tone === 'bad') || undefined}
            aria-describedby={`${id}-issues`}
            value={value}
            onInput={(event) => onInput(event.currentTarget.value)}
            onKeyDown={onKeyDown}
            onBlur={() => setCaret(null)}
          />
        </div>
      </div>
      <div class="row between editor-foot">
        <span class="caption muted">{here === null ? t('lines', { n: lines.length }) : t('caret', here as unknown as Record<string, number>)}</span>
        {match && <span class="caption muted">{match.with === null ? t('bracketAlone') : t('bracketMatches', { line: placeOf(value, match.with).line })}</span>}
      </div>
      <ul class="plain stack tight" id={`${id}-issues`}>
        {issues.map((issue) => (
          <li key={`${issue.line} ${issue.message}`} class={`row line-issue ${issue.tone}`}>
            <button class="link" type="button" onClick={() => goTo(issue)}>
              {t('line', { line: issue.line })}
            </button>
            <span>{issue.message}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The same text, invisible, with marks under the two brackets. */
function Brackets({ text, match }: { text: string; match: Match | null }) {
  if (!match) return null;
  const marks = [match.at, ...(match.with === null ? [] : [match.with])].sort((a, b) => a - b);
  const kind = match.with === null ? 'alone' : 'pair';
  let from = 0;
  return (
    <pre class="brackets mono" aria-hidden="true">
      {marks.map((offset) => {
        const before = text.slice(from, offset);
        from = offset + 1;
        return (
          <>
            {before}
            <mark class={kind}>{text[offset]}</mark>
          </>
        );
      })}
    </pre>
  );
}
