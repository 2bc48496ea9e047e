// Two people changed the file. Nothing of either is lost: what does not touch is brought together, the rest is asked.

import { useState } from 'preact/hooks';
import { changes, dotted, overlap, settle, threeWay } from '../../gateway/config-edit';
import type { Change, JsonObject } from '../../gateway/config-edit';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Notice } from '../../parts/states';
import { Value } from './differences';
import { t } from './text';

interface ConflictProps {
  readonly base: JsonObject;
  readonly mine: JsonObject;
  readonly theirs: JsonObject;
  /** Goes on with what came out, based on theirs. */
  readonly onMerged: (merged: JsonObject) => void;
  /** Takes theirs and gives up all of mine. */
  readonly onDiscard: () => void;
  readonly onClose: () => void;
}

/** Stamps of every write are nobody's edit. */
function withoutStamps({ meta: _stamps, ...rest }: JsonObject): JsonObject {
  return rest;
}

export function Conflict({ base, mine, theirs, onMerged, onDiscard, onClose }: ConflictProps) {
  const outcome = threeWay(withoutStamps(base), withoutStamps(mine), withoutStamps(theirs));
  const [keepMine, setKeepMine] = useState<ReadonlySet<string>>(() => new Set(outcome.conflicts.map(({ path }) => dotted(path))));
  const clashes = (change: Change) => outcome.conflicts.some(({ path }) => overlap(path, change.path));
  const choose = (path: string, isMine: boolean) => {
    const next = new Set(keepMine);
    if (isMine) next.add(path);
    else next.delete(path);
    setKeepMine(next);
  };
  const rows = [
    ...outcome.conflicts.map((conflict) => ({ ...conflict, by: 'both' as const })),
    ...outcome.mine.filter((change) => !clashes(change)).map(({ path, before, after }) => ({ path, base: before, mine: after, theirs: before, by: 'mine' as const })),
    ...outcome.theirs.filter((change) => !clashes(change)).map(({ path, before, after }) => ({ path, base: before, mine: before, theirs: after, by: 'theirs' as const })),
  ];
  return (
    <Dialog title={t('conflictTitle')} onClose={onClose} wide>
      <p>{t('conflict', { n: outcome.conflicts.length })}</p>
      <div class="table-box bordered">
        <table class="table cards differences">
          <caption class="visually-hidden">{t('differences')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('setting')}</th>
              <th scope="col">{t('wasBefore')}</th>
              <th scope="col">{t('yours')}</th>
              <th scope="col">{t('theirs')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const path = dotted(row.path);
              return (
                <tr key={`${row.by} ${path}`} class={row.by === 'both' ? 'clash' : undefined}>
                  <th scope="row">
                    <code class="break">{path}</code>
                  </th>
                  <td data-label={t('wasBefore')}>
                    <Value path={row.path} value={row.base} />
                  </td>
                  {row.by === 'both' ? (
                    <>
                      <Choice name={path} label={t('yours')} checked={keepMine.has(path)} onChoose={() => choose(path, true)}>
                        <Value path={row.path} value={row.mine} fresh />
                      </Choice>
                      <Choice name={path} label={t('theirs')} checked={!keepMine.has(path)} onChoose={() => choose(path, false)}>
                        <Value path={row.path} value={row.theirs} fresh />
                      </Choice>
                    </>
                  ) : (
                    <>
                      <td data-label={t('yours')}>{row.by === 'mine' ? <Value path={row.path} value={row.mine} fresh /> : <span class="muted">{t('unchanged')}</span>}</td>
                      <td data-label={t('theirs')}>{row.by === 'theirs' ? <Value path={row.path} value={row.theirs} fresh /> : <span class="muted">{t('unchanged')}</span>}</td>
                    </>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {changes(outcome.merged, theirs).length === 0 && outcome.conflicts.length === 0 && <Notice tone="info">{t('conflictNothing')}</Notice>}
      <div class="row end">
        <Button data-autofocus onClick={onClose}>
          {t('back')}
        </Button>
        <Button onClick={onDiscard}>{t('takeTheirs')}</Button>
        <Button kind="primary" onClick={() => onMerged({ ...settle(outcome, keepMine), ...(theirs['meta'] === undefined ? {} : { meta: theirs['meta'] }) })}>
          {t('continueMerged')}
        </Button>
      </div>
    </Dialog>
  );
}

function Choice({ name, label, checked, onChoose, children }: { name: string; label: string; checked: boolean; onChoose: () => void; children: preact.ComponentChildren }) {
  return (
    <td data-label={label}>
      <label class="check choice">
        <input type="radio" name={`conflict ${name}`} checked={checked} onChange={onChoose} />
        <span class="visually-hidden">{label}</span>
        {children}
      </label>
    </td>
  );
}
