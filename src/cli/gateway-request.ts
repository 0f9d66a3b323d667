import { findJson } from '../protocol/index.ts';
import { createFailure } from './command-error.ts';
import { EXAMPLE_GATEWAY } from './options.ts';
import { findErrorCode, formatReason } from './safe-text.ts';

/** What a gateway answered. */
export interface GatewayAnswer {
  readonly status: number;
  /** Undefined when it is not JSON: then it was no gateway. */
  readonly json: unknown;
}

/** How a gateway is asked. */
export interface GatewayRequest {
  /** Where its routes are. */
  readonly gateway: string;
  readonly route: 'publish' | 'health' | 'ready';
  /** Sent by POST, as it is. */
  readonly body?: string;
  readonly publishKey?: string | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Asks a gateway by HTTP, once.
 * @throws {CommandError} when there is no answer; it says what to start
 */
export async function askGateway({ gateway, route, body, publishKey, signal }: GatewayRequest): Promise<GatewayAnswer> {
  const url = `${gateway.replace(/\/+$/, '')}/${route}`;
  try {
    const response = await fetch(url, {
      ...(body !== undefined && { method: 'POST', body }),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(publishKey !== undefined && { authorization: `Bearer ${publishKey}` }),
      },
      redirect: 'manual', // the key is for this host only
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    return { status: response.status, json: findJson(await response.text())?.value };
  } catch (error) {
    if (signal.aborted) throw createFailure(`Interrupted while asking ${url}: it may have been done or not`, error);
    throw createFailure(formatUnreached(url, error), error);
  }
}

/** Why a gateway was not reached, and what to do. */
export function formatUnreached(url: string, error: unknown): string {
  const { host } = new URL(url);
  const start = `start the example by make, or a gateway by message-flow gateway, or name another by --gateway`;
  switch (findErrorCode(error)) {
    case 'ECONNREFUSED':
      return `Nothing listens at ${host}: ${start}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `There is no host ${new URL(url).hostname}: name the gateway by --gateway, such as ${EXAMPLE_GATEWAY}`;
    default:
      if (error instanceof Error && error.name === 'TimeoutError') {
        return `No answer from ${host} within ${REQUEST_TIMEOUT_MS / 1_000} s: it may be overloaded, or no gateway`;
      }
      return `Cannot reach the gateway at ${host}: ${formatReason(error)}`;
  }
}
