import type { Flow } from 'message-flow/backend';
import { createBoards } from './boards.ts';
import type { app } from './contract.ts';

const TEAMS = new Map([['tea', ['ada', 'bob']]]);

/** Says who may see and do what. What no rule allows, nobody may. */
export function setRules(flow: Flow<typeof app>, folder = 'data'): void {
  const isMember = (user: string, team: string) => TEAMS.get(team)?.includes(user) ?? false;
  const boards = createBoards(folder);

  flow.allow('team/:team', ({ user }, { team }) => isMember(user, team));
  flow.store('board/:team').serve({
    load: ({ team }) => boards.load(team),
    save: ({ team }, next, expectedVersion) => boards.save(team, next, expectedVersion),
    allow: ({ user }, { team }) => isMember(user, team),
  });
}
