// Generated from the catalogue of features by `oo features contract`. Change the catalogue, and run it again.

/** Any JSON value. */
export type JsonValue =
  string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * Profile features by name, as `POST /score` takes them and decisions log them. What a request leaves out
 * reads as its fallback.
 */
export interface ProfileFeatures {
  /**
   * Share of the tips served in the last 30 days that got a done.
   *
   * TTL: 6 hours. Fallback: 0.0.
   */
  completion_rate_30d?: number;
  /**
   * Share of the tips served in the last 30 days that got a dismiss.
   *
   * TTL: 6 hours. Fallback: 0.0.
   */
  dismiss_rate_30d?: number;
  /**
   * Mean milliseconds from served to reacted, over the reactions given in the last 30 days.
   *
   * TTL: 6 hours. Fallback: null.
   */
  mean_dwell_ms_30d?: number | null;
  /**
   * Hour of the day, 0-23, on the person's own clock, with the most done reactions in the last 30 days; the
   * smallest hour on a tie. Its neutral value is that of the alignment with it.
   *
   * TTL: 1 day. Fallback: null.
   */
  preferred_hour?: number | null;
  /**
   * Tips served in the last 30 days.
   *
   * TTL: 1 hour. Fallback: 0.
   */
  tip_volume_30d?: number;
}

/** Features of the moment by name, as `POST /score` takes them and decisions log them. */
export interface ContextFeatures {
  /**
   * Hour on the person's own clock, 0-23.
   *
   * TTL: none, derived at each request.
   */
  hour_of_day?: number;
  /**
   * Weekday on the person's own clock, 0 (Monday) to 6.
   *
   * TTL: none, derived at each request.
   */
  day_of_week?: number;
}

/** What each candidate of `POST /score`, and of a logged decision, carries beside its `id`. */
export interface CandidateFeatures {
  /**
   * Whether the due day lies before the person's local today, or the due time before now.
   *
   * TTL: none, derived at each request.
   */
  is_overdue: boolean;
  /**
   * Days since the task was created, fractional.
   *
   * TTL: none, derived at each request.
   */
  task_age_days: number;
  /**
   * Priority of the task, 1 (lowest) to 4 (highest).
   *
   * TTL: none, derived at each request.
   */
  priority: number;
}

/** The value of every feature by name. */
export interface FeatureValues extends Required<ProfileFeatures>, Required<ContextFeatures>, CandidateFeatures {
  /**
   * The live task list.
   *
   * TTL: none, derived at each request.
   */
  tasks: JsonValue;
}

export type FeatureName = keyof FeatureValues;

/**
 * How a value came about. `fresh`: computed from facts, within its TTL. `stale`: computed from facts, past
 * its TTL and not recomputed. `fallback`: there was nothing to compute from, so it is the declared fallback.
 * `missing`: nothing was ever computed.
 */
export type Status = "fresh" | "stale" | "fallback" | "missing";

/** A value, and how far to trust it. */
export interface Envelope<Value> {
  value: Value;
  status: Status;
  /** The instant as of which it holds, in ISO 8601; null where nothing was ever computed. */
  computed_at: string | null;
  /** It is computed anew after so many seconds. */
  ttl_sec: number;
}

/** The answer of `GET /users/{id}/profile`. A newer service may know more features. */
export interface ProfileAnswer {
  user_id: string;
  features: { [Name in keyof Required<ProfileFeatures>]: Envelope<Required<ProfileFeatures>[Name]> };
}

/** What is declared of each feature. Where `fingerprint` changes, the value means another thing. */
export const FEATURES = {
  "completion_rate_30d": {
    "name": "completion_rate_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "ttl_sec": 21600,
    "fallback": 0.0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served",
      "signals.tip.feedback"
    ],
    "fingerprint": "a295835e7544d059",
    "description": "Share of the tips served in the last 30 days that got a done."
  },
  "dismiss_rate_30d": {
    "name": "dismiss_rate_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "ttl_sec": 21600,
    "fallback": 0.0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served",
      "signals.tip.feedback"
    ],
    "fingerprint": "2fc78313c70e0f1b",
    "description": "Share of the tips served in the last 30 days that got a dismiss."
  },
  "mean_dwell_ms_30d": {
    "name": "mean_dwell_ms_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "ttl_sec": 21600,
    "fallback": null,
    "neutral": 0.0,
    "source": "reactions",
    "invalidated_by": [
      "signals.tip.feedback"
    ],
    "fingerprint": "ca6db5b815f096ea",
    "description": "Mean milliseconds from served to reacted, over the reactions given in the last 30 days."
  },
  "preferred_hour": {
    "name": "preferred_hour",
    "dtype": "numeric",
    "freshness": "batched",
    "ttl_sec": 86400,
    "fallback": null,
    "neutral": 0.5,
    "source": "reactions",
    "invalidated_by": [
      "signals.tip.feedback"
    ],
    "fingerprint": "948937d08a17075f",
    "description": "Hour of the day, 0-23, on the person's own clock, with the most done reactions in the last 30 days; the smallest hour on a tie. Its neutral value is that of the alignment with it."
  },
  "tip_volume_30d": {
    "name": "tip_volume_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "ttl_sec": 3600,
    "fallback": 0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served"
    ],
    "fingerprint": "6a415b2ff6f78ba3",
    "description": "Tips served in the last 30 days."
  },
  "hour_of_day": {
    "name": "hour_of_day",
    "dtype": "numeric",
    "freshness": "jit",
    "ttl_sec": 0,
    "fallback": null,
    "neutral": null,
    "source": "request",
    "invalidated_by": [],
    "fingerprint": "35a07e63d9e17c85",
    "description": "Hour on the person's own clock, 0-23."
  },
  "day_of_week": {
    "name": "day_of_week",
    "dtype": "numeric",
    "freshness": "jit",
    "ttl_sec": 0,
    "fallback": null,
    "neutral": null,
    "source": "request",
    "invalidated_by": [],
    "fingerprint": "fb818b5cab17ad03",
    "description": "Weekday on the person's own clock, 0 (Monday) to 6."
  },
  "tasks": {
    "name": "tasks",
    "dtype": "json",
    "freshness": "jit",
    "ttl_sec": 0,
    "fallback": null,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [],
    "fingerprint": "f0483bf86d320ff0",
    "description": "The live task list."
  },
  "is_overdue": {
    "name": "is_overdue",
    "dtype": "boolean",
    "freshness": "jit",
    "ttl_sec": 0,
    "fallback": null,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [],
    "fingerprint": "8504024c033d06f1",
    "description": "Whether the due day lies before the person's local today, or the due time before now."
  },
  "task_age_days": {
    "name": "task_age_days",
    "dtype": "numeric",
    "freshness": "jit",
    "ttl_sec": 0,
    "fallback": null,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [],
    "fingerprint": "406d38676fb73357",
    "description": "Days since the task was created, fractional."
  },
  "priority": {
    "name": "priority",
    "dtype": "numeric",
    "freshness": "jit",
    "ttl_sec": 0,
    "fallback": null,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [],
    "fingerprint": "5203ea29b59ff31a",
    "description": "Priority of the task, 1 (lowest) to 4 (highest)."
  }
} as const;
