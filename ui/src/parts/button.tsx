import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { can, live } from '../gateway/session';
import type { Scope } from '../wire/generated';
import { Icon } from './icon';
import type { IconName } from './icon';
import { t } from './text';

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'type' | 'size' | 'disabled' | 'role'> {
  kind?: 'primary' | 'danger' | 'quiet' | undefined;
  size?: 'small' | undefined;
  icon?: IconName | undefined;
  /** Shows the icon alone; the text stays for screen readers. */
  iconOnly?: boolean | undefined;
  type?: 'button' | 'submit' | undefined;
  disabled?: boolean | undefined;
  children: ComponentChildren;
}

export function Button({ kind, size, icon, iconOnly, type = 'button', children, class: extra, ...rest }: ButtonProps) {
  const classes = ['button', kind, size, iconOnly ? 'icon-only' : '', extra].filter(Boolean).join(' ');
  return (
    <button {...rest} type={type} class={classes}>
      {icon && <Icon name={icon} />}
      {iconOnly ? <span class="visually-hidden">{children}</span> : children}
    </button>
  );
}

/** A button that changes something on the gateway. It can be reached but not used without the connection and the scope, and says why. */
export function ActionButton({ scope, onClick, ...rest }: ButtonProps & { scope: Scope }) {
  const why = useId();
  const reason = !live.value ? t('offline') : can(scope) ? null : t('needsScope', { scope });
  if (reason === null) return <Button {...rest} onClick={onClick} />;
  return (
    <>
      {/* Enter in a field presses the form's button as well. */}
      <Button {...rest} aria-disabled="true" aria-describedby={why} title={reason} onClick={(event) => event.preventDefault()} />
      <span id={why} class="visually-hidden">
        {reason}
      </span>
    </>
  );
}
