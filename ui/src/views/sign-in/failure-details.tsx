import { useRef } from 'preact/hooks';
import { redacted } from '../../gateway/errors';
import type { Failure } from '../../gateway/failure';
import { currentUrl } from '../../gateway/gateways';
import { Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { t } from './text';

/** What the gateway said, word by word and without secrets, for whoever helps. */
export function FailureDetails({ failure }: { failure: Failure }) {
  const source = useRef<HTMLPreElement>(null);
  const { code, message, closeCode, details, used, http } = failure;
  const text = JSON.stringify(redacted({ gateway: currentUrl.value, page: location.origin, code, message, closeCode, used, http, details }), null, 2);
  return (
    <details class="fold">
      <summary>{t('details')}</summary>
      <div class="command">
        <pre ref={source}>
          <code>{text}</code>
        </pre>
        <Button icon="copy" iconOnly onClick={() => void copyText(text, source.current)}>
          {t('copyDetails')}
        </Button>
      </div>
    </details>
  );
}
