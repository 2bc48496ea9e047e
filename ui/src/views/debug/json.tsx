import { useMemo, useRef } from 'preact/hooks';
import { Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { redact } from '../../text/mask';
import { visible } from '../../text/visible';
import { t } from './text';

/** A value as people read it, without its secrets. */
export function pretty(value: unknown): string {
  return JSON.stringify(redact(value), null, 2) ?? 'undefined';
}

/** A value in a box of its own, with a button that copies it. */
export function Json({ value, label, copy }: { value: unknown; label: string; copy?: string }) {
  const source = useRef<HTMLPreElement>(null);
  const text = useMemo(() => pretty(value), [value]);
  return (
    <div class="json">
      <pre ref={source} class="block" tabIndex={0} role="region" aria-label={label}>
        {visible(text, { lines: true })}
      </pre>
      <Button size="small" icon="copy" onClick={() => void copyText(text, source.current)}>
        {copy ?? t('copy')}
      </Button>
    </div>
  );
}
