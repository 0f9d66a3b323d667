import {
  type ChannelEvents,
  type Contract,
  channel,
  contract,
  type Delivered,
  type InputOf,
  type OutputOf,
  type ParamName,
  type ParamsOf,
  type PatternOf,
  type Payload,
  type Received,
  type Schema,
  type,
} from 'message-flow/contract';
import * as v from 'valibot';
import { z } from 'zod';

/** True when both are the same type, `any` and `readonly` told apart. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless all are true. */
declare function check<_Claims extends readonly true[]>(): void;

// @ts-expect-error: check can fail
check<[Same<string, number>]>();

/** What a schema takes and what it makes. */
const shipped = z.object({
  orderId: z.string(),
  eta: z.string().transform((text) => new Date(text)),
  note: z.string().default(''),
});
const counted = v.object({ n: v.pipe(v.string(), v.transform(Number)) });
const typed = type<{ at: Date }>();
check<
  [
    Same<InputOf<typeof shipped>, { orderId: string; eta: string; note?: string | undefined }>,
    Same<OutputOf<typeof shipped>, { orderId: string; eta: Date; note: string }>,
    Same<InputOf<typeof counted>, { n: string }>,
    Same<OutputOf<typeof counted>, { n: number }>,
    Same<InputOf<typeof typed>, { at: Date }>,
    Same<OutputOf<typeof typed>, { at: Date }>,
  ]
>();

/** What a value is after its way through JSON. */
check<
  [
    Same<Received<Date>, string>,
    Same<Received<Date | number | null>, string | number | null>,
    Same<Received<'a' | 1 | true>, 'a' | 1 | true>,
    Same<Received<{ a: { b: { c: Date } } }>, { a: { b: { c: string } } }>,
    Same<Received<{ a?: Date }>, { a?: string }>,
    Same<Received<{ a: Date | undefined }>, { a: string | undefined }>,
    Same<Received<{ readonly a: Date }>, { readonly a: string }>,
    Same<Received<Date[]>, string[]>,
    Same<Received<readonly Date[]>, readonly string[]>,
    Same<Received<[Date, number, ...Date[]]>, [string, number, ...string[]]>,
    Same<Received<Record<string, Date>>, Record<string, string>>,
    Same<Received<{ toJSON(): { at: Date } }>, { at: string }>,
    Same<Received<URL>, string>,
    Same<Received<() => void>, never>,
    Same<Received<bigint>, never>,
    Same<Received<symbol>, never>,
    Same<Received<{ type: 'a'; at: Date } | { type: 'b' }>, { type: 'a'; at: string } | { type: 'b' }>,
    Same<Received<unknown>, unknown>,
    Same<Received<{ a: unknown }>, { a: unknown }>,
    Same<Received<unknown[]>, unknown[]>,
    Same<Received<never>, never>,
  ]
>();
interface Tree {
  readonly at: Date;
  readonly children: readonly Tree[];
}
declare const tree: Received<Tree>;
tree.children[0]?.children[0]?.at satisfies string | undefined;

/** The parameters of a pattern. */
check<
  [
    Same<ParamName<'project/:projectId'>, 'projectId'>,
    Same<ParamName<':a/x/:b'>, 'a' | 'b'>,
    Same<ParamName<'news'>, never>,
    Same<ParamName<'a:b/c'>, never>,
    Same<ParamsOf<':a/x/:b'>, { readonly a: string; readonly b: string }>,
  ]
>();
({ projectId: 'p1' }) satisfies ParamsOf<'project/:projectId'>;
// @ts-expect-error: a parameter is missing
({}) satisfies ParamsOf<'project/:projectId'>;
// @ts-expect-error: a parameter is misspelt
({ projectID: 'p1' }) satisfies ParamsOf<'project/:projectId'>;
// @ts-expect-error: a parameter is a string
({ projectId: 1 }) satisfies ParamsOf<'project/:projectId'>;

/** A contract keeps each name and each type. */
const app = contract({
  events: { 'TASK DONE': type<string>(), 'order/shipped': shipped, counted },
  channels: [
    channel('project/:projectId', { 'file/saved': type<{ path: string; at: Date }>() }),
    channel('news', { headline: type<string>() }),
  ],
});
type App = typeof app;
check<
  [
    Same<keyof App['events'], 'TASK DONE' | 'order/shipped' | 'counted'>,
    Same<Payload<App['events'], 'order/shipped'>, { orderId: string; eta: string; note?: string | undefined }>,
    Same<Delivered<App['events'], 'order/shipped'>, { orderId: string; eta: string; note: string }>,
    Same<Payload<App['events'], 'counted'>, { n: string }>,
    Same<Delivered<App['events'], 'counted'>, { n: number }>,
    Same<Payload<App['events'], 'TASK DONE'>, string>,
    Same<PatternOf<App>, 'project/:projectId' | 'news'>,
    Same<keyof ChannelEvents<App, 'project/:projectId'>, 'file/saved'>,
    Same<Delivered<ChannelEvents<App, 'project/:projectId'>, 'file/saved'>, { path: string; at: string }>,
    Same<Delivered<ChannelEvents<App, 'news'>, 'headline'>, string>,
  ]
>();
app satisfies Contract;
contract({}) satisfies Contract;
check<[Same<PatternOf<ReturnType<typeof contract<Record<never, never>, readonly []>>>, never>]>();

// @ts-expect-error: no such event
type _NoEvent = Payload<App['events'], 'TASK DOEN'>;
// @ts-expect-error: no such pattern
type _NoPattern = ChannelEvents<App, 'project/:projectID'>;
// @ts-expect-error: no such event on this channel
type _NoChannelEvent = Delivered<ChannelEvents<App, 'news'>, 'file/saved'>;

// @ts-expect-error: the protocol uses this id itself
contract({ events: { 'AUTH OK': type<string>() } });
// @ts-expect-error: the protocol uses this id itself
contract({ events: { fine: type<string>(), LIVE: type<string>() } });
// @ts-expect-error: the protocol uses this id itself
channel('news', { 'TOKEN EXPIRING': type<string>() });
// @ts-expect-error: an event has a schema
contract({ events: { plain: 'string' } });
// @ts-expect-error: an event has a schema, not a type of its own
channel('news', { plain: (value: unknown) => value });
// @ts-expect-error: channels are a list
contract({ channels: channel('news', {}) });
// @ts-expect-error: a contract has no such part
contract({ event: {} });

'done' satisfies Payload<App['events'], 'TASK DONE'>;
// @ts-expect-error: a wrong payload
1 satisfies Payload<App['events'], 'TASK DONE'>;
// @ts-expect-error: a payload misses a field
({ eta: 'today' }) satisfies Payload<App['events'], 'order/shipped'>;

/** Schemas whose names are not known still make events. */
declare const many: Record<string, Schema<number>>;
contract({ events: many }).events.any?.['~standard'].types?.input satisfies number | undefined;
