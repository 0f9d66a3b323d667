import express, { type Router } from 'express';

/** A login for show, a name without a password: put your own in its place. */
export const signIn: Router = express.Router();

signIn.post('/sign-in', express.urlencoded(), ({ body }, response) => {
  if (body?.name === 'ada' || body?.name === 'bob') {
    response.cookie('user', body.name, { httpOnly: true, sameSite: 'lax' }).redirect('/');
  } else response.status(400).send('There are ada and bob');
});

/** Says whose a request's cookies are. */
export function findUser(cookies: string | null | undefined): { user: string } | undefined {
  const user = /(?:^|; )user=(ada|bob)(?:;|$)/.exec(cookies ?? '')?.[1];
  return user === undefined ? undefined : { user };
}
