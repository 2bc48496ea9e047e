// The remote-access form: every setting with what is in the file, what is in force, and where that comes from.

import { route, setQuery } from '../../app/router';
import { at, masks, pathOf } from '../../gateway/config-edit';
import type { Json } from '../../gateway/config-edit';
import { can } from '../../gateway/session';
import { Button } from '../../parts/button';
import { Field, SecretField } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Card } from '../../parts/page';
import { Chip, Empty } from '../../parts/states';
import type { ConfigSnapshot, RemoteStatus } from './data';
import { DottedKey } from './differences';
import { GROUPS, effective, kindOf, needsRestart, overriddenBy, valueOf, wordsOf } from './fields';
import type { Edits, FieldPath, GroupName, Kind } from './fields';
import { check, defaultOf, fieldText, schemaAt } from './schema';
import type { ConfigSchema, Issue, Problem } from './schema';
import { t } from './text';

interface FormProps {
  readonly snapshot: ConfigSnapshot;
  readonly schema: ConfigSchema | null;
  readonly status: RemoteStatus | null;
  readonly edits: Edits;
  readonly issues: readonly Issue[];
  readonly onEdit: (path: string, value: Json) => void;
  readonly onReset: (path: string) => void;
}

export function Form(props: FormProps) {
  const wanted = route.value.query.get('q') ?? '';
  const shown = (Object.keys(GROUPS) as GroupName[])
    .map((group) => [group, GROUPS[group].filter((path) => fits(path, wanted, props.schema))] as const)
    .filter(([, paths]) => paths.length > 0);
  return (
    <>
      <div class="config-find">
        <Icon name="search" />
        <input class="input" type="search" aria-label={t('find')} placeholder={t('find')} value={wanted} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
      </div>
      {shown.map(([group, paths]) => (
        <Card key={group} title={t(`group-${group}`)}>
          <p class="muted small group-help">{t(`group-${group}-help`)}</p>
          <div class="setting-list">
            {paths.map((path) => (
              <Setting key={path} path={path} {...props} />
            ))}
          </div>
        </Card>
      ))}
      {shown.length === 0 && (
        <Empty icon="search" title={t('findNone', { text: wanted })}>
          <span>{t('findNoneHint')}</span>
        </Empty>
      )}
    </>
  );
}

function fits(path: FieldPath, wanted: string, schema: ConfigSchema | null): boolean {
  const text = `${path} ${t(`label-${path}`)} ${schema?.uiHints[path]?.help ?? ''}`.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** What a sentence says, without its writing. */
const plain = (text: string) => text.toLowerCase().replace(/[`.\s]+/g, ' ').trim();

function Setting({ path, snapshot, schema, status, edits, issues, onEdit, onReset }: FormProps & { path: FieldPath }) {
  const keys = pathOf(path);
  const found = schemaAt(schema?.schema, keys);
  const kind = kindOf(schema, path);
  const standard = defaultOf(schema, keys);
  const written = at(snapshot.parsed, keys);
  // A value from an included file is in force, and not in this one.
  const included = written === undefined ? at(snapshot.config, keys) : undefined;
  const edited = Object.hasOwn(edits, path);
  const value: Json | undefined = edited ? (edits[path] === null ? undefined : edits[path]) : written;
  const by = overriddenBy(path, snapshot.parsed, status, standard);
  // Typing goes on while the gateway is away; saving waits for it.
  const locked = by !== null || !can('operator.admin');
  const inForce = effective(path, status);
  const problem = value === undefined ? undefined : check(found, value, keys)[0];
  const issue = issues.find((one) => one.path === path);
  const error = edited ? (problem ? problemText(problem) : (issue?.message ?? null)) : (issue?.message ?? null);
  const label = t(`label-${path}`);
  const help = schema?.uiHints[path]?.help ?? found?.description;
  return (
    <div class={edited ? 'setting edited' : 'setting'} data-setting={path}>
      <div class="setting-main">
        <Control
          path={path}
          kind={kind}
          label={label}
          text={edited ? fieldText({ v: edits[path] === null ? '' : (edits[path] ?? '') }, ['v']) : fieldText(snapshot.parsed, keys)}
          value={value}
          standard={included === undefined ? standard : typeof included === 'string' ? included : JSON.stringify(included)}
          words={wordsOf(found)}
          masked={written !== undefined && masks(written).length > 0}
          locked={locked}
          error={error}
          help={help && plain(help) !== plain(label) ? help : undefined}
          // An emptied secret stays what it is: taking one out of the file is for the text of the file.
          onText={(text) => (kind === 'secret' && text === '' ? onReset(path) : onEdit(path, valueOf(kind, text) ?? null))}
        />
      </div>
      <div class="setting-side">
        <code class="small muted break">
          <DottedKey text={path} />
        </code>
        <span class="row chips">
          {edited && <Chip tone="info" icon="edit">{t('edited')}</Chip>}
          {by !== null && <Chip tone="warn" icon="lock">{by === '' ? t('setElsewhere') : t('setBy', { by })}</Chip>}
          {needsRestart(path, snapshot.parsed) && <Chip icon="refresh">{t('needsRestart')}</Chip>}
          {included !== undefined && !edited && <Chip>{t('isIncluded')}</Chip>}
          {inForce !== null && inForce !== '' && (by !== null || String(written ?? standard) !== inForce) && <Chip>{t('inForce', { value: inForce })}</Chip>}
        </span>
        {edited && (
          <span>
            <Button size="small" kind="quiet" icon="refresh" onClick={() => onReset(path)}>
              {t('resetField')}
              <span class="visually-hidden">: {label}</span>
            </Button>
          </span>
        )}
      </div>
    </div>
  );
}

interface ControlProps {
  path: string;
  kind: Kind;
  label: string;
  text: string;
  value: Json | undefined;
  standard: string;
  words: readonly string[];
  masked: boolean;
  locked: boolean;
  error: string | null;
  help: string | undefined;
  onText: (text: string) => void;
}

function Control({ path, kind, label, text, value, standard, words, masked, locked, error, help, onText }: ControlProps) {
  const shown = help && <Marked text={help} />;
  if (kind === 'switch') {
    const options: readonly (readonly [string, string])[] = [
      ['', standard === '' ? t('byDefault') : t('byDefaultIs', { value: standard === 'true' ? t('on') : t('off') })],
      ['true', t('on')],
      ['false', t('off')],
    ];
    return <Select label={label} help={shown} error={error} value={value === undefined ? '' : String(value)} options={options} disabled={locked} onChange={onText} />;
  }
  if (kind === 'choice') {
    const options: readonly (readonly [string, string])[] = [['', standard === '' ? t('byDefault') : t('byDefaultIs', { value: standard })], ...words.map((word) => [word, word] as const)];
    const current = value === undefined ? '' : String(value);
    const known = options.some(([word]) => word === current);
    return <Select label={label} help={shown} error={error} value={current} options={known ? options : [...options, [current, current]]} disabled={locked} onChange={onText} />;
  }
  if (kind === 'secret') {
    const typed = masked && masks(value ?? '').length > 0 ? '' : text;
    return (
      <SecretField
        label={label}
        help={shown}
        error={error}
        name={path}
        autocomplete="off"
        placeholder={masked ? t('keptSecret') : t('noSecret')}
        value={typed}
        disabled={locked}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    );
  }
  if (kind === 'list') {
    return (
      <Field label={label} help={shown} error={error}>
        {(ids) => (
          <textarea class="textarea mono list" rows={Math.max(2, text.split('\n').length)} spellcheck={false} placeholder={t('onePerLine')} disabled={locked} value={text} onInput={(event) => onText(event.currentTarget.value)} {...ids} />
        )}
      </Field>
    );
  }
  const list = words.length > 0 ? `words-${path}` : undefined;
  return (
    <Field label={label} help={shown} error={error}>
      {(ids) => (
        <>
          <input class="input" type="text" inputMode={kind === 'number' ? 'numeric' : undefined} list={list} spellcheck={false} autocapitalize="off" autocomplete="off" placeholder={standard} disabled={locked} value={text} onInput={(event) => onText(event.currentTarget.value)} {...ids} />
          {list && (
            <datalist id={list}>
              {words.map((word) => (
                <option key={word} value={word} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

function Select({ label, help, error, value, options, disabled, onChange }: { label: string; help: preact.ComponentChildren; error: string | null; value: string; options: readonly (readonly [string, string])[]; disabled: boolean; onChange: (value: string) => void }) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <select class="select" value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value)} {...ids}>
          {options.map(([word, text]) => (
            <option key={word} value={word}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The gateway's help marks code with back quotes. */
export function Marked({ text }: { text: string }) {
  return (
    <>
      {text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
    </>
  );
}

export function problemText({ kind, expected }: Problem): string {
  return t(`problem-${kind}`, { expected });
}

/** A mark next to what only somebody with more access may change. */
export function ReadOnly() {
  return (
    <p class="row muted small">
      <Icon name="lock" />
      {t('readOnly')}
    </p>
  );
}
