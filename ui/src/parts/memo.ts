import { Component, createElement } from 'preact';
import type { ComponentType, FunctionComponent } from 'preact';

/** A component that renders again only when a prop changed: for rows of long lists. */
export function memo<P extends object>(Inner: FunctionComponent<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as Readonly<Record<string, unknown>>;
      return Object.entries(next).some(([name, value]) => name !== 'children' && before[name] !== value);
    }

    override render() {
      return createElement(Inner, this.props as P);
    }
  };
}
