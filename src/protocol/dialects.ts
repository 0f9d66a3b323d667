/** The year from which peers speak a dialect. */
export type DialectName = '2016' | '2017' | '2020';

/** An older form of the protocol, as data: what differs between those who still speak one. */
export interface Dialect {
  readonly name: DialectName;
  /** The member that names what a frame is, of control frames and of entries. */
  readonly idKey: 'id' | 'action' | 'actionType';
  /** The member with an entry's payload. */
  readonly dataKey: 'data' | 'payload';
  /** The member with the user whose entry it is. */
  readonly userKey: 'username' | 'user_id';
  /** The claim of its tokens that names the user. */
  readonly claim: 'username' | 'user_id';
  /** Parts of one message on its ZeroMQ bus. 1: a word, a space, and JSON; 2: the user, and JSON. */
  readonly busParts: 1 | 2;
  /** On its bus the user `*` means everyone; before, `*` reached nobody. */
  readonly hasEveryone: boolean;
  /** How often its own servers send `<3`, in milliseconds. */
  readonly heartbeatMs: number;
  /** Where its own web apps give tokens. */
  readonly tokenPath: string;
}

/**
 * What living peers may speak, oldest first. All have in common: control frames of one member (`AUTH REQUEST`, `AUTH OK`,
 * `AUTH FAILED`), the bare token, the heartbeat `<3`. Left out is what came before the JWT of 2016, whose tokens only a service
 * of that time can tell from forgeries, and two forms that lasted for months each until their apps moved on together:
 * `action` with `user` (2016–17), `actionType` with `username` (2020).
 */
export const DIALECTS: readonly Dialect[] = [
  {
    ...{ name: '2016', idKey: 'id', dataKey: 'data', userKey: 'username', claim: 'username' },
    ...{ busParts: 1, hasEveryone: false, heartbeatMs: 45_000, tokenPath: '/socket_auth_token' },
  },
  {
    ...{ name: '2017', idKey: 'action', dataKey: 'payload', userKey: 'username', claim: 'username' },
    ...{ busParts: 2, hasEveryone: true, heartbeatMs: 45_000, tokenPath: '/socket_auth_token' },
  },
  {
    ...{ name: '2020', idKey: 'actionType', dataKey: 'payload', userKey: 'user_id', claim: 'user_id' },
    ...{ busParts: 2, hasEveryone: true, heartbeatMs: 45_000, tokenPath: '/baselayer/socket_auth_token' },
  },
];

/**
 * Gives the dialect of this name.
 * @throws {RangeError} when there is none
 */
export function getDialect(name: string): Dialect {
  const found = DIALECTS.find((dialect) => dialect.name === name);
  if (found) return found;
  const names = DIALECTS.map((dialect) => dialect.name).join(', ');
  throw new RangeError(`Cannot speak the dialect "${name}": there are ${names}`);
}
