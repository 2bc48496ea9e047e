import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Button } from './button';
import { t } from './text';

interface FieldProps {
  label: string;
  help?: ComponentChildren;
  error?: string | null | undefined;
  children: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean | undefined }) => ComponentChildren;
}

/** A labelled control with its help and its error. */
export function Field({ label, help, error, children }: FieldProps) {
  const id = useId();
  const described = [help ? `${id}-help` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {help && (
        <span class="help" id={`${id}-help`}>
          {help}
        </span>
      )}
      {error && (
        <span class="error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </div>
  );
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'label' | 'type' | 'list' | 'role' | 'onInput'> & {
  onInput: (event: Event & { readonly currentTarget: HTMLInputElement }) => void;
  label: string;
  help?: ComponentChildren;
  error?: string | null | undefined;
};

export function TextField({ label, help, error, search, ...input }: InputProps & { search?: boolean }) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => <input class="input" {...input} {...ids} type={(search ? 'search' : 'text') as 'text'} />}
    </Field>
  );
}

/** A secret: masked, shown for at most 30 s. */
export function SecretField({ label, help, error, ...input }: InputProps) {
  const [shown, setShown] = useState(false);
  const reveal = () => {
    setShown(!shown);
    if (!shown) setTimeout(() => setShown(false), 30_000);
  };
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <div class="input-group">
          <input class="input" spellcheck={false} autocapitalize="off" {...input} {...ids} type={(shown ? 'text' : 'password') as 'password'} />
          <Button icon="eye" iconOnly aria-pressed={shown} onClick={reveal}>
            {shown ? t('hide') : t('show')}
          </Button>
        </div>
      )}
    </Field>
  );
}

interface SelectProps<V extends string> {
  label: string;
  help?: ComponentChildren;
  value: V;
  options: readonly (readonly [V, string])[];
  onChange: (value: V) => void;
  disabled?: boolean | undefined;
}

export function SelectField<V extends string>({ label, help, value, options, onChange, disabled }: SelectProps<V>) {
  return (
    <Field label={label} help={help}>
      {(ids) => (
        <select class="select" value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value as V)} {...ids}>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** One of a few, side by side. */
export function Segments<V extends string>({ label, value, options, onChange, disabled }: SelectProps<V>) {
  const name = useId();
  return (
    <fieldset>
      <legend class="visually-hidden">{label}</legend>
      <div class="segments">
        {options.map(([option, text]) => (
          <label key={option}>
            <input type="radio" name={name} checked={option === value} disabled={disabled} onChange={() => onChange(option)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean | undefined;
}

export function Check({ label, checked, onChange, disabled }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
