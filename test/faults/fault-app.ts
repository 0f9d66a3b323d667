import type { Flow } from 'message-flow/backend';
import { channel, contract, type } from 'message-flow/contract';
import type { LogName } from 'message-flow/protocol';

const said = type<{ key: string; filler: string }>();

/** What is said in a run, on screens and by publishers alike. */
export const app = contract({ events: { said }, channels: [channel('room/:roomId', { said })] });

export const ROOMS: readonly string[] = ['1', '2'];
const USERS: readonly string[] = ['ada', 'bob', 'cyd'];

/** Logs of which nobody is told who follows them: all screens do. */
const SHARED: readonly string[] = ['everyone', ...ROOMS.map((room) => `channel/room/${room}`)];

/** All logs of a run. */
export const LOGS: readonly LogName[] = [...SHARED, ...USERS.map((user) => `user/${user}`)].map(
  (name) => name as string as LogName,
);

/** A gateway takes no more than a hundred connections of one user. */
const SCREENS_A_USER = 50;

/** Whose screen the one with this number is. Nothing is said to users beyond the first: to have many screens is to have many users. */
export function userOf(number: number): string {
  if (number >= USERS.length * SCREENS_A_USER) return `user-${Math.floor(number / SCREENS_A_USER)}`;
  return USERS[number % USERS.length] as string;
}

/** The logs that a user's screen follows, of those to which something is said. */
export function logsOf(user: string): readonly LogName[] {
  return LOGS.filter((log) => SHARED.includes(log) || log === `user/${user}`);
}

/** The header by which a screen says whose it is: signing in is no part of this. */
export const USER_HEADER = 'x-user';

/** Whom an entry of a log is sent to. */
export function audienceOf(flow: Flow<typeof app>, log: LogName): Pick<Flow<typeof app>['everyone'], 'send'> {
  const [kind, name = '', roomId = ''] = log.split('/');
  if (kind === 'everyone') return flow.everyone;
  return kind === 'user' ? flow.user(name) : flow.channel('room/:roomId', { roomId });
}
