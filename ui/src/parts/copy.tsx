import { useRef } from 'preact/hooks';
import { announce, toast } from './announce';
import { Button } from './button';
import { t } from './text';

/** Copies text; without the Clipboard API (plain HTTP) it selects `source` so that the person can. */
export async function copyText(text: string, source: HTMLElement | null): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(t('copied'));
  } catch {
    if (source) getSelection()?.selectAllChildren(source);
    announce(t('copySelected'));
    toast(t('copySelected'));
  }
}

/** A command line to run somewhere, with a button that copies it. `file`: lines stay whole, and scroll in their box. */
export function Command({ text, label, file }: { text: string; label?: string | undefined; file?: boolean | undefined }) {
  const source = useRef<HTMLPreElement>(null);
  return (
    <div class={file ? 'command file' : 'command'}>
      <pre ref={source} tabIndex={file ? 0 : undefined}>
        <code>{text}</code>
      </pre>
      <Button icon="copy" iconOnly onClick={() => void copyText(text, source.current)}>
        {label ?? t('copyCommand')}
      </Button>
    </div>
  );
}

/** A short value in the text (id, address) with a button that copies it. */
export function CopyValue({ text, label }: { text: string; label?: string | undefined }) {
  const source = useRef<HTMLElement>(null);
  return (
    <span class="copy-value">
      <code ref={source}>{text}</code>
      <Button kind="quiet" size="small" icon="copy" iconOnly onClick={() => void copyText(text, source.current)}>
        {label ?? t('copy')}
      </Button>
    </span>
  );
}
