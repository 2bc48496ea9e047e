// The shared token: how strong it is without showing it, a new one, and what a change means for whom.

import { useRef, useState } from 'preact/hooks';
import type { Resource } from '../../gateway/resource';
import { applyPatch } from '../../gateway/config-edit';
import type { JsonObject } from '../../gateway/config-edit';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { Card } from '../../parts/page';
import { Chip, Notice } from '../../parts/states';
import type { Tone } from '../../parts/states';
import type { ConfigSnapshot, RemoteStatus } from '../config/data';
import { Review } from '../config/review';
import { authWord } from './check';
import { newToken, strengthOf } from './reach';
import { t } from './text';

const TONES: Readonly<Record<ReturnType<typeof strengthOf>, Tone>> = { none: 'info', weak: 'bad', fair: 'warn', strong: 'ok' };

type Stage = { readonly kind: 'closed' } | { readonly kind: 'made'; readonly token: string; readonly copied: boolean } | { readonly kind: 'review'; readonly token: string };

export function SharedSecret({ status, config }: { status: RemoteStatus; config: Resource<ConfigSnapshot> }) {
  const [stage, setStage] = useState<Stage>({ kind: 'closed' });
  const { mode, tokenBits, source } = status.auth;
  const strength = strengthOf(tokenBits);
  const elsewhere = source !== null && /^(cli|env|\.env) /.test(source);
  const snapshot = config.data;
  const close = () => setStage({ kind: 'closed' });
  return (
    <Card title={t('secretTitle')}>
      <div class="stack">
        <dl class="facts">
          <dt>{t('signInBy')}</dt>
          <dd>{t(`auth-${authWord(mode)}`)}</dd>
          {mode === 'token' && (
            <>
              <dt>{t('strength')}</dt>
              <dd class="row">
                <Chip tone={TONES[strength]}>{t(`strength-${strength}`)}</Chip>
                {tokenBits !== null && <span class="muted small">{t('strengthBits', { n: Math.round(tokenBits / 4) })}</span>}
              </dd>
            </>
          )}
          <dt>{t('source')}</dt>
          <dd>
            <code class="break">{source ?? '–'}</code>
          </dd>
        </dl>
        <p class="muted small">{t('secretHelp')}</p>
        {mode === 'token' &&
          (elsewhere ? (
            <Notice tone="info">{t('secretElsewhere', { source: source ?? '' })}</Notice>
          ) : (
            <div class="row">
              <ActionButton
                scope="operator.admin"
                icon="key"
                disabled={!snapshot}
                onClick={() => setStage({ kind: 'made', token: newToken((bytes) => crypto.getRandomValues(bytes)), copied: false })}
              >
                {t('generate')}
              </ActionButton>
            </div>
          ))}
      </div>
      {stage.kind === 'made' && <Made token={stage.token} copied={stage.copied} onCopied={() => setStage({ ...stage, copied: true })} onNext={() => setStage({ kind: 'review', token: stage.token })} onClose={close} />}
      {stage.kind === 'review' && snapshot && (
        <Review
          title={t('rotateTitle')}
          before={snapshot.parsed}
          after={applyPatch(snapshot.parsed, patch(stage.token))}
          baseHash={snapshot.exists ? snapshot.hash : ''}
          edit={{ kind: 'patch', patch: patch(stage.token) }}
          note={t('rotateNote')}
          onWritten={() => {
            close();
            config.reload();
          }}
          onConflict={() => {
            close();
            config.reload();
            toast(t('changedMeanwhile'), { bad: true });
          }}
          onClose={close}
        />
      )}
    </Card>
  );
}

function patch(token: string): JsonObject {
  return { gateway: { auth: { token } } };
}

interface MadeProps {
  readonly token: string;
  readonly copied: boolean;
  readonly onCopied: () => void;
  readonly onNext: () => void;
  readonly onClose: () => void;
}

function Made({ token, copied, onCopied, onNext, onClose }: MadeProps) {
  const source = useRef<HTMLElement>(null);
  return (
    <Dialog title={t('madeTitle')} onClose={onClose}>
      <p>{t('made')}</p>
      <div class="command">
        <pre>
          <code ref={source}>{copied ? t('madeHidden') : token}</code>
        </pre>
        {!copied && (
          <Button
            icon="copy"
            onClick={() => {
              const secure = 'clipboard' in navigator;
              void copyText(token, source.current).then(() => secure && onCopied());
            }}
          >
            {t('copyToken')}
          </Button>
        )}
      </div>
      <div>
        <strong>{t('rotatePlan')}</strong>
        <ol>
          <li>{t('rotate-devices')}</li>
          <li>{t('rotate-others')}</li>
          <li>{t('rotate-service')}</li>
        </ol>
      </div>
      <div class="row end">
        <Button data-autofocus onClick={onClose}>
          {t('discardToken')}
        </Button>
        <Button kind="primary" onClick={onNext}>
          {t('useToken')}
        </Button>
      </div>
    </Dialog>
  );
}
