// How long a download has patience with its sources: the times after which it turns to others, or back
// to them. All in milliseconds.

export interface Patience {
  /** A source that was asked and sends nothing for so long is left. */
  stalledAfterMs: number;
  /** Over so long a source that was asked must send more than a trickle, or it is as good as stalled. */
  trickleOverMs: number;
  /** A source that failed is tried again after so long; each further failure in a row doubles it. */
  firstRetryMs: number;
  /** One that was given up is tried again after so long, if it is still said to hold the content. */
  awayMs: number;
  /** How often the registry is asked for sources that came meanwhile. */
  lookForSourcesMs: number;
}

export const PATIENCE: Patience = {
  stalledAfterMs: 10_000,
  trickleOverMs: 20_000,
  firstRetryMs: 500,
  awayMs: 15_000,
  lookForSourcesMs: 5_000,
};
