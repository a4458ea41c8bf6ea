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
  /**
   * Share of the tips served in the last 30 days that got a snooze.
   *
   * TTL: 6 hours. Fallback: 0.0.
   */
  snooze_rate_30d?: number;
  /**
   * Category with the most done reactions in the last 30 days; the first by code point on a tie.
   *
   * TTL: 1 day. Fallback: null.
   */
  preferred_category?: string | null;
  /**
   * How often the app was used in the last 30 days.
   *
   * TTL: 6 hours. Fallback: 0.
   */
  app_sessions_30d?: number;
  /**
   * Mean milliseconds of a use of the app, over those that began in the last 30 days.
   *
   * TTL: 6 hours. Fallback: null.
   */
  mean_session_ms_30d?: number | null;
  /**
   * Hour of the day, 0-23, on the person's own clock, in which the most uses of the app began in the last 30
   * days; the smallest hour on a tie. Its neutral value is that of the alignment with it.
   *
   * TTL: 1 day. Fallback: null.
   */
  most_active_hour?: number | null;
  /**
   * Share of the tasks that came in the last 30 days that are completed.
   *
   * TTL: 6 hours. Fallback: 0.0.
   */
  task_completion_rate_30d?: number;
  /**
   * Hour of the day, 0-23, on the person's own clock, in which the most tasks were completed in the last 30
   * days; the smallest hour on a tie. Completions that are known by their day alone do not count. Its neutral
   * value is that of the alignment with it.
   *
   * TTL: 1 day. Fallback: null.
   */
  most_productive_hour?: number | null;
  /**
   * Weekday, 0 (Monday) to 6, on the person's own clock, on which the most tasks were completed in the last
   * 30 days; the earliest on a tie.
   *
   * TTL: 1 day. Fallback: null.
   */
  most_productive_weekday?: number | null;
  /**
   * Share of the tasks completed in the last 30 days that were completed on a Saturday or Sunday.
   *
   * TTL: 1 day. Fallback: null.
   */
  weekend_share_30d?: number | null;
  /**
   * Score of the last mood check-in of the last 24 hours, 0 (worst) to 1 (best).
   *
   * TTL: 1 hour. Not used when older than 1 day. Fallback: null.
   */
  latest_mood_24h?: number | null;
  /**
   * When todoist last delivered within a year, in epoch milliseconds.
   *
   * TTL: 1 day. Fallback: null.
   */
  last_todoist_sync_ms?: number | null;
  /**
   * When calendar last delivered within a year, in epoch milliseconds.
   *
   * TTL: 1 day. Fallback: null.
   */
  last_calendar_sync_ms?: number | null;
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
  /**
   * Share of the next 8 hours in which the calendar says busy, 0 to 1; overlaps count once.
   *
   * TTL: none, derived at each request.
   */
  calendar_busyness?: number;
  /**
   * Score of the last mood check-in of the last 24 hours, 0 (worst) to 1 (best); null without one.
   *
   * TTL: none, derived at each request.
   */
  mood_score?: number | null;
  /**
   * Hours since todoist last delivered, fractional; null where it never did within a year.
   *
   * TTL: none, derived at each request.
   */
  hours_since_todoist_sync?: number | null;
  /**
   * Hours since calendar last delivered, fractional; null where it never did within a year.
   *
   * TTL: none, derived at each request.
   */
  hours_since_calendar_sync?: number | null;
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
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": 0.0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served",
      "signals.tip.feedback"
    ],
    "fingerprint": "95d7fc0a8f8820d6",
    "description": "Share of the tips served in the last 30 days that got a done."
  },
  "dismiss_rate_30d": {
    "name": "dismiss_rate_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": 0.0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served",
      "signals.tip.feedback"
    ],
    "fingerprint": "cac9e8b978ba349b",
    "description": "Share of the tips served in the last 30 days that got a dismiss."
  },
  "mean_dwell_ms_30d": {
    "name": "mean_dwell_ms_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.0,
    "source": "reactions",
    "invalidated_by": [
      "signals.tip.feedback"
    ],
    "fingerprint": "7f506501f0dbcd1c",
    "description": "Mean milliseconds from served to reacted, over the reactions given in the last 30 days."
  },
  "preferred_hour": {
    "name": "preferred_hour",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.5,
    "source": "reactions",
    "invalidated_by": [
      "signals.tip.feedback"
    ],
    "fingerprint": "ee31099b671cf161",
    "description": "Hour of the day, 0-23, on the person's own clock, with the most done reactions in the last 30 days; the smallest hour on a tie. Its neutral value is that of the alignment with it."
  },
  "tip_volume_30d": {
    "name": "tip_volume_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 3600,
    "max_age_sec": null,
    "fallback": 0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served"
    ],
    "fingerprint": "461ed6de082871a7",
    "description": "Tips served in the last 30 days."
  },
  "snooze_rate_30d": {
    "name": "snooze_rate_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": 0.0,
    "neutral": null,
    "source": "tips",
    "invalidated_by": [
      "signals.tip.served",
      "signals.tip.feedback"
    ],
    "fingerprint": "a707e0db2b33b809",
    "description": "Share of the tips served in the last 30 days that got a snooze."
  },
  "preferred_category": {
    "name": "preferred_category",
    "dtype": "categorical",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "reactions",
    "invalidated_by": [
      "signals.tip.feedback"
    ],
    "fingerprint": "0d4d5c98b60b9304",
    "description": "Category with the most done reactions in the last 30 days; the first by code point on a tie."
  },
  "app_sessions_30d": {
    "name": "app_sessions_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": 0,
    "neutral": null,
    "source": "sessions",
    "invalidated_by": [
      "signals.app.session"
    ],
    "fingerprint": "8ce43d7548f2b568",
    "description": "How often the app was used in the last 30 days."
  },
  "mean_session_ms_30d": {
    "name": "mean_session_ms_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.0,
    "source": "sessions",
    "invalidated_by": [
      "signals.app.session"
    ],
    "fingerprint": "8b6b5d2731bea0d1",
    "description": "Mean milliseconds of a use of the app, over those that began in the last 30 days."
  },
  "most_active_hour": {
    "name": "most_active_hour",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.5,
    "source": "sessions",
    "invalidated_by": [
      "signals.app.session"
    ],
    "fingerprint": "5e166f13fde742f1",
    "description": "Hour of the day, 0-23, on the person's own clock, in which the most uses of the app began in the last 30 days; the smallest hour on a tie. Its neutral value is that of the alignment with it."
  },
  "task_completion_rate_30d": {
    "name": "task_completion_rate_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 21600,
    "max_age_sec": null,
    "fallback": 0.0,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [
      "signals.task.upsert",
      "signals.task.completed",
      "signals.task.deleted",
      "signals.tip.feedback"
    ],
    "fingerprint": "a7357b261ddd8002",
    "description": "Share of the tasks that came in the last 30 days that are completed."
  },
  "most_productive_hour": {
    "name": "most_productive_hour",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.5,
    "source": "completions",
    "invalidated_by": [
      "signals.task.upsert",
      "signals.task.completed",
      "signals.task.deleted",
      "signals.tip.feedback"
    ],
    "fingerprint": "590c102d8c2a91b2",
    "description": "Hour of the day, 0-23, on the person's own clock, in which the most tasks were completed in the last 30 days; the smallest hour on a tie. Completions that are known by their day alone do not count. Its neutral value is that of the alignment with it."
  },
  "most_productive_weekday": {
    "name": "most_productive_weekday",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 3.0,
    "source": "completions",
    "invalidated_by": [
      "signals.task.upsert",
      "signals.task.completed",
      "signals.task.deleted",
      "signals.tip.feedback"
    ],
    "fingerprint": "4072836ca7d6671b",
    "description": "Weekday, 0 (Monday) to 6, on the person's own clock, on which the most tasks were completed in the last 30 days; the earliest on a tie."
  },
  "weekend_share_30d": {
    "name": "weekend_share_30d",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.2857142857142857,
    "source": "completions",
    "invalidated_by": [
      "signals.task.upsert",
      "signals.task.completed",
      "signals.task.deleted",
      "signals.tip.feedback"
    ],
    "fingerprint": "e173666425032ff1",
    "description": "Share of the tasks completed in the last 30 days that were completed on a Saturday or Sunday."
  },
  "latest_mood_24h": {
    "name": "latest_mood_24h",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 3600,
    "max_age_sec": 86400,
    "fallback": null,
    "neutral": 0.5,
    "source": "moods",
    "invalidated_by": [
      "signals.mood.checkin"
    ],
    "fingerprint": "f26592999eb33815",
    "description": "Score of the last mood check-in of the last 24 hours, 0 (worst) to 1 (best)."
  },
  "last_todoist_sync_ms": {
    "name": "last_todoist_sync_ms",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "syncs",
    "invalidated_by": [
      "signals.source.synced"
    ],
    "fingerprint": "3f212d1bbf031314",
    "description": "When todoist last delivered within a year, in epoch milliseconds."
  },
  "last_calendar_sync_ms": {
    "name": "last_calendar_sync_ms",
    "dtype": "numeric",
    "freshness": "batched",
    "version": 1,
    "ttl_sec": 86400,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "syncs",
    "invalidated_by": [
      "signals.source.synced"
    ],
    "fingerprint": "1138d3d5c807200f",
    "description": "When calendar last delivered within a year, in epoch milliseconds."
  },
  "hour_of_day": {
    "name": "hour_of_day",
    "dtype": "numeric",
    "freshness": "jit",
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
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
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
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
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [],
    "fingerprint": "f0483bf86d320ff0",
    "description": "The live task list."
  },
  "calendar_busyness": {
    "name": "calendar_busyness",
    "dtype": "numeric",
    "freshness": "jit",
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "calendar",
    "invalidated_by": [],
    "fingerprint": "ac1551c9a2d89804",
    "description": "Share of the next 8 hours in which the calendar says busy, 0 to 1; overlaps count once."
  },
  "mood_score": {
    "name": "mood_score",
    "dtype": "numeric",
    "freshness": "jit",
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
    "fallback": null,
    "neutral": 0.5,
    "source": "moods",
    "invalidated_by": [],
    "fingerprint": "8ecce79b0ebdf07c",
    "description": "Score of the last mood check-in of the last 24 hours, 0 (worst) to 1 (best); null without one."
  },
  "hours_since_todoist_sync": {
    "name": "hours_since_todoist_sync",
    "dtype": "numeric",
    "freshness": "jit",
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "syncs",
    "invalidated_by": [],
    "fingerprint": "14bdde79800e26aa",
    "description": "Hours since todoist last delivered, fractional; null where it never did within a year."
  },
  "hours_since_calendar_sync": {
    "name": "hours_since_calendar_sync",
    "dtype": "numeric",
    "freshness": "jit",
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "syncs",
    "invalidated_by": [],
    "fingerprint": "eacfa3fcf6f19fa6",
    "description": "Hours since calendar last delivered, fractional; null where it never did within a year."
  },
  "is_overdue": {
    "name": "is_overdue",
    "dtype": "boolean",
    "freshness": "jit",
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
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
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
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
    "version": 1,
    "ttl_sec": 0,
    "max_age_sec": null,
    "fallback": null,
    "neutral": null,
    "source": "tasks",
    "invalidated_by": [],
    "fingerprint": "5203ea29b59ff31a",
    "description": "Priority of the task, 1 (lowest) to 4 (highest)."
  }
} as const;
