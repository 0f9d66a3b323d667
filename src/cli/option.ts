import { findDuration } from './duration.ts';

/** What reading a value gave: the value, or what it must be. */
type Reading<T> = { readonly value: T } | { readonly mend: string };

/**
 * One option of a command. A table of these drives flags, environment, file and help alike; the name in the table,
 * `drainWindow`, is `--drain-window`, `FLOW_DRAIN_WINDOW` and `"drainWindow"`.
 */
export interface Option<T> {
  /** What it does, for help. */
  readonly says: string;
  /** Stands for its value in help; undefined: a switch. */
  readonly placeholder: string | undefined;
  readonly default: T;
  /** The default in words; undefined: there is none. */
  readonly shownDefault: string | undefined;
  readonly isRepeatable: boolean;
  /** Its value is never shown, and it can be read from a file: `--secret-file`. */
  readonly isSecret: boolean;
  /** It belongs to one call and is no configuration: neither environment nor file has it. */
  readonly isFlagOnly: boolean;
  /** Reads what a flag, the environment or the file gave: text, a list of texts, or a value of JSON. */
  read(value: unknown): Reading<T>;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What a table's options are once read. */
export type SettingsOf<T extends OptionTable> = {
  readonly [Name in keyof T]: T[Name] extends Option<infer V> ? V : never;
};

interface Spec<D> {
  readonly says: string;
  readonly placeholder?: string;
  readonly default?: D;
  readonly isFlagOnly?: boolean;
}

/** A text that `check` accepts; it says what a wrong one must be. */
export function textOption<D extends string | undefined = undefined>(
  spec: Spec<D> & { readonly placeholder: string; readonly check?: (text: string) => string | undefined },
): Option<string | D> {
  return build<string | D>(spec, spec.default as D, (value) => {
    if (typeof value !== 'string' || value === '') return { mend: 'it must be a text' };
    const mend = spec.check?.(value);
    return mend === undefined ? { value } : { mend };
  });
}

/** One of several words. */
export function choiceOption<const W extends string>(
  spec: Spec<NoInfer<W>> & { readonly choices: readonly W[]; readonly default: NoInfer<W> },
): Option<W> {
  const choices: readonly string[] = spec.choices;
  return build({ placeholder: choices.join('|'), ...spec }, spec.default, (value) =>
    choices.includes(value as string) ? { value: value as W } : { mend: `it must be ${joinChoices(choices)}` },
  );
}

/** A whole number within bounds. */
export function integerOption<D extends number | undefined = undefined>(
  spec: Spec<D> & { readonly least: number; readonly most?: number },
): Option<number | D> {
  const { least, most } = spec;
  const mend = `it must be a whole number${most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`}`;
  return build<number | D>({ placeholder: 'NUMBER', ...spec }, spec.default as D, (given) => {
    const value = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : given;
    const isGood = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= (most ?? Infinity);
    return isGood ? { value: value as number } : { mend };
  });
}

/** A time with its unit, such as `20s`, in milliseconds; `off`, where it is allowed, is `Infinity`. */
export function durationOption(
  spec: Spec<string> & {
    readonly default: string;
    readonly least: string;
    readonly most: string;
    readonly mayBeOff?: boolean;
  },
): Option<number> {
  const [least, most] = [getDuration(spec.least), getDuration(spec.most)];
  const mend = `it must be a time with its unit from ${spec.least} to ${spec.most}, such as ${spec.default}${spec.mayBeOff ? ', or off' : ''}`;
  return build({ placeholder: 'TIME', ...spec }, getDuration(spec.default), (given) => {
    if (spec.mayBeOff && given === 'off') return { value: Number.POSITIVE_INFINITY };
    const value = typeof given === 'string' ? findDuration(given) : undefined;
    return value !== undefined && value >= least && value <= most ? { value } : { mend };
  });
}

/** On or off. */
export function switchOption(spec: Pick<Spec<never>, 'says' | 'isFlagOnly'>): Option<boolean> {
  return {
    ...build<boolean>({ ...spec, placeholder: '' }, false, (value) => {
      if (value === true || /^(true|yes|on|1)$/i.test(String(value))) return { value: true };
      if (value === false || /^(false|no|off|0)$/i.test(String(value))) return { value: false };
      return { mend: 'it must be true or false' };
    }),
    placeholder: undefined,
    shownDefault: undefined,
  };
}

/** Several texts: a repeated flag, a list in the file, in the environment one text with the values divided by `divider`. */
export function listOption<W extends string = string>(
  spec: Spec<never> & {
    readonly placeholder: string;
    readonly divider: RegExp;
    /** Says what a wrong one must be; it lets none pass that is not a `W`. */
    readonly check: (text: string) => string | undefined;
    readonly isSecret?: boolean;
  },
): Option<readonly W[]> {
  const { isSecret = false } = spec;
  return {
    ...build<readonly W[]>(spec, [], (given) => {
      const texts: unknown[] = Array.isArray(given)
        ? given
        : typeof given === 'string'
          ? given.split(spec.divider)
          : [given];
      if (!texts.every((text) => typeof text === 'string')) return { mend: 'it must be a text or a list of texts' };
      const value = texts.map((text) => text.trim()).filter((text) => text !== '');
      if (value.length === 0) return { mend: 'it is empty' };
      const mend = value.map(spec.check).find((mend) => mend !== undefined);
      return mend === undefined ? { value: value as W[] } : { mend };
    }),
    isRepeatable: true,
    isSecret,
  };
}

/** One text that is never shown. */
export function secretOption(
  spec: Spec<never> & { readonly placeholder: string; readonly check: (text: string) => string | undefined },
): Option<string | undefined> {
  const option = build<string | undefined>(spec, undefined, (given) => {
    const value = typeof given === 'string' ? given.trim() : '';
    const mend = value === '' ? 'it must be a text' : spec.check(value);
    return mend === undefined ? { value } : { mend };
  });
  return { ...option, isSecret: true };
}

function build<T>(spec: Spec<unknown>, whenUnset: T, read: (value: unknown) => Reading<T>): Option<T> {
  return {
    says: spec.says,
    placeholder: spec.placeholder,
    default: whenUnset,
    shownDefault: spec.default === undefined ? undefined : String(spec.default),
    isRepeatable: false,
    isSecret: false,
    isFlagOnly: spec.isFlagOnly ?? false,
    read,
  };
}

function joinChoices(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

function getDuration(text: string): number {
  const ms = findDuration(text);
  if (ms === undefined) throw new RangeError(`Cannot use "${text}" as a time: it must be such as 20s`);
  return ms;
}
