import { expect, test } from 'vitest';
import { createTicket, findVisitor, TICKET_COOKIE } from '../../../examples/observatory/back/visitor.ts';

test('a ticket is one user, among whatever other cookies, and in every process', () => {
  const ticket = createTicket();
  const user = findVisitor(`${TICKET_COOKIE}=${ticket}`);
  expect(user).toMatch(/^[a-z]+-[a-z]+-[0-9a-f]{12}$/);
  expect(findVisitor(`a=b; ${TICKET_COOKIE}=${ticket}; c=d`)).toBe(user);
  expect(findVisitor(`${TICKET_COOKIE}=${createTicket()}`)).not.toBe(user);
});

test.each([
  undefined,
  null,
  '',
  `${TICKET_COOKIE}=`,
  `${TICKET_COOKIE}=short`,
  `not-${TICKET_COOKIE}=${createTicket()}`,
])('the cookies %j are nobody', (cookies) => {
  expect(findVisitor(cookies)).toBeUndefined();
});

test('the name does not tell the ticket', () => {
  const ticket = createTicket();
  const user = findVisitor(`${TICKET_COOKIE}=${ticket}`) ?? '';
  expect(findVisitor(`${TICKET_COOKIE}=${user.padEnd(43, 'x')}`)).not.toBe(user);
  expect(user).not.toContain(ticket.slice(0, 6));
});
