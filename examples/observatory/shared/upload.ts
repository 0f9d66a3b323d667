/** A file that a user has posted. */
export interface Upload {
  id: string;
  user: string;
  /** The name of the server that took it, and so computes it. */
  server: string;
  fileName: string;
  /** When it was posted: ISO 8601 in UTC. */
  at: string;
}

/** The answer to a request that cannot be served, as `{"error": …}`. */
export interface Refusal {
  code: string;
  /** Of a file, names the line, quotes what stood there and says what was expected. */
  message: string;
  line?: number;
}
