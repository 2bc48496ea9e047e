// Tables that sort. The order is in the query of the address, so that a link shows the same.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { route, setQuery } from '../app/router';
import { Button } from './button';
import { Icon } from './icon';
import { t } from './text';

export interface Sort {
  readonly column: string;
  readonly down: boolean;
}

export interface Column<R> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: R) => ComponentChildren;
  /** Order from low to high; without it the column does not sort. */
  readonly compare?: ((a: R, b: R) => number) | undefined;
  /** The column that names the row. */
  readonly rowHead?: boolean;
  /** Hides the title: what is below says it all (check boxes, menus). */
  readonly quiet?: boolean;
  readonly class?: string;
}

/** Reads `-used` as the column `used`, highest first. */
export function parseSort(text: string | null, otherwise: Sort): Sort {
  if (!text) return otherwise;
  return text.startsWith('-') ? { column: text.slice(1), down: true } : { column: text, down: false };
}

/** Sorted copy; rows that compare equal keep their order. */
export function sortRows<R>(rows: readonly R[], columns: readonly Column<R>[], sort: Sort): R[] {
  const compare = columns.find((column) => column.key === sort.column)?.compare;
  if (!compare) return [...rows];
  return rows.toSorted((a, b) => (sort.down ? compare(b, a) : compare(a, b)));
}

/** The order that the address holds in `sort`. */
export function currentSort(otherwise: Sort): Sort {
  return parseSort(route.value.query.get('sort'), otherwise);
}

interface DataTableProps<R> {
  /** Says what the table lists. */
  label: string;
  columns: readonly Column<R>[];
  /** In any order: the table sorts. */
  rows: readonly R[];
  id: (row: R) => string;
  sort: Sort;
  /** Rows that stay on top whatever the order. */
  pinned?: ((row: R) => boolean) | undefined;
  rowClass?: ((row: R) => string | undefined) | undefined;
  /** Rows that are shown before the person asks for more. */
  limit?: number;
}

export function DataTable<R>({ label, columns, rows, id, sort, pinned, rowClass, limit = 20 }: DataTableProps<R>) {
  const [more, setMore] = useState(0);
  const sorted = sortRows(rows, columns, sort);
  const ordered = pinned ? [...sorted.filter(pinned), ...sorted.filter((row) => !pinned(row))] : sorted;
  const shown = ordered.slice(0, limit + more);
  return (
    <>
      <div class="card table-box">
        <table class="table cards">
          <caption class="visually-hidden">{label}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.key} column={column} sort={sort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={id(row)} class={rowClass?.(row)}>
                {columns.map((column) =>
                  column.rowHead ? (
                    <th key={column.key} scope="row" class={column.class}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.key} class={column.class} data-label={column.quiet ? undefined : column.title}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < ordered.length && (
        <div class="row">
          <Button onClick={() => setMore(more + limit)}>{t('showMore', { n: Math.min(limit, ordered.length - shown.length) })}</Button>
          <span class="muted small">{t('shownOf', { shown: shown.length, all: ordered.length })}</span>
        </div>
      )}
    </>
  );
}

function Head<R>({ column, sort }: { column: Column<R>; sort: Sort }) {
  const { key, title, compare, quiet } = column;
  if (quiet) {
    return (
      <th scope="col" class={column.class}>
        <span class="visually-hidden">{title}</span>
      </th>
    );
  }
  if (!compare) {
    return (
      <th scope="col" class={column.class}>
        {title}
      </th>
    );
  }
  const active = sort.column === key;
  const order = active ? (sort.down ? 'descending' : 'ascending') : undefined;
  return (
    <th scope="col" class={column.class} aria-sort={order}>
      <button class="sort" type="button" title={t('sortBy', { column: title })} onClick={() => setQuery({ sort: active && !sort.down ? `-${key}` : key })}>
        {title}
        {active && <Icon name={sort.down ? 'down' : 'up'} />}
      </button>
    </th>
  );
}
