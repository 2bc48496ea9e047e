import './config.css';
import { useEffect, useState } from 'preact/hooks';
import { route, setQuery } from '../../app/router';
import { dotted, mergePatch } from '../../gateway/config-edit';
import type { Json, JsonObject } from '../../gateway/config-edit';
import { can, live } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Command, CopyValue } from '../../parts/copy';
import { Card, Page } from '../../parts/page';
import { Load, Notice, Skeleton } from '../../parts/states';
import { Conflict } from './conflict';
import { loadConfig, loadSchema, useConfig, useStatus } from './data';
import type { ConfigSnapshot, Edit, RemoteStatus, Written } from './data';
import { currentDraft, setDraft } from './draft';
import { Editor } from './editor';
import type { LineIssue } from './editor';
import { ALL_PATHS, editsBetween, withEdits } from './fields';
import { Form, ReadOnly, problemText } from './form';
import { hiddenComments, readText } from './json5';
import { Review } from './review';
import { check, unknownKeys } from './schema';
import type { ConfigSchema, Issue } from './schema';
import { t } from './text';

type Tab = 'form' | 'raw';
const TABS: readonly Tab[] = ['form', 'raw'];

export function Config() {
  const config = useConfig();
  const status = useStatus();
  const tab: Tab = route.value.query.get('tab') === 'raw' ? 'raw' : 'form';
  return (
    <Page title={t('title')} sentence={config.data ? <File snapshot={config.data} /> : t('sentence')}>
      <div class="tabs" role="tablist" aria-label={t('title')}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={tab === name}
            aria-controls="config-panel"
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setQuery({ tab: name === 'form' ? null : name })}
            onKeyDown={(event) => {
              if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
              const other = name === 'form' ? 'raw' : 'form';
              setQuery({ tab: other === 'form' ? null : other });
              document.getElementById(`tab-${other}`)?.focus();
            }}
          >
            {t(`tab-${name}`)}
          </button>
        ))}
      </div>
      <div id="config-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class="stack">
        <Load of={config} lines={10}>
          {(snapshot) => <Content key={tab} tab={tab} snapshot={snapshot} status={status.data} reload={config.reload} />}
        </Load>
      </div>
    </Page>
  );
}

function File({ snapshot }: { snapshot: ConfigSnapshot }) {
  return (
    <span class="config-file">
      <span>{snapshot.exists ? t('file') : t('fileWillBe')}</span>
      <CopyValue text={snapshot.path} label={t('copyPath')} />
    </span>
  );
}

interface ContentProps {
  readonly tab: Tab;
  readonly snapshot: ConfigSnapshot;
  readonly status: RemoteStatus | null;
  readonly reload: () => void;
}

type Question =
  | { readonly kind: 'review'; readonly base: ConfigSnapshot; readonly after: JsonObject; readonly edit: Edit; readonly note?: string }
  | { readonly kind: 'conflict'; readonly theirs: ConfigSnapshot };

function useSchema(): ConfigSchema | null | 'none' {
  const [schema, setSchema] = useState<ConfigSchema | null | 'none'>(null);
  const online = live.value;
  useEffect(() => {
    if (!online || (schema !== null && schema !== 'none')) return;
    // Without a schema everything is a text, and the gateway checks alone.
    loadSchema().then(setSchema, () => setSchema('none'));
  }, [online]);
  return schema;
}

function Content({ tab, snapshot, status, reload }: ContentProps) {
  const loaded = useSchema();
  const schema = loaded === 'none' ? null : loaded;
  const draft = currentDraft.value;
  const base = draft?.base ?? snapshot;
  const outdated = draft !== null && draft.base.hash !== snapshot.hash;
  const [question, setQuestion] = useState<Question | null>(null);
  const [refusals, setRefusals] = useState<readonly Issue[]>([]);
  const [written, setWritten] = useState<Written | null>(null);
  const text = draft?.text ?? base.raw ?? '';
  const read = tab === 'raw' || draft?.text != null ? readText(text) : null;
  const mine = draft?.text != null ? (read?.value ?? null) : withEdits(base.parsed, draft?.edits ?? {});

  const edit = (path: string, value: Json) => {
    setWritten(null);
    setDraft({ base, edits: { ...draft?.edits, [path]: value }, text: null });
  };
  const done = (outcome: Written) => {
    setDraft(null);
    setQuestion(null);
    setRefusals([]);
    setWritten(outcome);
    reload();
  };
  const compare = () => {
    loadConfig().then(
      (theirs) => setQuestion({ kind: 'conflict', theirs }),
      () => toast(t('compareFailed'), { bad: true }),
    );
  };
  const review = () => {
    if (mine === null) return;
    if (outdated) compare();
    else setQuestion(plan(base, mine, draft?.text ?? null, read?.comments ?? []));
  };
  const discard = () => {
    setDraft(null);
    setRefusals([]);
    setQuestion(null);
  };
  const count = draft === null ? 0 : draft.text === null ? Object.keys(draft.edits).length : 1;
  const others = Object.keys(draft?.edits ?? {}).filter((path) => !ALL_PATHS.includes(path));
  const mayWrite = can('operator.admin');

  return (
    <>
      {!mayWrite && live.value && <ReadOnly />}
      {!base.valid && <Invalid snapshot={base} status={status} />}
      {outdated && (
        <Notice tone="warn">
          <strong>{t('outdatedTitle')}</strong>
          <span>{t('outdated')}</span>
          <span class="row">
            <Button size="small" onClick={compare}>
              {t('compare')}
            </Button>
          </span>
        </Notice>
      )}
      {written && <Result of={written} />}
      {tab === 'form' ? (
        draft?.text != null ? (
          <Notice tone="info">
            <strong>{t('textEditedTitle')}</strong>
            <span>{t('textEdited')}</span>
            <span class="row">
              <Button size="small" onClick={() => setQuery({ tab: 'raw' })}>
                {t('toText')}
              </Button>
              <Button size="small" onClick={discard}>
                {t('discard')}
              </Button>
            </span>
          </Notice>
        ) : loaded === null && live.value ? (
          <Skeleton lines={8} />
        ) : (
          <Form
            snapshot={base}
            schema={schema}
            // What is in force says nothing about an older state of the file.
            status={outdated ? null : status}
            edits={draft?.edits ?? {}}
            issues={[...base.issues, ...refusals]}
            onEdit={edit}
            onReset={(path) => setDraft({ base, edits: Object.fromEntries(Object.entries(draft?.edits ?? {}).filter(([key]) => key !== path)), text: null })}
          />
        )
      ) : count > 0 && draft?.text === null ? (
        <Notice tone="info">
          <strong>{t('formEditedTitle', { n: count })}</strong>
          <span>{t('formEdited')}</span>
          <span class="row">
            <Button size="small" onClick={() => setQuery({ tab: null })}>
              {t('toForm')}
            </Button>
          </span>
        </Notice>
      ) : base.raw === null && base.exists ? (
        <Notice tone="warn">
          <strong>{t('noTextTitle')}</strong>
          <span>{t('noText')}</span>
        </Notice>
      ) : (
        <Card>
          <Editor
            value={text}
            issues={lineIssues(read, schema, [...base.issues, ...refusals])}
            readOnly={!mayWrite}
            onInput={(next) => {
              setWritten(null);
              setRefusals([]);
              setDraft({ base, edits: {}, text: next });
            }}
          />
          <p class="caption muted">{t('rawHelp')}</p>
        </Card>
      )}
      {draft !== null && (
        <div class="savebar" role="region" aria-label={t('unsaved')}>
          <span class="grow stack tight">
            <strong>{draft.text === null ? t('editedCount', { n: count }) : t('editedText')}</strong>
            {others.length > 0 && <span class="caption muted break">{t('editedOthers', { keys: others.join(', ') })}</span>}
          </span>
          <Button onClick={discard}>{t('discard')}</Button>
          <ActionButton scope="operator.admin" kind="primary" disabled={mine === null} onClick={review}>
            {t('review')}
          </ActionButton>
        </div>
      )}
      {question?.kind === 'review' && (
        <Review
          before={question.base.parsed}
          after={question.after}
          baseHash={question.base.exists ? question.base.hash : ''}
          edit={question.edit}
          note={question.note}
          onWritten={done}
          onConflict={compare}
          onRefused={setRefusals}
          onClose={() => setQuestion(null)}
        />
      )}
      {question?.kind === 'conflict' && mine !== null && (
        <Conflict
          base={base.parsed}
          mine={mine}
          theirs={question.theirs.parsed}
          onClose={() => setQuestion(null)}
          onDiscard={() => {
            discard();
            reload();
          }}
          onMerged={(merged) => {
            setDraft({ base: question.theirs, edits: editsBetween(question.theirs.parsed, merged), text: null });
            setQuestion(plan(question.theirs, merged, null, []));
            reload();
          }}
        />
      )}
    </>
  );
}

/** How a new file is handed over: as a patch, which leaves the rest of the file alone, unless the text itself was edited. */
function plan(base: ConfigSnapshot, after: JsonObject, text: string | null, comments: readonly string[]): Question {
  const patch = mergePatch(base.parsed, after);
  const wouldHide = hiddenComments(comments) > 0;
  if (text === null || wouldHide) {
    if (patch !== null) return { kind: 'review', base, after, edit: { kind: 'patch', patch }, ...(wouldHide ? { note: t('hiddenComments') } : {}) };
  }
  return { kind: 'review', base, after, edit: { kind: 'text', raw: text ?? `${JSON.stringify(after, null, 2)}\n` } };
}

function lineIssues(read: ReturnType<typeof readText> | null, schema: ConfigSchema | null, refusals: readonly Issue[]): readonly LineIssue[] {
  if (read === null) return [];
  if (read.problem) {
    const message = read.problem.message === 'not-an-object' ? t('notAnObject') : read.problem.message;
    return [{ ...read.problem, tone: 'bad', message }];
  }
  if (read.value === null) return [];
  const wrong = check(schema?.schema, read.value).map((problem) => ({ ...read.locate(problem.path), tone: 'bad' as const, message: `${dotted(problem.path)}: ${problemText(problem)}` }));
  const unknown = unknownKeys(schema?.schema, read.value).map((path) => ({ ...read.locate(path), tone: 'warn' as const, message: t('unknownKey', { key: dotted(path) }) }));
  const refused = refusals
    .filter((issue) => !wrong.some(({ message }) => message.startsWith(`${issue.path}:`)))
    .map((issue) => ({ ...read.locate(issue.path.split('.')), tone: 'bad' as const, message: `${issue.path}: ${issue.message}` }));
  return [...wrong, ...refused, ...unknown].sort((a, b) => a.line - b.line);
}

function Invalid({ snapshot, status }: { snapshot: ConfigSnapshot; status: RemoteStatus | null }) {
  return (
    <Notice tone="bad">
      <strong>{t('invalidTitle')}</strong>
      <span>{t('invalid')}</span>
      <ul>
        {snapshot.issues.map((issue) => (
          <li key={issue.path + issue.message}>
            {issue.path && <code>{issue.path}</code>} {issue.message}
          </li>
        ))}
      </ul>
      <span>{t('invalidFix', { host: status?.host ?? location.hostname })}</span>
      <Command text="openclaw config rollback" />
    </Notice>
  );
}

function Result({ of }: { of: Written }) {
  if (of.restart.length === 0 && of.overridden.length === 0 && of.warnings.length === 0) return null;
  return (
    <Notice tone={of.overridden.length > 0 || of.restart.length > 0 ? 'warn' : 'info'}>
      <strong>{t('savedTitle')}</strong>
      {of.restart.length > 0 && (
        <>
          <span>{t('savedRestart', { keys: of.restart.join(', ') })}</span>
          <Command text="openclaw gateway restart" />
        </>
      )}
      {of.overridden.map(({ key, by }) => (
        <span key={key}>{t('savedOverridden', { key, by })}</span>
      ))}
      {of.warnings.map((issue) => (
        <span key={issue.path + issue.message}>
          {issue.path && <code>{issue.path}</code>} {issue.message}
        </span>
      ))}
    </Notice>
  );
}

