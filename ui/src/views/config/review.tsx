// Before anything is written: what changes, who loses their way in, and whether this browser stays. What can cut people off is
// taken back by the gateway unless somebody confirms it.

import { useEffect, useState } from 'preact/hooks';
import { showPendingSettings } from '../../app/pending-settings';
import { CallError, has } from '../../gateway/session';
import { changes, dotted, masks } from '../../gateway/config-edit';
import type { JsonObject } from '../../gateway/config-edit';
import { dropped, effects, opens, riskyPaths } from '../../gateway/config-risk';
import type { Client, Reason } from '../../gateway/config-risk';
import { CONFIRM_WITHIN_MS, followPending, pending } from '../../gateway/pending-change';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { SelectField } from '../../parts/field';
import { Notice } from '../../parts/states';
import { duration } from '../../text/time';
import { Differences } from './differences';
import { loadClients, loadStatus, standing, write } from './data';
import type { Edit, RemoteStatus, Written } from './data';
import { issuesOf } from './schema';
import type { Issue } from './schema';
import { t } from './text';

interface ReviewProps {
  readonly title?: string;
  /** The file as it was read, and as it is to be. */
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly baseHash: string;
  readonly edit: Edit;
  /** Shown above the differences. */
  readonly note?: string | undefined;
  readonly onWritten: (written: Written) => void;
  /** Somebody else wrote in between. */
  readonly onConflict: () => void;
  readonly onRefused?: (issues: readonly Issue[]) => void;
  readonly onClose: () => void;
}

const WITHIN = [10_000, CONFIRM_WITHIN_MS, 300_000];

export function Review({ title, before, after, baseHash, edit, note, onWritten, onConflict, onRefused, onClose }: ReviewProps) {
  const found = changes(before, after);
  const risky = riskyPaths(found);
  const safe = risky.length > 0 && has('config.confirm');
  const [context, setContext] = useState<{ status: RemoteStatus | null; clients: readonly Client[] | null } | null>(null);
  const [withinMs, setWithinMs] = useState(CONFIRM_WITHIN_MS);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ message: string; issues: readonly Issue[]; lost: boolean } | null>(null);
  useEffect(() => {
    if (risky.length === 0) return;
    // Without them the dialog says less, and still works.
    void Promise.all([loadStatus().catch(() => null), loadClients().catch(() => null)]).then(([status, clients]) => setContext({ status, clients }));
  }, []);
  const hidden = edit.kind === 'patch' ? masks(edit.patch) : [];

  const save = async (apply: boolean) => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    if (safe) followPending();
    try {
      const written = await write(edit, baseHash, { confirmMs: safe ? withinMs : null, apply });
      // What waits says so itself, in the bar that asks whether to keep it.
      if (!written.waits) toast(t('saved'));
      onWritten(written);
    } catch (error) {
      setBusy(false);
      if (!(error instanceof CallError)) throw error;
      if (/changed since last load/.test(error.message)) onConflict();
      else {
        const issues = issuesOf(error.error.details);
        setFailure({ message: error.message, issues, lost: error.code === 'DISCONNECTED' });
        onRefused?.(issues);
      }
    }
  };

  // Before the change is made: afterwards the gateway may give this page nothing more.
  useEffect(() => {
    if (safe) showPendingSettings();
  }, [safe]);

  // The answer went with the connection, and the new one tells that the change waits: then it was written.
  const waits = pending.value !== null;
  useEffect(() => {
    if (!failure?.lost || !waits) return;
    onWritten({ hash: null, warnings: [], restart: [], overridden: [], waits: true });
  }, [failure?.lost, waits]);

  return (
    <Dialog title={title ?? t('reviewTitle')} onClose={onClose} wide>
      {note && <p>{note}</p>}
      {found.length === 0 ? <p class="muted">{t('onlyText')}</p> : <Differences of={found} />}
      {risky.length > 0 && <Openings before={before} after={after} />}
      {risky.length > 0 && <Consequences before={before} after={after} context={context} />}
      {risky.length > 0 &&
        (safe ? (
          <SelectField
            label={t('within')}
            help={t('withinHelp')}
            value={String(withinMs)}
            options={WITHIN.map((ms) => [String(ms), duration(ms)] as const)}
            onChange={(value) => setWithinMs(Number(value))}
          />
        ) : (
          <Notice tone="warn">
            <strong>{t('noRevertTitle')}</strong>
            <span>{t('noRevert')}</span>
            <Command text={found.map((change) => undoCommand(dotted(change.path), change.before)).join('\n')} />
          </Notice>
        ))}
      {hidden.length > 0 && <Notice tone="bad">{t('maskTyped', { keys: hidden.map(dotted).join(', ') })}</Notice>}
      {failure && (
        <div role="alert">
          <Notice tone="bad">
            <strong>{failure.lost ? t('unanswered') : t('refused')}</strong>
            {failure.issues.length === 0 ? (
              <span>{failure.message}</span>
            ) : (
              <ul>
                {failure.issues.map((issue) => (
                  <li key={issue.path + issue.message}>
                    <code>{issue.path}</code> {issue.message}
                  </li>
                ))}
              </ul>
            )}
            <span>{failure.lost ? t('unansweredKept') : t('refusedKept')}</span>
          </Notice>
        </div>
      )}
      <div class="row end">
        <Button data-autofocus onClick={onClose}>
          {t('back')}
        </Button>
        {!safe && edit.kind === 'text' && (
          <ActionButton scope="operator.admin" disabled={busy || hidden.length > 0} onClick={() => void save(true)}>
            {t('saveApply')}
          </ActionButton>
        )}
        <ActionButton scope="operator.admin" kind="primary" disabled={busy || hidden.length > 0} onClick={() => void save(false)}>
          {safe ? t('applySafe') : t('save')}
        </ActionButton>
      </div>
    </Dialog>
  );
}

/** The command that puts a value back, on the gateway's machine. */
function undoCommand(path: string, before: unknown): string {
  if (before === undefined) return `openclaw config unset ${path}`;
  const text = typeof before === 'string' ? before : JSON.stringify(before);
  return `openclaw config set ${path} ${/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`}`;
}

function Openings({ before, after }: { before: JsonObject; after: JsonObject }) {
  const found = opens(before, after);
  if (found.length === 0) return null;
  return (
    <Notice tone="warn">
      <strong>{t('opens')}</strong>
      {found.map((opening) => (
        <span key={opening}>{t(`opens-${opening}`)}</span>
      ))}
    </Notice>
  );
}

function Consequences({ before, after, context }: { before: JsonObject; after: JsonObject; context: { status: RemoteStatus | null; clients: readonly Client[] | null } | null }) {
  if (context === null) return <p class="muted">{t('looking')}</p>;
  const found = changes(before, after);
  const reasons = effects(before, after, found, standing(context.status));
  const gone = context.clients === null ? null : dropped(after, found, context.clients).filter((client) => !client.you);
  const worst = reasons.some(({ kind }) => kind === 'cut') ? 'bad' : reasons.length > 0 ? 'warn' : 'ok';
  return (
    <>
      <Notice tone={worst}>
        <strong>{reasons.length === 0 ? t('youStay') : worst === 'bad' ? t('youCut') : t('youCheck')}</strong>
        {reasons.map((reason) => (
          <span key={reason.why}>{reasonText(reason)}</span>
        ))}
      </Notice>
      {gone !== null && (
        <Notice tone={gone.length > 0 ? 'warn' : 'info'}>
          <strong>{t('clientsDrop', { n: gone.length })}</strong>
          {gone.length > 0 && <span>{gone.map(({ name, role }) => (role === 'node' ? t('nodeName', { name }) : name)).join(', ')}</span>}
        </Notice>
      )}
    </>
  );
}

function reasonText(reason: Reason): string {
  if (reason.kind === 'moves') return t(`moves-${reason.why}`, { to: reason.to });
  if (reason.kind === 'cut') return t(`cut-${reason.why}`);
  if (reason.kind === 'unsure') return t(`unsure-${reason.why}`);
  return t('sign-in-secret');
}
