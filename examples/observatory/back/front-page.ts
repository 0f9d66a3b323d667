import express, { type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import { createTicket, findVisitor, TICKET_COOKIE } from './visitor.ts';

const TICKET_LIFETIME_MS = 30 * 24 * 3_600_000;

/** Serves the built page, and gives a browser that comes for the first time its ticket. */
export function createFrontPage(folder: string): Router {
  const page = Router();
  page.get('/', (request, response, next) => {
    if (!findVisitor(request.get('cookie'))) {
      response.cookie(TICKET_COOKIE, createTicket(), {
        httpOnly: true,
        sameSite: 'lax',
        secure: request.secure,
        maxAge: TICKET_LIFETIME_MS,
      });
    }
    // The page names the files of one build.
    response.set('cache-control', 'no-store');
    next();
  });
  // The names of these carry a hash of what is in them.
  page.use('/assets', express.static(`${folder}/assets`, { immutable: true, maxAge: '1y', fallthrough: false }));
  page.use(express.static(folder, { cacheControl: false }));
  return page;
}

/** Lets the page load its own files and speak to its own server, and nothing else: what is injected does not run. */
export function createSecurityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        // CSP Level 3, 6.7.2.8: 'self' covers ws and wss of the same host too.
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
        trustedTypes: ["'none'"],
      },
    },
    // On plain http it says nothing; behind TLS it is the proxy's to say, for the whole host.
    strictTransportSecurity: false,
  });
}
